//! The free lab: terminal, files and Git without instructions; also where a share link lands.

use essaim_proto_lab::spec::LabSpec;
use leptos::prelude::*;

use wasm_bindgen_futures::spawn_local;

use crate::lab::{Session, share};
use crate::state::{self, ToastKind};
use crate::store;
use crate::text::{fill, lang, t, t_now, tr};
use crate::ui::bench::{bench, lab_menu, memory_only, other_tab, view_switch};
use crate::ui::icon::icon;
use crate::ui::prose::{self, Around};
use crate::ui::shell::{Crumb, topbar};
use crate::ui::split::split;
use crate::ui::timeline::timeline_bar;
use crate::{content, course};

/// A lab on its way: what it starts with, its name and the transcript of the link it came by.
type Coming = Option<Result<(LabSpec, String, String), String>>;

/// The lab as `content/lab` says, fetched once. A link to a lesson's lab leads on to the lesson.
pub fn lab(code: Option<String>) -> impl IntoView {
    state::show_view("lab");
    let coming: ArcRwSignal<Coming> = ArcRwSignal::new(None);
    let fetched = coming.clone();
    spawn_local(async move {
        let (name, start) = linked("free", code.as_deref()).await;
        if let (Some(code), Some(place)) = (&code, share::id(&start).and_then(course::at)) {
            let _ = window().location().replace(&format!("{}?s={code}", place.href()));
            return;
        }
        let spec = content::free_lab().await;
        fetched.set(Some(spec.map(|spec| (spec, name, start))));
    });
    move || match coming.get() {
        None => ().into_any(),
        Some(Ok((spec, name, start))) => opened(Session::open(&name, spec, start)).into_any(),
        Some(Err(why)) => view! {
            <main class="lesson__in" id="contenu">
                <div class="callout callout--bad">{icon("alert")}<div><strong>{t().lesson_missing}</strong>" "
                    {fill(t().lesson_missing_why, &[&why])}</div></div>
            </main>
        }
        .into_any(),
    }
}

/// Under which name a lab is kept, and what it starts with. One that came by a link has a name of
/// its own: what is done in it comes back with the link, and takes nothing's place.
pub async fn linked(name: &str, code: Option<&str>) -> (String, String) {
    let Some(code) = code else {
        return (name.to_owned(), String::new());
    };
    let start = share::read(code).await;
    if start.is_none() {
        state::say(ToastKind::Bad, t_now().lab_share_bad);
    }
    let name = format!("{name}~{:08x}", store::sum(code.as_bytes()));
    (name, start.unwrap_or_default())
}

fn opened(session: Session) -> impl IntoView {
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
