//! Three-way merge of contents: the bytes of `git merge-file -p`, and those
//! that `git merge` leaves in the working tree.

use std::ops::Range;

use crate::diff::{Algorithm, Change, DiffOptions, Whitespace, diff};
use crate::line::{Interner, lines};

/// Conflicts separated by no more lines than this become one.
const LINES_BETWEEN_CONFLICTS_MAX: usize = 3;

/// What a conflict shows: `merge.conflictStyle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeStyle {
    /// Both sides.
    #[default]
    Merge,
    /// Both sides and the base.
    Diff3,
    /// Like [`MergeStyle::Diff3`], but the lines that both sides share at the
    /// start and the end of a conflict stand outside of it.
    ZealousDiff3,
}

/// What to do with a conflict instead of showing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Favor {
    /// Take our side.
    Ours,
    /// Take their side.
    Theirs,
    /// Take our side, then theirs.
    Union,
}

/// How hard to make conflicts smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeLevel {
    /// Lines in common inside a conflict leave it: `git merge`.
    #[default]
    Zealous,
    /// And conflicts join if no letter or digit stands between them:
    /// `git merge-file`.
    ZealousAlnum,
}

/// What a merge depends on, but for the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeOptions {
    /// What a conflict shows.
    pub style: MergeStyle,
    /// Whether one side wins.
    pub favor: Option<Favor>,
    /// How hard to make conflicts smaller.
    pub level: MergeLevel,
    /// Length of `<<<<<<<`: 7, unless an attribute says otherwise.
    pub marker_size: usize,
    /// How the lines in common are found.
    pub algorithm: Algorithm,
    /// `-Xignore-all-space` and its like.
    pub whitespace: Whitespace,
}

impl MergeOptions {
    /// As `git merge` (strategy `ort`) merges a file.
    pub fn git_merge() -> Self {
        Self {
            style: MergeStyle::Merge,
            favor: None,
            level: MergeLevel::Zealous,
            marker_size: 7,
            algorithm: Algorithm::Histogram,
            whitespace: Whitespace::Exact,
        }
    }

    /// As `git merge-file` does.
    pub fn git_merge_file() -> Self {
        Self {
            level: MergeLevel::ZealousAlnum,
            algorithm: Algorithm::Myers,
            ..Self::git_merge()
        }
    }
}

/// What stands after the markers; an empty label leaves the marker alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels<'a> {
    /// After `<<<<<<<`.
    pub ours: &'a [u8],
    /// After `|||||||`.
    pub base: &'a [u8],
    /// After `>>>>>>>`.
    pub theirs: &'a [u8],
}

/// A merged content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeResult {
    /// The content, with conflict markers where needed.
    pub bytes: Vec<u8>,
    /// How many conflicts `bytes` shows.
    pub conflict_count: usize,
}

/// [`merge`] with the options of `git merge-file`.
pub fn merge_file(base: &[u8], ours: &[u8], theirs: &[u8], labels: &Labels<'_>) -> MergeResult {
    merge(base, ours, theirs, labels, &MergeOptions::git_merge_file())
}

/// Applies to `ours` what changed from `base` to `theirs`.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8], labels: &Labels<'_>, options: &MergeOptions) -> MergeResult {
    let merge = Merge {
        base: lines(base),
        ours: lines(ours),
        theirs: lines(theirs),
        labels: *labels,
        options: *options,
    };
    let our_changes = merge.diff(&merge.base, &merge.ours);
    let their_changes = merge.diff(&merge.base, &merge.theirs);
    let clean = |bytes: &[u8]| MergeResult {
        bytes: bytes.to_vec(),
        conflict_count: 0,
    };
    if our_changes.is_empty() {
        return clean(theirs);
    }
    if their_changes.is_empty() {
        return clean(ours);
    }
    let mut regions = merge.regions(&our_changes, &their_changes);
    match options.style {
        MergeStyle::Merge => {
            regions = merge.refine(regions);
            regions = merge.join_conflicts(regions);
        }
        MergeStyle::Diff3 => {}
        MergeStyle::ZealousDiff3 => merge.trim_conflicts(&mut regions),
    }
    merge.write(&regions)
}

/// Who decides a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Conflict,
    Ours,
    Theirs,
    Union,
    /// Both sides turned out to be the same.
    Same,
}

/// Lines that are not the same in all three files.
#[derive(Clone, Debug)]
struct Region {
    decision: Decision,
    base: Range<usize>,
    ours: Range<usize>,
    theirs: Range<usize>,
}

struct Merge<'a> {
    base: Vec<&'a [u8]>,
    ours: Vec<&'a [u8]>,
    theirs: Vec<&'a [u8]>,
    labels: Labels<'a>,
    options: MergeOptions,
}

impl Merge<'_> {
    fn diff(&self, old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
        let options = DiffOptions {
            algorithm: self.options.algorithm,
            whitespace: self.options.whitespace,
            ignore_blank_lines: false,
            indent_heuristic: false,
        };
        diff(old, new, &options)
    }

    fn equal(&self, a: &[&[u8]], b: &[&[u8]]) -> bool {
        let mut interner = Interner::new(self.options.whitespace);
        interner.intern(a) == interner.intern(b)
    }

    /// Walks through the changes of both sides in the order of the base.
    fn regions(&self, ours: &[Change], theirs: &[Change]) -> Vec<Region> {
        let mut regions = Vec::new();
        let (mut i, mut j) = (0, 0);
        // Where a line of the base stands in a side, outside of its changes.
        let (mut our_shift, mut their_shift) = (0isize, 0isize);
        let shifted = |range: &Range<usize>, shift: isize| moved(range.start, shift)..moved(range.end, shift);
        let shift_after = |change: &Change| change.new.end as isize - change.old.end as isize;
        loop {
            match (ours.get(i), theirs.get(j)) {
                (None, None) => return regions,
                (Some(our), their) if their.is_none_or(|their| our.old.end < their.old.start) => {
                    let region = Region {
                        decision: Decision::Ours,
                        base: our.old.clone(),
                        ours: our.new.clone(),
                        theirs: shifted(&our.old, their_shift),
                    };
                    append(&mut regions, region);
                    our_shift = shift_after(our);
                    i += 1;
                }
                (our, Some(their)) if our.is_none_or(|our| their.old.end < our.old.start) => {
                    let region = Region {
                        decision: Decision::Theirs,
                        base: their.old.clone(),
                        ours: shifted(&their.old, our_shift),
                        theirs: their.new.clone(),
                    };
                    append(&mut regions, region);
                    their_shift = shift_after(their);
                    j += 1;
                }
                (Some(our), Some(their)) => {
                    if !self.same_change(our, their) {
                        append(&mut regions, conflict(our, their));
                    }
                    if our.old.end >= their.old.end {
                        their_shift = shift_after(their);
                        j += 1;
                    }
                    if their.old.end >= our.old.end {
                        our_shift = shift_after(our);
                        i += 1;
                    }
                }
                // One of the guards above holds if only one side is left.
                _ => return regions,
            }
        }
    }

    fn same_change(&self, our: &Change, their: &Change) -> bool {
        our.old == their.old
            && our.new.len() == their.new.len()
            && self.equal(&self.ours[our.new.clone()], &self.theirs[their.new.clone()])
    }

    /// Compares the two sides of each conflict: only what differs stays one.
    fn refine(&self, regions: Vec<Region>) -> Vec<Region> {
        let mut refined = Vec::new();
        for region in regions {
            let sides = (region.ours.clone(), region.theirs.clone());
            if region.decision != Decision::Conflict || sides.0.is_empty() || sides.1.is_empty() {
                refined.push(region);
                continue;
            }
            let changes = self.diff(&self.ours[sides.0.clone()], &self.theirs[sides.1.clone()]);
            if changes.is_empty() {
                refined.push(Region {
                    decision: Decision::Same,
                    ..region
                });
                continue;
            }
            refined.extend(changes.into_iter().map(|change| Region {
                decision: Decision::Conflict,
                base: region.base.clone(),
                ours: sides.0.start + change.old.start..sides.0.start + change.old.end,
                theirs: sides.1.start + change.new.start..sides.1.start + change.new.end,
            }));
        }
        refined
    }

    /// Two conflicts with next to nothing between them read better as one.
    fn join_conflicts(&self, regions: Vec<Region>) -> Vec<Region> {
        let mut joined: Vec<Region> = Vec::new();
        for region in regions {
            if let Some(last) = joined.last_mut()
                && last.decision == Decision::Conflict
                && region.decision == Decision::Conflict
                && self.little_between(last.ours.end..region.ours.start)
            {
                last.base.end = region.base.end;
                last.ours.end = region.ours.end;
                last.theirs.end = region.theirs.end;
                continue;
            }
            joined.push(region);
        }
        joined
    }

    fn little_between(&self, ours: Range<usize>) -> bool {
        let says_something = |line: &&[u8]| line.iter().any(u8::is_ascii_alphanumeric);
        ours.len() <= LINES_BETWEEN_CONFLICTS_MAX
            || (self.options.level == MergeLevel::ZealousAlnum && !self.ours[ours].iter().any(says_something))
    }

    /// Moves the equal lines at both ends of a conflict out of it.
    fn trim_conflicts(&self, regions: &mut [Region]) {
        for region in regions {
            if region.decision != Decision::Conflict {
                continue;
            }
            let mut interner = Interner::new(self.options.whitespace);
            let ours = interner.intern(&self.ours[region.ours.clone()]);
            let theirs = interner.intern(&self.theirs[region.theirs.clone()]);
            let pairs = ours.iter().zip(&theirs);
            let start = pairs.take_while(|(a, b)| a == b).count();
            let pairs = ours[start..].iter().rev().zip(theirs[start..].iter().rev());
            let end = pairs.take_while(|(a, b)| a == b).count();
            region.ours = region.ours.start + start..region.ours.end - end;
            region.theirs = region.theirs.start + start..region.theirs.end - end;
        }
    }

    fn write(&self, regions: &[Region]) -> MergeResult {
        let mut out = Vec::new();
        let mut conflict_count = 0;
        let mut at = 0;
        for region in regions {
            let decision = match (region.decision, self.options.favor) {
                (Decision::Conflict, Some(Favor::Ours)) => Decision::Ours,
                (Decision::Conflict, Some(Favor::Theirs)) => Decision::Theirs,
                (Decision::Conflict, Some(Favor::Union)) => Decision::Union,
                (decision, _) => decision,
            };
            if decision == Decision::Same {
                continue;
            }
            copy(&mut out, &self.ours[at..region.ours.start]);
            at = region.ours.end;
            let ours = &self.ours[region.ours.clone()];
            let theirs = &self.theirs[region.theirs.clone()];
            match decision {
                Decision::Conflict => {
                    conflict_count += 1;
                    self.write_conflict(region, &mut out);
                }
                Decision::Ours => copy(&mut out, ours),
                Decision::Theirs => copy(&mut out, theirs),
                Decision::Union => {
                    copy_closed(&mut out, ours, self.line_end(region));
                    copy(&mut out, theirs);
                }
                Decision::Same => {}
            }
        }
        copy(&mut out, &self.ours[at..]);
        MergeResult {
            bytes: out,
            conflict_count,
        }
    }

    fn write_conflict(&self, region: &Region, out: &mut Vec<u8>) {
        let line_end = self.line_end(region);
        let marker = |out: &mut Vec<u8>, sign: u8, label: &[u8]| {
            out.resize(out.len() + self.options.marker_size, sign);
            if !label.is_empty() {
                out.push(b' ');
                out.extend_from_slice(label);
            }
            out.extend_from_slice(line_end);
        };
        marker(out, b'<', self.labels.ours);
        copy_closed(out, &self.ours[region.ours.clone()], line_end);
        if self.options.style != MergeStyle::Merge {
            marker(out, b'|', self.labels.base);
            copy_closed(out, &self.base[region.base.clone()], line_end);
        }
        marker(out, b'=', b"");
        copy_closed(out, &self.theirs[region.theirs.clone()], line_end);
        marker(out, b'>', self.labels.theirs);
    }

    /// How the markers end: with CR LF only if nothing nearby ends with a
    /// lone LF.
    fn line_end(&self, region: &Region) -> &'static [u8] {
        let verdicts = [
            ends_with_crlf(&self.ours, region.ours.start.saturating_sub(1)),
            ends_with_crlf(&self.theirs, region.theirs.start.saturating_sub(1)),
            ends_with_crlf(&self.base, 0),
        ];
        let lone = verdicts.contains(&Some(false));
        // Git asks the three in turn and stops at a plain LF; if the last
        // one asked cannot tell, it is LF as well.
        if !lone && verdicts[2] == Some(true) {
            b"\r\n"
        } else {
            b"\n"
        }
    }
}

/// Where a line of the base stands in a side. The first lines of a change may
/// lie in what the side removed: the region then joins the one before, and
/// only its end counts.
fn moved(line: usize, shift: isize) -> usize {
    line.saturating_add_signed(shift)
}

/// The part of the base that either change touches, on all sides.
fn conflict(our: &Change, their: &Change) -> Region {
    let start = our.old.start.min(their.old.start);
    let end = our.old.end.max(their.old.end);
    // Earlier changes of the same side may reach into this part: it then joins
    // their region, and only its end counts.
    let side = |change: &Change| {
        let before = change.old.start - start;
        let after = end - change.old.end;
        change.new.start.saturating_sub(before)..change.new.end + after
    };
    Region {
        decision: Decision::Conflict,
        base: start..end,
        ours: side(our),
        theirs: side(their),
    }
}

/// Adds a region, or joins it with the last one if they touch.
fn append(regions: &mut Vec<Region>, region: Region) {
    if let Some(last) = regions.last_mut()
        && (region.ours.start <= last.ours.end || region.theirs.start <= last.theirs.end)
    {
        if last.decision != region.decision {
            last.decision = Decision::Conflict;
        }
        last.base.end = region.base.end;
        last.ours.end = region.ours.end;
        last.theirs.end = region.theirs.end;
        return;
    }
    regions.push(region);
}

fn copy(out: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        out.extend_from_slice(line);
    }
}

/// Copies lines and ends the last one if the file did not.
fn copy_closed(out: &mut Vec<u8>, lines: &[&[u8]], line_end: &[u8]) {
    copy(out, lines);
    if lines.last().is_some_and(|line| !line.ends_with(b"\n")) {
        out.extend_from_slice(line_end);
    }
}

/// Whether line `at` ends with CR LF; a last line without an end is judged
/// by the one before. `None`: no line can tell.
fn ends_with_crlf(lines: &[&[u8]], at: usize) -> Option<bool> {
    let line = lines.get(at)?;
    if line.ends_with(b"\n") {
        return Some(line.ends_with(b"\r\n"));
    }
    let before = at.checked_sub(1)?;
    Some(lines[before].ends_with(b"\r\n"))
}
