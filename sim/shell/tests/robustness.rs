//! Arbitrary bytes and arbitrary soup of the language's own tokens: the parser, the interpreter and completion never
//! panic, and end in bounded time.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "language/mod.rs"]
mod support;

use essaim_kernel::Limits;
use essaim_shell::language::complete::{complete_line, is_incomplete};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const TOKENS: [&str; 96] = [
    "echo", "a", "b", "x=1", "$x", "${x}", "${x:-", "${#x}", "${x%", "${x/", "}", "$(", ")", "(", "`", "$((", "))",
    "((", "\"", "'", "\\", "\n", ";", ";;", "&", "&&", "||", "|", "|&", "!", "<", ">", ">>", "<<", "<<-", "<<<", "E",
    "\nE\n", "2>&1", "&>", ">&-", "3<", "{", "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while",
    "until", "case", "esac", "[[", "]]", "[", "]", "==", "=~", "-f", "-n", "function", "f()", "f", "local", "return",
    "break", "continue", "trap", "eval", "set", "-e", "-u", "--", "shift", "read", "exit", "cat", "*", "?", "[a-",
    "{1..3}", "{a,b", "~", "#", "$@", "$*", "$'", "a=(", "${a[@]}", "+", "%d", "\u{e9}",
];

fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(&TOKENS[..]);
    let gap = prop::sample::select(&["", " ", " ", "\n"][..]);
    prop::collection::vec((token, gap), 0..40).prop_map(|parts| {
        let mut text = String::new();
        for (token, gap) in parts {
            text.push_str(token);
            text.push_str(gap);
        }
        text
    })
}

/// A machine whose limits are soon met.
fn small_machine() -> essaim_kernel::Machine {
    let limits = Limits {
        command_steps_max: 20_000,
        ..Limits::default()
    };
    let mut machine = essaim_kernel::Machine::new(1, essaim_kernel::Time::from_secs(1_760_000_000), limits);
    machine.add_programs(&essaim_shell::programs());
    machine.files_mut().create_dir_all(support::FOLDER.as_bytes()).unwrap();
    machine.files_mut().create_dir_all(b"/tmp").unwrap();
    machine
}

/// Runs a script; what matters is that it comes back.
fn survive(script: &[u8]) -> Result<(), TestCaseError> {
    let started = Instant::now();
    let mut machine = small_machine();
    let outcome = support::ours_on(&mut machine, script, b"line one\nline two\n");
    prop_assert!(outcome.stdout.len() < 32 << 20);
    let line = script.split(|b| *b == b'\n').next().unwrap_or_default();
    let env = support::environment(support::FOLDER);
    is_incomplete(script);
    for cursor in [line.len(), line.len() / 2] {
        let found = complete_line(line, cursor, &machine.glance(b"/", &env), machine.programs());
        prop_assert!(found.start <= line.len());
        prop_assert_eq!(found.replacements.len(), found.shown.len());
    }
    prop_assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes)?;
    }

    #[test]
    fn token_soup(text in soup()) {
        survive(text.as_bytes())?;
    }
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    for opening in [
        "(",
        "((",
        "{ ",
        "if true; then ",
        "$(",
        "${x:-",
        "`echo \\`",
        "$((",
        "[[ ( ",
        "[[ ! ",
        "! ",
        "\"$(",
        "case x in x) ",
        "f() { ",
        "while ",
    ] {
        for closing in ["", ")", "}", "; fi", "))"] {
            let script = format!("echo {}x{}", opening.repeat(5_000), closing.repeat(5_000));
            survive(script.as_bytes()).unwrap();
            let script = format!("{}x{}", opening.repeat(5_000), closing.repeat(5_000));
            survive(script.as_bytes()).unwrap();
        }
    }
    survive(format!("echo $(({}1{}))", "(".repeat(9_000), ")".repeat(9_000)).as_bytes()).unwrap();
    survive(format!("echo $(({}1))", "-".repeat(9_000)).as_bytes()).unwrap();
    survive(format!("echo {}", "{a,b}".repeat(60)).as_bytes()).unwrap();
    survive(format!("echo {}", "{a,".repeat(3_000)).as_bytes()).unwrap();
}

#[test]
fn endless_recursion_ends_with_a_message() {
    let run = |script: &[u8]| {
        let mut machine = small_machine();
        support::ours_on(&mut machine, script, b"")
    };
    let outcome = support::ours(b"f() { f; }; f; echo after", b"");
    assert!(
        outcome
            .stderr
            .ends_with(b"maximum function nesting level exceeded (1000)\n")
    );
    let outcome = support::ours(b"x='x+1'; echo $((x))", b"");
    assert!(
        outcome
            .stderr
            .starts_with(b"/tmp/script.sh: line 1: x+1: expression recursion level exceeded")
    );
    run(b"f() { (f); }; f; echo $?");
    run(b"f() { echo $(f); }; f");
    run(b"f() { f | f & }; f; wait");
    run(b"eval 'x=\"eval \\\"\\$x\\\"\"'; eval \"$x\"");
    run(b"echo '. ./s' > s; . ./s");
    run(b"trap 'kill $$' TERM; kill $$; echo x");
}

/// A copy taken after any number of steps ends as the original does.
#[test]
fn a_copy_at_any_step_goes_on_the_same() {
    let script = b"f() { local n=$1; [ $n -gt 0 ] && { echo \"$(f $((n-1)))<$n>\"; }; }\n\
        x=$(f 3); for i in {1..3} \"$x\"; do case $i in 2) echo two | cat;; *) echo \"$i\" > f; read y < f; echo ${y%>};; esac; done\n\
        trap 'echo bye' EXIT; (exit 3) & wait $!; echo $? | while read s; do echo \"status $s\"; done; cat <<E\n$(echo end)\nE\n";
    let start = || {
        let mut machine = support::machine();
        machine.files_mut().write(b"/tmp/s.sh", script.to_vec()).unwrap();
        let args = vec![b"bash".to_vec(), b"/tmp/s.sh".to_vec()];
        let env = support::environment(support::FOLDER);
        let process = machine.spawn_host(args, env, support::FOLDER.into()).unwrap();
        machine.feed(process, b"", true);
        (machine, process)
    };
    let finish = |machine: &mut essaim_kernel::Machine, process| {
        while machine.run(1_000) == essaim_kernel::Activity::Running {}
        let output = machine.take_output(process);
        (machine.digest(), output, machine.host_status(process))
    };
    let (mut whole, process) = start();
    let expected = finish(&mut whole, process);
    assert!(
        expected.1.iter().any(|(_, bytes)| bytes.ends_with(b"bye\n")),
        "{:?}",
        expected.1
    );
    let (mut machine, process) = start();
    for _ in 0..400 {
        machine.run(1);
        let mut copy = machine.clone();
        assert_eq!(finish(&mut copy, process), expected);
    }
}
