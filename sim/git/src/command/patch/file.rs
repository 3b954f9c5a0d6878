//! One file's hunks: found, shown, split.

use super::direction::Direction;
use crate::cat;
use crate::diff::{self, Change, Contents};
use crate::fault::Result;
use crate::output::Colors;
use crate::process::Cx;
use crate::repo::Repo;
use essaim_text::{LineKind, diff as diff_lines, hunks, is_binary, lines};

/// What was decided of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Undecided,
    Use,
    Skip,
}

/// What is on offer.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The change of mode.
    Mode,
    /// An empty file that comes or goes.
    Whole,
    /// Lines.
    Lines(Hunk),
}

#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub what: What,
    pub decision: Decision,
}

impl Offer {
    fn new(what: What) -> Self {
        Self {
            what,
            decision: Decision::Undecided,
        }
    }

    pub(super) fn hunk(&self) -> Option<&Hunk> {
        match &self.what {
            What::Lines(hunk) => Some(hunk),
            _ => None,
        }
    }
}

/// One line of a hunk: its sign and its text, with the line feed it may lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub sign: u8,
    pub text: Vec<u8>,
}

/// Lines that go and come. The starts count lines from 0.
#[derive(Clone, Debug)]
pub(super) struct Hunk {
    pub old_start: usize,
    pub new_start: usize,
    pub lines: Vec<Line>,
    /// What stands behind the second `@@`.
    pub function: Vec<u8>,
}

impl Hunk {
    /// How many lines the side has that lacks lines of this sign.
    pub(super) fn count_without(&self, sign: u8) -> usize {
        self.lines.iter().filter(|line| line.sign != sign).count()
    }

    /// `-1,5 +1,6`.
    pub(super) fn range(&self) -> String {
        let side = |start: usize, count: usize| match count {
            1 => format!("{}", start + 1),
            0 => format!("{start},0"),
            _ => format!("{},{count}", start + 1),
        };
        format!(
            "-{} +{}",
            side(self.old_start, self.count_without(b'+')),
            side(self.new_start, self.count_without(b'-'))
        )
    }

    /// How many hunks it can be split into: its runs of changed lines.
    pub(super) fn parts(&self) -> usize {
        let mut count = 0;
        let mut before = b' ';
        for line in &self.lines {
            count += usize::from(before == b' ' && line.sign != b' ');
            before = line.sign;
        }
        count
    }

    /// One hunk for each run of changed lines, with all the lines around it.
    pub(super) fn split(&self) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        let (mut old, mut new) = (self.old_start, self.new_start);
        // Where the run of unchanged lines began that was read last.
        let mut context = (0, old, new);
        let mut before = b' ';
        for (at, line) in self.lines.iter().enumerate() {
            if before != b' ' && line.sign == b' ' {
                context = (at, old, new);
            }
            if before == b' ' && line.sign != b' ' {
                if let Some(last) = parts.last_mut() {
                    last.lines.extend_from_slice(&self.lines[context.0..at]);
                }
                parts.push(Self {
                    old_start: context.1,
                    new_start: context.2,
                    lines: self.lines[context.0..at].to_vec(),
                    function: if parts.is_empty() {
                        self.function.clone()
                    } else {
                        Vec::new()
                    },
                });
            }
            if line.sign != b' '
                && let Some(last) = parts.last_mut()
            {
                last.lines.push(line.clone());
            }
            old += usize::from(line.sign != b'+');
            new += usize::from(line.sign != b'-');
            before = line.sign;
        }
        if let Some(last) = parts.last_mut().filter(|_| before == b' ') {
            last.lines.extend_from_slice(&self.lines[context.0..]);
        }
        parts
    }
}

/// One file at work.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub path: Vec<u8>,
    /// 0: it was not there.
    pub old_mode: u32,
    /// 0: it is gone.
    pub new_mode: u32,
    pub header: Vec<u8>,
    pub offers: Vec<Offer>,
    pub at: usize,
    /// The hunk that was printed last.
    pub printed: Option<usize>,
    /// The letters that some prompt of this file offered: Git remembers what was possible earlier.
    pub permitted: String,
    /// No more answers are wanted.
    pub left: bool,
}

impl File {
    /// `context`: how many unchanged lines are shown around changed ones.
    pub(super) fn open(
        cx: &Cx<'_, '_>,
        repo: &Repo,
        direction: Direction,
        change: &Change,
        context: usize,
    ) -> Result<Self> {
        let mut options = diff::Options::new(Some(repo), false, 80);
        (options.hunks.context, options.hunks.inter_hunk_context) = (context, 0);
        options.settle_colors(Some(repo), cx.is_terminal());
        if direction.turned() {
            std::mem::swap(&mut options.old_prefix, &mut options.new_prefix);
        }
        let contents = Contents::new(cx.files(), repo);
        let (old, new) = (
            contents.get(change.old, &change.path)?,
            contents.get(change.new, &change.path)?,
        );
        let mode_changes = change.old.0 != 0 && change.new.0 != 0 && change.old.0 != change.new.0;
        let mut offers = Vec::new();
        if mode_changes {
            offers.push(Offer::new(What::Mode));
        }
        if !(is_binary(&old) || is_binary(&new)) {
            let (old, new) = (lines(&old), lines(&new));
            let changes = diff_lines(&old, &new, &options.text);
            for hunk in hunks(&old, &new, &changes, &options.hunks) {
                let sign = |kind| match kind {
                    LineKind::Context => b' ',
                    LineKind::Removed => b'-',
                    LineKind::Added => b'+',
                };
                let lines = hunk.lines.iter().map(|line| Line {
                    sign: sign(line.kind),
                    text: line.text.to_vec(),
                });
                offers.push(Offer::new(What::Lines(Hunk {
                    old_start: hunk.old_start,
                    new_start: hunk.new_start,
                    lines: lines.collect(),
                    function: hunk.function.map(<[u8]>::to_vec).unwrap_or_default(),
                })));
            }
        }
        if offers.is_empty() {
            offers.push(Offer::new(What::Whole));
        }
        let mut patch = Vec::new();
        diff::patch::write(&mut patch, &contents, change, &options)?;
        Ok(Self {
            path: change.path.clone(),
            old_mode: change.old.0,
            new_mode: change.new.0,
            header: header(&patch, mode_changes),
            offers,
            at: 0,
            printed: None,
            permitted: String::new(),
            left: false,
        })
    }

    pub(super) fn used(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(|offer| offer.decision == Decision::Use)
    }

    /// The next hunk after this one that nothing was decided of.
    pub(super) fn next_undecided(&self) -> Option<usize> {
        (self.at + 1..self.offers.len()).find(|at| self.offers[*at].decision == Decision::Undecided)
    }

    pub(super) fn previous_undecided(&self) -> Option<usize> {
        (0..self.at)
            .rev()
            .find(|at| self.offers[*at].decision == Decision::Undecided)
    }

    /// The letters of the prompt that are not always there.
    pub(super) fn letters(&self) -> String {
        let (at, count) = (self.at, self.offers.len());
        let deleted = self.new_mode == 0;
        let mut out = String::new();
        let mut add = |yes: bool, letters: &str| {
            if yes {
                out.push_str(letters);
            }
        };
        add(self.previous_undecided().is_some(), ",k");
        add(at > 0, ",K");
        add(self.next_undecided().is_some(), ",j");
        add(at + 1 < count, ",J");
        add(count > 1, ",g,/");
        let hunk = self.offers[at].hunk();
        add(hunk.is_some_and(|hunk| hunk.parts() > 1), ",s");
        add(hunk.is_some() && !deleted, ",e");
        add(deleted || !matches!(self.offers[at].what, What::Whole), ",p");
        out
    }

    /// `this hunk`, `addition` …
    pub(super) fn noun(&self) -> &'static str {
        match (&self.offers[self.at].what, self.old_mode, self.new_mode) {
            (What::Mode, ..) => "mode change",
            (_, _, 0) => "deletion",
            (_, 0, _) => "addition",
            _ => "this hunk",
        }
    }

    /// A hunk as it is shown.
    pub(super) fn render(&self, at: usize, colors: &Colors) -> Vec<u8> {
        match &self.offers[at].what {
            What::Whole => Vec::new(),
            What::Mode => {
                let bold = colors.start("diff.meta", "bold");
                let line = |word: &str, mode: u32| format!("{bold}{word} mode {mode:06o}{}\n", colors.reset());
                (line("old", self.old_mode) + &line("new", self.new_mode)).into_bytes()
            }
            What::Lines(hunk) => render_lines(hunk, colors),
        }
    }
}

/// The lines above the first hunk; those about a changed mode are a hunk of their own.
fn header(patch: &[u8], mode_changes: bool) -> Vec<u8> {
    let holds = |line: &[u8], text: &[u8]| crate::bytes::find(&line[..line.len().min(20)], text).is_some();
    let mut head = Vec::new();
    for line in lines(patch) {
        if holds(line, b"@@ ") {
            break;
        }
        if !(mode_changes && (holds(line, b"old mode ") || holds(line, b"new mode "))) {
            head.extend_from_slice(line);
        }
    }
    head
}

fn render_lines(hunk: &Hunk, colors: &Colors) -> Vec<u8> {
    let start = |key: &str, default: &str| colors.start(&format!("diff.{key}"), default);
    let reset = colors.reset();
    let function = if hunk.function.is_empty() {
        Vec::new()
    } else {
        cat![" ", hunk.function]
    };
    let mut out = cat![start("frag", "cyan"), "@@ ", hunk.range(), " @@", function, reset, "\n"];
    let (removed, added, context) = (start("old", "red"), start("new", "green"), start("context", "normal"));
    for line in &hunk.lines {
        let text = line.text.strip_suffix(b"\n").unwrap_or(&line.text);
        let color = match line.sign {
            b'-' => &removed,
            b'+' => &added,
            _ => &context,
        };
        out.extend_from_slice(&cat![color, [line.sign], text, reset, "\n"]);
        if !line.text.ends_with(b"\n") {
            out.extend_from_slice(&cat![context, "\\ No newline at end of file", reset, "\n"]);
        }
    }
    out
}
