//! The files of the lab, as a tree. Folders open and close; the letter beside a file is Git's.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{Editor, file_mark, name};
use crate::text::tr;
use crate::ui::icon::icon;

pub fn tree(editor: Editor) -> impl IntoView {
    let closed = RwSignal::new(BTreeSet::<String>::new());
    view! {
        <ul class="filetree" aria-label=tr(|t| t.editor_tree)>
            {move || rows(&editor, closed)}
        </ul>
    }
}

fn rows(editor: &Editor, closed: RwSignal<BTreeSet<String>>) -> AnyView {
    let root = editor.session.spec().folder.clone();
    let hidden = closed.get();
    let current = editor.current.clone();
    let git = editor.session.git.clone();
    editor
        .session
        .files
        .get()
        .into_iter()
        .filter(|e| !e.path.split('/').any(|part| part == ".git"))
        .filter(|e| !hidden.iter().any(|folder| e.path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))))
        .map(|entry| {
            let depth = entry.path.matches('/').count();
            let path = format!("{root}/{}", entry.path);
            let label = name(&entry.path).to_owned();
            if entry.is_folder {
                let folder = entry.path.clone();
                let open = !hidden.contains(&entry.path);
                return view! {
                    <li><button class="filetree__b" style:--depth=depth.to_string() aria-expanded=if open { "true" } else { "false" }
                        on:click=move |_| closed.update(|c| if !c.remove(&folder) { c.insert(folder.clone()); })>
                        {icon(if open { "folderopen" } else { "folder" })}<span translate="no">{label}</span></button></li>
                }
                .into_any();
            }
            let (opens, is) = (editor.clone(), current.clone());
            let (here, wanted, marked) = (path.clone(), path.clone(), path);
            let git = git.clone();
            let is_current = Signal::derive(move || is.get().as_deref() == Some(here.as_str()));
            view! {
                <li class:is-sel=move || is_current.get()>
                    <button class="filetree__b" style:--depth=depth.to_string() aria-current=move || is_current.get().then_some("true")
                        on:click=move |_| opens.open(wanted.clone())>
                        {icon("file")}<span translate="no">{label}</span>
                        {move || git.with(|view| file_mark(view.as_ref(), &marked)).map(|(class, letter, word)| view! {
                            <span class=class title=word><span aria-hidden="true">{letter.to_string()}</span><span class="vh">{word}</span></span>
                        })}
                    </button>
                </li>
            }
            .into_any()
        })
        .collect_view()
        .into_any()
}
