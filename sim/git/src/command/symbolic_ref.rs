//! `git symbolic-ref`.

use super::Command;
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::refs::{Target, check_format, shorten};

pub(super) const COMMAND: Command = Command {
    name: "symbolic-ref",
    main,
    usage: include_str!("../usage/symbolic-ref.txt"),
    help_on_stderr: false,
    paged: false,
    supported: &["quiet", "delete", "short", "recurse", "m"],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let parsed = COMMAND.parse(args)?;
    let repo = cx.repo()?;
    let quiet = parsed.has("quiet");
    match (parsed.has("delete"), parsed.args.as_slice()) {
        (true, [name]) => {
            match repo.refs.read(cx.files(), name) {
                Some(Target::Symbolic(_)) if name == b"HEAD" => {
                    return Err(Fault::fatal("deleting 'HEAD' is not allowed"));
                }
                Some(Target::Symbolic(_)) => repo.refs.delete(cx.files_mut(), name)?,
                _ => return Err(Fault::fatal(cat!["Cannot delete ", name, ", not a symbolic ref"])),
            }
            Ok(Next::Exit(0))
        }
        (false, [name]) => {
            let target = match repo.refs.read(cx.files(), name) {
                Some(Target::Symbolic(target)) => target,
                Some(Target::Direct(_)) if quiet => return Ok(Next::Exit(1)),
                Some(Target::Direct(_)) => return Err(Fault::fatal(cat!["ref ", name, " is not a symbolic ref"])),
                None if quiet => return Ok(Next::Exit(1)),
                None => return Err(Fault::fatal(cat!["ref ", name, " is not a symbolic ref"])),
            };
            let shown = if parsed.has("short") {
                shorten(&target).to_vec()
            } else {
                target
            };
            cx.print(cat![shown, "\n"]);
            Ok(Next::Exit(0))
        }
        (false, [name, target]) => {
            if name == b"HEAD" && !target.starts_with(b"refs/") {
                return Err(Fault::fatal("Refusing to point HEAD outside of refs/"));
            }
            if !check_format(target, true) {
                return Err(Fault::fatal(cat![
                    "Refusing to set '",
                    name,
                    "' to invalid ref '",
                    target,
                    "'"
                ]));
            }
            let who = cx.log_identity(&repo)?;
            let message = parsed.value("m").unwrap_or_default().to_vec();
            let log = Some((message.as_slice(), &who));
            repo.refs.set_symbolic(cx.files_mut(), name, target, log)?;
            Ok(Next::Exit(0))
        }
        _ => Err(usage_only(COMMAND.usage)),
    }
}
