//! Brokers register, say that they are there, are fenced when they no longer do, and stop in good order.

use super::{Active, Controller, Session};
use crate::error::ErrorCode;
use crate::message::{BrokerHeartbeat, Failure, HeartbeatAnswer, RegisterBroker, Response};
use crate::metadata::{BrokerRegistration, Image, MetadataRecord};
use crate::node::{KafkaCx, now_ms};

impl Active {
    /// Whether this is the broker's present epoch.
    pub(super) fn check_epoch(&self, id: i32, epoch: i64) -> Result<(), Failure> {
        let Some(broker) = self.latest.brokers.get(&id) else {
            let message = format!("Broker ID {id} is not currently registered");
            return Err(Failure::new(ErrorCode::BrokerIdNotRegistered, message));
        };
        if broker.epoch != epoch {
            let message = format!("Expected broker epoch {}, but got broker epoch {epoch}", broker.epoch);
            return Err(Failure::new(ErrorCode::StaleBrokerEpoch, message));
        }
        Ok(())
    }

    fn has_session(&self, id: i32, now_ms: i64, timeout_ms: i64) -> bool {
        self.sessions
            .get(&id)
            .is_some_and(|session| now_ms - session.heard_ms < timeout_ms)
    }

    /// The broker is live no longer: it leaves every ISR, and others lead.
    fn fence(&self, id: i32, records: &mut Vec<MetadataRecord>) {
        let Some(broker) = self.latest.brokers.get(&id) else {
            return;
        };
        self.remove_from_isrs(id, &|live| live != id && self.latest.is_active(live), records);
        records.push(MetadataRecord::BrokerChange {
            id,
            epoch: broker.epoch,
            fenced: Some(true),
            in_controlled_shutdown: false,
        });
    }
}

fn leads_something(image: &Image, id: i32) -> bool {
    image.partitions().any(|(_, _, partition)| partition.leader == id)
}

impl Controller {
    pub(super) fn register(
        &mut self,
        active: &mut Active,
        broker: &RegisterBroker,
        now_ms: i64,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<Response, Failure> {
        let id = broker.broker_id;
        let known = active.latest.brokers.get(&id);
        if let Some(known) = known {
            if known.incarnation == broker.incarnation {
                // Its first question was answered, and the answer lost.
                return Ok(Response::Registered(known.epoch));
            }
            if active.has_session(id, now_ms, self.config.session_timeout_ms) {
                let message = "Another broker is registered with that broker id. If the broker was recently restarted this \
                               should self-resolve once the heartbeat manager expires the broker's session.";
                return Err(Failure::new(ErrorCode::DuplicateBrokerRegistration, message));
            }
            if known.epoch == broker.previous_broker_epoch {
                active.remove_from_isrs(id, &|live| live != id && active.latest.is_active(live), records);
            } else {
                active.forget_unclean(id, records);
            }
        }
        let epoch = self.quorum.raft().log().log_end_offset() + records.len() as i64;
        records.push(MetadataRecord::RegisterBroker {
            id,
            registration: BrokerRegistration {
                epoch,
                incarnation: broker.incarnation,
                rack: broker.rack.clone(),
                host: broker.host.clone(),
                fenced: true,
                in_controlled_shutdown: false,
            },
        });
        active.sessions.remove(&id);
        Ok(Response::Registered(epoch))
    }

    pub(super) fn heartbeat(
        &mut self,
        active: &mut Active,
        beat: BrokerHeartbeat,
        now_ms: i64,
        records: &mut Vec<MetadataRecord>,
    ) -> Result<Response, Failure> {
        active.check_epoch(beat.broker_id, beat.broker_epoch)?;
        let id = beat.broker_id;
        let shutdown_offset = active.sessions.get(&id).and_then(|session| session.shutdown_offset);
        active.sessions.insert(
            id,
            Session {
                heard_ms: now_ms,
                metadata_offset: beat.current_metadata_offset,
                shutdown_offset,
            },
        );
        let broker = &active.latest.brokers[&id];
        let is_caught_up = beat.current_metadata_offset >= broker.epoch;
        let (mut is_fenced, stops) = (broker.fenced, broker.in_controlled_shutdown);
        let mut should_shut_down = false;
        if is_fenced {
            if beat.want_shut_down {
                should_shut_down = true;
            } else if !beat.want_fence && is_caught_up {
                is_fenced = false;
                active.unfence(id, beat.broker_epoch, records);
            }
        } else if stops {
            let offset = shutdown_offset.unwrap_or(i64::MAX);
            // The others know that it leads nothing any more.
            let mut live = active.sessions.iter().filter(|(id, _)| active.latest.is_active(**id));
            should_shut_down =
                !leads_something(&active.latest, id) && live.all(|(_, session)| session.metadata_offset >= offset);
            if shutdown_offset.is_none() {
                // The controller that began this is no longer the active one.
                self.note_shutdown(active, id, records.len());
            }
        } else if beat.want_shut_down {
            active.remove_from_isrs(id, &|live| live != id && active.latest.is_active(live), records);
            records.push(MetadataRecord::BrokerChange {
                id,
                epoch: beat.broker_epoch,
                fenced: None,
                in_controlled_shutdown: true,
            });
            self.note_shutdown(active, id, records.len());
        } else if beat.want_fence {
            is_fenced = true;
            active.fence(id, records);
        }
        if should_shut_down && !is_fenced {
            is_fenced = true;
            active.fence(id, records);
            active.sessions.remove(&id);
        }
        Ok(Response::Heartbeat(HeartbeatAnswer {
            is_caught_up,
            is_fenced,
            should_shut_down,
        }))
    }

    fn note_shutdown(&self, active: &mut Active, id: i32, record_count: usize) {
        // The last record of what is written now.
        let offset = self.quorum.raft().log().log_end_offset() + record_count as i64 - 1;
        if let Some(session) = active.sessions.get_mut(&id) {
            session.shutdown_offset = Some(offset);
        }
    }

    /// Brokers that have not been heard of for `broker.session.timeout.ms` are fenced.
    pub(super) fn fence_silent_brokers(&mut self, cx: &mut KafkaCx<'_>) {
        let now_ms = now_ms(cx);
        while let Some(active) = &mut self.active {
            let timeout_ms = self.config.session_timeout_ms;
            let silent = active.sessions.iter();
            let silent = silent.filter(|(_, session)| now_ms - session.heard_ms >= timeout_ms);
            let Some(id) = silent.map(|(id, _)| *id).next() else {
                return;
            };
            active.sessions.remove(&id);
            let mut records = Vec::new();
            if active.latest.brokers.get(&id).is_some_and(|broker| !broker.fenced) {
                active.fence(id, &mut records);
            }
            self.append(records, None, cx);
        }
    }

    pub(super) fn next_session_end(&self) -> i64 {
        let sessions = self.active.iter().flat_map(|active| active.sessions.values());
        let ends = sessions.map(|session| session.heard_ms + self.config.session_timeout_ms);
        ends.min().unwrap_or(i64::MAX)
    }
}
