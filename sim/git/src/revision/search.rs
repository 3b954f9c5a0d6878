//! Commits by their message or by the first digits of their id.

use super::{Hint, Resolver};
use crate::cat;
use crate::date;
use crate::fault::Result;
use crate::object::Kind;
use crate::oid::Oid;
use crate::regex::Regex;
use crate::walk::History;
use essaim_kernel::{IntoTree, SmallSort};
use std::collections::BTreeSet;

impl Resolver<'_> {
    /// The first commit behind `tips` whose message matches; `!-` negates, `!!` is a `!`.
    ///
    /// Git 2.47 begins with the oldest of the tips, and goes on with the youngest of their parents.
    pub(super) fn search(&self, tips: &[Oid], pattern: &[u8]) -> Result<Option<Oid>> {
        let (pattern, negated) = match pattern {
            [b'!', b'!', ..] => (&pattern[1..], false),
            [b'!', b'-', rest @ ..] => (rest, true),
            [b'!', ..] => return Ok(None),
            pattern => (pattern, false),
        };
        let Some(regex) = Regex::extended(pattern, false) else {
            return Ok(None);
        };
        let mut history = History::new(&self.repo.store, self.files);
        let mut list: Vec<(i64, Oid)> = Vec::new();
        for tip in tips {
            list.push((history.commit(tip)?.committer.seconds, *tip));
        }
        list.small_sort_by_key(|(seconds, _)| *seconds);
        let mut seen: BTreeSet<Oid> = tips.iter().copied().into_tree();
        while !list.is_empty() {
            let (_, oid) = list.remove(0);
            let commit = history.commit(&oid)?;
            for parent in commit.parents.iter().filter(|parent| seen.insert(**parent)) {
                let seconds = history.commit(parent)?.committer.seconds;
                let at = list
                    .iter()
                    .position(|(other, _)| *other < seconds)
                    .unwrap_or(list.len());
                list.insert(at, (seconds, *parent));
            }
            if regex.is_match(&commit.message) != negated {
                return Ok(Some(oid));
            }
        }
        Ok(None)
    }

    /// An abbreviated id of at least four digits.
    pub(super) fn abbreviated(&mut self, text: &[u8], hint: Hint) -> Result<Option<Oid>> {
        if text.len() < 4 || text.len() > 40 || !text.iter().all(u8::is_ascii_hexdigit) {
            return Ok(None);
        }
        let all = self.repo.store.with_prefix(self.files, text);
        let fits = |oid: &&Oid| match hint {
            Hint::Any => true,
            Hint::Commit => self.peel(**oid, Some(Kind::Commit)).is_some(),
            Hint::Tree => self.peel(**oid, Some(Kind::Tree)).is_some(),
        };
        let fitting: Vec<&Oid> = all.iter().filter(fits).collect();
        match (all.as_slice(), fitting.as_slice()) {
            ([], _) => Ok(None),
            ([only], _) => Ok(Some(*only)),
            (_, [only]) => Ok(Some(**only)),
            _ => {
                let candidates: Vec<Oid> = if fitting.is_empty() {
                    all.clone()
                } else {
                    fitting.into_iter().copied().collect()
                };
                self.explain_ambiguous(text, candidates);
                Ok(None)
            }
        }
    }

    fn explain_ambiguous(&mut self, text: &[u8], mut candidates: Vec<Oid>) {
        let order = |oid: &Oid| match self.repo.store.read(self.files, oid).map(|object| object.kind) {
            Some(Kind::Tag) => 0,
            Some(Kind::Commit) => 1,
            Some(Kind::Tree) => 2,
            _ => 3,
        };
        candidates.small_sort_by_key(|oid| (order(oid), *oid));
        let mut note = cat![
            "error: short object ID ",
            text,
            " is ambiguous\nhint: The candidates are:\n"
        ];
        for oid in &candidates {
            let short = self.repo.short(self.files, oid);
            let object = self.repo.store.read(self.files, oid);
            let description = match object.as_ref().map(|object| (object.kind, &object.content)) {
                Some((Kind::Commit, content)) => crate::object::Commit::parse(content).map(|commit| {
                    let when = date::format(
                        commit.committer.seconds,
                        commit.committer.zone,
                        &date::Mode::Short,
                        &self.clock,
                    );
                    cat!["commit ", when, " - ", commit.subject()]
                }),
                Some((kind, _)) => Some(kind.name().as_bytes().to_vec()),
                None => None,
            };
            note.extend_from_slice(&cat!["hint:   ", short, " ", description.unwrap_or_default(), "\n"]);
        }
        self.notes.extend_from_slice(&note);
    }
}
