//! The course map: chapters as points, prerequisites as lines, left to right. The
//! programme under it is its twin in text; its name says the same in one sentence.

use leptos::prelude::*;

use crate::course::{COURSE, Chapter};
use crate::dom::number;
use crate::state;
use crate::text::{count, fill, lang, t, tr};

/// Where each chapter stands, in the drawing's own units.
const PLACES: &[(&str, f64, f64)] = &[
    ("fondations", 45.0, 160.0),
    ("fonctionnel", 310.0, 70.0),
    ("architectures", 310.0, 160.0),
    ("bases-distribuees", 310.0, 250.0),
    ("serverless", 310.0, 340.0),
    ("databricks-spark", 585.0, 70.0),
    ("projets", 585.0, 205.0),
    ("analyse-avancee", 860.0, 115.0),
    ("surveillance", 860.0, 297.0),
];

fn place(id: &str) -> (f64, f64) {
    PLACES.iter().find(|p| p.0 == id).map_or((0.0, 0.0), |p| (p.1, p.2))
}

/// A line that leaves to the right, turns once before its target's column, and arrives level.
fn edge((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    if (y1 - y2).abs() < 0.5 {
        return format!("M{} {}H{}", number(x1), number(y1), number(x2));
    }
    // The last turn stands in the gap before the target's column.
    let turn = if x2 - x1 > 280.0 || x1 > 100.0 {
        x2 - 62.0
    } else {
        x1 + 150.0
    };
    let (r, s) = (14.0, if y2 > y1 { 1.0 } else { -1.0 });
    let (before, after, down, up) = (
        number(turn - r),
        number(turn + r),
        number(y1 + s * r),
        number(y2 - s * r),
    );
    let (x1, y1, x2, y2, turn) = (number(x1), number(y1), number(x2), number(y2), number(turn));
    format!("M{x1} {y1}H{before}Q{turn} {y1} {turn} {down}V{up}Q{turn} {y2} {after} {y2}H{x2}")
}

pub fn course_map() -> impl IntoView {
    let edges = COURSE
        .iter()
        .flat_map(|c| c.requires.iter().map(move |from| edge(place(from), place(c.id))))
        .map(|d| view! { <path d=d class="mp-e"></path> })
        .collect_view();
    let columns: [(f64, f64, fn() -> &'static str); 4] = [
        (26.0, 150.0, || t().map_col_tools),
        (291.0, 150.0, || t().map_col_engines),
        (566.0, 150.0, || t().map_col_assemblies),
        (841.0, 190.0, || t().map_col_live),
    ];
    let columns = columns
        .map(|(x, width, name)| {
            view! { <text x=number(x) y="14" class="col">{name}</text><path d=format!("M{} 24h{}", number(x), number(width)) class="colr"></path> }
        })
        .collect_view();
    view! {
        <section class="mapsec" aria-labelledby="m-t">
            <div class="sech">
                <h2 id="m-t" class="title">{tr(|t| t.map_title)}</h2>
                <p class="muted">{tr(|t| t.map_note)}</p>
                <span class="grow"></span>
                <span class="legend">
                    <span><i class="mk mk--d"></i>{tr(|t| t.map_started)}</span>
                    <span><i class="mk"></i>{tr(|t| t.map_todo)}</span>
                </span>
            </div>
            <div class="mapbox scroll-x" tabindex="0" role="region" aria-label=tr(|t| t.map_scroll)>
                <svg class="map" viewBox="20 0 1060 372" role="img" aria-label=sentence>
                    {edges}
                    {columns}
                    {COURSE.iter().enumerate().map(|(n, c)| node(n, c)).collect_view()}
                </svg>
            </div>
        </section>
    }
}

fn node(n: usize, chapter: &'static Chapter) -> impl IntoView {
    let (x, y) = place(chapter.id);
    let lessons = chapter.lessons().count();
    let done = move || {
        let progress = state::progress().get();
        crate::course::places()
            .filter(|p| p.chapter.id == chapter.id)
            .filter_map(|p| progress.lesson(&p.path()).map(|l| l.share()))
            .sum::<f64>()
    };
    let around = 2.0 * std::f64::consts::PI * 19.0;
    let begun = move || done() > 0.0;
    // Labels over a line stand above it and below it; at the end of the map they close up.
    let (above, below) = if x > 800.0 {
        (y - 4.0, y + 14.0)
    } else {
        (y - 9.0, y + 19.0)
    };
    view! {
        <g class="mp-n" class:is-now=begun on:click=move |_| {
            // For the pointer alone: the programme below has the links.
            let _ = window().location().set_hash(&format!("#/c/{}", chapter.id));
        }>
            <circle cx=number(x) cy=number(y) r="26" class="halo"></circle>
            <circle cx=number(x) cy=number(y) r="19" class="c"></circle>
            {move || begun().then(|| {
                let part = around * done() / lessons as f64;
                view! { <circle cx=number(x) cy=number(y) r="19" class="r" stroke-dasharray=format!("{} {}", number(part), number(around)) transform=format!("rotate(-90 {} {})", number(x), number(y))></circle> }
            })}
            <text x=number(x) y=number(y + 5.5) text-anchor="middle" class="n num">{n + 1}</text>
            <text x=number(x + 30.0) y=number(above) class="t">{move || chapter.short.get(lang())}</text>
            <text x=number(x + 30.0) y=number(below) class="s num">{move || count(lessons, t().lessons_count_one, t().lessons_count_many)}</text>
        </g>
    }
}

/// « Carte du cours : 1 mène à 2, 4, 5 et 6 ; 2 mène à 3 … »
fn sentence() -> String {
    let mut parts = Vec::new();
    for (n, c) in COURSE.iter().enumerate() {
        let opens: Vec<String> = COURSE
            .iter()
            .enumerate()
            .filter(|(_, other)| other.requires.contains(&c.id))
            .map(|(m, _)| (m + 1).to_string())
            .collect();
        if let Some((last, before)) = opens.split_last() {
            let list = if before.is_empty() {
                last.clone()
            } else {
                format!("{} {} {last}", before.join(", "), t().and)
            };
            parts.push(fill(t().map_opens, &[&(n + 1).to_string(), &list]));
        }
    }
    fill(
        t().map_is,
        &[&parts.join(if lang() == crate::text::Lang::Fr {
            "\u{202f}; "
        } else {
            "; "
        })],
    )
}
