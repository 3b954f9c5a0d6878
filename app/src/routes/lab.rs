//! The free lab: terminal, files and Git without instructions; also where a share link lands.

use essaim_proto_lab::spec::LabSpec;
use leptos::prelude::*;

use crate::lab::{Phase, Session};
use crate::state::{self, ToastKind};
use crate::text::{lang, t, t_now, tr};
use crate::ui::bench::{bench, lab_menu, memory_only, other_tab, view_switch};
use crate::ui::prose::{self, Around};
use crate::ui::shell::{Crumb, topbar};
use crate::ui::split::split;
use crate::ui::timeline::timeline_bar;

/// Monday 5 January 2026, 09:00 in Paris: a lab's clock is the lab's own.
const START_SECONDS: i64 = 1_767_600_000;

fn spec() -> LabSpec {
    LabSpec {
        id: "lab".to_owned(),
        engines: vec!["git".to_owned()],
        seed: 1,
        start_seconds: START_SECONDS,
        time_zone: "Europe/Paris".to_owned(),
        command_seconds: 10,
        user: "camille".to_owned(),
        host: "essaim".to_owned(),
        folder: "/home/camille".to_owned(),
        setup: [
            "git config --global user.name 'Camille Martin'",
            "git config --global user.email camille@example.com",
            "git config --global init.defaultBranch main",
            "git config --global core.editor nano",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..LabSpec::default()
    }
}

pub fn lab(share: Option<String>) -> impl IntoView {
    state::show_view("lab");
    // A shared lab is not the learner's own: it is kept only once it was changed into one.
    let session = match &share {
        None => Session::open("free", spec(), None),
        Some(_) => Session::open("", spec(), Some(String::new())),
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

/// What the lab is, and three things to try.
fn intro(session: Session) -> impl IntoView {
    use essaim_proto_lab::lesson::{Block, Run};
    let examples: [(fn() -> &'static str, &'static [&'static str]); 3] = [
        (
            || t().lab_try_repo,
            &[
                "git init ventes",
                "cd ventes",
                "echo 'date,magasin,montant' > ventes.csv",
                "git add ventes.csv",
                "git commit -m 'Premier relevé'",
            ],
        ),
        (
            || t().lab_try_branch,
            &[
                "git switch -c essai",
                "echo '2026-01-05,Lyon,120.50' >> ventes.csv",
                "git commit -am 'Ajoute Lyon'",
                "git log --oneline --graph --all",
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
