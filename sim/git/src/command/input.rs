//! What a command reads before it begins: the paths of `--pathspec-from-file`, a message from standard input (`-F -`).

use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::output::unquote;
use crate::process::{Cx, Next, Outcome, Then};

/// The rest of a command, once everything was read.
pub(super) type Run = fn(&mut Cx<'_, '_>, Parsed) -> Result<Next>;

/// Reads the file of `--pathspec-from-file` into [`Parsed::paths`], then goes on.
pub(super) fn with_paths(cx: &mut Cx<'_, '_>, mut parsed: Parsed, run: Run) -> Result<Next> {
    let Some(name) = parsed.value("pathspec-from-file").map(<[u8]>::to_vec) else {
        if parsed.has("pathspec-file-nul") {
            return Err(Fault::fatal(
                "the option '--pathspec-file-nul' requires '--pathspec-from-file'",
            ));
        }
        return run(cx, parsed);
    };
    if name == b"-" {
        return Ok(Next::Input(Then::new((parsed, run), paths_read)));
    }
    let text = cx.files().read(&cx.io.path(&name));
    let text = text.map_err(|errno| {
        let reason = errno.to_string();
        Fault::fatal(cat!["could not open '", name, "' for reading: ", reason])
    })?;
    parsed.paths = Some(split(&text, parsed.has("pathspec-file-nul"))?);
    run(cx, parsed)
}

fn paths_read((mut parsed, run): (Parsed, Run), cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(text) = outcome else {
        return Ok(Next::Exit(1));
    };
    parsed.paths = Some(split(&text, parsed.has("pathspec-file-nul"))?);
    run(cx, parsed)
}

/// One path a line, quoted where it needs to be; or separated by zero bytes, never quoted.
fn split(text: &[u8], nul: bool) -> Result<Vec<Vec<u8>>> {
    let end = if nul { b'\0' } else { b'\n' };
    let mut paths = Vec::new();
    for line in text.split_inclusive(|b| *b == end) {
        let line = line.strip_suffix(&[end]).unwrap_or(line);
        if nul {
            paths.push(line.to_vec());
            continue;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            Some(b'"') => match unquote(line) {
                Some((path, b"")) => paths.push(path),
                _ => return Err(Fault::fatal(cat!["line is badly quoted: ", line])),
            },
            _ => paths.push(line.to_vec()),
        }
    }
    Ok(paths)
}

/// The paths a command is about: `typed`, or those of the file.
pub(super) fn paths(parsed: &Parsed, typed: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    match &parsed.paths {
        Some(_) if !typed.is_empty() => Err(Fault::fatal(
            "'--pathspec-from-file' and pathspec arguments cannot be used together",
        )),
        Some(paths) => Ok(paths.clone()),
        None => Ok(typed.to_vec()),
    }
}

/// `--pathspec-from-file` beside an option it does not go with.
pub(super) fn not_from_file(parsed: &Parsed, other: &str) -> Result<()> {
    match parsed.value("pathspec-from-file") {
        Some(_) => Err(Fault::fatal(format!(
            "options '--pathspec-from-file' and '{other}' cannot be used together"
        ))),
        None => Ok(()),
    }
}

/// Reads standard input into [`Parsed::input`] where an option's value is `-`, then goes on.
pub(super) fn with_file(cx: &mut Cx<'_, '_>, parsed: Parsed, option: &str, run: Run) -> Result<Next> {
    if parsed.value(option) != Some(b"-") {
        return run(cx, parsed);
    }
    Ok(Next::Input(Then::new(
        (parsed, run),
        |(mut parsed, run), cx, outcome| {
            if let Outcome::Input(text) = outcome {
                parsed.input = Some(text);
            }
            run(cx, parsed)
        },
    )))
}
