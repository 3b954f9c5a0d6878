//! Each file in its three places: HEAD, the index, the working tree. Equal contents share a
//! blob id, so a change is where two neighbours differ.

use essaim_proto_git::{FileState, GitView};
use leptos::prelude::*;

use crate::lab::Session;
use crate::state;
use crate::text::t;
use crate::ui::icon::icon_xs;

pub fn places(view: Option<&GitView>, session: &Session) -> AnyView {
    let Some(repository) = view.and_then(|v| v.repository.as_ref()) else {
        return view! { <p class="state">{t().git_none}</p> }.into_any();
    };
    let t = t();
    let changed = repository.files.iter().any(is_changed);
    let rows = repository
        .files
        .iter()
        .map(|f| row(f, &repository.root, session))
        .collect_view();
    view! {
        <table class="tbl places">
            <caption class="vh">{t.git_states}</caption>
            <thead><tr><th scope="col">{t.git_file}</th><th scope="col">{t.git_head}</th><th scope="col">{t.git_index}</th><th scope="col">{t.git_worktree}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        {(!changed).then_some(view! { <p class="state">{t.git_states_twin}</p> })}
        {(repository.stash_count > 0).then(|| view! { <p class="state">{crate::text::fill(t.git_stash, &[&repository.stash_count.to_string()])}</p> })}
    }
    .into_any()
}

fn is_changed(f: &FileState) -> bool {
    f.conflicted || f.index != '.' || f.worktree != '.'
}

fn row(f: &FileState, root: &str, session: &Session) -> AnyView {
    let t = t();
    let staged = match f.index {
        _ if f.conflicted => Some(("tag tag--bad", t.git_conflicted)),
        'A' => Some(("tag tag--ok", t.git_new)),
        'M' | 'T' => Some(("tag tag--ok", t.git_modified)),
        'D' => Some(("tag tag--ok", t.git_deleted)),
        'R' | 'C' => Some(("tag tag--ok", t.git_renamed)),
        _ => None,
    };
    let worked = match f.worktree {
        _ if f.conflicted => Some(("tag tag--bad", t.git_conflicted)),
        '?' => Some(("tag", t.git_untracked)),
        'M' | 'T' => Some(("tag tag--warn", t.git_modified)),
        'D' => Some(("tag tag--warn", t.git_deleted)),
        _ => None,
    };
    let (path, session) = (format!("{root}/{}", f.path), session.clone());
    let exists =
        f.worktree != 'D' && (f.worktree_blob.is_some() || f.index_blob.is_some() || f.worktree == '?' || f.conflicted);
    let name = f.path.clone();
    let name = if exists {
        view! {
            <button class="places__f" translate="no" on:click=move |_| {
                session.wants_file.set(Some(path.clone()));
                state::show_view("lab");
            }>{name}</button>
        }
        .into_any()
    } else {
        view! { <span translate="no">{name}</span> }.into_any()
    };
    view! {
        <tr class:is-same=!is_changed(f)>
            <th scope="row">{name}</th>
            <td>{blob(f.head_blob.as_deref(), None)}</td>
            <td>{blob(f.index_blob.as_deref(), staged)}</td>
            <td>{blob(f.worktree_blob.as_deref(), worked)}</td>
        </tr>
    }
    .into_any()
}

fn blob(id: Option<&str>, mark: Option<(&'static str, &'static str)>) -> AnyView {
    let id = id.map(str::to_owned);
    view! {
        <span class="places__c">
            {match id {
                Some(id) => view! { <code>{id}</code> }.into_any(),
                None if mark.is_none() => view! { <span class="muted" aria-label=t().git_absent>"–"</span> }.into_any(),
                None => ().into_any(),
            }}
            {mark.map(|(class, word)| view! { <span class=class>{(class == "tag tag--bad").then(|| icon_xs("alert"))}{word}</span> })}
        </span>
    }
    .into_any()
}
