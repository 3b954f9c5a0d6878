//! What several commands that list things share: abbreviating, sorting, patterns.

use crate::cat;
use crate::cli::options::Parsed;
use crate::fault::{Fault, Result};
use crate::object::Kind;
use crate::oid::Oid;
use crate::process::Cx;
use crate::repo::Repo;
use crate::revision::with_resolver;

/// The object of a name, or `fatal: Not a valid object name x`.
pub(super) fn object(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Oid> {
    with_resolver(cx, repo, |resolver| {
        let Some(oid) = resolver.object(name)? else {
            resolver.diagnose(name)?;
            return Err(Fault::fatal(cat!["Not a valid object name ", name]));
        };
        Ok(oid)
    })
}

/// The commit of a name; `None`: it names none.
pub(super) fn commit(cx: &mut Cx<'_, '_>, repo: &Repo, name: &[u8]) -> Result<Option<Oid>> {
    with_resolver(cx, repo, |resolver| resolver.commit(name))
}

/// Follows tags to what they name.
pub(super) fn peel(cx: &Cx<'_, '_>, repo: &Repo, oid: Oid, kind: Option<Kind>) -> Option<Oid> {
    crate::revision::Resolver::new(repo, cx.files(), cx.clock()).peel(oid, kind)
}

/// The commits of options such as `--contains x`; an option without a value means `HEAD`.
pub(super) fn commits(cx: &mut Cx<'_, '_>, repo: &Repo, parsed: &Parsed, name: &str) -> Result<Vec<Oid>> {
    let mut found = Vec::new();
    for given in parsed
        .options
        .iter()
        .filter(|given| given.name == name && !given.negated)
    {
        let text = given.value.clone().unwrap_or_else(|| b"HEAD".to_vec());
        match with_resolver(cx, repo, |resolver| resolver.object(&text))? {
            None if name.ends_with("merged") => return Err(Fault::fatal(cat!["malformed object name ", text])),
            None => return Err(Fault::Error(cat!["malformed object name ", text], 129)),
            Some(oid) => match peel(cx, repo, oid, Some(Kind::Commit)) {
                Some(commit) => found.push(commit),
                None => return Err(Fault::Error(cat!["no such commit ", text], 129)),
            },
        }
    }
    Ok(found)
}

/// Fills the `%(field)`s of a format of `ls-files` or `ls-tree`. `get` gives `None` for a field that does not exist.
pub(super) fn fill(format: &[u8], command: &str, get: impl Fn(&[u8]) -> Result<Option<Vec<u8>>>) -> Result<Vec<u8>> {
    let bad = |what: Vec<u8>| Fault::fatal(cat![format!("bad {command} format: "), what]);
    let mut out = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.iter().position(|b| *b == b'%') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let byte = |from: usize| {
            let digits = core::str::from_utf8(rest.get(from..from + 2)?).ok()?;
            u8::from_str_radix(digits, 16).ok()
        };
        match rest.first() {
            Some(b'n') => {
                out.push(b'\n');
                rest = &rest[1..];
            }
            Some(b'x') if let Some(byte) = byte(1) => {
                out.push(byte);
                rest = &rest[3..];
            }
            Some(b'%') => {
                out.push(b'%');
                rest = &rest[1..];
            }
            Some(b'(') => {
                let Some(close) = rest.iter().position(|b| *b == b')') else {
                    return Err(bad(cat!["element '", rest, "' does not end in ')'"]));
                };
                match get(&rest[1..close])? {
                    Some(value) => out.extend_from_slice(&value),
                    None => return Err(bad(cat!["%", rest[..=close]])),
                }
                rest = &rest[close + 1..];
            }
            _ => return Err(bad(cat!["element '", rest, "' does not start with '('"])),
        }
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// Whether names are laid out in columns: `--column`, `column.COMMAND`, `column.ui`.
pub(super) fn columns_wanted(cx: &Cx<'_, '_>, repo: &Repo, parsed: &Parsed, command: &str) -> Result<bool> {
    let words = match parsed.flag("column") {
        Some(false) => return Ok(false),
        Some(true) => match parsed.value("column") {
            None => return Ok(true),
            Some(words) => Some(words.to_vec()),
        },
        None => {
            let own = repo.config.get(format!("column.{command}"));
            own.or_else(|| repo.config.get("column.ui")).map(<[u8]>::to_vec)
        }
    };
    let given = parsed.flag("column").is_some();
    let mut wanted = given;
    for word in words.unwrap_or_default().split(|b| matches!(b, b' ' | b',')) {
        match word {
            b"always" => wanted = true,
            b"never" => wanted = false,
            b"auto" => wanted = cx.is_terminal(),
            b"" | b"plain" | b"column" | b"row" | b"dense" | b"nodense" => {}
            word if given => return Err(Fault::Error(cat!["unsupported option '", word, "'"], 129)),
            _ => {}
        }
    }
    Ok(wanted)
}

/// `--color`, checked.
pub(super) fn color_option(parsed: &Parsed) -> Result<Option<&[u8]>> {
    match (parsed.flag("color"), parsed.value("color")) {
        (None, _) => Ok(None),
        (Some(false), _) => Ok(Some(b"never")),
        (Some(true), None) => Ok(Some(b"always")),
        (Some(true), value @ Some(b"always" | b"auto" | b"never")) => Ok(value),
        _ => {
            let text = b"option `color' expects \"always\", \"auto\", or \"never\"";
            Err(Fault::Error(text.to_vec(), 129))
        }
    }
}
