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

/// Runs a script; what matters is that it comes back.
fn survive(script: &[u8]) -> Result<(), TestCaseError> {
    let started = Instant::now();
    let mut machine = support::machine();
    let limits = Limits {
        command_steps_max: 20_000,
        ..Limits::default()
    };
    let mut small = essaim_kernel::Machine::new(1, machine.now(), limits);
    small.add_programs(&essaim_shell::programs());
    small.files_mut().create_dir_all(support::FOLDER.as_bytes()).unwrap();
    small.files_mut().create_dir_all(b"/tmp").unwrap();
    std::mem::swap(&mut machine, &mut small);
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
    support::ours(b"f() { (f); }; f; echo $?", b"");
    support::ours(b"f() { echo $(f); }; f", b"");
    support::ours(b"f() { f | f & }; f; wait", b"");
    support::ours(b"eval 'x=\"eval \\\"\\$x\\\"\"'; eval \"$x\"", b"");
    support::ours(b"echo '. ./s' > s; . ./s", b"");
    support::ours(b"trap 'kill $$' TERM; kill $$; echo x", b"");
}
