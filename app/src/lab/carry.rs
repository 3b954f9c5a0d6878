//! Files that come into a lab and go out of it, links that replay it, reports about it.

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

use crate::dom;
use crate::lab::Session;
use crate::lab::session::BRING_IN_BYTES_MAX;
use crate::lab::zip::{self, Entry};
use crate::state::{self, ToastKind};
use crate::text::{fill, t_now};
use crate::ui::files;
use crate::ui::snippet::copy;

/// Brings one file in; a zip is unpacked where the lab's terminals start.
pub fn bring_in(session: &Session, file: File) {
    let session = session.clone();
    if file.size() > BRING_IN_BYTES_MAX {
        state::say(ToastKind::Bad, fill(t_now().lab_too_big, &[&file.name()]));
        return;
    }
    spawn_local(async move {
        let Some(bytes) = files::bytes(&file).await else { return };
        let name = file.name();
        if name.to_ascii_lowercase().ends_with(".zip") {
            match unpack(&bytes).await {
                Some(entries) => {
                    for e in entries {
                        session.bring_in(format!("{}/{}", session.spec().folder, e.path), e.content);
                    }
                }
                None => return state::say(ToastKind::Bad, t_now().lab_zip_bad),
            }
        } else {
            session.bring_in(format!("{}/{name}", session.spec().folder), bytes);
        }
        state::say(ToastKind::Good, fill(t_now().lab_brought, &[&name]));
    });
}

async fn unpack(bytes: &[u8]) -> Option<Vec<Entry>> {
    let packed = zip::open(bytes)?;
    let total: usize = packed.iter().map(|p| p.size).sum();
    if total as f64 > 2.0 * BRING_IN_BYTES_MAX {
        return None;
    }
    let mut entries = Vec::new();
    for p in packed {
        let content = if p.deflated {
            dom::inflate(p.data).await?
        } else {
            p.data.to_vec()
        };
        if content.len() != p.size || zip::crc32(&content) != p.crc {
            return None;
        }
        entries.push(Entry {
            path: p.path,
            mode: 0o644,
            content,
        });
    }
    Some(entries)
}

/// One file, as the lab has it.
pub fn take_file(session: &Session, path: &str) {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    session.read_file(path.to_owned(), move |content| {
        if let Some(content) = content {
            dom::download(&name, "application/octet-stream", &content);
        }
    });
}

/// The whole lab as a zip: all that is below the learner's home.
pub fn take_out(session: &Session) {
    session.take_out(move |files| {
        let entries: Vec<Entry> = files
            .into_iter()
            .map(|(path, mode, content)| Entry { path, mode, content })
            .collect();
        dom::download("essaim-labo.zip", "application/zip", &zip::pack(&entries));
    });
}

/// A link that replays the lab; too long, a file instead.
pub fn share(session: &Session) {
    session.share(move |code| match code {
        Ok(code) => copy(dom::url(&format!("#/lab?s={code}")), t_now().lab_share_done),
        Err(transcript) => {
            state::say(ToastKind::Note, t_now().lab_share_long);
            dom::download("essaim-labo.txt", "text/plain", transcript.as_bytes());
        }
    });
}

/// Transcript, seed and build: all that is needed to see a fault again.
pub fn bug_report(session: &Session) {
    let report = format!(
        "Essaim {}\nlab {}\nseed {}\n\n{}",
        dom::build_id(),
        session.spec().id,
        session.spec().seed,
        session.transcript.get_untracked()
    );
    copy(report, t_now().lab_bug_done);
}
