use super::*;

impl World {
    /// The next thing a client does, or the last one again.
    pub(super) fn act(&mut self, place: usize) {
        let (now, client) = (self.now, &mut self.clients[place]);
        if client.stage == Stage::Gone {
            return;
        }
        client.attempt += 1;
        let attempt = client.attempt;
        if client.asleep_until > now {
            let ms = client.asleep_until - now;
            self.later(ms, Event::GiveUp(place, attempt));
            return;
        }
        let request = match client.stage.clone() {
            Stage::Init(expected) => Request::Init(Init {
                transactional_id: client.id.clone(),
                timeout_ms: TIMEOUT_MS,
                expected,
            }),
            Stage::Ending(is_commit) => Request::End(is_commit),
            Stage::Sending(0) if client.target.is_none() => {
                let is_commit = self.below(3) > 0;
                let client = &mut self.clients[place];
                client.stage = Stage::Ending(is_commit);
                // With nothing in it, an older client has nothing to end.
                if client.version < 2 && client.is_added.is_empty() || client.is_added.is_empty() && is_commit {
                    self.next_txn(place);
                }
                self.clients[place].attempt -= 1;
                return self.act(place);
            }
            Stage::Sending(left) => {
                let partition = match client.target {
                    Some(partition) => partition,
                    None => self.below(DATA as u64 + 1) as usize,
                };
                let client = &mut self.clients[place];
                if client.target.replace(partition).is_none() {
                    client.stage = Stage::Sending(left - 1);
                }
                if client.version < 2 && !client.is_added.contains(&partition) {
                    Request::Add(partition)
                } else {
                    client.is_added.insert(partition);
                    Request::Produce {
                        partition,
                        sequence: client.sequences.get(&partition).copied().unwrap_or(0),
                        txn: client.txn,
                    }
                }
            }
            Stage::Gone => return,
        };
        let client = &self.clients[place];
        let who = Identity {
            transactional_id: client.id.clone(),
            producer_id: client.producer.0,
            producer_epoch: client.producer.1,
        };
        let is_repeatable = client.version >= 2 && !matches!(request, Request::Init(_));
        self.send(is_repeatable, || Event::Request {
            client: place,
            attempt,
            who: who.clone(),
            request: request.clone(),
        });
        self.later(1_500, Event::GiveUp(place, attempt));
    }

    fn next_txn(&mut self, place: usize) {
        self.sequence += 1;
        let (txn, length) = (self.sequence, self.below(5));
        let client = &mut self.clients[place];
        (client.txn, client.stage, client.target) = (txn, Stage::Sending(length + 1), None);
        client.is_added.clear();
    }

    pub(super) fn request(&mut self, place: usize, attempt: u64, who: Identity, request: Request) {
        let client = &self.clients[place];
        let version = client.version;
        if version < 2 && client.attempt != attempt {
            return;
        }
        if let Request::Produce {
            partition,
            sequence,
            txn,
        } = request
        {
            return self.produce(Append {
                client: place,
                attempt,
                guard: self.guard(partition, who.producer_id),
                who,
                partition,
                sequence,
                txn,
            });
        }
        self.sequence += 1;
        let token = self.sequence;
        let (now, mut effects) = (self.now, Vec::new());
        self.give_ids();
        let Some(coordinator) = &mut self.coordinator else {
            return;
        };
        self.waiting.insert(token, Waiting::Client(place, attempt));
        match request {
            Request::Init(init) => coordinator.init(now, token, &init, &mut self.ids, &mut effects),
            Request::Add(DATA) => coordinator.add_offsets(now, token, &who, ("group", 1), &mut effects),
            Request::Add(partition) => {
                let partitions = BTreeSet::from([name(partition)]);
                coordinator.add_partitions(now, token, &who, &partitions, 0, &mut effects);
            }
            Request::End(is_commit) => {
                coordinator.end(now, token, (&who, is_commit), version, &mut self.ids, &mut effects);
            }
            Request::Produce { .. } => {}
        }
        self.perform(effects);
    }

    fn give_ids(&mut self) {
        if self.ids.wants_block() {
            self.ids.add(Block {
                first: self.next_block,
                size: 10,
            });
            self.next_block += 10;
        }
    }

    fn guard(&self, partition: usize, producer_id: i64) -> u64 {
        self.markers.get(&(partition, producer_id)).copied().unwrap_or(0)
    }

    /// A leader has a record: does it belong to an open transaction?
    fn produce(&mut self, append: Append) {
        let producer = self.logs[append.partition].producers().get(append.who.producer_id);
        let is_open =
            producer.is_some_and(|known| known.epoch == append.who.producer_epoch && known.txn_first_offset.is_some());
        if is_open {
            return self.append(append);
        }
        let (client, attempt) = (append.client, append.attempt);
        let partitions = BTreeSet::from([name(append.partition)]);
        let Some(coordinator) = &mut self.coordinator else {
            return self.later(5, Event::Reply(client, attempt, Err(ErrorCode::NotCoordinator)));
        };
        if self.clients[client].version >= 2 {
            self.sequence += 1;
            let (token, mut effects) = (self.sequence, Vec::new());
            let who = append.who.clone();
            coordinator.add_partitions(self.now, token, &who, &partitions, 2, &mut effects);
            self.waiting.insert(token, Waiting::Leader(append));
            self.perform(effects);
            return;
        }
        let ms = 1 + self.stream.below(60).cast_signed();
        match coordinator.verify(&append.who, &partitions)[0].1 {
            Ok(()) => self.later(ms, Event::Append(append)),
            Err(error) => self.later(ms, Event::Reply(client, attempt, Err(error))),
        }
    }

    pub(super) fn answer(&mut self, token: Token, answer: Answer) {
        let is_init = matches!(answer, Answer::Init(_));
        let reply = match answer {
            Answer::Init(result) | Answer::End(result) => result.map(Some),
            Answer::Add(result) => result.map(|()| None),
        };
        match self.waiting.remove(&token) {
            Some(Waiting::Client(client, attempt)) => {
                if let (true, Ok(Some((producer_id, epoch)))) = (is_init, reply) {
                    let id = self.clients[client].id.clone();
                    if let Some(before) = self.given.insert(id, producer_id) {
                        self.first_alive.insert(before, i16::MAX);
                    }
                    self.first_alive.insert(producer_id, epoch);
                }
                self.send(false, || Event::Reply(client, attempt, reply));
            }
            Some(Waiting::Leader(append)) => match reply {
                Ok(_) => {
                    let ms = 1 + self.below(60).cast_signed();
                    self.later(ms, Event::Append(append));
                }
                Err(error) => self.later(5, Event::Reply(append.client, append.attempt, Err(error))),
            },
            None => {}
        }
    }

    pub(super) fn append(&mut self, append: Append) {
        let Append { partition, client, .. } = append;
        let attempt = append.attempt;
        if self.guard(partition, append.who.producer_id) != append.guard {
            // Its transaction may be over.
            return self.later(5, Event::Reply(client, attempt, Err(ErrorCode::NotEnoughReplicas)));
        }
        let origin = if partition == DATA {
            Origin::Coordinator
        } else {
            Origin::Client
        };
        let result = self.logs[partition].append_as_leader(&batch(&append), origin, 0, self.now);
        if let Ok(appended) = &result {
            let first_alive = self.first_alive.get(&append.who.producer_id).copied();
            let is_alive = first_alive.is_none_or(|first| append.who.producer_epoch >= first);
            assert!(is_alive || appended.is_duplicate, "a zombie has written");
            if partition == DATA {
                let committed = Committed {
                    offset: append.txn.cast_signed(),
                    leader_epoch: None,
                    metadata: String::new(),
                    committed_ms: self.now,
                };
                let id = append.who.producer_id;
                self.offsets
                    .replay(appended.base_offset, "t", 0, Some(committed), Some(id));
            }
            self.later(20, Event::Replicate(partition));
        }
        let reply = result.map(|_| None).map_err(|refused| refused.error);
        self.send(false, || Event::Reply(client, attempt, reply));
    }

    pub(super) fn reply(&mut self, place: usize, attempt: u64, reply: Result<Option<(i64, i16)>, ErrorCode>) {
        let client = &mut self.clients[place];
        if client.attempt != attempt || client.stage == Stage::Gone {
            return;
        }
        if let Err(error) = reply {
            return self.refused(place, error);
        }
        match (client.stage.clone(), reply) {
            (Stage::Init(_), Ok(Some(producer))) => {
                client.producer = producer;
                client.sequences.clear();
                self.next_txn(place);
            }
            (Stage::Ending(is_commit), Ok(Some(producer))) => {
                self.told.insert(client.txn, is_commit);
                if client.version >= 2 {
                    client.producer = producer;
                    client.sequences.clear();
                }
                self.next_txn(place);
            }
            (Stage::Sending(_), Ok(_)) => {
                let Some(partition) = client.target else { return };
                if client.version < 2 && client.is_added.insert(partition) {
                    return self.act(place);
                }
                let sequence = client.sequences.entry(partition).or_insert(0);
                self.acknowledged.insert((client.txn, partition, *sequence));
                *sequence += 1;
                client.target = None;
            }
            _ => {}
        }
        self.act(place);
    }

    fn refused(&mut self, place: usize, error: ErrorCode) {
        let client = &mut self.clients[place];
        match error {
            ErrorCode::ConcurrentTransactions
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::NotCoordinator
            | ErrorCode::NotEnoughReplicas => {
                let attempt = client.attempt;
                self.later(50, Event::GiveUp(place, attempt));
            }
            ErrorCode::ProducerFenced | ErrorCode::InvalidProducerEpoch | ErrorCode::InvalidProducerIdMapping => {
                client.stage = Stage::Gone;
                self.count("fenced");
            }
            _ if matches!(client.stage, Stage::Sending(_)) => {
                client.target = None;
                client.stage = Stage::Ending(false);
                self.count("given up");
                self.act(place);
            }
            _ => {
                client.stage = Stage::Gone;
                self.count("died");
            }
        }
    }

    /// After all is quiet.
    pub fn check(&mut self) {
        self.look();
        for partition in 0..=DATA {
            let log = &self.logs[partition];
            assert_eq!(log.last_stable_offset(), log.log_end_offset(), "something is left open");
            let mut all = written(log);
            let count = all.len();
            all.sort();
            all.dedup();
            assert!(partition == DATA || all.len() == count, "something was written twice");
        }
        let mut fates: BTreeMap<u64, bool> = self.told.clone();
        for (partition, log) in self.logs.iter().enumerate() {
            let seen: BTreeSet<&String> = self.seen[partition].iter().collect();
            for value in written(log) {
                let is_seen = seen.contains(&value);
                let fate = *fates.entry(txn_of(&value)).or_insert(is_seen);
                assert_eq!(fate, is_seen, "transaction {value} of partition {partition}");
            }
            for (txn, _, sequence) in self.acknowledged.iter().filter(|(_, at, _)| *at == partition) {
                if fates.get(txn) == Some(&true) {
                    assert!(seen.contains(&format!("{txn}/{sequence}")), "a record of {txn} is lost");
                }
            }
        }
        assert!(!self.offsets.has_pending());
        let offset = self.offsets.fetch("t", 0, true).unwrap().map(|known| known.offset);
        let last = self.seen[DATA].last().map(|value| txn_of(value).cast_signed());
        assert_eq!(
            offset, last,
            "the group is where its last committed transaction left it"
        );
        let open = self.coordinator.as_ref().unwrap();
        let (listed, _) = open.list(self.now, &BTreeSet::new(), &[], None);
        assert!(listed.iter().all(|known| known.state.is_idle()), "{listed:?}");
        assert!(!self.is_working);
    }
}
