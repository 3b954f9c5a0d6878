//! `--stdin`: many references at once, all or none.

use super::{check_object, delete};
use crate::bytes::split_once;
use crate::cat;
use crate::fault::{Fault, Result};
use crate::oid::Oid;
use crate::process::{Cx, Next, Outcome};
use crate::refs::{Update, check_format};
use crate::repo::Repo;
use crate::revision::with_resolver;
use essaim_kernel::SmallSort;

/// What standard input will be read for.
#[derive(Clone)]
pub(super) struct Orders {
    repo: Repo,
    message: Vec<u8>,
    no_deref: bool,
    create_log: bool,
    nul: bool,
}

impl Orders {
    pub(super) fn new(repo: Repo, message: Vec<u8>, no_deref: bool, create_log: bool, nul: bool) -> Self {
        Self {
            repo,
            message,
            no_deref,
            create_log,
            nul,
        }
    }
}

/// What becomes of one reference.
enum Wish {
    Value(Oid),
    Symbolic(Vec<u8>),
    Gone,
    /// Only looked at.
    Same,
}

struct Order {
    name: Vec<u8>,
    wish: Wish,
    old: Option<Oid>,
    no_deref: bool,
}

/// The lines of the input, and where in it one is.
struct Input<'a> {
    rest: &'a [u8],
    nul: bool,
}

impl<'a> Input<'a> {
    /// The next command: its word, and what follows on its line.
    fn command(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = if self.nul { b'\0' } else { b'\n' };
        let at = self.rest.iter().position(|b| *b == end);
        let line = &self.rest[..at.unwrap_or(self.rest.len())];
        self.rest = at.map_or(b"", |at| &self.rest[at + 1..]);
        Some(line)
    }

    /// The next argument of a command whose arguments end with zero bytes.
    fn next_zero_ended(&mut self) -> Option<&'a [u8]> {
        self.command()
    }
}

/// Reads everything, then does everything.
pub(super) fn run(orders: Orders, cx: &mut Cx<'_, '_>, outcome: Outcome) -> Result<Next> {
    let Outcome::Input(text) = outcome else {
        return Ok(Next::Exit(1));
    };
    let mut input = Input {
        rest: &text,
        nul: orders.nul,
    };
    let mut list: Vec<Order> = Vec::new();
    let (mut explicit, mut no_deref) = (false, orders.no_deref);
    while let Some(line) = input.command() {
        let (word, rest) = split_once(line, b' ').unwrap_or((line, b""));
        match word {
            b"" if line.is_empty() => return Err(Fault::fatal("empty command in input")),
            b"" => return Err(Fault::fatal(cat!["whitespace before command: ", line, "\n"])),
            b"option" if rest == b"no-deref" => {
                no_deref = true;
                continue;
            }
            b"option" => return Err(Fault::fatal(cat!["option unknown: ", rest])),
            b"start" | b"prepare" | b"commit" | b"abort" => {
                match word {
                    b"start" => explicit = true,
                    b"commit" => {
                        carry_out(cx, &orders, &list)?;
                        list.clear();
                    }
                    b"abort" => list.clear(),
                    _ => check(cx, &orders, &list)?,
                }
                cx.print(cat![word, ": ok\n"]);
            }
            _ => list.push(order(cx, &orders, &mut input, word, rest, no_deref)?),
        }
        no_deref = orders.no_deref;
    }
    if !explicit {
        carry_out(cx, &orders, &list)?;
    }
    Ok(Next::Exit(0))
}

/// One command about one reference.
fn order<'a>(
    cx: &mut Cx<'_, '_>,
    orders: &Orders,
    input: &mut Input<'a>,
    word: &[u8],
    rest: &'a [u8],
    no_deref: bool,
) -> Result<Order> {
    let (least, most) = match word {
        b"update" => (1, 2),
        b"create" => (1, 1),
        b"delete" | b"verify" => (0, 1),
        b"symref-create" | b"symref-update" => (1, 1),
        b"symref-delete" => (0, 0),
        _ => return Err(Fault::fatal(cat!["unknown command: ", word, " ", rest, "\n"])),
    };
    let (name, values) = arguments(input, rest, most);
    if name.is_empty() {
        return Err(Fault::fatal(cat![word, ": missing <ref>"]));
    }
    if !check_format(&name, true) {
        return Err(Fault::fatal(cat!["invalid ref format: ", name]));
    }
    let what = |at: usize| match (word, at) {
        (b"delete" | b"verify", _) | (_, 1) => "<old-oid>",
        (b"symref-create" | b"symref-update", _) => "<new-target>",
        _ => "<new-oid>",
    };
    if values.len() < least {
        return Err(Fault::fatal(cat![word, " ", name, ": missing ", what(0)]));
    }
    if values.len() > most {
        let extra = values[most..].join(b" ".as_slice());
        return Err(Fault::fatal(cat![word, " ", name, ": extra input:  ", extra, "\n"]));
    }
    let mut oid = |at: usize| -> Result<Option<Oid>> {
        let Some(text) = values.get(at).filter(|text| !(orders.nul && text.is_empty())) else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(Some(Oid::NULL));
        }
        let found = with_resolver(cx, &orders.repo, |resolver| resolver.object(text))?;
        let invalid = || Fault::fatal(cat![word, " ", name, ": invalid ", what(at), ": ", text]);
        Ok(Some(found.ok_or_else(invalid)?))
    };
    let (wish, old) = match word {
        b"update" => match oid(0)?.unwrap_or(Oid::NULL) {
            Oid::NULL => (Wish::Gone, oid(1)?),
            new => (Wish::Value(new), oid(1)?),
        },
        b"create" => (Wish::Value(oid(0)?.unwrap_or(Oid::NULL)), Some(Oid::NULL)),
        b"delete" => (Wish::Gone, oid(0)?),
        b"verify" => (Wish::Same, Some(oid(0)?.unwrap_or(Oid::NULL))),
        b"symref-delete" => (Wish::Gone, None),
        b"symref-create" => (Wish::Symbolic(values[0].clone()), Some(Oid::NULL)),
        _ => (Wish::Symbolic(values[0].clone()), None),
    };
    Ok(Order {
        name,
        wish,
        old,
        no_deref: no_deref || word.starts_with(b"symref-"),
    })
}

/// The reference and the values behind it.
fn arguments(input: &mut Input<'_>, rest: &[u8], most: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    if input.nul {
        let mut values = Vec::new();
        for _ in 0..most {
            values.extend(input.next_zero_ended().map(<[u8]>::to_vec));
        }
        return (rest.to_vec(), values);
    }
    let mut words = rest.split(|b| *b == b' ').map(<[u8]>::to_vec);
    let name = words.next().unwrap_or_default();
    (name, words.collect())
}

/// Whether all of it can be done.
fn check(cx: &Cx<'_, '_>, orders: &Orders, list: &[Order]) -> Result<()> {
    let refs = &orders.repo.refs;
    let mut names: Vec<&[u8]> = list.iter().map(|order| order.name.as_slice()).collect();
    names.small_sort();
    if let Some([twice, _]) = names.array_windows().find(|[a, b]| a == b) {
        return Err(Fault::fatal(cat!["multiple updates for ref '", twice, "' not allowed"]));
    }
    for order in list {
        let current = refs.oid(cx.files(), &order.name);
        refs.check_expected(&order.name, current, order.old)?;
        if let Wish::Value(new) = order.wish {
            check_object(cx, &orders.repo, &order.name, &new)?;
            refs.check_conflict(cx.files(), &order.name)?;
        }
    }
    Ok(())
}

fn carry_out(cx: &mut Cx<'_, '_>, orders: &Orders, list: &[Order]) -> Result<()> {
    check(cx, orders, list)?;
    let repo = &orders.repo;
    let who = cx.log_identity(repo)?;
    for order in list {
        match &order.wish {
            Wish::Same => {}
            Wish::Gone => delete(cx, repo, &order.name, order.old, &orders.message, order.no_deref)?,
            Wish::Symbolic(target) => {
                let log = Some((orders.message.as_slice(), &who));
                repo.refs.set_symbolic(cx.files_mut(), &order.name, target, log)?;
            }
            Wish::Value(new) => {
                let update = Update {
                    name: &order.name,
                    new: *new,
                    old: None,
                    message: &orders.message,
                    who: &who,
                    no_deref: order.no_deref,
                    create_log: orders.create_log,
                };
                repo.refs.update(cx.files_mut(), &update)?;
            }
        }
    }
    Ok(())
}
