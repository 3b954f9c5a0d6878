//! The lines beside `git log --graph`: columns that part at merges and join at common ancestors.
//!
//! A commit is drawn in steps: lines that make room for it (only beside a merge of three and more), its own line, the
//! line where its parents part, then lines on which columns move left to where they belong.

use crate::oid::Oid;
use crate::output::Colors;

/// What the next line shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Padding,
    Skip,
    Room,
    Commit,
    Parting,
    Moving,
}

/// A line of history in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    commit: Oid,
    color: usize,
}

/// One output line with its width on the terminal.
#[derive(Default)]
struct Line {
    text: String,
    width: usize,
}

/// The state of the drawing.
#[derive(Clone, Debug)]
pub struct Graph {
    commit: Option<Oid>,
    parents: Vec<Oid>,
    mark: char,
    width: usize,
    room_row: usize,
    step: Step,
    previous_step: Step,
    place: usize,
    previous_place: usize,
    /// 0: the first parent lies to the left, 1: below. −1 until known.
    layout: i64,
    edges_added: i64,
    previous_edges_added: i64,
    columns: Vec<Column>,
    next: Vec<Column>,
    /// For each place of a line, the column (of `next`) its edge leads to; −1: nothing.
    mapping: Vec<i64>,
    old_mapping: Vec<i64>,
    color: usize,
    colors: Vec<String>,
    reset: String,
}

const COLORS: [&str; 12] = [
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "bold red",
    "bold green",
    "bold yellow",
    "bold blue",
    "bold magenta",
    "bold cyan",
];

impl Graph {
    /// An empty drawing.
    pub fn new(colors: &Colors) -> Self {
        let sequences: Vec<String> = match colors.on {
            true => COLORS.iter().filter_map(|name| crate::output::sequence(name)).collect(),
            false => Vec::new(),
        };
        Self {
            commit: None,
            parents: Vec::new(),
            mark: '*',
            width: 0,
            room_row: 0,
            step: Step::Padding,
            previous_step: Step::Padding,
            place: 0,
            previous_place: 0,
            layout: 0,
            edges_added: 0,
            previous_edges_added: 0,
            columns: Vec::new(),
            next: Vec::new(),
            mapping: Vec::new(),
            old_mapping: Vec::new(),
            color: COLORS.len() - 1,
            colors: sequences,
            reset: colors.reset().to_owned(),
        }
    }

    /// The next commit, with those of its parents that are shown too.
    pub fn update(&mut self, commit: Oid, parents: Vec<Oid>, mark: char) {
        self.commit = Some(commit);
        self.parents = parents;
        self.mark = mark;
        self.previous_place = self.place;
        self.update_columns();
        self.room_row = 0;
        self.step = if self.step != Step::Padding {
            Step::Skip
        } else if self.needs_room() {
            Step::Room
        } else {
            Step::Commit
        };
    }

    fn update_columns(&mut self) {
        std::mem::swap(&mut self.columns, &mut self.next);
        self.next.clear();
        let most = self.columns.len() + self.parents.len();
        self.mapping = vec![-1; (2 * most).max(1)];
        self.old_mapping.resize(self.old_mapping.len().max(2 * most + 2), -1);
        self.width = 0;
        self.previous_edges_added = self.edges_added;
        self.edges_added = 0;
        let commit = self.commit.unwrap_or_default();
        let known = self.columns.iter().position(|column| column.commit == commit);
        let place = known.unwrap_or(self.columns.len());
        for at in 0..self.columns.len().max(place + 1) {
            if at != place {
                self.lead_to(self.columns[at].commit, None);
                continue;
            }
            self.place = at;
            self.layout = -1;
            for parent in self.parents.clone() {
                if self.parents.len() > 1 || known.is_none() {
                    self.color = (self.color + 1) % COLORS.len();
                }
                self.lead_to(parent, Some(at));
            }
            if self.parents.is_empty() {
                self.width += 2;
            }
        }
        while self.mapping.len() > 1 && self.mapping.last() == Some(&-1) {
            self.mapping.pop();
        }
    }

    /// Draws an edge to a commit's column; `from`: it comes out of the current commit.
    fn lead_to(&mut self, commit: Oid, from: Option<usize>) {
        let target = match self.next.iter().position(|column| column.commit == commit) {
            Some(target) => target,
            None => {
                let same = self.columns.iter().find(|column| column.commit == commit);
                let color = same.map_or(self.color, |column| column.color);
                self.next.push(Column { commit, color });
                self.next.len() - 1
            }
        };
        let at = match from {
            Some(from) if self.parents.len() > 1 && self.layout == -1 => {
                // The first parent of a merge decides whether its edges lean to the left.
                let distance = from as i64 - target as i64;
                let shift = if distance > 1 { 2 * distance - 3 } else { 1 };
                self.layout = i64::from(distance <= 0);
                self.edges_added = self.parents.len() as i64 + self.layout - 2;
                let at = self.width as i64 + (self.layout - 1) * shift;
                self.width += 2 * self.layout as usize;
                usize::try_from(at).unwrap_or(0)
            }
            _ if self.edges_added > 0 && self.width >= 2 && self.mapping[self.width - 2] == target as i64 => {
                // The last edge of a merge joins the column right beside it at once.
                self.edges_added = -1;
                self.width - 2
            }
            _ => {
                self.width += 2;
                self.width - 2
            }
        };
        if at >= self.mapping.len() {
            self.mapping.resize(at + 1, -1);
        }
        self.mapping[at] = target as i64;
    }

    /// Parents of an octopus that hang on the dashes beside it.
    fn dashed(&self) -> i64 {
        self.parents.len() as i64 + self.layout - 3
    }

    fn needs_room(&self) -> bool {
        self.parents.len() >= 3 && self.place + 1 < self.columns.len() && (self.room_row as i64) < self.dashed() * 2
    }

    /// Whether all lines of the commit were drawn.
    pub fn is_finished(&self) -> bool {
        self.step == Step::Padding
    }

    fn go(&mut self, step: Step) {
        self.previous_step = self.step;
        self.step = step;
    }

    /// The next line, padded to the width of the drawing; `true`: it is the commit's own.
    pub fn next_line(&mut self) -> (String, bool) {
        let mut line = Line::default();
        let own = self.step == Step::Commit;
        match self.step {
            Step::Padding => self.padding(&mut line),
            Step::Skip => {
                line.text.push_str("...");
                line.width += 3;
                let next = if self.needs_room() { Step::Room } else { Step::Commit };
                self.go(next);
            }
            Step::Room => self.room(&mut line),
            Step::Commit => self.commit_line(&mut line),
            Step::Parting => self.parting(&mut line),
            Step::Moving => self.moving(&mut line),
        }
        self.pad(&mut line);
        (line.text, own)
    }

    fn pad(&self, line: &mut Line) {
        while line.width < self.width {
            line.text.push(' ');
            line.width += 1;
        }
    }

    /// What stands before lines that belong to the commit: its diff, the rest of its message.
    pub fn prefix(&mut self) -> String {
        if self.step != Step::Commit {
            return self.next_line().0;
        }
        let mut line = Line::default();
        for (at, column) in self.columns.clone().iter().enumerate() {
            self.draw(&mut line, *column, '|');
            let spaces = match Some(column.commit) == self.commit && self.parents.len() > 2 {
                true => (self.parents.len() - 2) * 2,
                false => 1,
            };
            let _ = at;
            line.text.push_str(&" ".repeat(spaces));
            line.width += spaces;
        }
        self.pad(&mut line);
        self.previous_step = Step::Padding;
        line.text
    }

    /// The prefix that will stand before the difference, once the commit is drawn.
    pub fn prefix_after(mut self) -> String {
        while !self.is_finished() {
            self.next_line();
        }
        self.prefix()
    }

    fn draw(&self, line: &mut Line, column: Column, sign: char) {
        match self.colors.get(column.color) {
            Some(color) => {
                line.text.push_str(color);
                line.text.push(sign);
                line.text.push_str(&self.reset);
            }
            None => line.text.push(sign),
        }
        line.width += 1;
    }

    fn space(line: &mut Line) {
        line.text.push(' ');
        line.width += 1;
    }

    fn padding(&self, line: &mut Line) {
        for column in &self.next {
            self.draw(line, *column, '|');
            Self::space(line);
        }
    }

    fn room(&mut self, line: &mut Line) {
        let mut seen = false;
        for (at, column) in self.columns.clone().into_iter().enumerate() {
            if Some(column.commit) == self.commit {
                seen = true;
                self.draw(line, column, '|');
                for _ in 0..self.room_row {
                    Self::space(line);
                }
            } else {
                let leaning = self.previous_step == Step::Parting && self.previous_place < at;
                let slanted = seen && (self.room_row > 0 || leaning);
                self.draw(line, column, if slanted { '\\' } else { '|' });
            }
            Self::space(line);
        }
        self.room_row += 1;
        if !self.needs_room() {
            self.go(Step::Commit);
        }
    }

    /// Calls for each column, the commit's own last if it has none.
    fn places(&self) -> Vec<(usize, Option<Column>, bool)> {
        let mut places: Vec<(usize, Option<Column>, bool)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| (at, Some(*column), Some(column.commit) == self.commit))
            .collect();
        if !places.iter().any(|(.., own)| *own) {
            places.push((self.columns.len(), None, true));
        }
        places
    }

    fn commit_line(&mut self, line: &mut Line) {
        let mut seen = false;
        for (at, column, own) in self.places() {
            if own {
                seen = true;
                line.text.push(self.mark);
                line.width += 1;
                self.octopus(line);
            } else if let Some(column) = column {
                let leaning =
                    self.previous_step == Step::Parting && self.previous_edges_added > 0 && self.previous_place < at;
                let old = self.old_mapping.get(2 * at + 1).copied().unwrap_or(-1);
                let joining = self.previous_step == Step::Moving
                    && old == at as i64
                    && self.mapping.get(2 * at).copied().unwrap_or(-1) < at as i64;
                let sign = if seen && self.edges_added > 1 || seen && self.edges_added == 1 && leaning {
                    '\\'
                } else if !(seen && self.edges_added == 1) && joining {
                    '/'
                } else {
                    '|'
                };
                self.draw(line, column, sign);
            }
            Self::space(line);
        }
        let next = if self.parents.len() > 1 {
            Step::Parting
        } else {
            self.settled()
        };
        self.go(next);
    }

    fn octopus(&self, line: &mut Line) {
        let dashed = self.dashed();
        for nth in 0..dashed {
            let target = self
                .mapping
                .get((self.place + nth as usize + 2) * 2)
                .copied()
                .unwrap_or(-1);
            let Some(column) = usize::try_from(target).ok().and_then(|at| self.next.get(at)) else {
                continue;
            };
            self.draw(line, *column, '-');
            self.draw(line, *column, if nth == dashed - 1 { '.' } else { '-' });
        }
    }

    fn settled(&self) -> Step {
        let settled = self
            .mapping
            .iter()
            .enumerate()
            .all(|(at, target)| *target < 0 || *target == at as i64 / 2);
        if settled { Step::Padding } else { Step::Moving }
    }

    fn parting(&mut self, line: &mut Line) {
        const SIGNS: [char; 3] = ['/', '|', '\\'];
        let mut seen = false;
        let mut parent_column: Option<Column> = None;
        let first = self.parents.first().copied();
        for (at, column, own) in self.places() {
            if own {
                seen = true;
                let mut sign = usize::try_from(self.layout).unwrap_or(0);
                for (nth, parent) in self.parents.iter().enumerate() {
                    let Some(target) = self.next.iter().find(|column| column.commit == *parent) else {
                        continue;
                    };
                    self.draw(line, *target, SIGNS[sign.min(2)]);
                    if sign == 2 {
                        if self.edges_added > 0 || nth + 1 < self.parents.len() {
                            Self::space(line);
                        }
                    } else {
                        sign += 1;
                    }
                }
                if self.edges_added == 0 {
                    Self::space(line);
                }
            } else if let Some(column) = column {
                if seen {
                    self.draw(line, column, if self.edges_added > 0 { '\\' } else { '|' });
                    Self::space(line);
                } else {
                    self.draw(line, column, '|');
                    if self.layout != 0 || at + 1 != self.place {
                        match parent_column {
                            Some(parent) => self.draw(line, parent, '_'),
                            None => Self::space(line),
                        }
                    }
                }
            }
            if column.map(|column| column.commit) == first && column.is_some() {
                parent_column = column;
            }
        }
        let next = self.settled();
        self.go(next);
    }

    fn moving(&mut self, line: &mut Line) {
        let size = self.mapping.len();
        let old = std::mem::replace(&mut self.mapping, vec![-1; size]);
        let mut horizontal: Option<(usize, i64)> = None;
        for (at, target) in old.into_iter().enumerate() {
            if target < 0 {
                continue;
            }
            if target * 2 == at as i64 {
                self.mapping[at] = target;
                continue;
            }
            let left = self.mapping[at - 1];
            if left == target {
                continue;
            }
            // One step to the left, or two across an edge that leads elsewhere; one edge a line may go further.
            let (to, edge) = if left < 0 { (at - 1, at) } else { (at - 2, at - 1) };
            self.mapping[to] = target;
            if horizontal.is_none() {
                horizontal = Some((edge, target));
                let mut across = usize::try_from(target * 2 + 3).unwrap_or(0);
                while across + 2 < at {
                    self.mapping[across] = target;
                    across += 2;
                }
            }
        }
        self.old_mapping = self.mapping.clone();
        self.old_mapping
            .resize(size.max(2 * self.next.len() + 2 * self.columns.len() + 4), -1);
        if self.mapping.last() == Some(&-1) {
            self.mapping.pop();
        }
        self.draw_moving(line, horizontal);
        if self.settled() == Step::Padding {
            self.go(Step::Padding);
        }
    }

    fn draw_moving(&mut self, line: &mut Line, horizontal: Option<(usize, i64)>) {
        let mut used = false;
        for at in 0..self.mapping.len() {
            let target = self.mapping[at];
            let Some(column) = usize::try_from(target)
                .ok()
                .and_then(|target| self.next.get(target))
                .copied()
            else {
                Self::space(line);
                continue;
            };
            if target * 2 == at as i64 {
                self.draw(line, column, '|');
            } else if horizontal.is_some_and(|(edge, to)| to == target && at + 1 != edge) {
                if at as i64 != target * 2 + 3 {
                    self.mapping[at] = -1;
                }
                used = true;
                self.draw(line, column, '_');
            } else {
                if used && horizontal.is_some_and(|(edge, _)| at < edge) {
                    self.mapping[at] = -1;
                }
                self.draw(line, column, '/');
            }
        }
    }

    // ---- around a commit's text ----

    /// The lines up to and with the start of the commit's own line.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        if self.is_finished() {
            out.extend_from_slice(self.prefix().as_bytes());
            return;
        }
        while !self.is_finished() {
            let (text, own) = self.next_line();
            out.extend_from_slice(text.as_bytes());
            if own {
                return;
            }
            out.push(b'\n');
        }
    }

    /// A commit's message beside the drawing, which goes on to the end of the commit.
    pub fn message(&mut self, out: &mut Vec<u8>, message: &[u8]) {
        let ended = message.ends_with(b"\n");
        let mut lines = message.split_inclusive(|b| *b == b'\n').peekable();
        while let Some(line) = lines.next() {
            out.extend_from_slice(line);
            if lines.peek().is_some() {
                let (text, _) = self.next_line();
                out.extend_from_slice(text.as_bytes());
            }
        }
        if self.is_finished() {
            return;
        }
        if !ended {
            out.push(b'\n');
        }
        loop {
            let (text, _) = self.next_line();
            out.extend_from_slice(text.as_bytes());
            if self.is_finished() {
                break;
            }
            out.push(b'\n');
        }
        if ended {
            out.push(b'\n');
        }
    }
}
