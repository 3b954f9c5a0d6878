//! The words before and after the command's name: global options, aliases, unknown commands, the pager.

pub mod options;
mod similar;

use crate::bytes::lossy;
use crate::cat;
use crate::command::{self, Command};
use crate::config::Config;
use crate::fault::{Fault, Result};
use crate::process::{Cx, Next, Outcome, Then};
use crate::repo::{Global, Repo};
use essaim_kernel::SmallSort;
use essaim_kernel::files::path;
use essaim_kernel::{Pid, Spawn};

/// What `git` prints without a command.
pub const HELP: &str = include_str!("../usage/git.txt");

/// Its first lines.
const USAGE_END: &str = "\n\nThese are common";

/// All commands of real Git 2.47, for what is missing here and for suggestions.
pub const ALL: &str = include_str!("../usage/commands.txt");

/// Aliases that lead to aliases.
const ALIAS_DEPTH_MAX: usize = 10;

/// Runs `git` with these arguments (the first is `git` itself).
pub fn main(cx: &mut Cx<'_, '_>, args: &[Vec<u8>], pager: &mut Option<Pid>) -> Result<Next> {
    let mut words: Vec<Vec<u8>> = args.get(1..).unwrap_or_default().to_vec();
    if let Some(next) = global_options(cx, &mut words)? {
        return Ok(next);
    }
    if words.is_empty() {
        cx.print(HELP);
        return Ok(Next::Exit(1));
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    loop {
        let name = words[0].clone();
        if let Some(command) = command::find(&name) {
            return run(cx, command, &words[1..], pager);
        }
        let config = settings(cx)?;
        let Some(expansion) = config.get(cat!["alias.", name]).map(<[u8]>::to_vec) else {
            return unknown(cx, &name, &config);
        };
        if seen.contains(&name) || seen.len() >= ALIAS_DEPTH_MAX {
            let mut text = cat!["alias loop detected: expansion of '", seen[0], "' does not terminate:"];
            for (at, step) in seen.iter().enumerate() {
                let mark = if *step == name {
                    " <=="
                } else if at + 1 == seen.len() {
                    " ==>"
                } else {
                    ""
                };
                text.extend_from_slice(&cat!["\n  ", step, mark]);
            }
            return Err(Fault::Fatal(text));
        }
        seen.push(name.clone());
        if let Some(shell) = expansion.strip_prefix(b"!") {
            return shell_alias(cx, shell, &words[1..]);
        }
        let Some(mut expanded) = split_words(&expansion) else {
            return Err(Fault::fatal(cat!["bad alias.", name, " string: unclosed quote"]));
        };
        if expanded.is_empty() {
            let text = "' failed; '' is not a git command\n";
            return Err(Fault::Plain(cat!["expansion of alias '", name, text], 1));
        }
        if expanded[0] == name {
            return Err(Fault::fatal(cat!["recursive alias: ", name]));
        }
        global_options(cx, &mut expanded)?;
        expanded.extend_from_slice(&words[1..]);
        words = expanded;
    }
}

fn settings(cx: &Cx<'_, '_>) -> Result<Config> {
    match Repo::open(cx.files(), cx.env(), cx.io.cwd(), &cx.global) {
        Ok(repo) => Ok(repo.config),
        Err(_) => Config::load(cx.files(), cx.env(), None, &cx.global.config),
    }
}

fn run(cx: &mut Cx<'_, '_>, command: &Command, args: &[Vec<u8>], pager: &mut Option<Pid>) -> Result<Next> {
    if args.len() == 1 && args[0] == b"-h" {
        return help(cx, command);
    }
    if args.len() == 1 && args[0] == b"--help" {
        return Err(Fault::gap(format!("the manual page of 'git {}'", command.name)));
    }
    start_pager(cx, command, pager)?;
    (command.main)(cx, args)
}

fn help(cx: &mut Cx<'_, '_>, command: &Command) -> Result<Next> {
    if command.help_on_stderr {
        cx.eprint(command.usage);
    } else {
        cx.print(command.usage);
    }
    Ok(Next::Exit(129))
}

/// Sends output through the pager, as real Git does: only when it is shown on a terminal.
fn start_pager(cx: &mut Cx<'_, '_>, command: &Command, pager: &mut Option<Pid>) -> Result<()> {
    if !cx.io.is_terminal(1) || cx.paged || cx.global.paginate == Some(false) {
        return Ok(());
    }
    let config = settings(cx)?;
    let setting = config.get(format!("pager.{}", command.name)).map(<[u8]>::to_vec);
    let wanted = match (cx.global.paginate, &setting) {
        (Some(paginate), _) => paginate,
        (None, Some(text)) => crate::config::parse_bool(Some(text)).unwrap_or(true),
        (None, None) => command.paged,
    };
    if !wanted {
        return Ok(());
    }
    let own = setting.filter(|text| crate::config::parse_bool(Some(text)).is_none());
    let var = |name: &str| cx.io.var(name).map(<[u8]>::to_vec);
    let program = own
        .or_else(|| var("GIT_PAGER"))
        .or_else(|| config.get("core.pager").map(<[u8]>::to_vec))
        .or_else(|| var("PAGER"))
        .unwrap_or_else(|| b"less".to_vec());
    if program.is_empty() || program == b"cat" {
        return Ok(());
    }
    let mut env = cx.env().clone();
    env.entry(b"LESS".to_vec()).or_insert_with(|| b"FRX".to_vec());
    env.entry(b"LV".to_vec()).or_insert_with(|| b"-c".to_vec());
    let simple = program
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
    let args = if simple {
        vec![program]
    } else {
        vec![b"sh".to_vec(), b"-c".to_vec(), program]
    };
    let (read, write) = cx.io.pipe();
    let spawn = Spawn {
        args,
        env: Some(env),
        fds: Some(vec![(0, read), (1, 1), (2, 2)]),
        ..Spawn::default()
    };
    // Without such a program output goes straight to the terminal.
    if let Ok(pid) = cx.io.spawn(spawn) {
        cx.io.duplicate_to(write, 1)?;
        *pager = Some(pid);
        cx.paged = true;
    }
    cx.io.close(read);
    cx.io.close(write);
    Ok(())
}

fn shell_alias(cx: &mut Cx<'_, '_>, command: &[u8], args: &[Vec<u8>]) -> Result<Next> {
    let repo = cx.repo().ok();
    let mut words = vec![b"sh".to_vec(), b"-c".to_vec()];
    if args.is_empty() {
        words.push(command.to_vec());
    } else {
        words.extend([cat![command, " \"$@\""], command.to_vec()]);
        words.extend_from_slice(args);
    }
    let mut spawn = Spawn {
        args: words,
        ..Spawn::default()
    };
    if let Some(repo) = repo {
        let mut env = cx.env().clone();
        env.insert(b"GIT_PREFIX".to_vec(), repo.prefix.clone());
        spawn.env = Some(env);
        spawn.cwd = repo.work_tree;
    }
    Ok(Next::Child(
        spawn,
        Then::new((), |(), _, outcome| match outcome {
            Outcome::Code(code) => Ok(Next::Exit(code)),
            _ => Ok(Next::Exit(1)),
        }),
    ))
}

fn unknown(cx: &mut Cx<'_, '_>, name: &[u8], config: &Config) -> Result<Next> {
    if ALL.split_whitespace().any(|known| known.as_bytes() == name) {
        return Err(Fault::gap(cat!["'", name, "'"]));
    }
    let aliases = config
        .entries
        .iter()
        .filter_map(|entry| entry.key.strip_prefix(b"alias."));
    let mut names: Vec<String> = ALL.split_whitespace().map(str::to_owned).collect();
    names.extend(aliases.map(lossy));
    let mut text = cat!["git: '", name, "' is not a git command. See 'git --help'.\n"];
    let best = similar::suggestions(&lossy(name), &names);
    if !best.is_empty() {
        let intro = if best.len() == 1 {
            "\nThe most similar command is\n"
        } else {
            "\nThe most similar commands are\n"
        };
        text.extend_from_slice(intro.as_bytes());
        for name in best {
            text.extend_from_slice(&cat!["\t", name, "\n"]);
        }
    }
    cx.eprint(text);
    Ok(Next::Exit(1))
}

/// Options before the command's name; they are removed. `Some`: there was nothing else to do.
fn global_options(cx: &mut Cx<'_, '_>, words: &mut Vec<Vec<u8>>) -> Result<Option<Next>> {
    let usage = HELP.split(USAGE_END).next().unwrap_or_default();
    let usage_fault = |message: Vec<u8>| Fault::Plain(cat![message, "\n", usage, "\n"], 129);
    while let Some(word) = words.first().filter(|word| word.starts_with(b"-")).cloned() {
        words.remove(0);
        let (name, value) = match crate::bytes::split_once(&word, b'=') {
            Some((name, value)) if word.starts_with(b"--") => (name.to_vec(), Some(value.to_vec())),
            _ => (word.clone(), None),
        };
        let mut take = |message: &str| match value.clone() {
            Some(value) => Ok(value),
            None if !words.is_empty() => Ok(words.remove(0)),
            None => Err(usage_fault(message.as_bytes().to_vec())),
        };
        match name.as_slice() {
            b"-v" | b"--version" => words.insert(0, b"version".to_vec()),
            b"-h" | b"--help" => words.insert(0, b"help".to_vec()),
            b"-C" => {
                let directory = take("no directory given for '-C' option")?;
                change_directory(cx, &directory)?;
            }
            b"-c" => {
                let setting = take("-c expects a configuration string")?;
                cx.global.config.push(setting);
            }
            b"--config-env" => {
                let setting = take("no config key given for --config-env")?;
                let setting = from_variable(cx, &setting)?;
                cx.global.config.push(setting);
            }
            b"--git-dir" => cx.global.git_dir = Some(take("no directory given for '--git-dir' option")?),
            b"--work-tree" => cx.global.work_tree = Some(take("no directory given for '--work-tree' option")?),
            b"-p" | b"--paginate" => cx.global.paginate = Some(true),
            b"-P" | b"--no-pager" => cx.global.paginate = Some(false),
            b"--bare" => cx.global.bare = true,
            b"--no-advice" => cx.global.no_advice = true,
            b"--literal-pathspecs" => cx.global.literal_pathspecs = true,
            b"--no-replace-objects" | b"--no-lazy-fetch" | b"--no-optional-locks" => {}
            b"--exec-path" if value.is_none() => {
                cx.print("/usr/lib/git-core\n");
                return Ok(Some(Next::Exit(0)));
            }
            b"--html-path"
            | b"--man-path"
            | b"--info-path"
            | b"--namespace"
            | b"--exec-path"
            | b"--super-prefix"
            | b"--list-cmds"
            | b"--attr-source"
            | b"--glob-pathspecs"
            | b"--noglob-pathspecs"
            | b"--icase-pathspecs" => return Err(Fault::gap(cat!["the option '", name, "'"])),
            _ => return Err(usage_fault(cat!["unknown option: ", word])),
        }
    }
    Ok(None)
}

/// `--config-env=KEY=VARIABLE` as the setting it means.
fn from_variable(cx: &Cx<'_, '_>, setting: &[u8]) -> Result<Vec<u8>> {
    let (key, variable) = match setting.iter().rposition(|b| *b == b'=') {
        Some(at) if at + 1 < setting.len() => (&setting[..at], lossy(&setting[at + 1..])),
        Some(at) => {
            let key = &setting[..at];
            let text = "missing environment variable name for configuration '";
            return Err(Fault::fatal(cat![text, key, "'"]));
        }
        None => return Err(Fault::fatal(cat!["invalid config format: ", setting])),
    };
    let Some(value) = cx.io.var(&variable) else {
        let text = format!("missing environment variable '{variable}' for configuration '");
        return Err(Fault::fatal(cat![text, key, "'"]));
    };
    Ok(cat![key, "=", value])
}

fn change_directory(cx: &mut Cx<'_, '_>, directory: &[u8]) -> Result<()> {
    if directory.is_empty() {
        return Ok(());
    }
    let full = path::join(cx.io.cwd(), directory);
    let target = cx
        .files()
        .canonicalize(&full)
        .and_then(|target| match cx.files().is_dir(&target) {
            true => Ok(target),
            false => Err(essaim_kernel::Errno::NotDirectory),
        });
    match target {
        Ok(target) => Ok(cx.io.set_cwd(target)?),
        Err(errno) => Err(Fault::fatal(cat![
            "cannot change to '",
            directory,
            "': ",
            errno.to_string()
        ])),
    }
}

/// Splits an alias into words, as a shell would (quotes and backslashes). `None`: a quote is not closed.
fn split_words(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (None, b' ' | b'\t' | b'\n') => words.extend(word.take()),
            (None, b'\'' | b'"') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (None | Some(b'"'), b'\\') => word.get_or_insert_default().push(bytes.next()?),
            (_, byte) => word.get_or_insert_default().push(byte),
        }
    }
    if quote.is_some() {
        return None;
    }
    words.extend(word);
    Some(words)
}

/// The words before the command of a command line, for completion: how many there are.
pub fn skip_global(words: &[Vec<u8>]) -> usize {
    let mut at = 0;
    while at < words.len() && words[at].starts_with(b"-") {
        at += if matches!(words[at].as_slice(), b"-C" | b"-c" | b"--git-dir" | b"--work-tree") {
            2
        } else {
            1
        };
    }
    at.min(words.len())
}

/// The options a command line starts from when there is none (views, facts).
pub fn no_options() -> Global {
    Global::default()
}

/// Commands that real Git has and that do not exist here, by name.
pub fn missing_commands() -> Vec<&'static str> {
    ALL.split_whitespace()
        .filter(|name| command::find(name.as_bytes()).is_none())
        .collect()
}

/// Options of the commands that exist here, as their usage texts name them, that do not work: (command, options).
pub fn missing_options() -> Vec<(&'static str, Vec<String>)> {
    let missing = |command: &Command| {
        let names = options::all_names(command.usage);
        let works = |name: &String| command.supported.iter().any(|known| *known == "*" || known == name);
        names.into_iter().filter(|name| !works(name)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = command::TABLE
        .iter()
        .map(|command| (command.name, missing(command)))
        .collect();
    all.retain(|(_, options)| !options.is_empty());
    all.small_sort();
    all
}
