//! View, facts and completion of a repository that a learner's commands made.
#![allow(clippy::unwrap_used)]

use essaim_git::Git;
use essaim_kernel::process::Environment;
use essaim_kernel::value::fact_segments;
use essaim_kernel::{Activity, CompletionCall, Engine, Limits, Machine, Time, Value};
use essaim_proto_git::{GitView, RefKind};

const FOLDER: &[u8] = b"/home/camille/collecte";

fn environment() -> Environment {
    [("HOME", "/home/camille"), ("PATH", "/usr/bin"), ("TZ", "UTC")]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn machine(script: &str) -> Machine {
    let mut machine = Machine::new(1, Time::from_secs(1_772_440_200), Limits::default());
    machine.add_programs(&essaim_shell::programs());
    machine.add_programs(Git.programs());
    machine.files_mut().create_dir_all(FOLDER).unwrap();
    machine.files_mut().create_dir_all(b"/tmp").unwrap();
    let config = "[user]\n\tname = Camille\n\temail = c@essaim.test\n[init]\n\tdefaultBranch = main\n";
    machine.files_mut().write(b"/home/camille/.gitconfig", config).unwrap();
    let args = ["sh", "-e", "-c", script].map(|word| word.as_bytes().to_vec()).to_vec();
    let process = machine.spawn_host(args, environment(), FOLDER.to_vec()).unwrap();
    machine.feed(process, b"", true);
    while machine.run(10_000) == Activity::Running {}
    let status = machine.host_status(process).map(essaim_kernel::ExitStatus::code);
    let output = machine.take_output(process);
    let text: String = output
        .iter()
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert_eq!(status, Some(0), "{text}");
    machine
}

fn fact(machine: &Machine, path: &str) -> Option<Value> {
    let env = environment();
    Git.fact(&fact_segments(path), &machine.glance(FOLDER, &env))
}

const START: &str = "git init -q; echo one > a.txt; mkdir src; echo two > src/b.py; echo '*.tmp' > .gitignore
git add .; git commit -qm 'Start here'; echo more >> a.txt; echo x > new.txt; touch old.tmp; git add new.txt";

#[test]
fn view_shows_commits_refs_and_files() {
    let machine = machine(START);
    let env = environment();
    let bytes = Git.view(&machine.glance(FOLDER, &env)).bytes;
    let view: GitView = postcard::from_bytes(&bytes).unwrap();
    let repository = view.repository.unwrap();
    assert_eq!(repository.root.as_bytes(), FOLDER);
    assert_eq!(repository.head.branch.as_deref(), Some("main"));
    assert_eq!(repository.commits.len(), 1);
    assert_eq!(repository.commits[0].subject, "Start here");
    assert_eq!(repository.refs.len(), 1);
    assert_eq!(
        (repository.refs[0].name.as_str(), repository.refs[0].kind),
        ("main", RefKind::Branch)
    );
    let states: Vec<(&str, char, char)> = repository
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.index, file.worktree))
        .collect();
    assert_eq!(
        states,
        [
            ("a.txt", '.', 'M'),
            ("new.txt", 'A', '.'),
            (".gitignore", '.', '.'),
            ("src/b.py", '.', '.')
        ]
    );
    let changed = &repository.files[0];
    assert_eq!(changed.head_blob, changed.index_blob);
    assert_ne!(changed.worktree_blob, changed.index_blob);
    assert_eq!(repository.files[1].head_blob, None);
}

#[test]
fn no_repository_no_view() {
    let machine = machine("true");
    let env = environment();
    let bytes = Git.view(&machine.glance(FOLDER, &env)).bytes;
    assert_eq!(postcard::from_bytes::<GitView>(&bytes).unwrap().repository, None);
    assert_eq!(fact(&machine, "repository"), None);
    assert_eq!(fact(&machine, "config.\"user.name\""), Some("Camille".into()));
}

#[test]
fn facts_are_those_of_the_repository() {
    let machine = machine(START);
    for (path, expected) in [
        ("head.branch", Value::from("main")),
        ("head.detached", false.into()),
        ("commits.count", Value::Int(1)),
        ("log.subjects", vec!["Start here"].into()),
        ("branches", vec!["main"].into()),
        ("branch.main.exists", true.into()),
        ("branch.nowhere.exists", false.into()),
        ("branch.main.parents", Value::Int(0)),
        ("branch.main.merged", true.into()),
        ("tag.v1.exists", false.into()),
        ("commit.HEAD.files", vec![".gitignore", "a.txt", "src/b.py"].into()),
        ("blob.\"HEAD:a.txt\"", "one\n".into()),
        ("history.\"src/b.py\"", Value::Int(1)),
        ("history.\"new.txt\"", Value::Int(0)),
        ("ignored.\"old.tmp\"", true.into()),
        ("ignored.\"a.txt\"", false.into()),
        ("index.\"new.txt\".exists", true.into()),
        ("index.\"new.txt\".text", "x\n".into()),
        ("status.\"a.txt\"", " M".into()),
        ("status.\"new.txt\"", "A ".into()),
        ("worktree.clean", false.into()),
        ("worktree.changed", vec!["a.txt", "new.txt"].into()),
        ("merge.in_progress", false.into()),
        ("conflicts.count", Value::Int(0)),
        ("stash.count", Value::Int(0)),
    ] {
        assert_eq!(fact(&machine, path), Some(expected), "{path}");
    }
    for path in [
        "status.\"src/b.py\"",
        "branch.nowhere.oid",
        "blob.\"HEAD:none\"",
        "nothing.of.the.kind",
        "",
    ] {
        assert_eq!(fact(&machine, path), None, "{path}");
    }
}

fn complete(machine: &Machine, words: &[&str], prefix: &str) -> Vec<String> {
    let env = environment();
    let call = CompletionCall {
        words: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        prefix: prefix.as_bytes().to_vec(),
    };
    let found = essaim_git::complete::candidates(&call, &machine.glance(FOLDER, &env));
    found
        .into_iter()
        .map(|candidate| String::from_utf8(candidate.word).unwrap())
        .collect()
}

#[test]
fn tab_offers_what_git_would() {
    let machine = machine(START);
    assert_eq!(complete(&machine, &["git"], "stat"), ["status"]);
    assert_eq!(complete(&machine, &["git", "add"], ""), ["a.txt"]);
    assert_eq!(complete(&machine, &["git", "rm"], "s"), ["src/"]);
    assert_eq!(complete(&machine, &["git", "rm"], "src/"), ["src/b.py"]);
    assert_eq!(complete(&machine, &["git", "log"], "HEAD..m"), ["HEAD..main"]);
    assert_eq!(complete(&machine, &["git", "commit"], "--am"), ["--amend"]);
    assert_eq!(complete(&machine, &["git", "-C", "src", "show"], "m"), ["main"]);
}
