//! The commands: one file each. [`TABLE`] says what exists here and what only real Git has.

mod add;
pub(crate) mod branch;
mod cat_file;
mod check_ref_format;
mod checkout;
mod commit;
mod config;
mod diff;
mod diff_plumbing;
mod for_each_ref;
mod hash_object;
pub(crate) mod hooks;
mod init;
mod input;
mod log;
mod ls_files;
mod ls_tree;
mod merge;
mod merge_file;
mod mv;
pub(crate) mod patch;
mod plumbing;
mod reflog;
mod reset;
mod restore;
mod rev_list;
mod rev_parse;
mod rm;
mod show;
mod show_ref;
mod small;
mod stash;
mod status;
mod switch;
mod symbolic_ref;
mod tag;
mod trees;
mod update_ref;
mod version;

use crate::cli::options::{Parsed, Syntax, parse};
use crate::fault::Result;
use crate::process::{Cx, Next};

/// A command's beginning: `args` are the words after its name.
pub type Main = fn(&mut Cx<'_, '_>, &[Vec<u8>]) -> Result<Next>;

/// One command of Git.
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// Where it begins.
    pub main: Main,
    /// What `-h` prints.
    pub usage: &'static str,
    /// Real Git prints `-h`'s text on standard error for this one.
    pub help_on_stderr: bool,
    /// Output goes through the pager when it is shown on a terminal.
    pub paged: bool,
    /// The names of the options that work here (see [`crate::cli::options::Syntax`]).
    pub supported: &'static [&'static str],
}

impl Command {
    /// Reads the words after the command's name by its usage text.
    pub fn parse(&self, args: &[Vec<u8>]) -> Result<Parsed> {
        let syntax = Syntax {
            command: self.name,
            usage: self.usage,
            supported: self.supported,
            hidden: hidden_options(self.name),
            ..Syntax::default()
        };
        parse(&syntax, args)
    }
}

/// Options that exist but that the usage text does not show.
fn hidden_options(command: &str) -> &'static str {
    match command {
        "add" => "    --[no-]warn-embedded-repo  x\n",
        "branch" => "    --set-upstream  x\n",
        "commit" => "    --[no-]allow-empty  x\n    --[no-]allow-empty-message  x\n",
        "show-ref" => "    --[no-]heads  x\n",
        _ => "",
    }
}

/// The commands that exist here, by name.
pub const TABLE: &[Command] = &[
    add::COMMAND,
    add::STAGE,
    branch::COMMAND,
    commit::COMMAND,
    config::COMMAND,
    diff::COMMAND,
    diff_plumbing::FILES,
    diff_plumbing::INDEX,
    diff_plumbing::TREE,
    init::COMMAND,
    log::COMMAND,
    merge::COMMAND,
    merge_file::COMMAND,
    mv::COMMAND,
    rm::COMMAND,
    show::COMMAND,
    stash::COMMAND,
    status::COMMAND,
    tag::COMMAND,
    cat_file::COMMAND,
    hash_object::COMMAND,
    ls_files::COMMAND,
    ls_tree::COMMAND,
    check_ref_format::COMMAND,
    for_each_ref::COMMAND,
    show_ref::COMMAND,
    symbolic_ref::COMMAND,
    update_ref::COMMAND,
    trees::COMMIT_TREE,
    trees::WRITE_TREE,
    reflog::COMMAND,
    rev_list::COMMAND,
    rev_parse::COMMAND,
    small::CHECK_IGNORE,
    small::COUNT_OBJECTS,
    small::HELP,
    small::MERGE_BASE,
    small::STRIPSPACE,
    small::VAR,
    version::COMMAND,
    checkout::COMMAND,
    reset::COMMAND,
    restore::COMMAND,
    switch::COMMAND,
];

/// The command of that name.
pub fn find(name: &[u8]) -> Option<&'static Command> {
    TABLE.iter().find(|command| command.name.as_bytes() == name)
}
