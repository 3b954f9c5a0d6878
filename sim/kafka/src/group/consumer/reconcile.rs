//! A member's next step towards its target.

use std::collections::BTreeSet;

use super::{ConsumerGroup, Heartbeat, MemberState, Target, Timer, Topics, topic_ids};
use crate::uuid::Uuid;

/// What a member is to have next.
struct Next {
    state: MemberState,
    epoch: i32,
    assigned: Target,
    revoking: Target,
}

impl ConsumerGroup {
    pub(super) fn reconcile(&mut self, now_ms: i64, heartbeat: &Heartbeat, has_new_topics: bool, topics: &Topics) {
        let id = &heartbeat.member_id;
        let Some(member) = self.members.get(id) else { return };
        let owned = heartbeat.owned.as_ref();
        let next = match member.state {
            MemberState::Stable if member.epoch == self.target_epoch => None,
            MemberState::UnrevokedPartitions if holds_any(owned, &member.revoking) => {
                has_new_topics.then(|| self.without_left_topics(id, topics)).flatten()
            }
            MemberState::UnrevokedPartitions => {
                let epoch = (member.epoch + 1).min(self.target_epoch);
                Some(self.next(id, epoch, owned))
            }
            MemberState::Stable | MemberState::UnreleasedPartitions => Some(self.next(id, member.epoch, owned)),
        };
        let (Some(next), Some(member)) = (next, self.members.get_mut(id)) else {
            return;
        };
        if next.epoch != member.epoch {
            member.previous_epoch = member.epoch;
            member.epoch = next.epoch;
        }
        let has_changed =
            member.state != next.state || member.assigned != next.assigned || member.revoking != next.revoking;
        member.state = next.state;
        member.assigned = next.assigned;
        member.revoking = next.revoking;
        if next.state != MemberState::UnrevokedPartitions {
            self.timers.remove(&Timer::Rebalance(id.clone()));
        } else if has_changed {
            let until = now_ms + member.rebalance_timeout_ms;
            self.timers.insert(Timer::Rebalance(id.clone()), until);
        }
    }

    /// While it still has to give something up: the partitions of topics that it no longer wants come to that.
    fn without_left_topics(&self, id: &str, topics: &Topics) -> Option<Next> {
        let member = self.members.get(id)?;
        let wanted = topic_ids(member, topics);
        let (assigned, left): (Target, Target) = member
            .assigned
            .clone()
            .into_iter()
            .partition(|(topic, _)| wanted.contains(topic));
        let mut revoking = member.revoking.clone();
        for (topic, partitions) in left {
            revoking.entry(topic).or_default().extend(partitions);
        }
        Some(Next {
            state: MemberState::UnrevokedPartitions,
            epoch: member.epoch,
            assigned,
            revoking,
        })
    }

    fn next(&self, id: &str, epoch: i32, owned: Option<&Target>) -> Next {
        let member = &self.members[id];
        let nothing = Target::new();
        let target = self.targets.get(id).unwrap_or(&nothing);
        let none = BTreeSet::new();
        let (mut assigned, mut revoking, mut new) = (Target::new(), Target::new(), Target::new());
        let mut has_unreleased = false;
        let all: BTreeSet<Uuid> = target.keys().chain(member.assigned.keys()).copied().collect();
        for topic in all {
            let target = target.get(&topic).unwrap_or(&none);
            let current = member.assigned.get(&topic).unwrap_or(&none);
            put(&mut assigned, topic, current & target);
            put(&mut revoking, topic, current - target);
            let (taken, free): (BTreeSet<i32>, BTreeSet<i32>) = (target - current)
                .into_iter()
                .partition(|partition| self.is_held_by_another(id, topic, *partition));
            has_unreleased |= !taken.is_empty();
            put(&mut new, topic, free);
        }
        if !revoking.is_empty() && holds_any(owned, &revoking) {
            return Next {
                state: MemberState::UnrevokedPartitions,
                epoch,
                assigned,
                revoking,
            };
        }
        for (topic, partitions) in new {
            assigned.entry(topic).or_default().extend(partitions);
        }
        Next {
            state: if has_unreleased {
                MemberState::UnreleasedPartitions
            } else {
                MemberState::Stable
            },
            epoch: self.target_epoch,
            assigned,
            revoking: Target::new(),
        }
    }

    fn is_held_by_another(&self, id: &str, topic: Uuid, partition: i32) -> bool {
        let holds = |target: &Target| target.get(&topic).is_some_and(|known| known.contains(&partition));
        let mut others = self.members.values().filter(|member| member.id != id);
        others.any(|member| holds(&member.assigned) || holds(&member.revoking))
    }
}

fn put(target: &mut Target, topic: Uuid, partitions: BTreeSet<i32>) {
    if !partitions.is_empty() {
        target.insert(topic, partitions);
    }
}

/// Whether a member holds any of these. One that does not say what it holds has not changed it.
fn holds_any(owned: Option<&Target>, these: &Target) -> bool {
    owned.is_none_or(|owned| {
        owned.iter().any(|(topic, partitions)| {
            let these = these.get(topic);
            these.is_some_and(|these| !these.is_disjoint(partitions))
        })
    })
}
