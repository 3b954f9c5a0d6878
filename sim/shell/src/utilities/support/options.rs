//! Command-line options as GNU's `getopt_long(3)` reads them: clusters of short options, unique prefixes of long
//! ones, `--long=value`, `--`, and operands that may stand between options.

use super::text::lossy;
use super::utility::Utility;
use essaim_kernel::{Call, Io};

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// It is a switch.
    Nothing,
    /// It must have one.
    Value,
    /// It may have one, joined to it.
    Optional,
}

/// One option of a command.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// The letter, or nothing.
    pub short: &'static str,
    /// The long name without dashes, or nothing.
    pub long: &'static str,
    /// Whether it takes a value.
    pub takes: Takes,
    /// `false`: it exists in the real tool and not here.
    pub simulated: bool,
}

impl Opt {
    /// What the option is called in [`Parsed`]: the long name, or the letter where there is none.
    pub const fn key(&self) -> &'static str {
        if self.long.is_empty() { self.short } else { self.long }
    }
}

const fn opt(short: &'static str, long: &'static str, takes: Takes, simulated: bool) -> Opt {
    Opt {
        short,
        long,
        takes,
        simulated,
    }
}

/// A switch.
pub const fn flag(short: &'static str, long: &'static str) -> Opt {
    opt(short, long, Takes::Nothing, true)
}

/// An option with a value.
pub const fn value(short: &'static str, long: &'static str) -> Opt {
    opt(short, long, Takes::Value, true)
}

/// An option with an optional value.
pub const fn optional(short: &'static str, long: &'static str) -> Opt {
    opt(short, long, Takes::Optional, true)
}

/// A switch the real tool has and this one does not.
pub const fn missing(short: &'static str, long: &'static str) -> Opt {
    opt(short, long, Takes::Nothing, false)
}

/// An option with a value that the real tool has and this one does not.
pub const fn missing_value(short: &'static str, long: &'static str) -> Opt {
    opt(short, long, Takes::Optional, false)
}

/// A command line, read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// Options in the order given, by [`Opt::key`].
    pub given: Vec<(&'static str, Option<Vec<u8>>)>,
    /// What is not an option.
    pub operands: Vec<Vec<u8>>,
}

impl Parsed {
    /// Whether the option was given.
    pub fn has(&self, key: &str) -> bool {
        self.given.iter().any(|(k, _)| *k == key)
    }

    /// The value of the last time the option was given.
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.given
            .iter()
            .rev()
            .find(|(k, _)| *k == key)
            .and_then(|(_, v)| v.as_deref())
    }

    /// All values of an option.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.given
            .iter()
            .filter(move |(k, _)| *k == key)
            .filter_map(|(_, v)| v.as_deref())
    }

    /// Whichever of the options was given last.
    pub fn last_of(&self, keys: &[&str]) -> Option<&'static str> {
        self.given.iter().rev().map(|(k, _)| *k).find(|k| keys.contains(k))
    }
}

/// Reads a command line. `Err` holds the exit code: an error, `--help` or `--version` was printed.
pub fn parse(utility: &Utility, call: &Call, io: &mut Io<'_>) -> Result<Parsed, u8> {
    let args: Vec<Vec<u8>> = call.args.iter().skip(1).cloned().collect();
    parse_args(utility, &args, call, io)
}

/// As [`parse`], with arguments that were changed first (old forms such as `head -5`).
pub fn parse_args(utility: &Utility, args: &[Vec<u8>], call: &Call, io: &mut Io<'_>) -> Result<Parsed, u8> {
    let mut parser = Parser {
        utility,
        args: args.iter(),
        parsed: Parsed::default(),
    };
    match parser.run() {
        Ok(()) => Ok(parser.parsed),
        Err(Stop::Help) => {
            io.print(utility.help());
            Err(0)
        }
        Err(Stop::Version) => {
            io.print(utility.version());
            Err(0)
        }
        Err(Stop::Missing(option)) => {
            io.eprint(format!(
                "{}: option '{option}' exists in {}, not simulated here\n",
                utility.called(call),
                utility.package
            ));
            Err(utility.usage_status)
        }
        Err(Stop::Error(message)) => Err(utility.usage_error(call, io, &message)),
    }
}

enum Stop {
    Help,
    Version,
    Missing(String),
    Error(String),
}

struct Parser<'a> {
    utility: &'a Utility,
    args: std::slice::Iter<'a, Vec<u8>>,
    parsed: Parsed,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        while let Some(arg) = self.args.next() {
            if arg == b"--" {
                break;
            } else if let Some(long) = arg.strip_prefix(b"--") {
                self.long(long)?;
            } else if arg.len() > 1 && arg[0] == b'-' {
                self.cluster(&arg[1..])?;
            } else {
                self.parsed.operands.push(arg.clone());
                if self.utility.stops_at_operand {
                    break;
                }
            }
        }
        self.parsed.operands.extend(self.args.by_ref().cloned());
        Ok(())
    }

    fn long(&mut self, text: &[u8]) -> Result<(), Stop> {
        let (name, joined) = match text.iter().position(|b| *b == b'=') {
            Some(at) => (&text[..at], Some(text[at + 1..].to_vec())),
            None => (text, None),
        };
        let name = lossy(name);
        let own = self.utility.options.iter().filter(|o| !o.long.is_empty());
        let found: Vec<&Opt> = own.filter(|o| o.long.starts_with(&name)).collect();
        let exact = found.iter().find(|o| o.long == name).copied();
        let fixed: Vec<&str> = ["help", "version"]
            .into_iter()
            .filter(|o| o.starts_with(&name))
            .collect();
        let option = match (exact, found.as_slice(), fixed.as_slice()) {
            (Some(option), _, _) => option,
            (None, [], ["help"]) => return Err(Stop::Help),
            (None, [], ["version"]) => return Err(Stop::Version),
            (None, _, fixed) if fixed.contains(&name.as_str()) => {
                return Err(if name == "help" { Stop::Help } else { Stop::Version });
            }
            (None, [option], []) => option,
            (None, [], []) => return Err(Stop::Error(format!("unrecognized option '--{}'", lossy(text)))),
            (None, several, fixed) => {
                let names = several.iter().map(|o| o.long).chain(fixed.iter().copied());
                let names: Vec<String> = names.map(|o| format!("'--{o}'")).collect();
                return Err(Stop::Error(format!(
                    "option '--{}' is ambiguous; possibilities: {}",
                    lossy(text),
                    names.join(" ")
                )));
            }
        };
        let long = option.long;
        if !option.simulated {
            return Err(Stop::Missing(format!("--{long}")));
        }
        let value = match (option.takes, joined) {
            (Takes::Nothing, Some(_)) => {
                return Err(Stop::Error(format!("option '--{long}' doesn't allow an argument")));
            }
            (Takes::Value, None) => match self.args.next() {
                Some(value) => Some(value.clone()),
                None => return Err(Stop::Error(format!("option '--{long}' requires an argument"))),
            },
            (_, joined) => joined,
        };
        self.parsed.given.push((option.key(), value));
        Ok(())
    }

    fn cluster(&mut self, letters: &[u8]) -> Result<(), Stop> {
        let mut rest = letters;
        while let [letter, after @ ..] = rest {
            rest = after;
            let matches = |o: &&Opt| o.short.as_bytes() == [*letter];
            let Some(option) = self.utility.options.iter().find(matches) else {
                return Err(Stop::Error(format!("invalid option -- '{}'", lossy(&[*letter]))));
            };
            if !option.simulated {
                return Err(Stop::Missing(format!("-{}", option.short)));
            }
            let value = match option.takes {
                Takes::Nothing => None,
                Takes::Optional | Takes::Value if !rest.is_empty() => Some(std::mem::take(&mut rest).to_vec()),
                Takes::Optional => None,
                Takes::Value => match self.args.next() {
                    Some(value) => Some(value.clone()),
                    None => {
                        return Err(Stop::Error(format!(
                            "option requires an argument -- '{}'",
                            option.short
                        )));
                    }
                },
            };
            self.parsed.given.push((option.key(), value));
        }
        Ok(())
    }
}
