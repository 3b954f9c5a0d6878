//! The commit graph: rows newest first, lanes drawn from the real parents. Discs on the main
//! line, squares beside it; what is dashed is not made yet.

use std::collections::BTreeSet;

use essaim_proto_git::{Commit, GitView, Ref, RefKind, Repository};
use leptos::prelude::*;

use super::lanes::{self, Layout};
use crate::dom::number;
use crate::text::{count, fill, lang, t};

const ROW: f64 = 36.0;
const LANE: f64 = 24.0;
const LEFT: f64 = 20.0;
/// Rows drawn; older commits are counted.
const ROWS_MAX: usize = 200;
/// Lanes drawn apart; more share the last.
const LANES_MAX: usize = 6;

thread_local! {
    /// The commits seen at the last drawing, so that new ones can enter.
    static SEEN: std::cell::RefCell<BTreeSet<String>> = std::cell::RefCell::default();
}

fn branches(repository: &Repository) -> usize {
    repository.refs.iter().filter(|r| r.kind == RefKind::Branch).count()
}

/// `7 commits, 2 branches`
pub fn meta(view: Option<&GitView>) -> Option<String> {
    let repository = view?.repository.as_ref()?;
    let t = t();
    Some(fill(
        t.git_counts,
        &[
            &count(repository.commits_count as usize, t.git_commits_one, t.git_commits_many),
            &count(branches(repository), t.git_branches_one, t.git_branches_many),
        ],
    ))
}

/// The tip whose first-parent line is lane 0: `main`, `master`, or where HEAD is.
fn main_tip(repository: &Repository) -> Option<&str> {
    let named = |name: &str| {
        repository
            .refs
            .iter()
            .find(|r| r.kind == RefKind::Branch && r.name == name)
            .map(|r| r.oid.as_str())
    };
    named("main")
        .or_else(|| named("master"))
        .or(repository.head.oid.as_deref())
}

/// The graph; times are those of the lab's zone, as `git log` prints them.
pub fn graph(view: Option<&GitView>, zone: &str) -> AnyView {
    let Some(repository) = view.and_then(|v| v.repository.as_ref()) else {
        return view! { <p class="state">{t().git_none}</p> }.into_any();
    };
    if repository.commits.is_empty() {
        return view! { <p class="state">{t().git_empty}</p> }.into_any();
    }
    let commits = &repository.commits[..repository.commits.len().min(ROWS_MAX)];
    let layout = lanes::layout(commits, main_tip(repository));
    let pending = repository.operation.as_ref();
    let offset = usize::from(pending.is_some());
    let width = LEFT + LANE * layout.width.min(LANES_MAX) as f64;
    let height = ROW * (commits.len() + offset) as f64;
    let fresh = fresh(commits);
    let rows = commits
        .iter()
        .zip(&layout.lanes)
        .map(|(c, lane)| row(c, refs(c, repository, *lane), repository, fresh.contains(&c.oid), zone))
        .collect_view();
    let hidden = repository.commits_count as usize - commits.len();
    view! {
        <div class="cg" style:--cg-w=format!("{}px", number(width + 2.0))>
            <svg class="cg__svg" width=number(width) height=number(height) viewBox=format!("0 0 {} {}", number(width), number(height)) aria-hidden="true">
                {edges(&layout, offset)}
                {pending_lines(repository, commits, &layout)}
                {nodes(commits, &layout, repository, offset, &fresh)}
            </svg>
            <ol class="cg__rows">{pending_row(repository)}{rows}</ol>
            {(hidden > 0).then(|| view! { <p class="state">{fill(t().git_more, &[&hidden.to_string()])}</p> })}
        </div>
    }
    .into_any()
}

/// Which commits were not there at the last drawing (none at the very first).
fn fresh(commits: &[Commit]) -> BTreeSet<String> {
    SEEN.with(|seen| {
        let now: BTreeSet<String> = commits.iter().map(|c| c.oid.clone()).collect();
        let before = seen.replace(now.clone());
        if before.is_empty() || before.is_disjoint(&now) {
            BTreeSet::new()
        } else {
            &now - &before
        }
    })
}

fn x(lane: usize) -> f64 {
    LEFT + LANE * lane.min(LANES_MAX - 1) as f64
}

fn y(row: usize) -> f64 {
    ROW / 2.0 + ROW * row as f64
}

/// The colour of a lane: the main line's own, then three in turn.
fn colour(lane: usize) -> usize {
    if lane == 0 { 0 } else { (lane - 1) % 3 + 1 }
}

fn lane_class(lane: usize) -> &'static str {
    ["l0", "l1", "l2", "l3"][colour(lane)]
}

/// Down from a commit to its parent: straight in its lane, one bend where lanes change.
fn path(x1: f64, y1: f64, through: f64, x2: f64, y2: f64) -> String {
    let bend = ROW * 0.8;
    let mut d = format!("M{} {}", number(x1), number(y1));
    let mut at = y1;
    if (through - x1).abs() > 0.1 {
        at = y1 + bend;
        let (first, second) = (number(y1 + bend * 0.8), number(y1 + bend * 0.3));
        let (x, to) = (number(x1), number(through));
        d.push_str(&format!("C{x} {first} {to} {second} {to} {}", number(at)));
    }
    if (through - x2).abs() > 0.1 {
        let turn = (y2 - bend).max(at);
        let (first, second) = (number(turn + bend * 0.75), number(y2 - bend * 0.75));
        let (from, x) = (number(through), number(x2));
        d.push_str(&format!(
            "V{}C{from} {first} {x} {second} {x} {}",
            number(turn),
            number(y2)
        ));
    } else {
        d.push_str(&format!("V{}", number(y2)));
    }
    d
}

fn edges(layout: &Layout, offset: usize) -> AnyView {
    // Side lanes first, so that the main line lies on top.
    let lanes = layout.edges.iter().map(|e| e.lane + 1).max().unwrap_or_default();
    (0..lanes)
        .rev()
        .flat_map(|lane| layout.edges.iter().filter(move |e| e.lane == lane))
        .map(|e| {
            let d = path(
                x(e.from_lane),
                y(e.from_row + offset),
                x(e.lane),
                x(e.to_lane),
                y(e.to_row + offset),
            );
            view! { <path d=d class=format!("cg-ln {}", lane_class(e.lane))></path> }
        })
        .collect_view()
        .into_any()
}

fn nodes(
    commits: &[Commit],
    layout: &Layout,
    repository: &Repository,
    offset: usize,
    fresh: &BTreeSet<String>,
) -> AnyView {
    commits
        .iter()
        .zip(&layout.lanes)
        .enumerate()
        .map(|(n, (commit, lane))| {
            let (cx, cy) = (x(*lane), y(n + offset));
            let head = repository.head.oid.as_deref() == Some(commit.oid.as_str());
            let class = format!(
                "nd {}{}{}",
                lane_class(*lane),
                if head { " nd--head" } else { "" },
                if fresh.contains(&commit.oid) { " is-new" } else { "" }
            );
            if *lane == 0 {
                view! { <circle cx=number(cx) cy=number(cy) r=if head { "6.5" } else { "5.5" } class=class></circle> }.into_any()
            } else {
                let half = if head { 6.5 } else { 5.5 };
                view! { <rect x=number(cx - half) y=number(cy - half) width=number(half * 2.0) height=number(half * 2.0) rx="2.5" class=class></rect> }
                    .into_any()
            }
        })
        .collect_view()
        .into_any()
}

/// A merge that waits: dashed to HEAD and to what it brings in.
fn pending_lines(repository: &Repository, commits: &[Commit], layout: &Layout) -> Option<AnyView> {
    let operation = repository.operation.as_ref()?;
    let row_of = |oid: &str| commits.iter().position(|c| c.oid == oid);
    let head = repository.head.oid.as_deref().and_then(row_of)?;
    let lane = layout.lanes[head];
    let lines = std::iter::once(head)
        .chain(operation.heads.iter().filter_map(|oid| row_of(oid)))
        .map(|row| {
            let to = layout.lanes[row];
            let d = path(x(lane), y(0), x(to), x(to), y(row + 1));
            view! { <path d=d class=format!("cg-ln ln-dash {}", lane_class(to))></path> }
        })
        .collect_view();
    Some(view! { {lines}<circle cx=number(x(lane)) cy=number(y(0)) r="7" class="nd nd--pend"></circle> }.into_any())
}

fn pending_row(repository: &Repository) -> Option<AnyView> {
    let operation = repository.operation.as_ref()?;
    let name = operation
        .heads
        .first()
        .and_then(|oid| {
            repository
                .refs
                .iter()
                .find(|r| r.oid == *oid && r.kind == RefKind::Branch)
        })
        .map(|r| r.name.clone());
    let text = match (&name, &repository.head.branch) {
        (Some(from), Some(into)) => fill(t().git_pending_merge, &[from, into]),
        _ => operation.subject.clone(),
    };
    Some(
        view! {
            <li class="cg__row is-pend"><span class="cg__msg"><span class="ref ref--ghost">"index"</span><span>{text}</span></span>
                <code class="cg__h"></code><span class="cg__t num">{t().git_pending}</span></li>
        }
        .into_any(),
    )
}

fn row(commit: &Commit, refs: AnyView, repository: &Repository, fresh: bool, zone: &str) -> impl IntoView + use<> {
    let head = repository.head.oid.as_deref() == Some(commit.oid.as_str());
    let time = js_sys::Date::new(&((commit.author_seconds as f64) * 1000.0).into());
    let options = js_sys::Object::new();
    for (part, how) in [
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("hourCycle", "h23"),
        ("timeZone", zone),
    ] {
        let _ = js_sys::Reflect::set(&options, &part.into(), &how.into());
    }
    let clock = String::from(time.to_locale_time_string_with_options(lang().code(), &options));
    view! {
        <li class="cg__row" class:is-head=head class:is-new=fresh>
            <span class="cg__msg">{refs}<span lang="" title=commit.subject.clone()>{commit.subject.clone()}</span></span>
            <code class="cg__h">{commit.short.clone()}</code>
            <span class="cg__t num">{clock}</span>
        </li>
    }
}

/// HEAD and what points to a commit; a branch has the colour of its line.
fn refs(commit: &Commit, repository: &Repository, lane: usize) -> AnyView {
    let here = repository.head.oid.as_deref() == Some(commit.oid.as_str());
    let on = |r: &Ref| here && r.kind == RefKind::Branch && repository.head.branch.as_deref() == Some(&r.name);
    // Refs come in the order of their full names: branches, remotes, tags. The branch one is on goes first.
    let of = |first: bool| repository.refs.iter().filter(move |r| on(r) == first);
    let chips = of(true)
        .chain(of(false))
        .filter(|r| r.oid == commit.oid && r.kind != RefKind::Stash)
        .map(|r| {
            let class = match r.kind {
                RefKind::Branch if matches!(r.name.as_str(), "main" | "master") => "ref ref--main",
                RefKind::Branch => ["ref", "ref ref--nett", "ref ref--l2", "ref ref--l3"][colour(lane)],
                RefKind::Tag => "ref ref--tag",
                _ => "ref",
            };
            view! { <span class=class>{r.name.clone()}</span> }
        })
        .collect_view();
    view! { {here.then(|| view! { <span class="ref ref--head">"HEAD"</span> })}{chips} }.into_any()
}

/// The graph in words: where HEAD and the branches are, then every commit with its parents.
pub fn twin(view: Option<&GitView>) -> AnyView {
    let Some(repository) = view.and_then(|v| v.repository.as_ref()) else {
        return t().git_none.into_any();
    };
    let t = t();
    let short = |oid: &str| oid.get(..7).unwrap_or(oid).to_owned();
    let head = match (&repository.head.branch, &repository.head.oid) {
        (Some(branch), Some(oid)) => fill(t.git_head_on, &[branch, &short(oid)]),
        (Some(branch), None) => fill(t.git_head_unborn, &[branch]),
        (None, oid) => fill(t.git_head_detached, &[&oid.as_deref().map(short).unwrap_or_default()]),
    };
    let branches = repository
        .refs
        .iter()
        .filter(|r| r.kind != RefKind::Other)
        .map(|r| {
            let subject = repository
                .commits
                .iter()
                .find(|c| c.oid == r.oid)
                .map(|c| c.subject.clone())
                .unwrap_or_default();
            view! { <li>{fill(t.git_branch_is, &[&r.name, &short(&r.oid), &subject])}</li> }
        })
        .collect_view();
    let commits = repository
        .commits
        .iter()
        .take(ROWS_MAX)
        .map(|c| {
            let parents = if c.parents.is_empty() {
                t.git_root.to_owned()
            } else {
                c.parents.iter().map(|p| short(p)).collect::<Vec<_>>().join(", ")
            };
            view! { <li>{fill(t.git_commit_is, &[&c.short, &c.subject, &parents])}</li> }
        })
        .collect_view();
    view! {
        <p>{head}" "{repository.operation.is_some().then_some(t.git_is_merging)}</p>
        <ul>{branches}</ul>
        <ol>{commits}</ol>
    }
    .into_any()
}
