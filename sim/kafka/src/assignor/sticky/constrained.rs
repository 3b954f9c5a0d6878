//! All members subscribe to the same topics: each gets the smaller quota, some the larger.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::super::racks::Racks;
use super::super::{AssignorError, Group, Place, Shares};
use super::{Claims, without};

type Moving = BTreeMap<Place, usize>;

pub(super) fn assign(group: &Group<'_>, racks: &Racks<'_>, claims: Claims) -> Result<(Shares, Moving), AssignorError> {
    let total = group.total_partition_count();
    let mut filling = Filling {
        group,
        racks,
        quota_min: total / group.members.len(),
        quota_max: total.div_ceil(group.members.len()),
        over_expected: total % group.members.len(),
        over: 0,
        below: Vec::new(),
        at_min: VecDeque::new(),
        shares: group.no_shares(),
        contested: claims.contested,
        had: BTreeMap::new(),
        moving: BTreeMap::new(),
    };
    let mut assigned = filling.keep_owned(&claims.owned);
    assigned.sort_unstable();
    let all = (0..group.topics.len())
        .flat_map(|topic| (0..group.partition_count(topic)).map(move |partition| (topic, partition)));
    let mut unassigned = without(all, &assigned);
    filling.sort_members();
    racks.sort(&mut unassigned);
    if racks.is_useful {
        unassigned = filling.fill_in_racks(unassigned);
    }
    filling.fill(&unassigned)?;
    filling.check()?;
    Ok((filling.shares, filling.moving))
}

struct Filling<'a> {
    group: &'a Group<'a>,
    racks: &'a Racks<'a>,
    quota_min: usize,
    quota_max: usize,
    /// How many members get more than the smaller quota, and how many have it already.
    over_expected: usize,
    over: usize,
    /// Members below the smaller quota, and those at it that may still get one more.
    below: Vec<usize>,
    at_min: VecDeque<usize>,
    shares: Shares,
    contested: BTreeSet<Place>,
    /// Who had what could not stay with him, so far.
    had: BTreeMap<Place, usize>,
    moving: Moving,
}

impl Filling<'_> {
    /// Each member keeps what it owns, up to its quota. Gives all that was kept.
    fn keep_owned(&mut self, owned: &Shares) -> Vec<Place> {
        let mut kept = Vec::new();
        for (member, claimed) in owned.iter().enumerate() {
            let (far, mut claimed): (Vec<Place>, Vec<Place>) =
                claimed.iter().partition(|place| self.racks.mismatch(member, **place));
            self.had.extend(far.into_iter().map(|place| (place, member)));
            claimed.retain(|place| !self.contested.contains(place));
            claimed.sort_unstable_by_key(|&(topic, partition)| (partition, topic));
            let may_be_over = self.over < self.over_expected;
            let count = if claimed.len() < self.quota_min {
                self.below.push(member);
                claimed.len()
            } else if claimed.len() >= self.quota_max && may_be_over {
                self.over += 1;
                if self.over == self.over_expected {
                    self.at_min.clear();
                }
                self.quota_max
            } else {
                if may_be_over {
                    self.at_min.push_back(member);
                }
                self.quota_min
            };
            self.had.extend(claimed.drain(count..).map(|place| (place, member)));
            kept.extend_from_slice(&claimed);
            self.shares[member] = claimed;
        }
        kept
    }

    fn sort_members(&mut self) {
        let mut rank = vec![0; self.group.members.len()];
        for (place, member) in self.group.by_id().into_iter().enumerate() {
            rank[member] = place;
        }
        self.below.sort_by_key(|member| rank[*member]);
        self.at_min.make_contiguous().sort_by_key(|member| rank[*member]);
    }

    /// Gives partitions to members in their racks; those that found none come back.
    fn fill_in_racks(&mut self, unassigned: Vec<Place>) -> Vec<Place> {
        let mut left = Vec::new();
        let mut turn = 0;
        for place in unassigned {
            match self.member_in_rack(place, &mut turn) {
                Some(member) => {
                    self.give(place, member);
                }
                None => left.push(place),
            }
        }
        left
    }

    fn member_in_rack(&mut self, place: Place, turn: &mut usize) -> Option<usize> {
        if let Some(mut next) = self.racks.next_member(place, &self.below, *turn) {
            let member = self.below[next];
            let count = self.shares[member].len() + 1;
            if count >= self.quota_min {
                self.below.remove(next);
                if count < self.quota_max && self.over < self.over_expected {
                    self.at_min.push_back(member);
                }
            } else {
                next += 1;
            }
            *turn = next.checked_rem(self.below.len()).unwrap_or(0);
            return Some(member);
        }
        let next = self.racks.next_member(place, self.at_min.make_contiguous(), 0)?;
        let member = self.at_min[next];
        if self.shares[member].len() + 1 == self.quota_max {
            self.at_min.remove(next);
            self.over += 1;
            if self.over == self.over_expected {
                self.at_min.clear();
            }
        }
        Some(member)
    }

    /// Deals out what is left: to the members below the smaller quota in turn, then one more to those at it.
    fn fill(&mut self, unassigned: &[Place]) -> Result<(), AssignorError> {
        let mut turn = 0;
        for &place in unassigned {
            if turn >= self.below.len() {
                turn = 0;
            }
            let below = self.below.get(turn).copied();
            let member = below
                .or_else(|| self.at_min.pop_front())
                .ok_or(AssignorError("No more unfilled consumers to be assigned."))?;
            let count = self.give(place, member);
            if below.is_some() {
                turn += 1;
            }
            if count == self.quota_min && below.is_some() {
                turn -= 1;
                self.below.remove(turn);
                self.at_min.push_back(member);
            } else if count == self.quota_max {
                self.over += 1;
            }
        }
        Ok(())
    }

    fn give(&mut self, place: Place, member: usize) -> usize {
        self.shares[member].push(place);
        let had_by_another = self.had.get(&place).is_some_and(|had| *had != member);
        if had_by_another || self.contested.contains(&place) {
            self.moving.insert(place, member);
        }
        self.shares[member].len()
    }

    fn check(&self) -> Result<(), AssignorError> {
        if self.below.is_empty() {
            return Ok(());
        }
        if self.over != self.over_expected {
            return Err(AssignorError(
                "We haven't reached the expected number of members with more than the minQuota partitions, but no \
                 more partitions to be assigned",
            ));
        }
        if self
            .below
            .iter()
            .any(|&member| self.shares[member].len() != self.quota_min)
        {
            return Err(AssignorError(
                "Consumer doesn't reach minQuota partitions, and no more partitions to be assigned",
            ));
        }
        Ok(())
    }
}
