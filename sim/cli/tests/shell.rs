//! `essaim sh` as other programs see it: streams, exit codes, environment, a real folder.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn essaim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_essaim"));
    command
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", "1772440200")
        .env("TZ", "UTC")
        .stdin(Stdio::null());
    command
}

fn sh(arguments: &[&str]) -> Output {
    essaim(&[&["sh"], arguments].concat()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn streams_and_exit_codes_pass_through() {
    let output = sh(&["-c", "echo out; echo err >&2; exit 3"]);
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        ("out\n".into(), "err\n".into())
    );
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        text(&sh(&["-c", "echo $0-$1-$#", "name", "a b"]).stdout),
        "name-a b-1\n"
    );
    assert_eq!(sh(&["-c", "kill -TERM $$"]).status.code(), Some(143));
}

#[test]
fn standard_input_is_read_as_it_comes() {
    let mut child = essaim(&["sh", "-c", "read first; echo \"[$first]\"; wc -c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    assert_eq!(
        text(&child.wait_with_output().unwrap().stdout).replace(' ', ""),
        "[one]\n4\n"
    );
}

#[test]
fn commands_come_from_standard_input_too() {
    let mut child = essaim(&["sh"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"echo from input\nexit 4\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (text(&output.stdout), output.status.code()),
        ("from input\n".into(), Some(4))
    );
}

#[test]
fn a_script_of_the_host_runs_with_its_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.sh");
    std::fs::write(&script, "echo \"$1\"; pwd; exit 5\n").unwrap();
    let output = sh(&[path(&script), "argument"]);
    assert_eq!(
        (text(&output.stdout), output.status.code()),
        ("argument\n/home/camille\n".into(), Some(5))
    );
    let output = sh(&["/nowhere/script.sh"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nowhere/script.sh"), "{output:?}");
}

#[test]
fn the_environment_and_the_clock_pass_in() {
    let output = essaim(&["sh", "-c", "echo $GIT_AUTHOR_DATE $HOME; date -u +%Y-%m-%d"])
        .env("GIT_AUTHOR_DATE", "1 +0100")
        .env("HOME", "/home/somebody")
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "1 +0100 /home/camille\n2026-03-02\n");
}

#[test]
fn a_real_folder_is_there_at_its_own_path_and_nothing_else_is() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let root = tempfile::tempdir().unwrap();
    let real = root.path().canonicalize().unwrap();
    std::fs::write(real.join("given"), "given\n").unwrap();
    std::os::unix::fs::symlink(outside.path(), real.join("link")).unwrap();
    let script = "pwd; cat given; echo made > made; mkdir d; mv made d/made; chmod 755 d/made; ln -s made d/l; cat d/l";
    let output = sh(&["--root", path(&real), "-c", script]);
    assert_eq!(text(&output.stdout), format!("{}\ngiven\nmade\n", real.display()));
    assert_eq!(std::fs::read_to_string(real.join("d/l")).unwrap(), "made\n");
    for attempt in [
        "cat link/secret",
        "cat ../../etc/passwd | grep -v camille | grep -v root",
        "cd link",
        "echo x > link/secret",
    ] {
        let output = sh(&["--root", path(&real), "-c", attempt]);
        assert_eq!(text(&output.stdout), "", "{attempt}");
        assert_ne!(output.status.code(), Some(0), "{attempt}");
    }
    assert_eq!(
        std::fs::read_to_string(outside.path().join("secret")).unwrap(),
        "secret"
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_limit_ends_a_script_by_its_name() {
    let output = sh(&["-c", "echo before; while true; do sleep 86400; done"]);
    assert_eq!(
        (text(&output.stdout), output.status.code()),
        ("before\n".into(), Some(124))
    );
    assert!(
        text(&output.stderr).contains("limit command_nanos_max reached"),
        "{output:?}"
    );
}

#[test]
fn what_is_not_understood_is_told() {
    for arguments in [
        &["nothing"][..],
        &["sh", "--none"],
        &["lesson", "erase"],
        &["sh", "--seed", "x"],
    ] {
        let output = essaim(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("--help"), "{arguments:?}");
    }
    assert!(text(&essaim(&["--help"]).output().unwrap().stdout).contains("essaim sh"));
    assert!(text(&essaim(&["--version"]).output().unwrap().stdout).starts_with("essaim 0."));
}
