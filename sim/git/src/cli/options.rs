//! Git's option parser, driven by the usage texts that Git itself prints.
//!
//! A usage text says which options exist, which of them take a value and which can be negated; so a typo, an
//! abbreviation and an option that is not simulated here are told apart without a second table.

use crate::cat;
use crate::fault::{Fault, Result};

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    None,
    Required,
    Optional,
}

/// An option a usage text names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known<'a> {
    short: Option<u8>,
    /// Without `--` and `[no-]`.
    long: Option<&'a str>,
    negatable: bool,
    value: Value,
}

/// An option that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its long name, or its letter where it has none.
    pub name: String,
    /// `--no-…`.
    pub negated: bool,
    /// Its value.
    pub value: Option<Vec<u8>>,
}

/// A command line, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The options, in order.
    pub options: Vec<Given>,
    /// What is not an option.
    pub args: Vec<Vec<u8>>,
    /// How many of `args` came before `--`, where it was given.
    pub dash_dash: Option<usize>,
    /// The paths that `--pathspec-from-file` holds, once they were read.
    pub paths: Option<Vec<Vec<u8>>>,
    /// What standard input held, where an option asked for it.
    pub input: Option<Vec<u8>>,
}

/// How to read a command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Syntax<'a> {
    /// The command: `add`.
    pub command: &'a str,
    /// Its usage text.
    pub usage: &'a str,
    /// Names (long, or the letter) of the options that work here; `["*"]`: all of them.
    pub supported: &'a [&'a str],
    /// Options the usage text hides, in its own notation: `--foo <x>`.
    pub hidden: &'a str,
    /// Options end at the first argument (subcommands, `git config` …).
    pub stop_at_argument: bool,
    /// Options that are not known are kept as arguments (the diff options of `git log`).
    pub keep_unknown: bool,
}

impl Parsed {
    /// Whether an option was given, the last one counting: `--x` yes, `--no-x` no.
    pub fn has(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// The last word on an option; `None`: not given.
    pub fn flag(&self, name: &str) -> Option<bool> {
        let last = self.options.iter().rev().find(|given| given.name == name)?;
        Some(!last.negated)
    }

    /// The last value of an option; `--no-x` takes it back.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        let last = self.options.iter().rev().find(|given| given.name == name)?;
        if last.negated { None } else { last.value.as_deref() }
    }

    /// All values of an option since the last `--no-x`.
    pub fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        for given in self.options.iter().filter(|given| given.name == name) {
            if given.negated {
                values.clear();
            } else {
                values.extend(given.value.clone());
            }
        }
        values
    }

    /// How often an option was given since its last negation.
    pub fn count(&self, name: &str) -> usize {
        let mut count = 0;
        for given in self.options.iter().filter(|given| given.name == name) {
            count = if given.negated { 0 } else { count + 1 };
        }
        count
    }

    /// A numeric value.
    pub fn number(&self, name: &str) -> Result<Option<i64>> {
        match self.value(name) {
            None => Ok(None),
            Some(text) => crate::config::parse_int(text).map(Some).ok_or_else(|| {
                let shown = if name.len() == 1 {
                    format!("switch `{name}'")
                } else {
                    format!("option `{name}'")
                };
                Fault::Error(
                    cat![shown, " expects an integer value with an optional k/m/g suffix"],
                    129,
                )
            }),
        }
    }

    /// The arguments before and after `--`.
    pub fn split(&self) -> (&[Vec<u8>], Option<&[Vec<u8>]>) {
        match self.dash_dash {
            Some(at) => (&self.args[..at], Some(&self.args[at..])),
            None => (&self.args, None),
        }
    }
}

/// The options a usage text names.
fn known(usage: &str) -> Vec<Known<'_>> {
    let mut options = Vec::new();
    for line in usage.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        if !line.starts_with('-') {
            continue;
        }
        // The description begins after two spaces, or in column 27.
        let spec = line.split("  ").next().unwrap_or_default();
        let mut option = Known {
            short: None,
            long: None,
            negatable: false,
            value: Value::None,
        };
        let mut rest = spec;
        if let Some(after) = rest.strip_prefix('-')
            && !after.starts_with('-')
        {
            option.short = after.bytes().next();
            rest = after.get(1..).unwrap_or_default();
            rest = rest.strip_prefix(", ").unwrap_or(rest);
        }
        if let Some(after) = rest.strip_prefix("--") {
            let after = match after.strip_prefix("[no-]") {
                Some(after) => {
                    option.negatable = true;
                    after
                }
                None => after,
            };
            let end = after.find([' ', '=', '[']).unwrap_or(after.len());
            option.long = Some(&after[..end]);
            rest = &after[end..];
        }
        option.value = match rest.as_bytes() {
            [b'[', ..] => Value::Optional,
            [b' ', b'<' | b'(' | b'[', ..] | [b'=', ..] => Value::Required,
            _ => Value::None,
        };
        // `--[no-]ignore-removal ignore paths …`: the description follows after one space.
        options.push(option);
    }
    options
}

struct Parser<'a, 's> {
    syntax: &'a Syntax<'s>,
    options: Vec<Known<'s>>,
    parsed: Parsed,
}

/// Reads the words after the command's name.
pub fn parse(syntax: &Syntax<'_>, words: &[Vec<u8>]) -> Result<Parsed> {
    let mut options = known(syntax.usage);
    options.extend(known(syntax.hidden));
    let mut parser = Parser {
        syntax,
        options,
        parsed: Parsed::default(),
    };
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        at += 1;
        match word.as_slice() {
            b"--" => {
                parser.parsed.dash_dash = Some(parser.parsed.args.len());
                parser.parsed.args.extend_from_slice(&words[at..]);
                break;
            }
            [b'-', b'-', long @ ..] => parser.long(long, words, &mut at)?,
            [b'-', shorts @ ..] if !shorts.is_empty() => parser.shorts(word, shorts, words, &mut at)?,
            _ => {
                parser.parsed.args.push(word.clone());
                if syntax.stop_at_argument {
                    parser.parsed.args.extend_from_slice(&words[at..]);
                    break;
                }
            }
        }
    }
    Ok(parser.parsed)
}

/// `error: MESSAGE`, the usage text, exit code 129.
pub fn usage_error(message: impl AsRef<[u8]>, usage: &str) -> Fault {
    Fault::Plain(cat!["error: ", message.as_ref(), "\n", usage], 129)
}

/// `fatal: MESSAGE`, an empty line, the usage text, exit code 129.
pub fn usage_fatal(message: impl AsRef<[u8]>, usage: &str) -> Fault {
    Fault::Plain(cat!["fatal: ", message.as_ref(), "\n\n", usage], 129)
}

/// Options that may stand last without the value they otherwise need: it is `HEAD` then.
const HEAD_WHEN_LAST: [&str; 7] = [
    "contains",
    "no-contains",
    "merged",
    "no-merged",
    "points-at",
    "with",
    "without",
];

/// The usage text on standard error, exit code 129.
pub fn usage_only(usage: &str) -> Fault {
    Fault::Plain(usage.as_bytes().to_vec(), 129)
}

impl<'s> Parser<'_, 's> {
    fn push(&mut self, known: &Known<'s>, negated: bool, value: Option<Vec<u8>>) -> Result<()> {
        let letter = known
            .short
            .map(|short| char::from(short).to_string())
            .unwrap_or_default();
        let name = known.long.map_or(letter, str::to_owned);
        let works = self
            .syntax
            .supported
            .iter()
            .any(|supported| *supported == "*" || *supported == name);
        if !works {
            let dashes = if known.long.is_some() { "--" } else { "-" };
            let no = if negated { "no-" } else { "" };
            return Err(Fault::gap(format!("'{} {dashes}{no}{name}'", self.syntax.command)));
        }
        self.parsed.options.push(Given { name, negated, value });
        Ok(())
    }

    fn long(&mut self, text: &[u8], words: &[Vec<u8>], at: &mut usize) -> Result<()> {
        let (name, value) = match text.iter().position(|b| *b == b'=') {
            Some(equals) => (&text[..equals], Some(text[equals + 1..].to_vec())),
            None => (text, None),
        };
        let Some((known, negated)) = self.find_long(name)? else {
            if self.syntax.keep_unknown {
                self.parsed.args.push(words[*at - 1].clone());
                return Ok(());
            }
            if name == b"help" && value.is_none() {
                return Err(Fault::gap(format!("the manual page of 'git {}'", self.syntax.command)));
            }
            return Err(usage_error(cat!["unknown option `", text, "'"], self.syntax.usage));
        };
        let long = known.long.unwrap_or_default();
        let no = if negated { "no-" } else { "" };
        let value = match (known.value, value, negated) {
            (Value::None, Some(_), _) | (_, Some(_), true) => {
                return Err(Fault::Error(cat!["option `", no, long, "' takes no value"], 129));
            }
            (Value::Required, None, false) => {
                if *at >= words.len() && HEAD_WHEN_LAST.contains(&long) {
                    return self.push(&known, negated, None);
                }
                if *at >= words.len() {
                    return Err(Fault::Error(cat!["option `", long, "' requires a value"], 129));
                }
                *at += 1;
                Some(words[*at - 1].clone())
            }
            (_, value, _) => value,
        };
        self.push(&known, negated, value)
    }

    /// An exact name, or the only one it abbreviates.
    fn find_long(&self, name: &[u8]) -> Result<Option<(Known<'s>, bool)>> {
        let mut partial: Vec<(Known<'s>, bool)> = Vec::new();
        for option in self.options.iter().filter(|option| option.long.is_some()) {
            let long = option.long.unwrap_or_default().as_bytes();
            if long == name {
                return Ok(Some((option.clone(), false)));
            }
            let negated = cat!["no-", long];
            if option.negatable && negated == name {
                return Ok(Some((option.clone(), true)));
            }
            // An option that is itself called `no-x` is undone by `x`.
            if option.negatable && long.strip_prefix(b"no-") == Some(name) {
                return Ok(Some((option.clone(), true)));
            }
            if long.starts_with(name) {
                partial.push((option.clone(), false));
            } else if option.negatable && negated.starts_with(name) && name.starts_with(b"no-") {
                partial.push((option.clone(), true));
            }
        }
        match partial.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only.clone())),
            [first, .., last] => {
                let show = |(option, negated): &(Known<'s>, bool)| {
                    cat![if *negated { "no-" } else { "" }, option.long.unwrap_or_default()]
                };
                let message = cat![
                    "ambiguous option: ",
                    name,
                    " (could be --",
                    show(first),
                    " or --",
                    show(last),
                    ")"
                ];
                Err(usage_error(message, self.syntax.usage))
            }
        }
    }

    fn shorts(&mut self, word: &[u8], shorts: &[u8], words: &[Vec<u8>], at: &mut usize) -> Result<()> {
        let mut rest = shorts;
        while let Some(letter) = rest.first().copied() {
            rest = &rest[1..];
            let Some(known) = self.options.iter().find(|option| option.short == Some(letter)).cloned() else {
                return self.unknown_short(word, letter, rest.len() + 1 == shorts.len());
            };
            let value = match known.value {
                Value::None => None,
                Value::Optional if rest.is_empty() => None,
                _ if !rest.is_empty() => Some(std::mem::take(&mut rest).to_vec()),
                _ if *at < words.len() => {
                    *at += 1;
                    Some(words[*at - 1].clone())
                }
                _ => {
                    let message = format!("switch `{}' requires a value", char::from(letter));
                    return Err(Fault::Error(message.into_bytes(), 129));
                }
            };
            self.push(&known, false, value)?;
            if word.len() > 2 && rest.len() + 1 == shorts.len() {
                self.check_typo(&word[1..])?;
            }
        }
        Ok(())
    }

    fn unknown_short(&mut self, word: &[u8], letter: u8, first: bool) -> Result<()> {
        if self.syntax.keep_unknown && first {
            self.parsed.args.push(word.to_vec());
            return Ok(());
        }
        if first {
            self.check_typo(&word[1..])?;
        }
        if letter == b'h' {
            return Err(usage_only(self.syntax.usage));
        }
        if !letter.is_ascii() {
            let message = cat!["unknown non-ascii option in string: `", &word, "'"];
            return Err(usage_error(message, self.syntax.usage));
        }
        let message = format!("unknown switch `{}'", char::from(letter));
        Err(usage_error(message, self.syntax.usage))
    }

    /// `-amend` for `--amend`.
    fn check_typo(&self, word: &[u8]) -> Result<()> {
        if word.len() < 3 {
            return Ok(());
        }
        let meant = word.starts_with(b"no-")
            || self
                .options
                .iter()
                .any(|option| option.long.is_some_and(|long| long.as_bytes().starts_with(word)));
        if meant {
            let message = cat!["did you mean `--", word, "` (with two dashes)?"];
            return Err(Fault::Error(message, 129));
        }
        Ok(())
    }
}

/// The names of the options of a usage text as they are typed, for completion.
pub fn names(usage: &str) -> Vec<String> {
    let mut names = Vec::new();
    for option in known(usage) {
        if let Some(long) = option.long {
            let equals = if option.value == Value::Required { "=" } else { "" };
            names.push(format!("--{long}{equals}"));
        }
    }
    names
}

/// The names (long, or the letter) of the options of a usage text.
pub fn all_names(usage: &str) -> Vec<String> {
    let name = |option: &Known<'_>| match (option.long, option.short) {
        (Some(long), _) => Some(long.to_owned()),
        (None, Some(b'<') | None) => None,
        (None, Some(short)) => Some(char::from(short).to_string()),
    };
    known(usage).iter().filter_map(name).collect()
}
