//! The worker's protocol, without a browser.

#![allow(clippy::unwrap_used)]

use essaim_lab::Worker;
use essaim_proto_lab::message::*;
use essaim_proto_lab::spec::LabSpec;

fn spec() -> LabSpec {
    LabSpec {
        id: "lab".into(),
        engines: vec!["git".into()],
        seed: 1,
        start_seconds: 1_772_440_200,
        time_zone: "Europe/Paris".into(),
        command_seconds: 20,
        user: "camille".into(),
        host: "essaim".into(),
        folder: "/home/camille".into(),
        ..LabSpec::default()
    }
}

struct Page {
    worker: Worker,
    next_id: u32,
    screen: String,
    transcript: String,
    last: Option<Update>,
}

impl Page {
    fn new() -> Self {
        Self {
            worker: Worker::new("build-1"),
            next_id: 1,
            screen: String::new(),
            transcript: String::new(),
            last: None,
        }
    }

    fn open(transcript: &str) -> Self {
        let mut page = Self::new();
        let open = Request::Open {
            spec: spec(),
            transcript: transcript.into(),
            language: "fr".into(),
        };
        assert_eq!(page.ask(open), Response::Done);
        page
    }

    fn ask(&mut self, request: Request) -> Response {
        let id = self.next_id;
        self.next_id += 1;
        let mut answers = self.worker.handle(ToWorker { id, request });
        loop {
            while self.worker.work(500) {}
            answers.extend(self.worker.news());
            if !self.worker.is_busy() {
                break;
            }
        }
        let mut answer = None;
        for message in answers {
            match (message.answers, message.response) {
                (Some(answered), response) => {
                    assert_eq!((answered, &answer), (id, &None), "one answer to each request");
                    answer = Some(response);
                }
                (None, Response::Update(update)) => self.hear(*update),
                (None, other) => panic!("{other:?}"),
            }
        }
        answer.expect("every request is answered")
    }

    fn hear(&mut self, update: Update) {
        for terminal in update.terminals.iter().filter(|t| t.terminal == 0) {
            if terminal.reset {
                self.screen.clear();
            }
            self.screen.push_str(&String::from_utf8_lossy(&terminal.output));
        }
        if let Some(transcript) = &update.transcript {
            self.transcript.clone_from(transcript);
        }
        self.last = Some(update);
    }

    fn run(&mut self, text: &str) {
        let answer = self.ask(Request::Submit {
            terminal: 0,
            text: text.into(),
        });
        assert_eq!(answer, Response::Done);
    }
}

#[test]
fn another_build_is_refused() {
    let mut page = Page::new();
    assert_eq!(
        page.ask(Request::Hello {
            build: "build-1".into()
        }),
        Response::Hello {
            build: "build-1".into()
        }
    );
    let problem = Problem::WrongBuild {
        worker: "build-1".into(),
    };
    assert_eq!(
        page.ask(Request::Hello {
            build: "build-2".into()
        }),
        Response::Failed { problem }
    );
    assert_eq!(
        page.ask(Request::Undo),
        Response::Failed {
            problem: Problem::NoLab
        }
    );
}

#[test]
fn the_screen_shows_what_happens() {
    let mut page = Page::open("");
    assert_eq!(page.screen, "camille@essaim:~$ ");
    page.run("echo one\necho two");
    assert_eq!(
        page.screen,
        "camille@essaim:~$ echo one\none\ncamille@essaim:~$ echo two\ntwo\ncamille@essaim:~$ "
    );
    let update = page.last.clone().unwrap();
    assert_eq!(update.timeline.unwrap().entries.len(), 2);
    assert_eq!(update.terminals[0].history, ["echo one", "echo two"]);
    assert_eq!(page.ask(Request::Undo), Response::Done);
    assert_eq!(page.screen, "camille@essaim:~$ echo one\none\ncamille@essaim:~$ ");
    assert_eq!(page.last.clone().unwrap().timeline.unwrap().done, 1);
}

#[test]
fn a_saved_transcript_opens_the_same_lab() {
    let mut page = Page::open("");
    page.run("mkdir d; cd d");
    page.run("cat > f");
    page.run("typed");
    page.ask(Request::EndOfFile { terminal: 0 });
    page.ask(Request::SaveFile {
        path: "/home/camille/d/g".into(),
        content: b"saved\n".to_vec(),
    });
    page.run("cat f g");
    let again = Page::open(&page.transcript);
    assert_eq!(again.screen, page.screen);
    assert_eq!(again.transcript, page.transcript);
    assert_eq!(again.last.unwrap().terminals[0].folder, "/home/camille/d");
}

#[test]
fn a_file_brought_in_comes_back_when_it_is_provided() {
    let mut page = Page::open("");
    let content = b"\xff\x00binary".to_vec();
    page.ask(Request::BringIn {
        path: "/home/camille/b.bin".into(),
        content: content.clone(),
    });
    let mut again = Page::new();
    assert_eq!(
        again.ask(Request::Provide {
            content: content.clone()
        }),
        Response::Done
    );
    let open = Request::Open {
        spec: spec(),
        transcript: page.transcript.clone(),
        language: "en".into(),
    };
    assert_eq!(again.ask(open), Response::Done);
    let read = again.ask(Request::ReadFile {
        path: "/home/camille/b.bin".into(),
    });
    assert_eq!(
        read,
        Response::File {
            path: "/home/camille/b.bin".into(),
            content
        }
    );
}

#[test]
fn a_share_code_holds_what_is_done() {
    let mut page = Page::open("");
    page.run("echo hello > f");
    let before = page.ask(Request::Share);
    page.run("rm f");
    assert_ne!(page.ask(Request::Share), before);
    assert_eq!(page.ask(Request::Undo), Response::Done);
    assert_eq!(page.ask(Request::Share), before, "what was undone is not shared");
}

#[test]
fn what_was_undone_is_known_again_after_a_reload() {
    let mut page = Page::open("");
    for command in ["echo a > f", "echo b >> f", "cat f", "rm f"] {
        page.run(command);
    }
    assert!(!page.transcript.contains("done "), "{}", page.transcript);
    assert_eq!(page.ask(Request::Rewind { entries: 2 }), Response::Done);
    assert!(
        page.transcript.contains("\ndone 2\n") && page.transcript.contains("$ rm f\n"),
        "{}",
        page.transcript
    );
    let screen = page.screen.clone();
    let mut again = Page::open(&page.transcript);
    let timeline = again.last.clone().unwrap().timeline.unwrap();
    assert_eq!((timeline.done, timeline.entries.len()), (2, 4));
    assert_eq!((&again.screen, &again.transcript), (&screen, &page.transcript));
    assert_eq!(again.ask(Request::Redo), Response::Done);
    assert!(again.screen.contains("a\nb\n"), "{}", again.screen);
    // A new command ends what was known, and nothing is left of it in what is saved.
    assert_eq!(again.ask(Request::Rewind { entries: 2 }), Response::Done);
    again.run("echo c > g");
    assert!(again.transcript.ends_with("$ echo b >> f\n$ echo c > g\n") && !again.transcript.contains("done "));
}

#[test]
fn a_known_future_that_no_longer_replays_is_forgotten() {
    // A line typed to a program that does not read.
    let mut page = Page::open("--- lab ---\nseed 1\ndone 1\n$ echo a\n$ true\n> input\n");
    assert!(page.screen.contains("echo a\na\n"));
    assert_eq!(page.last.clone().unwrap().timeline.unwrap().done, 1);
    page.run("echo on");
    let mut refused = Page::new();
    let open = Request::Open {
        spec: spec(),
        transcript: "--- lab ---\nseed 1\ndone 2\n$ true\n> input\n$ echo a\n".into(),
        language: "fr".into(),
    };
    let answer = refused.ask(open);
    assert!(
        matches!(
            &answer,
            Response::Failed {
                problem: Problem::Transcript { line: 5, .. }
            }
        ),
        "{answer:?}"
    );
}

#[test]
fn a_command_under_way_is_no_future() {
    let mut page = Page::open("");
    page.run("echo a");
    let request = Request::Submit {
        terminal: 0,
        text: "while true; do :; done".into(),
    };
    page.worker.handle(ToWorker { id: 100, request });
    for _ in 0..20 {
        assert!(page.worker.work(100));
    }
    for message in page.worker.news() {
        let Response::Update(update) = message.response else {
            continue;
        };
        let shown = update.timeline.map(|t| (t.done, t.entries.len()));
        assert!(matches!(shown, None | Some((1, 1))), "{shown:?}");
        assert!(update.transcript.is_none_or(|text| !text.contains("while")));
    }
}

#[test]
fn folders_files_and_completion() {
    let mut page = Page::open("");
    page.run("mkdir -p a/b; echo x > a/b/file-one; echo y > a/file-two");
    let Response::Folder { entries, .. } = page.ask(Request::ListFolder {
        path: "/home/camille".into(),
        recursive: true,
    }) else {
        panic!()
    };
    let paths: Vec<_> = entries.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/file-one", "a/file-two"]);
    let Response::Files(files) = page.ask(Request::TakeOut {
        path: "/home/camille/a".into(),
    }) else {
        panic!()
    };
    assert_eq!(files[0], ("b/file-one".into(), 0o644, b"x\n".to_vec()));
    let Response::Completion(done) = page.ask(Request::Complete {
        terminal: 0,
        line: "cat a/fi x".into(),
        cursor: 8,
    }) else {
        panic!()
    };
    assert_eq!(done.line, "cat a/file-two  x");
    assert!(matches!(
        page.ask(Request::ReadFile { path: "/none".into() }),
        Response::Failed {
            problem: Problem::File { .. }
        }
    ));
}

#[test]
fn ctrl_c_stops_a_command_in_its_midst() {
    let mut page = Page::open("");
    let submit = Request::Submit {
        terminal: 0,
        text: "while true; do :; done\necho pasted".into(),
    };
    assert!(
        page.worker
            .handle(ToWorker {
                id: 100,
                request: submit
            })
            .is_empty()
    );
    for _ in 0..20 {
        assert!(page.worker.work(100));
    }
    page.worker.handle(ToWorker {
        id: 101,
        request: Request::Interrupt { terminal: 0 },
    });
    while page.worker.work(100) {}
    let answered: Vec<_> = page
        .worker
        .news()
        .into_iter()
        .filter_map(|message| message.answers)
        .collect();
    assert_eq!(answered, [100, 101], "both are answered");
    page.run("echo on");
    assert!(
        !page.screen.contains("pasted\n"),
        "what was pasted behind it is dropped: {}",
        page.screen
    );
    let again = Page::open(&page.transcript);
    assert_eq!(again.screen.lines().last(), page.screen.lines().last());
}
