//! What the controller knows of a partition, and how that changes: elections, ISR, eligible leader replicas (KIP-966)
//! and reassignments.

use crate::java;

/// No broker leads.
pub const NO_LEADER: i32 = -1;

/// Whether a leader may have lost what was acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaderRecovery {
    /// It was elected cleanly.
    #[default]
    Recovered,
    /// It was elected uncleanly and has not said yet that it is done with it.
    Recovering,
}

/// A partition, as the metadata have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionRegistration {
    /// Brokers that are to have a copy; the first is the preferred leader.
    pub replicas: Vec<i32>,
    /// Those in sync.
    pub isr: Vec<i32>,
    /// Being removed by a reassignment.
    pub removing: Vec<i32>,
    /// Being added by a reassignment.
    pub adding: Vec<i32>,
    /// Out of sync, but with everything that was committed.
    pub elr: Vec<i32>,
    /// The last leader, while there is none.
    pub last_known_elr: Vec<i32>,
    /// The leader, or [`NO_LEADER`].
    pub leader: i32,
    /// Whether the leader is done with an unclean election.
    pub recovery: LeaderRecovery,
    /// Raised with each new leader.
    pub leader_epoch: i32,
    /// Raised with each change.
    pub partition_epoch: i32,
}

impl PartitionRegistration {
    /// A new partition: all its replicas that are live are in sync, and the first of them leads.
    pub fn new(replicas: Vec<i32>, is_live: impl Fn(i32) -> bool) -> Self {
        let isr: Vec<i32> = replicas.iter().copied().filter(|id| is_live(*id)).collect();
        Self {
            leader: isr.first().copied().unwrap_or(NO_LEADER),
            replicas,
            isr,
            ..Self::default()
        }
    }

    /// The partition after a change.
    pub fn merge(&self, change: &PartitionChange) -> Self {
        let list = |new: &Option<Vec<i32>>, old: &Vec<i32>| new.as_ref().unwrap_or(old).clone();
        Self {
            replicas: list(&change.replicas, &self.replicas),
            isr: list(&change.isr, &self.isr),
            removing: list(&change.removing, &self.removing),
            adding: list(&change.adding, &self.adding),
            elr: list(&change.elr, &self.elr),
            last_known_elr: list(&change.last_known_elr, &self.last_known_elr),
            leader: change.leader.unwrap_or(self.leader),
            recovery: change.recovery.unwrap_or(self.recovery),
            leader_epoch: self.leader_epoch + i32::from(change.leader.is_some()),
            partition_epoch: self.partition_epoch + 1,
        }
    }

    /// The preferred leader leads.
    pub fn has_preferred_leader(&self) -> bool {
        self.replicas.first() == Some(&self.leader)
    }
}

/// `PartitionChangeRecord`: what is different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionChange {
    /// The ISR.
    pub isr: Option<Vec<i32>>,
    /// The leader; the same one again only raises the epoch.
    pub leader: Option<i32>,
    /// The replicas.
    pub replicas: Option<Vec<i32>>,
    /// Those being removed.
    pub removing: Option<Vec<i32>>,
    /// Those being added.
    pub adding: Option<Vec<i32>>,
    /// The eligible leader replicas.
    pub elr: Option<Vec<i32>>,
    /// The last known leader.
    pub last_known_elr: Option<Vec<i32>>,
    /// The leader's recovery.
    pub recovery: Option<LeaderRecovery>,
}

/// Who may be elected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The preferred leader if it may; else as [`Election::Online`].
    Preferred,
    /// The present leader if it may stay, else the first that may.
    Online,
    /// If none may, the first replica that lives: what only others had is lost.
    Unclean,
}

/// What the controller wants of a partition; [`Wanted::change`] says what that comes to.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    partition: &'a PartitionRegistration,
    /// The ISR.
    pub isr: Vec<i32>,
    /// The replicas, those being removed last.
    pub replicas: Vec<i32>,
    /// To be removed.
    pub removing: Vec<i32>,
    /// To be added.
    pub adding: Vec<i32>,
    /// The leader's recovery.
    pub recovery: LeaderRecovery,
    /// Who may be elected.
    pub election: Election,
    /// `min.insync.replicas` of the topic: below it, who leaves the ISR stays eligible.
    pub min_insync_replicas: usize,
    /// `eligible.leader.replicas.version` is 1, as in new clusters since 4.1.
    pub has_elr: bool,
    /// Brokers that came back without having shut down cleanly: they may have lost what they had.
    pub unclean_shutdowns: &'a [i32],
}

struct Elected {
    leader: i32,
    is_unclean: bool,
}

impl<'a> Wanted<'a> {
    /// Nothing else than it is; the caller changes what it wants.
    pub fn new(partition: &'a PartitionRegistration, min_insync_replicas: usize) -> Self {
        Self {
            isr: partition.isr.clone(),
            replicas: partition.replicas.clone(),
            removing: partition.removing.clone(),
            adding: partition.adding.clone(),
            recovery: partition.recovery,
            election: Election::Online,
            min_insync_replicas,
            has_elr: true,
            unclean_shutdowns: &[],
            partition,
        }
    }

    /// What has to change; `None` if nothing. `is_live` says who may lead: not fenced, not shutting down.
    pub fn change(mut self, is_live: &dyn Fn(i32) -> bool) -> Option<PartitionChange> {
        let old = self.partition;
        let mut change = PartitionChange::default();
        self.complete_reassignment();
        let mut elr = self.eligible();
        let elected = self.elect(&elr, is_live);
        if elected.leader != old.leader {
            if elr.contains(&elected.leader) {
                self.isr = vec![elected.leader];
                elr.retain(|id| *id != elected.leader);
            }
            change.leader = Some(elected.leader);
            if elected.is_unclean {
                // What others had beyond its log is lost.
                change.isr = Some(vec![elected.leader]);
                if old.recovery != LeaderRecovery::Recovering {
                    change.recovery = Some(LeaderRecovery::Recovering);
                }
            }
        }
        if change.leader.is_none() && !old.replicas.iter().all(|id| self.replicas.contains(id)) {
            // A replica that was removed must not go on following: the epoch is raised.
            change.leader = Some(old.leader);
        }
        if change.isr.is_some() || !self.has_elr {
            elr.clear();
        }
        change.elr = (elr != old.elr).then_some(elr);
        if change.isr.is_none() && (!self.isr.is_empty() || self.has_elr) && self.isr != old.isr {
            change.isr = Some(self.isr.clone());
        }
        self.last_known_leader(&mut change);
        change.replicas = (!self.replicas.is_empty() && self.replicas != old.replicas).then_some(self.replicas);
        change.removing = (self.removing != old.removing).then_some(self.removing);
        change.adding = (self.adding != old.adding).then_some(self.adding);
        if self.recovery != old.recovery {
            change.recovery = Some(self.recovery);
        }
        (change != PartitionChange::default()).then_some(change)
    }

    /// A reassignment is over once all that are to stay are in sync.
    fn complete_reassignment(&mut self) {
        if self.adding.is_empty() && self.removing.is_empty() {
            return;
        }
        let stays = |id: &i32| !self.removing.contains(id);
        let isr: Vec<i32> = self.isr.iter().copied().filter(stays).collect();
        let replicas: Vec<i32> = self.replicas.iter().copied().filter(stays).collect();
        if isr.is_empty() || replicas.is_empty() || !replicas.iter().all(|id| isr.contains(id)) {
            return;
        }
        self.isr = isr;
        self.replicas = replicas;
        self.adding.clear();
        self.removing.clear();
    }

    /// While fewer are in sync than must be, those who leave have all that was committed: nothing was since.
    fn eligible(&self) -> Vec<i32> {
        if !self.has_elr || self.isr.len() >= self.min_insync_replicas {
            return if self.has_elr {
                Vec::new()
            } else {
                self.partition.elr.clone()
            };
        }
        let mut candidates: Vec<i32> = Vec::new();
        for id in self.partition.elr.iter().chain(&self.partition.isr) {
            if !candidates.contains(id) {
                candidates.push(*id);
            }
        }
        // An Integer's hash is its value.
        let order = java::hash_order(&candidates);
        let stays = |id: &i32| !self.isr.contains(id) && !self.unclean_shutdowns.contains(id);
        order.into_iter().map(|at| candidates[at]).filter(stays).collect()
    }

    fn elect(&self, elr: &[i32], is_live: &dyn Fn(i32) -> bool) -> Elected {
        let old = self.partition;
        let may_lead = |id: i32| {
            let is_complete = self.isr.contains(&id) || self.isr.is_empty() && elr.contains(&id);
            is_complete && is_live(id)
        };
        let preferred = self.replicas.first().copied();
        let preferred = preferred.filter(|_| self.election == Election::Preferred);
        let mut candidates = preferred
            .into_iter()
            .chain([old.leader])
            .chain(self.replicas.iter().copied());
        if let Some(leader) = candidates.find(|id| may_lead(*id)) {
            return Elected {
                leader,
                is_unclean: false,
            };
        }
        let unclean = |leader| Elected {
            leader,
            is_unclean: true,
        };
        // KIP-966: with nobody left, the last leader knows most.
        if let [last] = old.last_known_elr[..]
            && self.has_elr
            && elr.is_empty()
            && self.isr.is_empty()
            && is_live(last)
        {
            return unclean(last);
        }
        let live = self.replicas.iter().copied().find(|id| is_live(*id));
        match live.filter(|_| self.election == Election::Unclean) {
            Some(leader) => unclean(leader),
            None => Elected {
                leader: NO_LEADER,
                is_unclean: false,
            },
        }
    }

    /// The last leader is noted when the ISR becomes empty, and forgotten once there is a leader.
    fn last_known_leader(&self, change: &mut PartitionChange) {
        if !self.has_elr {
            return;
        }
        let old = self.partition;
        let is_emptied = change.isr.as_ref().is_some_and(Vec::is_empty);
        if is_emptied && old.last_known_elr != [old.leader] {
            change.last_known_elr = Some(vec![old.leader]);
        } else if change.leader.unwrap_or(old.leader) != NO_LEADER && !old.last_known_elr.is_empty() {
            change.last_known_elr = Some(Vec::new());
        }
    }
}

/// How a reassignment begins: the replicas during it, who is removed and who is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// The target, then those that are removed.
    pub replicas: Vec<i32>,
    /// In the present replicas and not in the target.
    pub removing: Vec<i32>,
    /// In the target and not in the present replicas.
    pub adding: Vec<i32>,
}

impl Reassignment {
    /// From the present replicas to `target`.
    pub fn new(present: &[i32], target: &[i32]) -> Self {
        let without = |list: &[i32], other: &[i32]| {
            let mut left: Vec<i32> = list.iter().copied().filter(|id| !other.contains(id)).collect();
            left.sort_unstable();
            left
        };
        let removing = without(present, target);
        Self {
            replicas: target.iter().chain(&removing).copied().collect(),
            adding: without(target, present),
            removing,
        }
    }
}
