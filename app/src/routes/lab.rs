//! The free lab: terminal, files and Git without instructions; also where a share link lands.

use essaim_proto_lab::spec::LabSpec;
use leptos::prelude::*;

use wasm_bindgen_futures::spawn_local;

use crate::content;
use crate::lab::{Phase, Session};
use crate::state::{self, ToastKind};
use crate::text::{fill, lang, t, t_now, tr};
use crate::ui::bench::{bench, lab_menu, memory_only, other_tab, view_switch};
use crate::ui::icon::icon;
use crate::ui::prose::{self, Around};
use crate::ui::shell::{Crumb, topbar};
use crate::ui::split::split;
use crate::ui::timeline::timeline_bar;

/// The lab as `content/lab` says, fetched once.
pub fn lab(share: Option<String>) -> impl IntoView {
    state::show_view("lab");
    let spec: ArcRwSignal<Option<Result<LabSpec, String>>> = ArcRwSignal::new(None);
    let fetched = spec.clone();
    spawn_local(async move { fetched.set(Some(content::free_lab().await)) });
    move || match spec.get() {
        None => ().into_any(),
        Some(Ok(spec)) => opened(spec, share.clone()).into_any(),
        Some(Err(why)) => view! {
            <main class="lesson__in" id="contenu">
                <div class="callout callout--bad">{icon("alert")}<div><strong>{t().lesson_missing}</strong>" "
                    {fill(t().lesson_missing_why, &[&why])}</div></div>
            </main>
        }
        .into_any(),
    }
}

fn opened(spec: LabSpec, share: Option<String>) -> impl IntoView {
    // A shared lab is not the learner's own: it is kept only once it was changed into one.
    let session = match &share {
        None => Session::open("free", spec, None),
        Some(_) => Session::open("", spec, Some(String::new())),
    };
    if let Some(code) = share {
        open_share(&session, code);
    }
    let closing = session.clone();
    on_cleanup(move || closing.close());
    let crumbs = vec![
        Crumb {
            href: Some("#/".to_owned()),
            text: Signal::derive(|| t().programme.to_owned()),
        },
        Crumb {
            href: None,
            text: Signal::derive(|| t().lab_title.to_owned()),
        },
    ];
    view! {
        {topbar(crumbs, Some(lab_menu(session.clone()).into_any()))}
        {memory_only()}
        {other_tab(session.clone())}
        {view_switch(().into_any())}
        <main class="work work--lab" id="contenu" aria-label=tr(|t| t.lab_title)>
            <section class="lesson" aria-label=tr(|t| t.lab_try)>
                <div class="lesson__scroll" tabindex="0">{intro(session.clone())}</div>
            </section>
            {split("contenu", "free".to_owned())}
            {bench(session.clone())}
            {timeline_bar(session)}
        </main>
    }
}

/// The code is read by the worker, then the lab is replayed from what it says.
fn open_share(session: &Session, code: String) {
    let session = session.clone();
    let done = RwSignal::new(false);
    Effect::new(move |_| {
        if session.phase.get() != Phase::Ready || done.get_untracked() {
            return;
        }
        done.set(true);
        let opened = session.clone();
        session.read_share(code.clone(), move |transcript| match transcript {
            Some(transcript) => opened.replace(transcript),
            None => state::say(ToastKind::Bad, t_now().lab_share_bad),
        });
    });
}

/// What the lab is, and a few things to try.
fn intro(session: Session) -> impl IntoView {
    use essaim_proto_lab::lesson::{Block, Run};
    let examples: [(fn() -> &'static str, &'static [&'static str]); 4] = [
        (
            || t().lab_try_history,
            &["git log --oneline --graph --all", "git show v0.1"],
        ),
        (
            || t().lab_try_merge,
            &["git merge --no-edit report", "git merge alerts"],
        ),
        (
            || t().lab_try_repo,
            &[
                "mkdir ~/ventes",
                "cd ~/ventes",
                "git init",
                "echo 'date,magasin,montant' > ventes.csv",
                "git add ventes.csv",
                "git commit -m 'Premier relevé'",
            ],
        ),
        (|| t().lab_try_help, &["help"]),
    ];
    let examples = examples
        .into_iter()
        .map(|(title, commands)| {
            let run = Run {
                commands: commands.iter().map(|c| (*c).to_owned()).collect(),
                lines: commands.iter().map(|c| (true, (*c).to_owned())).collect(),
            };
            let around = Around {
                session: Some(session.clone()),
                ..Around::plain(std::sync::Arc::default())
            };
            view! { <p>{title}</p>{prose::blocks(&[Block::Run(run)], &around)} }
        })
        .collect_view();
    view! {
        <article class="lesson__in">
            <p class="eyebrow">{tr(|t| t.lab)}</p>
            <h1 class="title title--lab">{tr(|t| t.lab_title)}</h1>
            <div class="prose prose--sm" lang=move || lang().code()>
                <p>{tr(|t| t.lab_intro)}</p>
                <h2>{tr(|t| t.lab_try)}</h2>
                {examples}
            </div>
        </article>
    }
}
