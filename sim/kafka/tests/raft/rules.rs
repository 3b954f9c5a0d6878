use essaim_kafka::batch::ControlType;
use essaim_kafka::log::{Log, Origin};
use essaim_kafka::raft::message::{Fetch, FetchedRecords};
use essaim_kafka::raft::{Body, Effect, ElectionState, Message, QuorumError, Raft, Request, Response};

use super::{empty_log, node, record};

fn ask(raft: &mut Raft, now: i64, from: i32, request: Request) -> (Option<Response>, Vec<Effect>) {
    let message = Message {
        from,
        to: raft.id(),
        correlation: 77,
        body: Body::Request(request),
    };
    let mut effects = Vec::new();
    raft.step(now, Some(message), &mut |_| 0, &mut effects);
    let response = effects.iter().find_map(|effect| match effect {
        Effect::Send(Message {
            body: Body::Response(response),
            correlation: 77,
            ..
        }) => Some(response.clone()),
        _ => None,
    });
    (response, effects)
}

fn vote(epoch: i32, last_epoch: i32, last_offset: i64, pre_vote: bool) -> Request {
    Request::Vote {
        epoch,
        last_epoch,
        last_offset,
        pre_vote,
    }
}

fn sent(effects: &[Effect]) -> Vec<(i32, u64, Request)> {
    let requests = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Message {
            to,
            correlation,
            body: Body::Request(request),
            ..
        }) => Some((*to, *correlation, request.clone())),
        _ => None,
    });
    requests.collect()
}

fn answer(raft: &mut Raft, now: i64, from: i32, correlation: u64, response: Response) -> Vec<Effect> {
    let message = Message {
        from,
        to: raft.id(),
        correlation,
        body: Body::Response(response),
    };
    let mut effects = Vec::new();
    raft.step(now, Some(message), &mut |_| 0, &mut effects);
    effects
}

fn plain(epoch: i32) -> Response {
    Response {
        error: None,
        epoch,
        leader: None,
        granted: false,
        fetched: None,
    }
}

/// A log with these records, one an epoch.
fn log_of(epochs: &[i32]) -> Log {
    let mut log = empty_log();
    for epoch in epochs {
        log.append_as_leader(&record(0), Origin::Coordinator, *epoch, 0)
            .unwrap();
    }
    log
}

fn in_epoch(epoch: i32) -> ElectionState {
    ElectionState {
        epoch,
        ..ElectionState::default()
    }
}

/// Brings node 1 of three to lead in epoch 1.
fn leader() -> (Raft, i64) {
    let mut raft = node(1, 3, ElectionState::default(), empty_log(), 0);
    let now = raft.deadline();
    let mut effects = Vec::new();
    raft.step(now, None, &mut |_| 0, &mut effects);
    assert_eq!(raft.state_name(), "prospective");
    let (to, correlation, request) = sent(&effects).into_iter().find(|(to, ..)| *to == 2).unwrap();
    assert_eq!((to, request), (2, vote(0, 0, 0, true)));
    let yes = Response {
        granted: true,
        ..plain(0)
    };
    let effects = answer(&mut raft, now, 2, correlation, yes.clone());
    assert_eq!(raft.state_name(), "candidate");
    assert_eq!(
        raft.election(),
        ElectionState {
            epoch: 1,
            leader: None,
            voted: Some(1)
        }
    );
    let (_, correlation, request) = sent(&effects).into_iter().find(|(to, ..)| *to == 2).unwrap();
    assert_eq!(request, vote(1, 0, 0, false));
    let yes = Response { epoch: 1, ..yes };
    let effects = answer(&mut raft, now, 2, correlation, yes);
    assert!(effects.contains(&Effect::Elected { epoch: 1 }));
    assert_eq!(raft.election().leader, Some(1));
    (raft, now)
}

fn fetch(epoch: i32, offset: i64, last_epoch: i32) -> Request {
    Request::Fetch(Fetch {
        epoch,
        offset,
        last_epoch,
        high_watermark: 0,
    })
}

#[test]
fn a_vote_is_given_once_and_written_down_first() {
    let mut raft = node(1, 3, in_epoch(4), log_of(&[3]), 0);
    let (response, effects) = ask(&mut raft, 1, 2, vote(5, 3, 1, false));
    assert!(response.unwrap().granted);
    let persisted = effects.iter().position(|effect| {
        *effect
            == Effect::Persist(ElectionState {
                epoch: 5,
                leader: None,
                voted: Some(2),
            })
    });
    let answered = effects.iter().position(|effect| {
        matches!(
            effect,
            Effect::Send(Message {
                body: Body::Response(_),
                ..
            })
        )
    });
    assert!(persisted.unwrap() < answered.unwrap());
    let (response, _) = ask(&mut raft, 2, 3, vote(5, 3, 9, false));
    assert!(!response.unwrap().granted);
    let (response, _) = ask(&mut raft, 3, 2, vote(5, 3, 1, false));
    assert!(response.unwrap().granted, "the same one may ask again");
}

#[test]
fn who_has_less_gets_no_vote() {
    for (last_epoch, last_offset, granted) in [(2, 9, false), (3, 1, false), (3, 2, true), (4, 1, true)] {
        let mut raft = node(1, 3, in_epoch(4), log_of(&[3, 3]), 0);
        let (response, _) = ask(&mut raft, 1, 2, vote(6, last_epoch, last_offset, false));
        assert_eq!(response.unwrap().granted, granted, "{last_epoch} {last_offset}");
        assert_eq!(raft.election().epoch, 6, "the epoch counts in any case");
    }
}

#[test]
fn old_epochs_strangers_and_nonsense_are_refused() {
    let mut raft = node(1, 3, in_epoch(4), log_of(&[3]), 0);
    let error = |raft: &mut Raft, from, request| ask(raft, 1, from, request).0.unwrap().error;
    assert_eq!(
        error(&mut raft, 2, vote(3, 1, 1, false)),
        Some(QuorumError::FencedLeaderEpoch)
    );
    assert_eq!(
        error(&mut raft, 9, vote(5, 3, 1, false)),
        Some(QuorumError::InvalidRequest)
    );
    assert_eq!(
        error(&mut raft, 2, vote(5, 5, 1, false)),
        Some(QuorumError::InvalidRequest)
    );
    assert_eq!(
        error(&mut raft, 2, Request::BeginQuorumEpoch { epoch: 3 }),
        Some(QuorumError::FencedLeaderEpoch)
    );
    assert_eq!(
        error(&mut raft, 2, fetch(3, 0, 0)),
        Some(QuorumError::FencedLeaderEpoch)
    );
    assert_eq!(
        error(&mut raft, 2, fetch(4, 0, 0)),
        Some(QuorumError::NotLeaderOrFollower)
    );
    assert_eq!(
        error(&mut raft, 2, fetch(5, 0, 0)),
        Some(QuorumError::UnknownLeaderEpoch)
    );
    assert_eq!(raft.election(), in_epoch(4));
}

/// KIP-996: who hears its leader tells others to keep quiet, and a pre-vote changes nothing.
#[test]
fn a_pre_vote_disturbs_nobody() {
    let mut raft = node(1, 3, in_epoch(4), empty_log(), 0);
    ask(&mut raft, 1, 2, Request::BeginQuorumEpoch { epoch: 5 });
    assert_eq!(raft.state_name(), "follower");
    let (response, _) = ask(&mut raft, 2, 3, vote(5, 0, 0, true));
    assert!(response.unwrap().granted, "nothing was heard of the leader yet");
    assert_eq!(raft.election().voted, None);
    let mut effects = Vec::new();
    raft.step(3, None, &mut |_| 0, &mut effects);
    let response = Response {
        leader: Some(2),
        fetched: Some(FetchedRecords {
            high_watermark: -1,
            ..FetchedRecords::default()
        }),
        ..plain(5)
    };
    answer(&mut raft, 4, 2, 1, response);
    let (response, _) = ask(&mut raft, 5, 3, vote(5, 0, 0, true));
    assert!(!response.unwrap().granted);
    assert_eq!(raft.election().epoch, 5);
}

#[test]
fn a_leader_begins_with_a_record_of_its_own_and_commits_no_earlier() {
    let (mut raft, now) = leader();
    let batch = raft.log().batches_from(0).next().unwrap();
    let first = batch.records().next().unwrap().unwrap();
    assert_eq!(ControlType::read(first.key), Ok(ControlType::LeaderChange));
    assert_eq!(batch.partition_leader_epoch(), 1);
    let value: String = first.value.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        value,
        "0000000000010400000001000000000200000000030003000000010000000002000".to_owned() + "0"
    );
    assert_eq!(raft.log().high_watermark(), 0);
    let (response, _) = ask(&mut raft, now, 2, fetch(1, 0, 0));
    let fetched = response.unwrap().fetched.unwrap();
    assert_eq!((fetched.batches.len(), fetched.high_watermark), (1, -1));
    let (response, effects) = ask(&mut raft, now, 2, fetch(1, 1, 1));
    assert!(effects.contains(&Effect::Committed(1)));
    assert_eq!(response.unwrap().fetched.unwrap().high_watermark, 1, "that is news");
}

#[test]
fn a_fetch_waits_until_there_is_something() {
    let (mut raft, now) = leader();
    ask(&mut raft, now, 2, fetch(1, 1, 1));
    let up_to_date = Request::Fetch(Fetch {
        epoch: 1,
        offset: 1,
        last_epoch: 1,
        high_watermark: 1,
    });
    let (response, _) = ask(&mut raft, now, 2, up_to_date.clone());
    assert_eq!(response, None);
    let mut effects = Vec::new();
    raft.append(now + 5, &record(1), &mut effects).unwrap();
    let batches = effects.iter().find_map(|effect| match effect {
        Effect::Send(Message {
            body: Body::Response(response),
            ..
        }) => response.fetched.as_ref().map(|fetched| fetched.batches.len()),
        _ => None,
    });
    assert_eq!(batches, Some(1));
    let (response, _) = ask(&mut raft, now + 6, 3, up_to_date);
    assert!(response.is_some(), "this one is behind");
}

#[test]
fn where_logs_part_is_said_instead_of_records() {
    let mut log = log_of(&[1, 1, 2]);
    log.begin_epoch(2);
    let mut raft = node(1, 1, in_epoch(3), log, 0);
    let now = raft.deadline();
    raft.step(now, None, &mut |_| 0, &mut Vec::new());
    assert!(raft.is_leader(), "a single voter elects itself");
    let (response, _) = ask(&mut raft, now, 9, fetch(4, 3, 1));
    let diverging = response.unwrap().fetched.unwrap().diverging.unwrap();
    assert_eq!((diverging.epoch, diverging.end_offset), (1, 2));
}

#[test]
fn a_leader_without_a_majority_resigns() {
    let (mut raft, now) = leader();
    ask(&mut raft, now + 1, 2, fetch(1, 0, 0));
    ask(&mut raft, now + 2_999, 3, fetch(1, 1, 1));
    raft.step(now + 3_000, None, &mut |_| 0, &mut Vec::new());
    assert!(raft.is_leader(), "one of two others was there");
    let mut effects = Vec::new();
    raft.step(now + 5_999, None, &mut |_| 0, &mut effects);
    assert!(effects.contains(&Effect::Deposed { epoch: 1 }));
    assert_eq!(raft.state_name(), "resigned");
    let request = Request::EndQuorumEpoch {
        epoch: 1,
        successors: vec![3, 2],
    };
    let told: Vec<i32> = sent(&effects)
        .into_iter()
        .filter(|(.., sent)| *sent == request)
        .map(|(to, ..)| to)
        .collect();
    assert_eq!(told, [2, 3]);
    let later = raft.deadline().max(now + 9_000);
    raft.step(later, None, &mut |_| 0, &mut Vec::new());
    assert_eq!((raft.state_name(), raft.election().epoch), ("unattached", 2));
}

#[test]
fn who_led_when_it_stopped_does_not_lead_when_it_starts() {
    let election = ElectionState {
        epoch: 4,
        leader: Some(1),
        voted: Some(1),
    };
    let mut raft = node(1, 3, election, empty_log(), 0);
    assert_eq!(raft.state_name(), "resigned");
    let mut effects = Vec::new();
    raft.step(0, None, &mut |_| 0, &mut effects);
    let request = Request::EndQuorumEpoch {
        epoch: 4,
        successors: Vec::new(),
    };
    assert_eq!(sent(&effects)[0].2, request, "nor does anybody wait for it");
    let mut alone = node(1, 1, election, empty_log(), 0);
    alone.step(0, None, &mut |_| 0, &mut Vec::new());
    assert!(alone.is_leader(), "but one that is alone begins at once");
}

#[test]
fn a_successor_does_not_wait() {
    let mut raft = node(2, 3, in_epoch(4), empty_log(), 0);
    ask(&mut raft, 1, 1, Request::BeginQuorumEpoch { epoch: 5 });
    let request = Request::EndQuorumEpoch {
        epoch: 5,
        successors: vec![2, 3],
    };
    let (_, effects) = ask(&mut raft, 2, 1, request);
    assert_eq!(raft.state_name(), "prospective");
    assert_eq!(sent(&effects).len(), 2);
}

#[test]
fn an_observer_finds_the_leader_and_never_votes() {
    let mut raft = node(9, 3, ElectionState::default(), empty_log(), 0);
    let mut effects = Vec::new();
    raft.step(1, None, &mut |_| 0, &mut effects);
    let (to, correlation, _) = sent(&effects)[0].clone();
    assert_eq!(to, 1);
    let response = Response {
        error: Some(QuorumError::FencedLeaderEpoch),
        leader: Some(3),
        ..plain(7)
    };
    let effects = answer(&mut raft, 2, 1, correlation, response);
    assert_eq!((raft.state_name(), raft.election().leader), ("observer", Some(3)));
    assert_eq!(sent(&effects)[0].0, 3);
    raft.step(60_000, None, &mut |_| 0, &mut Vec::new());
    assert_eq!(raft.state_name(), "unattached");
}

/// What comes twice, or answers a question of another state, changes nothing.
#[test]
fn an_answer_counts_once_and_only_to_its_question() {
    let mut raft = node(1, 5, ElectionState::default(), empty_log(), 0);
    let now = raft.deadline();
    let mut effects = Vec::new();
    raft.step(now, None, &mut |_| 0, &mut effects);
    let asked = sent(&effects);
    let yes = |epoch| Response {
        granted: true,
        ..plain(epoch)
    };
    let number = |asked: &[(i32, u64, Request)], id| asked.iter().find(|(to, ..)| *to == id).unwrap().1;
    let late = number(&asked, 4);
    answer(&mut raft, now, 2, number(&asked, 2), yes(0));
    answer(&mut raft, now, 2, number(&asked, 2), yes(0));
    assert_eq!(raft.state_name(), "prospective");
    let effects = answer(&mut raft, now, 3, number(&asked, 3), yes(0));
    assert_eq!(raft.state_name(), "candidate");
    let asked = sent(&effects);
    answer(&mut raft, now, 2, number(&asked, 2), yes(1));
    // Node 4 has come to the new epoch, but this says that it would vote, not that it has.
    answer(&mut raft, now, 4, late, yes(1));
    assert_eq!(raft.state_name(), "candidate");
    answer(&mut raft, now, 4, number(&asked, 4), yes(1));
    assert_eq!(raft.state_name(), "leader");
}
