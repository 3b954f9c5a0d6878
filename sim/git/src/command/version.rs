//! `git version`.

use super::Command;
use crate::cli::options::{Syntax, parse};
use crate::fault::Result;
use crate::process::{Cx, Next};

const USAGE: &str = include_str!("../usage/version.txt");

pub(super) const COMMAND: Command = Command {
    name: "version",
    main,
    usage: USAGE,
    help_on_stderr: false,
    paged: false,
    supported: &[],
};

fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>]) -> Result<Next> {
    parse(
        &Syntax {
            command: "version",
            usage: USAGE,
            ..Syntax::default()
        },
        args,
    )?;
    cx.print(concat!("git version ", "2.47.3", "\n"));
    Ok(Next::Exit(0))
}
