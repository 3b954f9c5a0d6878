//! A broker's standing with the controller: registration, heartbeats, stopping.

use essaim_kernel::world::DiskError;

use super::{Broker, Purpose};
use crate::error::ErrorCode;
use crate::message::{BrokerHeartbeat, RegisterBroker, Request, Response};
use crate::node::{KafkaCx, now_ms};

/// What is left by a broker that stopped in good order: its epoch.
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// The epoch of a last life that ended well, or -1. It counts once.
pub(super) fn take_clean_shutdown(cx: &mut KafkaCx<'_>) -> Result<i64, DiskError> {
    let mut disk = cx.disk();
    let Some(file) = disk.find(CLEAN_SHUTDOWN) else {
        return Ok(-1);
    };
    let bytes = disk.read(file, 0, 8).unwrap_or_default();
    disk.remove(file)?;
    Ok(<[u8; 8]>::try_from(bytes).map_or(-1, i64::from_be_bytes))
}

impl Broker {
    /// The next registration or heartbeat.
    pub(super) fn beat(&mut self, cx: &mut KafkaCx<'_>) {
        let under_way = |purpose: &Purpose| matches!(purpose, Purpose::Register | Purpose::Heartbeat);
        if self.asked.values().any(|asked| under_way(&asked.purpose)) {
            return;
        }
        let Some((_, controller)) = self.quorum.active_controller() else {
            return;
        };
        match self.epoch {
            None => {
                let request = RegisterBroker {
                    broker_id: self.config.id,
                    incarnation: self.incarnation,
                    rack: self.config.rack.clone(),
                    host: self.config.host.clone(),
                    previous_broker_epoch: self.previous_epoch,
                };
                self.ask(controller, Purpose::Register, Request::RegisterBroker(request), cx);
            }
            Some(broker_epoch) => {
                let beat = BrokerHeartbeat {
                    broker_id: self.config.id,
                    broker_epoch,
                    // The offset of the last record that it knows.
                    current_metadata_offset: self.image.offset - 1,
                    want_fence: false,
                    want_shut_down: self.wants_shut_down,
                };
                self.ask(controller, Purpose::Heartbeat, Request::BrokerHeartbeat(beat), cx);
            }
        }
    }

    pub(super) fn registered(&mut self, response: &Response, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        if let Response::Registered(epoch) = response {
            self.epoch = Some(*epoch);
            self.next_beat_ms = now_ms(cx);
            return self.follow_metadata(cx);
        }
        Ok(())
    }

    pub(super) fn heard_of_heartbeat(&mut self, response: &Response, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        match response {
            Response::Heartbeat(answer) if answer.should_shut_down && self.wants_shut_down => self.stop(cx),
            Response::Heartbeat(answer) => {
                if answer.is_fenced || self.wants_shut_down {
                    // It is about to change: the next question comes soon.
                    self.next_beat_ms = self.next_beat_ms.min(now_ms(cx) + 100);
                }
                Ok(())
            }
            // Kafka's broker would have to be started anew; this one registers again, as the process that it is.
            Response::Failed(failure)
                if matches!(
                    failure.error,
                    ErrorCode::BrokerIdNotRegistered | ErrorCode::StaleBrokerEpoch
                ) =>
            {
                self.epoch = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Everything is written back, and a note left that says so.
    fn stop(&mut self, cx: &mut KafkaCx<'_>) -> Result<(), DiskError> {
        for replica in self.replicas.values() {
            cx.disk().sync(replica.file(), 0)?;
        }
        let note = self.epoch.unwrap_or(-1).to_be_bytes();
        let file = cx.disk().create(CLEAN_SHUTDOWN)?;
        cx.disk().replace(file, note)?;
        cx.disk().sync(file, 0)?;
        self.has_stopped = true;
        Ok(())
    }
}
