//! Who is at work: author and committer.

use crate::cat;
use crate::config::Config;
use crate::date::{self, Clock};
use crate::fault::{Fault, Result};
use crate::object::Signature;
use essaim_kernel::process::Environment;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who wrote the change.
    Author,
    /// Who makes the commit.
    Committer,
}

impl Role {
    const fn variable(self) -> &'static str {
        match self {
            Self::Author => "AUTHOR",
            Self::Committer => "COMMITTER",
        }
    }

    const fn section(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Committer => "committer",
        }
    }
}

/// What Git says before it refuses to make up a name.
fn please_tell(role: Role) -> Vec<u8> {
    let who = match role {
        Role::Author => "Author",
        Role::Committer => "Committer",
    };
    cat![
        who,
        " identity unknown\n\n*** Please tell me who you are.\n\nRun\n\n",
        "  git config --global user.email \"you@example.com\"\n",
        "  git config --global user.name \"Your Name\"\n\n",
        "to set your account's default identity.\n",
        "Omit --global to set the identity only in this repository.\n\n"
    ]
}

/// Name, mail address and date of a role, from environment and settings. `strict`: without a name or a mail address
/// it is an error, else something is made up (reflogs of repositories without an identity).
pub fn resolve(role: Role, config: &Config, env: &Environment, clock: &Clock, strict: bool) -> Result<Signature> {
    let variable = |what: &str| {
        env.get(format!("GIT_{}_{what}", role.variable()).as_bytes())
            .map(Vec::as_slice)
    };
    let setting = |key: &str| {
        config
            .get(format!("{}.{key}", role.section()))
            .filter(|value| !value.is_empty())
            .or_else(|| config.get(format!("user.{key}")))
    };
    // A variable that is set and empty is an answer too: no address.
    let email = variable("EMAIL").or_else(|| setting("email")).or_else(|| {
        env.get(b"EMAIL".as_slice())
            .map(Vec::as_slice)
            .filter(|value| !value.is_empty())
    });
    let name = variable("NAME").or_else(|| setting("name"));
    let host = machine_name(env);
    let user = env.get(b"USER".as_slice()).cloned().unwrap_or_else(|| b"root".to_vec());
    let fallback_email = cat![user, "@", host];
    let config_only = strict && config.bool_or("user.useconfigonly", false);
    let missing = |what: &str| {
        let last = format!("fatal: no {what} was given and auto-detection is disabled\n");
        Err(Fault::Plain(cat![please_tell(role), last], 128))
    };
    if config_only && email.is_none() {
        return missing("email");
    }
    if config_only && name.is_none() {
        return missing("name");
    }
    if strict && email.is_none() {
        let mut text = please_tell(role);
        text.extend_from_slice(&cat![
            "fatal: unable to auto-detect email address (got '",
            fallback_email,
            ".(none)')\n"
        ]);
        return Err(Fault::Plain(text, 128));
    }
    let email = crud_free(email.unwrap_or(&fallback_email));
    let name = match name {
        None | Some([]) if !strict => user,
        // Whoever set the variable knows about it: the others are told how.
        name => usable(name.unwrap_or_default(), &email, || match variable("NAME") {
            Some(_) => Vec::new(),
            None => please_tell(role),
        })?,
    };
    let (seconds, zone) = moment(variable("DATE"), clock)?;
    Ok(Signature {
        name,
        email,
        seconds,
        zone,
    })
}

/// A name without what may not stand in one; `hint` comes before the refusal of an empty one.
fn usable(name: &[u8], email: &[u8], hint: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
    if name.is_empty() {
        let last = cat![hint(), "fatal: empty ident name (for <", email, ">) not allowed\n"];
        return Err(Fault::Plain(last, 128));
    }
    let clean = crud_free(name);
    if clean.is_empty() {
        return Err(Fault::fatal(cat![
            "name consists only of disallowed characters: ",
            name
        ]));
    }
    Ok(clean)
}

/// The date of a variable, or now.
fn moment(text: Option<&[u8]>, clock: &Clock) -> Result<(i64, i32)> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => date::parse_strict(text, clock).ok_or_else(|| Fault::fatal(cat!["invalid date format: ", text])),
        None => Ok((clock.seconds, clock.zone_at(clock.seconds))),
    }
}

fn machine_name(env: &Environment) -> Vec<u8> {
    env.get(b"HOSTNAME".as_slice())
        .cloned()
        .unwrap_or_else(|| b"localhost".to_vec())
}

/// Git's clean-up of names: no `<`, `>` or line feed inside, no punctuation at the ends.
fn crud_free(text: &[u8]) -> Vec<u8> {
    let crud = |b: &u8| *b <= 32 || matches!(b, b',' | b':' | b';' | b'<' | b'>' | b'"' | b'\\' | b'\'');
    let start = text.iter().position(|b| !crud(b)).unwrap_or(text.len());
    let end = text.iter().rposition(|b| !crud(b)).map_or(start, |at| at + 1);
    text[start..end]
        .iter()
        .copied()
        .filter(|b| !matches!(b, b'\n' | b'<' | b'>'))
        .collect()
}

/// Splits `A U Thor <author@example.com>`; `None` where it is no such text.
pub fn parse_who(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let open = text.iter().position(|b| *b == b'<')?;
    let close = open + text[open..].iter().position(|b| *b == b'>')?;
    Some((crud_free(&text[..open]), crud_free(&text[open + 1..close])))
}
