//! What the learner keeps: progress and transcripts.
//!
//! IndexedDB holds one checksummed record a key; local storage mirrors the small
//! progress record; where both are denied everything lives in memory and the page says so.

mod idb;
mod lock;
mod progress;
mod record;

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

pub use lock::{Answer, Lock, acquire, try_acquire};
pub use progress::{LessonProgress, Progress};
pub use record::sum;

use crate::state::{self, ToastKind};
use crate::text::t_now;
use crate::{course, dom};

const MIRROR: &str = "essaim.progress";
const PROGRESS: &str = "progress";

/// Reads the mirror at once, then the database; later changes are written to both.
pub fn start() {
    let mut early = Progress::default();
    if let Some(text) = dom::local_get(MIRROR) {
        match record::open(&text).and_then(|body| Progress::read(&body)) {
            Some(found) => early = found,
            None => state::say(ToastKind::Note, t_now().storage_broken),
        }
    }
    state::progress().set(early);
    spawn_local(async {
        if !idb::open().await && !dom::local_set("essaim.probe", "1") {
            state::keeps().set(false);
        }
        if let Some(text) = idb::get(PROGRESS).await {
            match record::open(&text).and_then(|body| Progress::read(&body)) {
                Some(found) => state::progress().update(|p| p.merge(&found)),
                None => state::say(ToastKind::Note, t_now().storage_broken),
            }
        }
    });
}

/// Changes the progress and writes it down. What another tab wrote meanwhile is kept:
/// steps only ever add up, but for a reset.
pub fn change(f: impl FnOnce(&mut Progress)) {
    let progress = state::progress();
    progress.update(f);
    write(progress.get_untracked(), true);
}

fn write(progress: Progress, merge: bool) {
    dom::local_set(MIRROR, &record::seal(&progress.write()));
    spawn_local(async move {
        let mut progress = progress;
        let held = acquire("essaim-progress", false).await;
        if merge
            && let Some(found) = idb::get(PROGRESS)
                .await
                .and_then(|t| record::open(&t))
                .and_then(|b| Progress::read(&b))
        {
            progress.merge(&found);
        }
        idb::put(PROGRESS, &record::seal(&progress.write())).await;
        drop(held);
    });
}

/// Forgets what was done in one lesson.
pub fn reset_lesson(path: &str) {
    let path = path.to_owned();
    let progress = state::progress();
    progress.update(|p| p.forget(&path));
    write(progress.get_untracked(), false);
    forget_lab(&path);
}

/// Forgets what was done in every lesson; the free lab stays.
pub fn reset_course() {
    forget(|key| key.split('/').nth(1).is_some_and(|lab| !lab.starts_with("free")));
}

/// Forgets everything, labs included.
pub fn reset_all() {
    forget(|_| true);
}

fn forget(which: fn(&str) -> bool) {
    state::progress().set(Progress::default());
    write(Progress::default(), false);
    spawn_local(async move {
        for key in idb::keys().await {
            if (key.starts_with("lab/") || key.starts_with("content/")) && which(&key) {
                idb::delete(&key).await;
            }
        }
    });
}

fn lab_key(lab: &str) -> String {
    format!("lab/{lab}")
}

/// The saved transcript of a lab, if its record is whole.
pub async fn load_lab(lab: &str) -> Option<String> {
    let text = idb::get(&lab_key(lab)).await?;
    let body = record::open(&text);
    if body.is_none() {
        state::say(ToastKind::Note, t_now().storage_broken);
    }
    body
}

/// Saves the transcript of a lab; called after each command.
pub fn save_lab(lab: &str, transcript: &str) {
    let (key, text) = (lab_key(lab), record::seal(transcript));
    spawn_local(async move { idb::put(&key, &text).await });
}

/// Forgets the saved transcript of a lab and what was brought into it.
pub fn forget_lab(lab: &str) {
    let (key, contents) = (lab_key(lab), format!("content/{lab}/"));
    spawn_local(async move {
        idb::delete(&key).await;
        for key in idb::keys().await.into_iter().filter(|k| k.starts_with(&contents)) {
            idb::delete(&key).await;
        }
    });
}

/// Saves the content of a file that was brought in, under its sum.
pub fn save_content(lab: &str, content: &[u8]) {
    let key = format!("content/{lab}/{:08x}-{}", record::sum(content), content.len());
    let text = latin1(content);
    spawn_local(async move { idb::put(&key, &text).await });
}

/// Every content that was brought into a lab.
pub async fn load_contents(lab: &str) -> Vec<Vec<u8>> {
    let prefix = format!("content/{lab}/");
    let mut found = Vec::new();
    if !lab.is_empty() {
        for key in idb::keys().await.into_iter().filter(|k| k.starts_with(&prefix)) {
            if let Some(text) = idb::get(&key).await {
                found.push(text.chars().map(|c| c as u8).collect());
            }
        }
    }
    found
}

/// Bytes as a text of one letter a byte: IndexedDB keeps it at one byte a letter.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

/// Progress and labs as one file.
pub async fn export() -> String {
    let mut file = format!("progress\n{}", state::progress().get_untracked().write());
    for key in idb::keys().await {
        if let Some(name) = key.strip_prefix("lab/")
            && let Some(body) = idb::get(&key).await.and_then(|t| record::open(&t))
        {
            file.push_str(&format!("lab {} {}\n{body}\n", body.len(), name));
        }
    }
    record::seal(&file)
}

/// Takes an exported file in; false where it is not one.
pub async fn import(text: &str) -> bool {
    let Some(body) = record::open(text) else { return false };
    let Some(rest) = body.strip_prefix("progress\n") else {
        return false;
    };
    let mut labs = Vec::new();
    let mut lines = rest;
    let mut progress = String::new();
    while let Some((line, after)) = lines.split_once('\n') {
        lines = after;
        if let Some(head) = line.strip_prefix("lab ") {
            let Some((length, name)) = head.split_once(' ') else {
                return false;
            };
            let Ok(length) = length.parse::<usize>() else {
                return false;
            };
            let (Some(lab), Some(after)) = (lines.get(..length), lines.get(length + 1..)) else {
                return false;
            };
            labs.push((name.to_owned(), lab.to_owned()));
            lines = after;
        } else {
            progress.push_str(line);
            progress.push('\n');
        }
    }
    let Some(found) = Progress::read(&progress) else {
        return false;
    };
    for (name, lab) in labs {
        // A lab that came by a link has the link's sum after its name.
        let of = name.split('~').next().unwrap_or_default();
        if of == "free" || course::at(of).is_some() {
            idb::put(&lab_key(&name), &record::seal(&lab)).await;
        }
    }
    change(|p| p.merge(&found));
    true
}
