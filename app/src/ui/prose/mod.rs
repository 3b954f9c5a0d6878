//! A lesson's text: typed blocks made into elements. Nothing is ever parsed as HTML here.

use std::sync::Arc;

use essaim_proto_lab::lesson::{Block, Inline, StepBlock, Term};
use leptos::prelude::*;

use crate::lab::Session;
use crate::text::t;
use crate::ui::icon::icon;
use crate::ui::snippet;

/// What blocks may need around them.
#[derive(Clone)]
pub struct Around {
    /// Where runnable blocks send their commands; `None`: there is no lab beside.
    pub session: Option<Session>,
    pub terms: Arc<Vec<Term>>,
    /// What stands where a step, a prediction or the quiz comes.
    pub slot: Arc<dyn Fn(&Block) -> AnyView + Send + Sync>,
}

impl Around {
    /// Blocks that hold no step and run nothing.
    pub fn plain(terms: Arc<Vec<Term>>) -> Self {
        Self {
            session: None,
            terms,
            slot: Arc::new(|_| ().into_any()),
        }
    }
}

pub fn blocks(all: &[Block], around: &Around) -> AnyView {
    all.iter().map(|b| block(b, around)).collect_view().into_any()
}

fn block(block: &Block, around: &Around) -> AnyView {
    match block {
        Block::Heading { level: 2, id, text } => {
            view! { <h2 id=format!("s-{id}")>{inlines(text, &around.terms)}</h2> }.into_any()
        }
        Block::Heading { id, text, .. } => {
            view! { <h3 id=format!("s-{id}")>{inlines(text, &around.terms)}</h3> }.into_any()
        }
        Block::Paragraph(text) => view! { <p>{inlines(text, &around.terms)}</p> }.into_any(),
        Block::List { ordered, items } => {
            let items = items
                .iter()
                .map(|item| view! { <li>{tight(item, around)}</li> })
                .collect_view();
            if *ordered {
                view! { <ol>{items}</ol> }.into_any()
            } else {
                view! { <ul>{items}</ul> }.into_any()
            }
        }
        Block::Code { language, text } => snippet::code(language.clone(), text.clone()).into_any(),
        Block::Run(run) => snippet::run(run.clone(), around.session.clone()).into_any(),
        Block::Callout { kind, blocks: inner } => callout(kind, blocks(inner, around)),
        Block::Table { head, rows } => table(head, rows, &around.terms),
        Block::Step { .. } | Block::Predict { .. } | Block::Quiz => (around.slot)(block),
    }
}

/// A list item of one paragraph has no paragraph of its own.
fn tight(item: &[Block], around: &Around) -> AnyView {
    match item {
        [Block::Paragraph(text)] => inlines(text, &around.terms),
        _ => blocks(item, around),
    }
}

pub fn callout(kind: &str, body: AnyView) -> AnyView {
    let (class, name): (_, fn() -> &'static str) = match kind {
        "warning" => ("callout callout--warn", || t().callout_warn),
        "error" => ("callout callout--bad", || t().callout_error),
        "real-life" => ("callout", || t().real_life_dot),
        _ => ("callout", || t().callout_note),
    };
    let image = match kind {
        "warning" => "alert",
        "error" => "x",
        _ => "info",
    };
    view! { <div class=class>{icon(image)}<div><strong>{name}</strong>" "{body}</div></div> }.into_any()
}

fn table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>], terms: &Arc<Vec<Term>>) -> AnyView {
    let head = head
        .iter()
        .map(|c| {
            if c.is_empty() {
                view! { <td></td> }.into_any()
            } else {
                view! { <th scope="col">{inlines(c, terms)}</th> }.into_any()
            }
        })
        .collect_view();
    let rows = rows
        .iter()
        .map(|row| {
            let cells = row
                .iter()
                .map(|c| view! { <td>{inlines(c, terms)}</td> })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <div class="tblbox scroll-x" tabindex="0" role="group"><table class="tbl"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>
    }
    .into_any()
}

pub fn inlines(all: &[Inline], terms: &Arc<Vec<Term>>) -> AnyView {
    all.iter().map(|i| inline(i, terms)).collect_view().into_any()
}

/// Inline text outside a lesson's prose: goals, hints, choices.
pub fn plain(all: &[Inline]) -> AnyView {
    inlines(all, &Arc::default())
}

fn inline(inline: &Inline, terms: &Arc<Vec<Term>>) -> AnyView {
    match inline {
        Inline::Text(text) => text.clone().into_any(),
        Inline::Code(text) => view! { <code translate="no">{text.clone()}</code> }.into_any(),
        Inline::Emphasis(inner) => view! { <em>{inlines(inner, terms)}</em> }.into_any(),
        Inline::Strong(inner) => view! { <strong>{inlines(inner, terms)}</strong> }.into_any(),
        Inline::Link { href, text } => link(href.clone(), inlines(text, terms)),
        Inline::Term { id, text } => {
            let definition = terms
                .iter()
                .find(|term| term.id == *id)
                .map(|term| term.definition.clone());
            view! { <dfn title=definition>{inlines(text, terms)}</dfn> }.into_any()
        }
        Inline::Break => view! { <br /> }.into_any(),
    }
}

/// Inside the course, or out of it in a tab of its own.
fn link(href: String, text: AnyView) -> AnyView {
    if href.starts_with("#/") {
        view! { <a href=href>{text}</a> }.into_any()
    } else if href.starts_with("https://") {
        view! { <a href=href target="_blank" rel="noopener noreferrer">{text}</a> }.into_any()
    } else {
        text
    }
}

pub fn step_blocks(all: &[StepBlock], terms: &Arc<Vec<Term>>) -> AnyView {
    all.iter()
        .map(|b| match b {
            StepBlock::Paragraph(text) => view! { <p>{inlines(text, terms)}</p> }.into_any(),
            StepBlock::Code(text) => snippet::code(String::new(), text.clone()).into_any(),
        })
        .collect_view()
        .into_any()
}
