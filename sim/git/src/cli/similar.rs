//! "The most similar command is": Damerau-Levenshtein distance with Git's weights.

use essaim_kernel::SmallSort;

/// The common commands: they come first among equals.
const COMMON: [&str; 22] = [
    "add", "bisect", "branch", "clone", "commit", "diff", "fetch", "grep", "init", "log", "merge", "mv", "pull",
    "push", "rebase", "reset", "restore", "rm", "show", "status", "switch", "tag",
];

/// A distance from which on a command is not similar.
const SIMILAR_MAX: usize = 7;

/// Swap, substitution, insertion, deletion.
const WEIGHTS: (usize, usize, usize, usize) = (0, 2, 1, 3);

/// The commands a misspelt one may have meant.
pub(super) fn suggestions(typed: &str, names: &[String]) -> Vec<String> {
    let mut scored: Vec<(usize, &String)> = names.iter().map(|name| (score(typed, name), name)).collect();
    scored.small_sort();
    // Prefixes of common commands score 0; all of them are shown.
    let prefixes = scored.iter().take_while(|(score, _)| *score == 0).count();
    if prefixes > 0 {
        return scored.iter().take(prefixes).map(|(_, name)| (*name).clone()).collect();
    }
    let Some(best) = scored
        .first()
        .map(|(score, _)| *score)
        .filter(|best| *best < SIMILAR_MAX)
    else {
        return Vec::new();
    };
    scored
        .iter()
        .take_while(|(score, _)| *score == best)
        .map(|(_, name)| (*name).clone())
        .collect()
}

fn score(typed: &str, name: &str) -> usize {
    if COMMON.contains(&name) && name.starts_with(typed) {
        return 0;
    }
    distance(typed.as_bytes(), name.as_bytes()) + 1
}

fn distance(from: &[u8], to: &[u8]) -> usize {
    let (swap, substitute, add, delete) = WEIGHTS;
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).map(|at| at * add).collect();
    for (i, a) in from.iter().enumerate() {
        let mut next = vec![(i + 1) * delete];
        for (j, b) in to.iter().enumerate() {
            let mut best = row[j] + substitute * usize::from(a != b);
            if i > 0 && j > 0 && from[i - 1] == *b && *a == to[j - 1] {
                best = best.min(before[j - 1] + swap);
            }
            best = best.min(row[j + 1] + delete).min(next[j] + add);
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}
