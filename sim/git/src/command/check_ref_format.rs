//! `git check-ref-format`.

use super::Command;
use crate::cat;
use crate::cli::options::usage_only;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next};
use crate::refs::check_format;
use crate::revision::with_resolver;

pub(super) const COMMAND: Command = Command {
    name: "check-ref-format",
    main: check_ref_format,
    usage: include_str!("../usage/check-ref-format.txt"),
    help_on_stderr: true,
    paged: false,
    supported: &[],
};

fn check_ref_format(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    let usage = || usage_only(COMMAND.usage);
    match args {
        [option, name] if option == b"--branch" => {
            let expanded = match cx.repo() {
                Ok(repo) => with_resolver(cx, &repo, |resolver| resolver.interpret(name))?,
                Err(_) => Some(name.clone()),
            };
            let name =
                expanded.filter(|name| !name.starts_with(b"-") && check_format(&cat!["refs/heads/", name], false));
            match name {
                Some(name) => {
                    cx.print(cat![name, "\n"]);
                    Ok(Next::Exit(0))
                }
                None => Err(Fault::fatal(cat!["'", args[1], "' is not a valid branch name"])),
            }
        }
        args => {
            let (mut normalize, mut one_level, mut name) = (false, false, None);
            for arg in args {
                match arg.as_slice() {
                    b"--normalize" | b"--print" => normalize = true,
                    b"--allow-onelevel" => one_level = true,
                    b"--no-allow-onelevel" => one_level = false,
                    b"--refspec-pattern" => return Err(Fault::gap("'check-ref-format --refspec-pattern'")),
                    option if option.starts_with(b"-") || name.is_some() => return Err(usage()),
                    text => name = Some(text.to_vec()),
                }
            }
            let Some(mut name) = name else { return Err(usage()) };
            if normalize {
                name = name
                    .split(|b| *b == b'/')
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(b"/".as_slice());
            }
            if !check_format(&name, one_level) {
                return Ok(Next::Exit(1));
            }
            if normalize {
                cx.print(cat![name, "\n"]);
            }
            Ok(Next::Exit(0))
        }
    }
}
