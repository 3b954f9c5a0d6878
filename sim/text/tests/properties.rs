//! What must hold for any bytes, whatever Git says.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rng, pair, triple};
use essaim_text::{
    Algorithm, DiffOptions, Favor, HunkOptions, Labels, LineKind, MergeOptions, MergeStyle, Whitespace, diff,
    gnu_normal, hunks, is_binary, lines, merge, similarity, unified,
};

const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::Myers,
    Algorithm::Minimal,
    Algorithm::Patience,
    Algorithm::Histogram,
];

fn noise(rng: &mut Rng) -> Vec<u8> {
    let count = rng.below(60);
    (0..count)
        .map(|_| match rng.below(4) {
            0 => b'\n',
            1 => b"\r \t\0"[rng.below(4)],
            2 => b"ab}"[rng.below(3)],
            _ => rng.next() as u8,
        })
        .collect()
}

/// Plays the hunks of a diff against the old content.
fn apply(old: &[u8], new: &[u8], options: &DiffOptions) -> Vec<u8> {
    let (old, new) = (lines(old), lines(new));
    let changes = diff(&old, &new, options);
    let mut out = Vec::new();
    let mut at = 0;
    for hunk in hunks(&old, &new, &changes, &HunkOptions::default()) {
        out.extend(old[at..hunk.old_start].concat());
        at = hunk.old_start + hunk.old_count;
        let mut counts = (0, 0);
        for line in &hunk.lines {
            counts.0 += usize::from(line.kind != LineKind::Added);
            counts.1 += usize::from(line.kind != LineKind::Removed);
            if line.kind != LineKind::Removed {
                out.extend(line.text);
            }
        }
        assert_eq!(counts, (hunk.old_count, hunk.new_count));
    }
    out.extend(old[at..].concat());
    out
}

#[test]
fn a_diff_leads_from_old_to_new() {
    let mut rng = Rng::new(11);
    for i in 0..600 {
        let (old, new) = if i % 3 == 0 {
            (noise(&mut rng), noise(&mut rng))
        } else {
            pair(&mut rng, 120)
        };
        for algorithm in ALGORITHMS {
            let options = DiffOptions {
                algorithm,
                ..DiffOptions::default()
            };
            assert_eq!(apply(&old, &new, &options), new, "{algorithm:?}");
            assert!(unified(&old, &old, &options, &HunkOptions::default()).is_empty());
        }
    }
}

#[test]
fn one_side_alone_wins_a_merge() {
    let mut rng = Rng::new(12);
    let labels = Labels::default();
    for _ in 0..300 {
        let case = triple(&mut rng, 60);
        for options in [MergeOptions::git_merge(), MergeOptions::git_merge_file()] {
            let check = |ours: &[u8], theirs: &[u8], expected: &[u8]| {
                let result = merge(&case.base, ours, theirs, &labels, &options);
                assert_eq!(result.bytes, expected);
                assert_eq!(result.conflict_count, 0);
            };
            check(&case.base, &case.theirs, &case.theirs);
            check(&case.ours, &case.base, &case.ours);
            check(&case.ours, &case.ours, &case.ours);
        }
    }
}

#[test]
fn a_conflict_keeps_every_line_of_both_sides() {
    let mut rng = Rng::new(13);
    let labels = Labels::default();
    for _ in 0..300 {
        let case = triple(&mut rng, 60);
        let favored = |favor| {
            let options = MergeOptions {
                favor,
                ..MergeOptions::git_merge()
            };
            merge(&case.base, &case.ours, &case.theirs, &labels, &options)
        };
        let shown = favored(None);
        for favor in [Favor::Ours, Favor::Theirs, Favor::Union] {
            let decided = favored(Some(favor));
            assert_eq!(decided.conflict_count, 0);
            if shown.conflict_count == 0 {
                assert_eq!(decided.bytes, shown.bytes);
            }
        }
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut rng = Rng::new(14);
    for _ in 0..3000 {
        let (base, ours, theirs) = (noise(&mut rng), noise(&mut rng), noise(&mut rng));
        for whitespace in [
            Whitespace::Exact,
            Whitespace::IgnoreAll,
            Whitespace::IgnoreChange,
            Whitespace::IgnoreAtEol,
            Whitespace::IgnoreCrAtEol,
        ] {
            let options = DiffOptions {
                algorithm: ALGORITHMS[rng.below(4)],
                whitespace,
                ignore_blank_lines: rng.one_in(2),
                indent_heuristic: rng.one_in(2),
            };
            let hunk_options = HunkOptions {
                context: rng.below(5),
                inter_hunk_context: rng.below(4),
                ..HunkOptions::default()
            };
            unified(&base, &ours, &options, &hunk_options);
            let merge_options = MergeOptions {
                whitespace,
                algorithm: options.algorithm,
                style: [MergeStyle::Merge, MergeStyle::Diff3, MergeStyle::ZealousDiff3][rng.below(3)],
                favor: [None, Some(Favor::Ours), Some(Favor::Theirs), Some(Favor::Union)][rng.below(4)],
                marker_size: rng.below(9),
                ..MergeOptions::git_merge()
            };
            merge(&base, &ours, &theirs, &Labels::default(), &merge_options);
        }
        gnu_normal(&base, &ours, Whitespace::Exact);
        similarity(&base, &ours);
        is_binary(&base);
    }
}

/// Two files with nothing in common but a few frequent lines: the search is
/// cut short instead of taking the square of the length.
#[test]
fn large_files_that_differ_everywhere_are_cheap() {
    let mut rng = Rng::new(15);
    let mut file = |modulus: usize| -> Vec<u8> {
        let mut text = String::new();
        for _ in 0..5000 {
            text += &format!("{}\n", rng.below(modulus));
        }
        text.into_bytes()
    };
    for modulus in [300, 3000, 100_000] {
        let (old, new) = (file(modulus), file(modulus));
        for algorithm in [Algorithm::Myers, Algorithm::Patience, Algorithm::Histogram] {
            let options = DiffOptions {
                algorithm,
                ..DiffOptions::default()
            };
            assert_eq!(apply(&old, &new, &options), new);
        }
    }
}
