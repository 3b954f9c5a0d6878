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
    // The first-parent line of the main branch keeps lane 0 for itself.
    let mut spine = vec![false; commits.len()];
    let mut at = main.and_then(|oid| rows.get(oid).copied());
    while let Some(row) = at {
        spine[row] = true;
        at = commits[row].parents.first().and_then(|p| rows.get(p.as_str()).copied());
    }
    // What each lane waits for, going down; lane 0 waits for the spine only.
    let mut waiting: Vec<Option<usize>> = vec![spine.iter().position(|s| *s)];
    let mut out = Layout {
        lanes: vec![0; commits.len()],
        edges: Vec::new(),
        width: 1,
    };
    for (row, commit) in commits.iter().enumerate() {
        let lane = if spine[row] {
            0
        } else {
            waiting
                .iter()
                .skip(1)
                .position(|w| *w == Some(row))
                .map_or_else(|| free(&mut waiting), |n| n + 1)
        };
        out.lanes[row] = lane;
        for (n, w) in waiting.iter_mut().enumerate() {
            if *w == Some(row) && n != 0 {
                *w = None;
            }
        }
        waiting[0] = (row..commits.len())
            .skip(1)
            .find(|r| spine[*r])
            .filter(|_| spine.iter().any(|s| *s));
        for (n, parent) in commit.parents.iter().enumerate() {
            let Some(&to) = rows.get(parent.as_str()) else { continue };
            let held = waiting.iter().skip(1).position(|w| *w == Some(to)).map(|l| l + 1);
            let through = if spine[to] && (n == 0 || spine[row]) && lane == 0 {
                0
            } else if let Some(held) = held {
                held
            } else if n == 0 && lane != 0 {
                // The first parent goes on in the commit's own lane, down to where it joins.
                waiting[lane] = Some(to);
                lane
            } else if spine[to] {
                // A merged commit of the spine, seen from a side lane: the line goes straight to it.
                0
            } else {
                let lane = free(&mut waiting);
                waiting[lane] = Some(to);
                lane
            };
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
    out.width = out
        .lanes
        .iter()
        .chain(out.edges.iter().map(|e| &e.lane))
        .max()
        .map_or(1, |m| m + 1);
    out
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

    #[test]
    fn unmerged_tips_stand_beside_the_main_line() {
        let all = [commit("t", &["a"]), commit("b", &["a"]), commit("a", &[])];
        assert_eq!(layout(&all, Some("b")).lanes, [1, 0, 0]);
    }
}
