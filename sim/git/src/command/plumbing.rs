//! What several commands that list things share: abbreviating, sorting, patterns.

use crate::cat;
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
pub(super) fn commits(
    cx: &mut Cx<'_, '_>,
    repo: &Repo,
    parsed: &crate::cli::options::Parsed,
    name: &str,
) -> Result<Vec<Oid>> {
    let mut found = Vec::new();
    for given in parsed
        .options
        .iter()
        .filter(|given| given.name == name && !given.negated)
    {
        let text = given.value.clone().unwrap_or_else(|| b"HEAD".to_vec());
        match with_resolver(cx, repo, |resolver| resolver.object(&text))? {
            None => return Err(Fault::Error(cat!["malformed object name ", text], 129)),
            Some(oid) => match peel(cx, repo, oid, Some(Kind::Commit)) {
                Some(commit) => found.push(commit),
                None => return Err(Fault::Error(cat!["no such commit ", text], 129)),
            },
        }
    }
    Ok(found)
}
