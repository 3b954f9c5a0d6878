//! `cargo xtask deny`: what `deny.toml` says of licences and bans.
//!
//! With cargo-deny installed it is that program that checks. Without it, the parts of the file
//! that need no network are checked here, from `cargo metadata`: licences, banned packages,
//! duplicates, and where packages come from.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::machine::{About as _, Failure, Outcome, Run, read, root, say, which};

#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bans {
    multiple_versions: String,
    #[serde(default)]
    skip: Vec<Named>,
    #[serde(default)]
    deny: Vec<Named>,
}

/// A package by name, with why it stands in the list.
#[derive(Debug, Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
    /// Packages that may depend on a banned one.
    #[serde(default)]
    wrappers: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev` or `build`; nothing for what is shipped.
    kind: Option<String>,
    optional: bool,
}

impl Package {
    /// Options of packages from elsewhere are mostly off: they are not looked at.
    fn depends_on(&self, name: &str) -> bool {
        self.dependencies
            .iter()
            .any(|one| one.name == name && !one.optional && (one.kind.is_none() || self.source.is_none()))
    }
}

/// `cargo xtask deny`.
pub fn check() -> Outcome {
    if which("cargo-deny").is_some() {
        return Run::cargo()
            .args(["deny", "--offline", "check", "licenses", "bans", "sources"])
            .run();
    }
    let rules: Deny = toml::from_str(&read(&root().join("deny.toml"))?).about("understand deny.toml")?;
    let said = Run::cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()?;
    let metadata: Metadata = serde_json::from_str(&said).about("understand `cargo metadata`")?;
    let problems = problems(&rules, &metadata.packages);
    if problems.is_empty() {
        say(format!(
            "{} packages obey deny.toml (cargo-deny is not installed: advisories were not looked at)",
            metadata.packages.len()
        ));
        return Ok(());
    }
    for problem in &problems {
        eprintln!("  {problem}");
    }
    Err(
        Failure::new(format!("{} packages do not obey deny.toml", problems.len()))
            .hint("Choose another dependency, or change deny.toml with a reason."),
    )
}

fn problems(rules: &Deny, packages: &[Package]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
        let named = format!("{} {}", package.name, package.version);
        match package.license.as_deref() {
            Some(expression) if is_allowed(expression, &rules.licenses.allow) => {}
            Some(expression) => problems.push(format!("{named}: licence {expression} is not allowed")),
            None => problems.push(format!("{named}: no licence")),
        }
        if let Some(ban) = rules.bans.deny.iter().find(|ban| ban.package == package.name)
            && !is_wrapped(ban, packages)
        {
            problems.push(format!("{named}: banned, {}", ban.reason));
        }
        // Packages of the workspace have no source.
        if let Some(source) = &package.source
            && !rules
                .sources
                .allow_registry
                .iter()
                .any(|allowed| source == &format!("registry+{allowed}"))
        {
            problems.push(format!("{named}: comes from {source}"));
        }
    }
    if rules.bans.multiple_versions == "deny" {
        problems.extend(duplicates(&versions, &rules.bans.skip));
    }
    problems
}

/// Does the banned package come from those alone that may bring it?
fn is_wrapped(ban: &Named, packages: &[Package]) -> bool {
    !ban.wrappers.is_empty()
        && packages
            .iter()
            .filter(|package| package.depends_on(&ban.package))
            .all(|package| ban.wrappers.contains(&package.name))
}

fn duplicates(versions: &BTreeMap<&str, BTreeSet<&str>>, skipped: &[Named]) -> Vec<String> {
    // `crate` may name one version, as cargo-deny writes it: `name@1.2`.
    let is_skipped = |name: &str| skipped.iter().any(|skip| skip.package.split('@').next() == Some(name));
    versions
        .iter()
        .filter(|(name, versions)| versions.len() > 1 && !is_skipped(name))
        .map(|(name, versions)| {
            format!(
                "{name}: several versions, {}",
                versions.iter().copied().collect::<Vec<_>>().join(" and ")
            )
        })
        .collect()
}

/// Does an SPDX expression leave us a licence from the list? `AND` binds tighter than `OR`; the
/// old `/` is an `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let result = any_of(&words, &mut at, allowed);
    result && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = all_of(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        result |= all_of(words, at, allowed);
    }
    result
}

fn all_of(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut result = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        result &= one(words, at, allowed);
    }
    result
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let result = any_of(words, at, allowed);
        *at += 1;
        return result;
    }
    let mut name = (*word).to_owned();
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_read() {
        let allowed: BTreeSet<String> = ["MIT", "Apache-2.0", "Zlib"].map(str::to_owned).into();
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(GPL-2.0 OR MIT) AND Zlib",
            "GPL-2.0 AND MIT OR Zlib",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "MIT )",
            "(GPL-2.0 OR MIT) AND BSD",
        ] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn each_rule_finds_its_offender() {
        let rules: Deny = toml::from_str(
            "[licenses]\nallow = ['MIT']\n[bans]\nmultiple-versions = 'deny'\nskip = [{ crate = 'twice-known', reason = 'r' }]\n\
             deny = [{ crate = 'bad', reason = 'it is bad' }, { crate = 'wrapped', wrappers = ['fine'], reason = 'tests' },\n\
             { crate = 'loose', wrappers = ['fine'], reason = 'tests' }]\n[sources]\nallow-registry = ['https://registry']\n",
        )
        .expect("the rules are well formed");
        let shipped = |name: &str| Dependency {
            name: name.to_owned(),
            kind: None,
            optional: false,
        };
        let package = |name: &str, version: &str, license: Option<&str>, source: Option<&str>| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
            dependencies: match name {
                "fine" => ["wrapped", "loose"].map(shipped).into(),
                "twice" => [shipped("loose")].into(),
                _ => Vec::new(),
            },
        };
        let registry = Some("registry+https://registry");
        let packages = [
            package("fine", "1.0.0", Some("MIT"), registry),
            package("bad", "1.0.0", Some("MIT"), None),
            package("wrapped", "1.0.0", Some("MIT"), registry),
            package("loose", "1.0.0", Some("MIT"), registry),
            package("unlicensed", "1.0.0", None, None),
            package("elsewhere", "1.0.0", Some("MIT"), Some("git+https://x")),
            package("twice", "1.0.0", Some("MIT"), registry),
            package("twice", "2.0.0", Some("MIT"), registry),
            package("twice-known", "1.0.0", Some("MIT"), registry),
            package("twice-known", "2.0.0", Some("MIT"), registry),
        ];
        assert_eq!(
            problems(&rules, &packages),
            [
                "bad 1.0.0: banned, it is bad",
                "loose 1.0.0: banned, tests",
                "unlicensed 1.0.0: no licence",
                "elsewhere 1.0.0: comes from git+https://x",
                "twice: several versions, 1.0.0 and 2.0.0",
            ]
        );
    }
}
