//! The bar of time: each command is a point to return to. Solid: done. Pale: known, ahead of
//! the head. Dotted: nothing was done there yet.

use std::rc::Rc;

use essaim_proto_lab::message::{EntryKind, Timeline, TimelineEntry};
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::dom;
use crate::lab::Session;
use crate::lab::session::Pending;
use crate::text::{count, fill, t, tr};
use crate::ui::dialog::Question;
use crate::ui::goals::clock;
use crate::ui::icon::{icon, icon_sm};

/// Milliseconds a command stays shown while the past is played again.
const PLAY_MS: i32 = 700;

/// Percent between two stops at least: what took no time can still be pointed at.
const GAP: f64 = 0.8;

/// Where things stand along the rail, in percent.
#[derive(Clone, Debug, Default, PartialEq)]
struct Scale {
    /// After 0, 1, 2 … entries.
    stops: Vec<f64>,
    /// The time at the end of the rail; 0 where stops stand by rank, and no time can be read.
    total_ms: u64,
}

fn ms(nanos: i64) -> u64 {
    u64::try_from(nanos / 1_000_000).unwrap_or_default()
}

/// Stops by virtual time: each where its entry had ended, that is where the next command was
/// typed (which takes `typing_nanos`, before the command itself begins). By rank where too many
/// entries took no time.
fn scale(timeline: &Timeline, now_nanos: i64, typing_nanos: i64) -> Scale {
    let entries = &timeline.entries;
    let mut ends = vec![timeline.start_nanos];
    for (k, entry) in entries.iter().enumerate() {
        let end = match entries.get(k + 1) {
            Some(next) if matches!(next.kind, EntryKind::Command | EntryKind::FileSaved) => {
                next.at_nanos - typing_nanos
            }
            Some(next) => next.at_nanos,
            None => now_nanos,
        };
        ends.push(end.max(entry.at_nanos));
    }
    let total = ends.iter().max().map_or(0, |last| last - timeline.start_nanos);
    // A fifth more than what was done, rounded up to the minute: the dotted part is room to go on.
    let shown = (total as f64 * 1.2 / 60e9).ceil().max(1.0) * 60e9;
    let mut stops: Vec<f64> = Vec::new();
    for end in ends {
        let by_time = (end - timeline.start_nanos) as f64 / shown * 100.0;
        stops.push(stops.last().map_or(by_time, |before| by_time.max(before + GAP)));
    }
    if stops.last().is_some_and(|last| *last > 100.0) {
        let room = entries.len() + 1;
        let stops = (0..room).map(|k| k as f64 / room as f64 * 100.0).collect();
        return Scale { stops, total_ms: 0 };
    }
    Scale {
        stops,
        total_ms: ms(shown as i64),
    }
}

/// Controls shared by the full bar and the compact one.
#[derive(Clone)]
struct Bar {
    session: Session,
    scale: Memo<Scale>,
    playing: RwSignal<bool>,
}

impl Bar {
    fn new(session: Session) -> Self {
        let (timeline, now) = (session.timeline.clone(), session.now_nanos.clone());
        let typing_nanos = i64::from(session.spec.command_seconds) * 1_000_000_000;
        Self {
            session,
            scale: Memo::new(move |_| timeline.with(|t| scale(t, now.get(), typing_nanos))),
            playing: RwSignal::new(false),
        }
    }

    fn done(&self) -> usize {
        self.session.timeline.with(|t| t.done as usize)
    }

    fn all(&self) -> usize {
        self.session.timeline.with(|t| t.entries.len())
    }

    fn at(&self, k: usize) -> f64 {
        self.scale.with(|s| s.stops.get(k).copied().unwrap_or_default())
    }

    /// Goes to the stop nearest to a place on the rail.
    fn go_to_percent(&self, percent: f64) {
        let best = self.scale.with_untracked(|s| {
            s.stops
                .iter()
                .enumerate()
                .min_by(|a, b| (a.1 - percent).abs().total_cmp(&(b.1 - percent).abs()))
                .map(|(k, _)| k as u32)
        });
        if let Some(k) = best
            && self.session.timeline.with_untracked(|t| t.done) != k
        {
            self.session.rewind(k);
        }
    }

    /// Plays what is known ahead, a command at a time; from the end, the whole again.
    fn play(&self) {
        if self.playing.get_untracked() {
            self.playing.set(false);
            return;
        }
        let at_end = self
            .session
            .timeline
            .with_untracked(|t| t.done as usize >= t.entries.len());
        if at_end {
            self.session.rewind(0);
        }
        self.playing.set(true);
        tick(Rc::new(self.clone()));
    }
}

fn tick(bar: Rc<Bar>) {
    dom::after(PLAY_MS, move || {
        let ended = bar
            .session
            .timeline
            .with_untracked(|t| t.done as usize >= t.entries.len());
        if bar.playing.try_get_untracked() != Some(true) {
            return;
        }
        if ended {
            bar.playing.set(false);
            return;
        }
        bar.session.redo();
        tick(bar);
    });
}

/// The full bar under the bench.
pub fn timeline_bar(session: Session) -> impl IntoView {
    let bar = Bar::new(session.clone());
    let past = {
        let session = session.clone();
        move || session.in_past()
    };
    let (forks, live) = (session.clone(), session.clone());
    let (a, b) = (past.clone(), past.clone());
    let question = fork_question(&session);
    view! {
        <section class="timeline" aria-label=tr(|t| t.time)>
            {controls(&bar)}
            {clock_of(&session)}
            {rail(bar)}
            <div class="tl-end">
                <button class="btn btn--sm" disabled=move || !a() on:click=move |_| {
                    let all = live.timeline.with_untracked(|t| t.entries.len()) as u32;
                    live.rewind(all);
                }>{icon_sm("live")}<span>{tr(|t| t.time_live)}</span></button>
                <button class="btn btn--sm" disabled=move || !b() on:click=move |_| forks.asks_fork.set(Some(Pending::Fork))>
                    {icon_sm("refresh")}<span>{tr(|t| t.time_fork)}</span></button>
            </div>
            {question}
        </section>
    }
}

/// The compact bar of an embedded exercise.
pub fn timeline_compact(session: Session) -> impl IntoView {
    let bar = Bar::new(session.clone());
    let question = fork_question(&session);
    view! {
        <section class="timeline timeline--c" aria-label=tr(|t| t.time)>
            {controls(&bar)}
            {clock_of(&session)}
            {rail(bar)}
            {question}
        </section>
    }
}

/// Asks before the known future is forgotten.
fn fork_question(session: &Session) -> impl IntoView + use<> {
    let question = Question::new(|| t().time_fork_title, || t().time_fork_yes);
    let (asks, timeline, open) = (session.asks_fork.clone(), session.timeline.clone(), question.clone());
    Effect::new(move |_| {
        if asks.get().is_some() {
            let lost = timeline.with_untracked(|t| t.entries.len() - t.done as usize);
            let lost = count(lost, t().time_commands_one, t().time_commands_many);
            open.ask(fill(t().time_fork_text, &[&lost]));
        }
    });
    let (confirmed, closed, gone) = (session.clone(), question.open.clone(), session.asks_fork.clone());
    Effect::new(move |before: Option<bool>| {
        let open = closed.get();
        if before == Some(true) && !open {
            // Closed without a yes: the act is dropped after the yes had its turn.
            let gone = gone.clone();
            dom::after(0, move || gone.set(None));
        }
        open
    });
    question.view("fork-title", move || confirmed.confirm_fork())
}

fn controls(bar: &Bar) -> impl IntoView + use<> {
    let (first, back, play, next) = (bar.clone(), bar.clone(), bar.clone(), bar.clone());
    let (a, b, c, d) = (bar.clone(), bar.clone(), bar.clone(), bar.clone());
    let playing = bar.playing;
    view! {
        <div class="tl-ctl">
            <button class="iconbtn tl-first" aria-label=tr(|t| t.time_start) title=tr(|t| t.time_start)
                disabled=move || a.done() == 0 on:click=move |_| first.session.rewind(0)>{icon("start")}</button>
            <button class="iconbtn" aria-label=tr(|t| t.time_undo) title=tr(|t| t.time_undo)
                disabled=move || b.done() == 0 on:click=move |_| back.session.undo()>{icon("back")}</button>
            <button class="iconbtn play" aria-label=move || if playing.get() { t().time_pause } else { t().time_play }
                title=move || if playing.get() { t().time_pause } else { t().time_play }
                disabled=move || c.all() == 0 on:click=move |_| play.play()>
                {move || if playing.get() { icon("pause").into_any() } else { icon("play").into_any() }}</button>
            <button class="iconbtn" aria-label=tr(|t| t.time_redo) title=tr(|t| t.time_redo)
                disabled={move || d.done() == d.all()} on:click=move |_| next.session.redo()>{icon("fwd")}</button>
        </div>
    }
}

fn clock_of(session: &Session) -> impl IntoView + use<> {
    let (now, timeline, past) = (session.now_nanos.clone(), session.timeline.clone(), session.clone());
    let elapsed = move || {
        let s = ms((now.get() - timeline.with(|t| t.start_nanos)).max(0)) / 1000;
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    };
    view! {
        <div class="tl-clock"><b class="num">{elapsed}</b>
            <span>{move || if past.in_past() { t().time_past } else { t().time }}</span></div>
    }
}

fn rail(bar: Bar) -> impl IntoView {
    let (past, known, known_w, head) = (bar.clone(), bar.clone(), bar.clone(), bar.clone());
    let (value, all, text) = (bar.clone(), bar.clone(), bar.clone());
    let (marks, ticks, labels) = (bar.clone(), bar.clone(), bar.clone());
    let (keys, points) = (bar.clone(), bar);
    let percent = |p: f64| format!("{}%", dom::number(p));
    let dragging = RwSignal::new(false);
    let place = move |event: &PointerEvent| {
        let rail = event
            .current_target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok())?;
        let rect = rail.get_bounding_client_rect();
        Some((f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0) * 100.0)
    };
    let points_move = points.clone();
    view! {
        <div class="tl" role="group" aria-label=tr(|t| t.time_points)>
            {move || goal_marks(&marks)}
            <div class="tl__rail" role="slider" tabindex="0" aria-label=tr(|t| t.time_position)
                aria-valuemin="0" aria-valuemax=move || all.all().to_string()
                aria-valuenow=move || value.done().to_string() aria-valuetext=move || position(&text)
                on:pointerdown=move |e| {
                    dragging.set(true);
                    if let Some(r) = e.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) {
                        let _ = r.set_pointer_capture(e.pointer_id());
                    }
                    if let Some(p) = place(&e) { points.go_to_percent(p); }
                }
                on:pointermove=move |e| if dragging.get_untracked() && let Some(p) = place(&e) {
                    points_move.go_to_percent(p);
                }
                on:pointerup=move |_| dragging.set(false)
                on:keydown=move |e: KeyboardEvent| {
                    let (done, all) = keys.session.timeline.with_untracked(|t| (t.done, t.entries.len() as u32));
                    match e.key().as_str() {
                        // Relative: two quick presses are two steps, whatever the page has heard of the first.
                        "ArrowLeft" | "ArrowDown" => keys.session.undo(),
                        "ArrowRight" | "ArrowUp" => keys.session.redo(),
                        "PageDown" => keys.session.rewind(done.saturating_sub(5)),
                        "PageUp" => keys.session.rewind((done + 5).min(all)),
                        "Home" => keys.session.rewind(0),
                        "End" => keys.session.rewind(all),
                        _ => return,
                    }
                    e.prevent_default();
                }>
                <i class="tl__past" style:width=move || percent(past.at(past.done()))></i>
                <i class="tl__known" style:left=move || percent(known.at(known.done()))
                    style:width=move || percent(known_w.at(known_w.all()) - known_w.at(known_w.done()))></i>
                {move || stops(&ticks)}
            </div>
            <i class="tl__head" style:left=move || percent(head.at(head.done()))></i>
            {move || axis(&labels)}
        </div>
    }
}

/// « Après 3 : git add pipeline.py »
fn position(bar: &Bar) -> String {
    bar.session.timeline.with(|timeline| match timeline.done as usize {
        0 => t().time_begin.to_owned(),
        n => {
            let label = timeline
                .entries
                .get(n - 1)
                .map(|e| e.label.as_str())
                .unwrap_or_default();
            fill(t().time_at, &[&n.to_string(), label])
        }
    })
}

/// A notch where each command ended.
fn stops(bar: &Bar) -> AnyView {
    let stops = bar.scale.get().stops;
    // Closer than this the notches would be a pattern, not points.
    let shown = stops.len() < 40;
    stops
        .iter()
        .skip(1)
        .filter(|_| shown)
        .map(|p| {
            let left = format!("{}%", dom::number(*p));
            view! { <i class="tl__stop" style:left=left></i> }
        })
        .collect_view()
        .into_any()
}

/// A tick above the rail where a command reached goals, or brought a conflict. Words where there is room.
fn goal_marks(bar: &Bar) -> AnyView {
    let scale = bar.scale.get();
    let entries = bar.session.timeline.with(|t| t.entries.clone());
    let mut marks: Vec<(usize, f64, TimelineEntry)> = Vec::new();
    for (n, entry) in entries.into_iter().enumerate() {
        let at = scale.stops.get(n + 1).copied().unwrap_or_default();
        if is_marked(&entry) && marks.last().is_none_or(|last| at - last.1 >= 2.5) {
            marks.push((n, at, entry));
        }
    }
    let places: Vec<f64> = marks.iter().map(|m| m.1).collect();
    marks
        .into_iter()
        .enumerate()
        .map(|(k, (n, at, entry))| {
            let ends = at > 88.0;
            let room = if ends {
                k == 0 || at - places[k - 1] > 24.0
            } else {
                places.get(k + 1).is_none_or(|next| next - at > 14.0)
            };
            mark(bar, n, at, &entry, ends, room)
        })
        .collect_view()
        .into_any()
}

/// A merge or another command that stopped on a conflict is a fault; goals are marks of their own.
fn is_marked(entry: &TimelineEntry) -> bool {
    !entry.reached.is_empty()
        || (entry.kind == EntryKind::Command && entry.status != 0 && entry.label.contains("merge"))
}

fn mark(bar: &Bar, n: usize, at: f64, entry: &TimelineEntry, ends: bool, named: bool) -> AnyView {
    let goal = !entry.reached.is_empty();
    let word = if goal { t().time_goal } else { t().time_conflict };
    let class = match (goal, ends) {
        (false, false) => "tl__ev tl__ev--fault",
        (false, true) => "tl__ev tl__ev--fault tl__ev--end",
        (true, false) => "tl__ev tl__ev--goal",
        (true, true) => "tl__ev tl__ev--goal tl__ev--end",
    };
    let session = bar.session.clone();
    let label = format!("{word}, {}", fill(t().time_at, &[&(n + 1).to_string(), &entry.label]));
    let left = format!("{}%", dom::number(at));
    view! {
        <button class=class style:left=left aria-label=label.clone() title=label on:click=move |_| session.rewind(n as u32 + 1)>
            {icon(if goal { "check" } else { "fault" })}{named.then(|| view! { <span>{word}</span> })}
        </button>
    }
    .into_any()
}

/// Five labels of time, where stops stand by time.
fn axis(bar: &Bar) -> AnyView {
    let total = bar.scale.get().total_ms;
    (0..=4u64)
        .filter(|_| total > 0)
        .map(|n| {
            let left = format!("{}%", n * 25);
            let label = clock(total * n / 4);
            view! { <i class="tl__tick" style:left=left.clone()></i><span class="tl__lab num" style:left=left>{label}</span> }
        })
        .collect_view()
        .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn timeline(entries: &[(EntryKind, i64)]) -> Timeline {
        let entries = entries.iter().map(|(kind, seconds)| TimelineEntry {
            label: String::new(),
            kind: *kind,
            at_nanos: seconds * SECOND,
            status: 0,
            reached: Vec::new(),
        });
        Timeline {
            entries: entries.collect(),
            done: 0,
            start_nanos: 0,
        }
    }

    #[test]
    fn stops_stand_where_the_clock_stood() {
        use EntryKind::Command;
        // Each line takes 20 s to type; the second command sleeps for 100 s.
        let t = timeline(&[(Command, 20), (Command, 40), (Command, 160)]);
        let found = scale(&t, 160 * SECOND, 20 * SECOND);
        assert_eq!(found.total_ms, 240_000);
        let seconds: Vec<f64> = found.stops.iter().map(|p| (p * 2.4).round()).collect();
        assert_eq!(seconds, [0.0, 20.0, 140.0, 160.0]);
    }

    #[test]
    fn what_takes_no_time_has_room_all_the_same() {
        use EntryKind::{Command, FileBroughtIn};
        let t = timeline(&[(Command, 20), (FileBroughtIn, 20), (FileBroughtIn, 20)]);
        let stops = scale(&t, 20 * SECOND, 20 * SECOND).stops;
        assert!(stops.windows(2).all(|w| w[1] - w[0] > GAP * 0.99), "{stops:?}");
        // So many that time says nothing: by rank, and no hour is shown.
        let t = timeline(&[(FileBroughtIn, 0); 300]);
        let found = scale(&t, 0, 20 * SECOND);
        assert_eq!((found.stops.len(), found.total_ms), (301, 0));
        assert!(found.stops[300] < 100.0);
    }
}
