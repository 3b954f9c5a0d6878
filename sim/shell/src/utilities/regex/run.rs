//! Runs a compiled pattern over a text.

use super::super::support::text::decode;
use super::Groups;
use super::parse::{Assertion, class_holds, lower};
use super::program::{Inst, Program};

/// Steps a pattern with back-references may take: what it has found by then is its answer.
const BACKTRACK_STEPS_MAX: usize = 2_000_000;
/// States times positions the search for groups may mark.
const VISITED_MAX: usize = 1 << 26;

/// A set of states that empties in no time.
struct States {
    dense: Vec<usize>,
    mark: Vec<u32>,
    generation: u32,
}

impl States {
    fn new(len: usize) -> Self {
        Self {
            dense: Vec::new(),
            mark: vec![0; len],
            generation: 1,
        }
    }

    fn clear(&mut self) {
        self.dense.clear();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.mark.fill(0);
            self.generation = 1;
        }
    }

    fn insert(&mut self, state: usize) -> bool {
        let new = self.mark[state] != self.generation;
        self.mark[state] = self.generation;
        new
    }
}

/// Adds the states reachable from `state` without reading. `true`: the match is among them.
fn close(program: &Program, states: &mut States, state: usize, text: &[u8], at: usize, stack: &mut Vec<usize>) -> bool {
    let mut matched = false;
    stack.push(state);
    while let Some(state) = stack.pop() {
        if !states.insert(state) {
            continue;
        }
        match program.insts[state] {
            Inst::Split(a, b) => stack.extend([b, a]),
            Inst::Jump(to) => stack.push(to),
            Inst::Save(_) | Inst::LoopEnter(_) | Inst::LoopCheck(_) => stack.push(state + 1),
            Inst::Assert(assertion) if holds(assertion, program.multiline, text, at) => stack.push(state + 1),
            Inst::Assert(_) => {}
            Inst::Match => matched = true,
            _ => states.dense.push(state),
        }
    }
    matched
}

fn takes(program: &Program, inst: Inst, c: u32) -> bool {
    match inst {
        Inst::Char(wanted) => wanted == c || (program.ignore_case && wanted == lower(c)),
        Inst::Any => c < 0x11_0000,
        Inst::Set(index) => program.sets[index].holds(c, program.ignore_case),
        _ => false,
    }
}

/// Whether the pattern matches anywhere: one pass over the text.
pub fn is_match(program: &Program, text: &[u8]) -> bool {
    let (mut now, mut next) = (States::new(program.insts.len()), States::new(program.insts.len()));
    let mut stack = Vec::new();
    let mut at = 0;
    loop {
        if close(program, &mut now, 0, text, at, &mut stack) {
            return true;
        }
        if at >= text.len() {
            return false;
        }
        let (c, len) = decode(&text[at..]);
        at += len;
        next.clear();
        for index in 0..now.dense.len() {
            let state = now.dense[index];
            if takes(program, program.insts[state], c) && close(program, &mut next, state + 1, text, at, &mut stack) {
                return true;
            }
        }
        std::mem::swap(&mut now, &mut next);
    }
}

/// The leftmost longest match from `from` on.
pub fn find(program: &Program, text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut states = (States::new(program.insts.len()), States::new(program.insts.len()));
    let mut start = from;
    while start <= text.len() {
        let (c, len) = decode(&text[start..]);
        let possible = program.first.as_ref().is_none_or(|first| len > 0 && first.contains(&c));
        if possible && let Some(end) = longest(program, text, start, &mut states) {
            return Some((start, end));
        }
        start += len.max(1);
    }
    None
}

fn longest(program: &Program, text: &[u8], start: usize, states: &mut (States, States)) -> Option<usize> {
    let (now, next) = states;
    let mut stack = Vec::new();
    now.clear();
    let mut best = close(program, now, 0, text, start, &mut stack).then_some(start);
    let mut at = start;
    while at < text.len() && !now.dense.is_empty() {
        let (c, len) = decode(&text[at..]);
        at += len;
        next.clear();
        let mut matched = false;
        for state in &now.dense {
            if takes(program, program.insts[*state], c) {
                matched |= close(program, next, state + 1, text, at, &mut stack);
            }
        }
        if matched {
            best = Some(at);
        }
        std::mem::swap(now, next);
    }
    best
}

/// The groups of the match from `start` to `end`.
pub fn groups_of(program: &Program, text: &[u8], start: usize, end: usize) -> Option<Groups> {
    let width = end - start + 1;
    if program.insts.len().saturating_mul(width) > VISITED_MAX {
        let mut groups = vec![None; program.groups + 1];
        groups[0] = Some((start, end));
        return Some(groups);
    }
    let mut visited = vec![false; program.insts.len() * width];
    let mut run = Backtrack::new(program, text);
    run.start(start);
    while let Some((state, at)) = run.pop() {
        let (mut state, mut at) = (state, at);
        while at <= end && !std::mem::replace(&mut visited[state * width + at - start], true) {
            if program.insts[state] == Inst::Match && at == end {
                return Some(run.groups(start, end));
            }
            match run.step(state, at) {
                Some(next) => (state, at) = next,
                None => break,
            }
        }
    }
    None
}

/// The leftmost longest match of a pattern with back-references.
pub fn backtrack_longest(program: &Program, text: &[u8], from: usize) -> Option<Groups> {
    let mut steps = 0;
    let mut start = from;
    while start <= text.len() {
        let mut best: Option<(usize, Groups)> = None;
        let mut run = Backtrack::new(program, text);
        run.start(start);
        'paths: while let Some((state, at)) = run.pop() {
            let (mut state, mut at) = (state, at);
            loop {
                steps += 1;
                if steps > BACKTRACK_STEPS_MAX {
                    break 'paths;
                }
                if program.insts[state] == Inst::Match {
                    if best.as_ref().is_none_or(|(end, _)| at > *end) {
                        best = Some((at, run.groups(start, at)));
                    }
                    break;
                }
                match run.step(state, at) {
                    Some(next) => (state, at) = next,
                    None => break,
                }
            }
        }
        if let Some((_, groups)) = best {
            return Some(groups);
        }
        start += decode(&text[start..]).1.max(1);
    }
    None
}

enum Pending {
    Try(usize, usize),
    Restore(usize, Option<usize>),
}

struct Backtrack<'a> {
    program: &'a Program,
    text: &'a [u8],
    slots: Vec<Option<usize>>,
    pending: Vec<Pending>,
    memo: bool,
}

impl<'a> Backtrack<'a> {
    fn new(program: &'a Program, text: &'a [u8]) -> Self {
        Self {
            program,
            text,
            slots: vec![None; program.slots],
            pending: Vec::new(),
            memo: !program.has_back_references,
        }
    }

    fn start(&mut self, at: usize) {
        self.pending.push(Pending::Try(0, at));
    }

    fn pop(&mut self) -> Option<(usize, usize)> {
        loop {
            match self.pending.pop()? {
                Pending::Try(state, at) => return Some((state, at)),
                Pending::Restore(slot, old) => self.slots[slot] = old,
            }
        }
    }

    fn set(&mut self, slot: usize, at: usize) {
        self.pending.push(Pending::Restore(slot, self.slots[slot]));
        self.slots[slot] = Some(at);
    }

    fn groups(&self, start: usize, end: usize) -> Groups {
        let mut groups = vec![Some((start, end))];
        for number in 1..=self.program.groups {
            groups.push(self.slots[number * 2].zip(self.slots[number * 2 + 1]));
        }
        groups
    }

    fn step(&mut self, state: usize, at: usize) -> Option<(usize, usize)> {
        match self.program.insts[state] {
            Inst::Split(a, b) => {
                self.pending.push(Pending::Try(b, at));
                Some((a, at))
            }
            Inst::Jump(to) => Some((to, at)),
            Inst::Save(slot) | Inst::LoopEnter(slot) => {
                self.set(slot, at);
                Some((state + 1, at))
            }
            Inst::LoopCheck(slot) => (self.memo || self.slots[slot] != Some(at)).then_some((state + 1, at)),
            Inst::Assert(assertion) => {
                holds(assertion, self.program.multiline, self.text, at).then_some((state + 1, at))
            }
            Inst::BackReference(number) => {
                let (from, to) = (self.slots[number * 2]?, self.slots[number * 2 + 1]?);
                let wanted = self.text.get(from..to)?;
                let found = self.text.get(at..at + wanted.len())?;
                let same = found == wanted || (self.program.ignore_case && found.eq_ignore_ascii_case(wanted));
                same.then_some((state + 1, at + wanted.len()))
            }
            Inst::Match => None,
            inst => {
                if at >= self.text.len() {
                    return None;
                }
                let (c, len) = decode(&self.text[at..]);
                takes(self.program, inst, c).then_some((state + 1, at + len))
            }
        }
    }
}

fn holds(assertion: Assertion, multiline: bool, text: &[u8], at: usize) -> bool {
    let after = at < text.len() && is_word(decode(&text[at..]).0);
    let before = at > 0 && is_word(decode(&text[char_before(text, at)..]).0);
    match assertion {
        Assertion::LineStart => at == 0 || (multiline && text[at - 1] == b'\n'),
        Assertion::LineEnd => at == text.len() || (multiline && text[at] == b'\n'),
        Assertion::TextStart => at == 0,
        Assertion::TextEnd => at == text.len(),
        Assertion::WordStart => !before && after,
        Assertion::WordEnd => before && !after,
        Assertion::WordEdge => before != after,
        Assertion::NotWordEdge => before == after,
        Assertion::NoWordBefore => !before,
        Assertion::NoWordAfter => !after,
    }
}

fn char_before(text: &[u8], at: usize) -> usize {
    let mut start = at - 1;
    while start > 0 && at - start < 4 && text[start] & 0xc0 == 0x80 {
        start -= 1;
    }
    if start + decode(&text[start..]).1 == at {
        start
    } else {
        at - 1
    }
}

fn is_word(c: u32) -> bool {
    c < 0x11_0000 && class_holds("word", c) == Some(true)
}
