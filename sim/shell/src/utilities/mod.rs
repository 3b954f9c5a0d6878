//! The usual utilities: one file a command, small ones of a kind together; `support` is what they share, `regex` their
//! regular expressions.

mod attributes;
mod awk;
mod cat;
mod checksum;
mod columns;
mod copy;
mod date;
mod diff;
mod dump;
mod editor;
mod expr;
mod find;
mod folders;
mod grep;
mod head;
mod join;
mod lines;
mod ls;
mod manual;
mod pager;
mod paths;
mod pieces;
mod regex;
mod rm;
mod run;
mod sed;
mod seq;
mod small;
mod sort;
mod support;
mod system;
mod tail;
mod timeout;
mod tr;
mod tree;
mod wc;
mod whole;

pub(crate) use support::clock::Moment;
pub use support::utility::{Utility, file_candidates};
pub(crate) use support::zone::Zone;

use essaim_kernel::SmallSort;
use essaim_kernel::{Errno, Io, Program};
use std::sync::Arc;

/// The whole of a file that `.` reads: `<(…)` too.
pub(crate) fn read_operand(io: &mut Io<'_>, name: &[u8]) -> Result<Arc<Vec<u8>>, Errno> {
    support::read_operand(io, name, &Arc::default())
}

/// Every utility and where it is installed.
pub(crate) const UTILITIES: &[(Utility, &str)] = &[
    (awk::UTILITY, "/usr/bin/awk"),
    (columns::COLUMN, "/usr/bin/column"),
    (columns::FOLD, "/usr/bin/fold"),
    (columns::EXPAND, "/usr/bin/expand"),
    (dump::OD, "/usr/bin/od"),
    (dump::HEXDUMP, "/usr/bin/hexdump"),
    (dump::XXD, "/usr/bin/xxd"),
    (expr::UTILITY, "/usr/bin/expr"),
    (join::UTILITY, "/usr/bin/join"),
    (pieces::SPLIT, "/usr/bin/split"),
    (pieces::SHUF, "/usr/bin/shuf"),
    (pieces::TRUNCATE, "/usr/bin/truncate"),
    (pieces::CMP, "/usr/bin/cmp"),
    (system::PRINTENV, "/usr/bin/printenv"),
    (system::NPROC, "/usr/bin/nproc"),
    (system::ARCH, "/usr/bin/arch"),
    (system::LOGNAME, "/usr/bin/logname"),
    (system::GROUPS, "/usr/bin/groups"),
    (system::SYNC, "/usr/bin/sync"),
    (system::TTY, "/usr/bin/tty"),
    (system::NOHUP, "/usr/bin/nohup"),
    (system::PS, "/usr/bin/ps"),
    (attributes::TOUCH, "/usr/bin/touch"),
    (attributes::CHMOD, "/usr/bin/chmod"),
    (attributes::LN, "/usr/bin/ln"),
    (cat::UTILITY, "/usr/bin/cat"),
    (copy::CP, "/usr/bin/cp"),
    (copy::MV, "/usr/bin/mv"),
    (folders::MKDIR, "/usr/bin/mkdir"),
    (folders::RMDIR, "/usr/bin/rmdir"),
    (grep::UTILITY, "/usr/bin/grep"),
    (grep::EGREP, "/usr/bin/egrep"),
    (grep::FGREP, "/usr/bin/fgrep"),
    (head::UTILITY, "/usr/bin/head"),
    (ls::UTILITY, "/usr/bin/ls"),
    (rm::UTILITY, "/usr/bin/rm"),
    (rm::UNLINK, "/usr/bin/unlink"),
    (sed::UTILITY, "/usr/bin/sed"),
    (lines::UNIQ, "/usr/bin/uniq"),
    (lines::CUT, "/usr/bin/cut"),
    (lines::REV, "/usr/bin/rev"),
    (lines::NL, "/usr/bin/nl"),
    (tr::TR, "/usr/bin/tr"),
    (tr::TEE, "/usr/bin/tee"),
    (seq::UTILITY, "/usr/bin/seq"),
    (whole::TAC, "/usr/bin/tac"),
    (whole::PASTE, "/usr/bin/paste"),
    (whole::COMM, "/usr/bin/comm"),
    (whole::BASE64, "/usr/bin/base64"),
    (find::UTILITY, "/usr/bin/find"),
    (run::ENV, "/usr/bin/env"),
    (run::XARGS, "/usr/bin/xargs"),
    (timeout::TIMEOUT, "/usr/bin/timeout"),
    (date::UTILITY, "/usr/bin/date"),
    (diff::UTILITY, "/usr/bin/diff"),
    (tree::UTILITY, "/usr/bin/tree"),
    (paths::STAT, "/usr/bin/stat"),
    (paths::DU, "/usr/bin/du"),
    (paths::REALPATH, "/usr/bin/realpath"),
    (paths::READLINK, "/usr/bin/readlink"),
    (paths::MKTEMP, "/usr/bin/mktemp"),
    (checksum::MD5, "/usr/bin/md5sum"),
    (checksum::SHA1, "/usr/bin/sha1sum"),
    (checksum::SHA256, "/usr/bin/sha256sum"),
    (editor::NANO, "/usr/bin/nano"),
    (editor::VI, "/usr/bin/vi"),
    (editor::VIM, "/usr/bin/vim"),
    (editor::EMACS, "/usr/bin/emacs"),
    (editor::CODE, "/usr/bin/code"),
    (pager::LESS, "/usr/bin/less"),
    (pager::MORE, "/usr/bin/more"),
    (pager::MAN, "/usr/bin/man"),
    (pager::HELP, "/usr/bin/help"),
    (small::TRUE, "/usr/bin/true"),
    (small::FALSE, "/usr/bin/false"),
    (small::YES, "/usr/bin/yes"),
    (small::CLEAR, "/usr/bin/clear"),
    (small::SLEEP, "/usr/bin/sleep"),
    (small::WHOAMI, "/usr/bin/whoami"),
    (small::ID, "/usr/bin/id"),
    (small::HOSTNAME, "/usr/bin/hostname"),
    (small::UNAME, "/usr/bin/uname"),
    (small::WHICH, "/usr/bin/which"),
    (small::PWD, "/usr/bin/pwd"),
    (small::BASENAME, "/usr/bin/basename"),
    (small::DIRNAME, "/usr/bin/dirname"),
    (sort::UTILITY, "/usr/bin/sort"),
    (tail::UTILITY, "/usr/bin/tail"),
    (wc::UTILITY, "/usr/bin/wc"),
];

const fn programs() -> [Program; UTILITIES.len()] {
    let mut all = [UTILITIES[0].0.program(UTILITIES[0].1); UTILITIES.len()];
    let mut at = 0;
    while at < UTILITIES.len() {
        all[at] = UTILITIES[at].0.program(UTILITIES[at].1);
        at += 1;
    }
    all
}

/// Every utility, by name.
pub const PROGRAMS: &[Program] = &programs();

/// Options that exist in the real tools and not here, as (command, option): what `gaps.toml` lists.
pub fn gaps() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for (utility, _) in UTILITIES {
        for option in utility.options.iter().filter(|o| !o.simulated) {
            let dashes = if option.long.is_empty() { "-" } else { "--" };
            all.push((utility.name, format!("{dashes}{}", option.key())));
        }
    }
    let predicates = find::GAPS.iter().map(|name| ("find", (*name).to_owned()));
    all.extend(predicates);
    all.extend([("sed", "command e".to_owned()), ("sed", "command v".to_owned())]);
    all.small_sort();
    all
}
