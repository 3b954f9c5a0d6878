//! The shape of a history: which lane each commit stands in, and how lines run between rows.
//!
//! Lanes are branches: the first-parent line of the main branch is lane 0, and a line that
//! leaves it gets the first free lane, which it gives back where it joins.

use std::collections::BTreeMap;

use essaim_proto_git::Commit;

/// A line from a commit's row to its parent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from_row: usize,
    pub from_lane: usize,
    pub to_row: usize,
    pub to_lane: usize,
    /// The lane whose colour the line has.
    pub lane: usize,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Lane of each commit, by row.
    pub lanes: Vec<usize>,
    pub edges: Vec<Edge>,
    pub width: usize,
}

/// Lays out commits that stand newest first, children above parents. `main` is the tip that owns lane 0.
pub fn layout(commits: &[Commit], main: Option<&str>) -> Layout {
    let rows: BTreeMap<&str, usize> = commits.iter().enumerate().map(|(n, c)| (c.oid.as_str(), n)).collect();
    let spine = spine(commits, main, &rows);
    // What each lane waits for, going down. Lane 0 is the spine's own and waits for nothing here.
    let mut waiting: Vec<Option<usize>> = vec![None];
    let mut out = Layout {
        lanes: vec![0; commits.len()],
        edges: Vec::new(),
        width: 1,
    };
    for (row, commit) in commits.iter().enumerate() {
        let lane = if spine[row] {
            0
        } else {
            held(&waiting, row).unwrap_or_else(|| free(&mut waiting))
        };
        out.lanes[row] = lane;
        // Every line that led here has ended.
        for w in &mut waiting {
            w.take_if(|to| *to == row);
        }
        for (n, parent) in commit.parents.iter().enumerate() {
            let Some(&to) = rows.get(parent.as_str()) else { continue };
            let clear = spine.get(row + 1..to).is_some_and(|between| !between.contains(&true));
            let through = if spine[to] && (spine[row] && n == 0 || n > 0 && clear) {
                // Nothing of the main line stands between: a merged commit of it is reached at once.
                0
            } else if n == 0 && lane > 0 {
                // The first parent goes on in the commit's own lane, down to where it joins.
                lane
            } else {
                held(&waiting, to).unwrap_or_else(|| free(&mut waiting))
            };
            if through > 0 {
                waiting[through] = Some(to);
            }
            out.edges.push(Edge {
                from_row: row,
                from_lane: lane,
                to_row: to,
                to_lane: 0,
                lane: through,
            });
        }
        out.width = out.width.max(waiting.len());
    }
    for edge in &mut out.edges {
        edge.to_lane = out.lanes[edge.to_row];
    }
    out
}

/// The first-parent line of the main branch, row by row.
fn spine(commits: &[Commit], main: Option<&str>, rows: &BTreeMap<&str, usize>) -> Vec<bool> {
    let mut spine = vec![false; commits.len()];
    let mut at = main.and_then(|oid| rows.get(oid).copied());
    while let Some(row) = at {
        spine[row] = true;
        at = commits[row].parents.first().and_then(|p| rows.get(p.as_str()).copied());
    }
    spine
}

/// The first side lane that waits for a row.
fn held(waiting: &[Option<usize>], row: usize) -> Option<usize> {
    waiting.iter().position(|w| *w == Some(row))
}

/// The first lane after 0 that waits for nothing.
fn free(waiting: &mut Vec<Option<usize>>) -> usize {
    match waiting.iter().skip(1).position(Option::is_none) {
        Some(n) => n + 1,
        None => {
            waiting.push(None);
            waiting.len() - 1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(oid: &str, parents: &[&str]) -> Commit {
        Commit {
            oid: oid.into(),
            parents: parents.iter().map(|p| (*p).to_owned()).collect(),
            ..Commit::default()
        }
    }

    #[test]
    fn one_branch_is_one_lane() {
        let l = layout(&[commit("b", &["a"]), commit("a", &[])], Some("b"));
        assert_eq!((l.lanes, l.width), (vec![0, 0], 1));
    }

    #[test]
    fn a_side_branch_has_its_own_lane_until_it_joins() {
        // m merges t into main: main m-b-a, topic t-a.
        let all = [
            commit("m", &["b", "t"]),
            commit("t", &["a"]),
            commit("b", &["a"]),
            commit("a", &[]),
        ];
        let l = layout(&all, Some("m"));
        assert_eq!(l.lanes, [0, 1, 0, 0]);
        assert_eq!(l.width, 2);
        assert!(l.edges.contains(&Edge {
            from_row: 0,
            from_lane: 0,
            to_row: 1,
            to_lane: 1,
            lane: 1
        }));
        assert!(l.edges.contains(&Edge {
            from_row: 1,
            from_lane: 1,
            to_row: 3,
            to_lane: 0,
            lane: 1
        }));
    }

    #[test]
    fn a_lane_is_given_back() {
        // Two side branches, one after the other, share lane 1.
        let all = [
            commit("e", &["d", "y"]),
            commit("y", &["c"]),
            commit("d", &["c"]),
            commit("c", &["b", "x"]),
            commit("x", &["a"]),
            commit("b", &["a"]),
            commit("a", &[]),
        ];
        let l = layout(&all, Some("e"));
        assert_eq!(l.lanes, [0, 1, 0, 0, 1, 0, 0]);
        assert_eq!(l.width, 2);
    }

    /// The lanes of each line: where it leaves, where it runs, where it arrives.
    fn lines(layout: &Layout) -> Vec<(usize, usize, usize)> {
        layout.edges.iter().map(|e| (e.from_lane, e.lane, e.to_lane)).collect()
    }

    #[test]
    fn two_lines_to_one_commit_join_at_it() {
        // x and y both begin at a, beside the main line: each keeps its lane down to it.
        let all = [
            commit("x", &["a"]),
            commit("y", &["a"]),
            commit("b", &["a"]),
            commit("a", &[]),
        ];
        let l = layout(&all, Some("b"));
        assert_eq!(l.lanes, [1, 2, 0, 0]);
        assert_eq!(lines(&l), [(1, 1, 0), (2, 2, 0), (0, 0, 0)]);
        // The same where what they join is itself on a side lane.
        let all = [
            commit("x", &["t"]),
            commit("y", &["t"]),
            commit("t", &["a"]),
            commit("b", &["a"]),
            commit("a", &[]),
        ];
        let l = layout(&all, Some("b"));
        assert_eq!(l.lanes, [1, 2, 1, 0, 0]);
        assert_eq!(lines(&l), [(1, 1, 1), (2, 2, 1), (1, 1, 0), (0, 0, 0)]);
    }

    #[test]
    fn a_merge_of_the_main_line_does_not_run_over_its_newer_commits() {
        // topic t2 merged main when it was at b; main went on to d, which is drawn between them.
        let all = [
            commit("t2", &["t1", "b"]),
            commit("d", &["b"]),
            commit("t1", &["a"]),
            commit("b", &["a"]),
            commit("a", &[]),
        ];
        let l = layout(&all, Some("d"));
        assert_eq!(l.lanes, [1, 0, 1, 0, 0]);
        assert_eq!(lines(&l), [(1, 1, 1), (1, 2, 0), (0, 0, 0), (1, 1, 0), (0, 0, 0)]);
        // With nothing between, the line goes straight to it.
        let all = [
            commit("t2", &["t1", "b"]),
            commit("b", &["a"]),
            commit("t1", &["a"]),
            commit("a", &[]),
        ];
        assert_eq!(lines(&layout(&all, Some("b")))[1], (1, 0, 0));
    }

    #[test]
    fn unmerged_tips_stand_beside_the_main_line() {
        let all = [commit("t", &["a"]), commit("b", &["a"]), commit("a", &[])];
        assert_eq!(layout(&all, Some("b")).lanes, [1, 0, 0]);
    }
}
