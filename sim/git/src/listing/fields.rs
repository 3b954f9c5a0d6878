//! The fields of lists of references, and the formats that hold them.

use super::{Listing, first_lines};
use crate::bytes::{lossy, parse_number, split_once};
use crate::cat;
use crate::date::{self, Mode};
use crate::fault::{Fault, Result};
use crate::object::{Commit, Kind, Tag, body, subject};
use crate::oid::Oid;
use crate::output::display_width;
use crate::refs::Ref;
use crate::tracking;

/// What ended a part of a format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Then,
    Else,
    End,
    Over,
}

/// A format while it is filled.
struct Text<'a> {
    rest: &'a [u8],
    colors: bool,
    /// The last colour was not taken back.
    colored: bool,
}

fn unrecognized(field: &str, option: &[u8]) -> Fault {
    Fault::fatal(cat!["unrecognized %(", field, ") argument: ", option])
}

impl Listing<'_> {
    /// Fills `%(field)` into a format.
    pub fn format(&self, item: &Ref, format: &[u8]) -> Result<Vec<u8>> {
        self.format_with(item, format, false)
    }

    /// The same; whether `%(color)` counts.
    pub fn format_with(&self, item: &Ref, format: &[u8], colors: bool) -> Result<Vec<u8>> {
        let mut text = Text {
            rest: format,
            colors,
            colored: false,
        };
        let mut out = Vec::new();
        let lone = |atom: &str, other: &str| Err(Fault::fatal(format!("format: %({atom}) atom used without {other}")));
        match self.part(item, &mut text, &mut out)? {
            Stop::Then => return lone("then", "a %(if) atom"),
            Stop::Else => return lone("else", "a %(if) atom"),
            Stop::End => return lone("end", "corresponding atom"),
            Stop::Over => {}
        }
        if text.colored {
            out.extend_from_slice(b"\x1b[m");
        }
        Ok(out)
    }

    /// Up to the end, or to the atom that ends a condition or a column.
    fn part(&self, item: &Ref, text: &mut Text<'_>, out: &mut Vec<u8>) -> Result<Stop> {
        while let Some((byte, after)) = text.rest.split_first() {
            if let Some(inner) = text.rest.strip_prefix(b"%(") {
                let Some(close) = inner.iter().position(|b| *b == b')') else {
                    return Err(Fault::fatal(cat!["malformed format string ", text.rest]));
                };
                let name = &inner[..close];
                text.rest = &inner[close + 1..];
                match split_once(name, b':').unwrap_or((name, b"")) {
                    (b"then", _) => return Ok(Stop::Then),
                    (b"else", _) => return Ok(Stop::Else),
                    (b"end", _) => return Ok(Stop::End),
                    (b"if", rule) => self.condition(item, rule, text, out)?,
                    (b"align", rule) => self.align(item, rule, text, out)?,
                    (b"color", color) => out.extend_from_slice(&text.color(color)?),
                    _ => out.extend_from_slice(&self.field(item, name)?),
                }
            } else if text.rest.starts_with(b"%%") {
                out.push(b'%');
                text.rest = &text.rest[2..];
            } else if *byte == b'%'
                && let Some(code) = after.get(..2)
                && let (Some(high), Some(low)) = (crate::oid::hex_value(code[0]), crate::oid::hex_value(code[1]))
            {
                out.push(high << 4 | low);
                text.rest = &after[2..];
            } else {
                out.push(*byte);
                text.rest = after;
            }
        }
        Ok(Stop::Over)
    }

    /// `%(if) test %(then) a %(else) b %(end)`.
    fn condition(&self, item: &Ref, rule: &[u8], text: &mut Text<'_>, out: &mut Vec<u8>) -> Result<()> {
        let (mut test, mut yes, mut no) = (Vec::new(), Vec::new(), Vec::new());
        let open = || Fault::fatal("format: %(end) atom missing");
        match self.part(item, text, &mut test)? {
            Stop::Then => {}
            Stop::Over => return Err(open()),
            _ => return Err(Fault::fatal("format: %(if) atom used without a %(then) atom")),
        }
        let mut stop = self.part(item, text, &mut yes)?;
        if stop == Stop::Else {
            stop = self.part(item, text, &mut no)?;
        }
        if stop != Stop::End {
            return Err(open());
        }
        let holds = match (rule.strip_prefix(b"equals="), rule.strip_prefix(b"notequals=")) {
            (Some(other), _) => test == other,
            (_, Some(other)) => test != other,
            _ if rule.is_empty() => !test.trim_ascii().is_empty(),
            _ => return Err(unrecognized("if", rule)),
        };
        out.extend_from_slice(if holds { &yes } else { &no });
        Ok(())
    }

    /// `%(align:20,right) … %(end)`.
    fn align(&self, item: &Ref, rule: &[u8], text: &mut Text<'_>, out: &mut Vec<u8>) -> Result<()> {
        let (mut width, mut position): (Option<usize>, &[u8]) = (None, b"left");
        for option in rule.split(|b| *b == b',').filter(|option| !option.is_empty()) {
            let named = option.strip_prefix(b"position=");
            let number = parse_number(option.strip_prefix(b"width=").unwrap_or(option));
            match (named.unwrap_or(option), number) {
                (place @ (b"left" | b"middle" | b"right"), _) => position = place,
                (_, Some(number)) => width = Some(number),
                _ => return Err(unrecognized("align", option)),
            }
        }
        if rule.is_empty() {
            return Err(Fault::fatal("expected format: %(align:<width>,<position>)"));
        }
        let width = width.ok_or_else(|| Fault::fatal("positive width expected with the %(align) atom"))?;
        let mut inner = Vec::new();
        if self.part(item, text, &mut inner)? != Stop::End {
            return Err(Fault::fatal("format: %(end) atom missing"));
        }
        let space = width.saturating_sub(display_width(&inner));
        let before = match position {
            b"right" => space,
            b"middle" => space / 2,
            _ => 0,
        };
        out.extend_from_slice(&cat![" ".repeat(before), inner, " ".repeat(space - before)]);
        Ok(())
    }

    /// One field of a reference.
    pub fn field(&self, item: &Ref, name: &[u8]) -> Result<Vec<u8>> {
        if let Some(inner) = name.strip_prefix(b"*") {
            let object = self.repo.store.read(self.files, &item.oid);
            let Some(tag) = object
                .filter(|object| object.kind == Kind::Tag)
                .and_then(|object| Tag::parse(&object.content))
            else {
                return Ok(Vec::new());
            };
            let target = Ref {
                name: item.name.clone(),
                oid: tag.object,
                symbolic: None,
            };
            return self.field(&target, inner);
        }
        let (field, option) = split_once(name, b':').unwrap_or((name, b""));
        const WITHOUT: [&[u8]; 9] = [
            b"objecttype",
            b"numparent",
            b"object",
            b"type",
            b"tag",
            b"body",
            b"HEAD",
            b"deltabase",
            b"worktreepath",
        ];
        if name.contains(&b':') && WITHOUT.contains(&field) {
            return Err(Fault::fatal(cat!["%(", field, ") does not take arguments"]));
        }
        if let Some(text) = self.of_reference(item, field, option)? {
            return Ok(text);
        }
        if let Some(text) = self.of_object(item, field, option)? {
            return Ok(text);
        }
        match self.of_message(item, field, option)? {
            Some(text) => Ok(text),
            None => self.person(item, field, option, name),
        }
    }

    /// What the reference itself says.
    fn of_reference(&self, item: &Ref, field: &[u8], option: &[u8]) -> Result<Option<Vec<u8>>> {
        let head = || self.repo.refs.head_branch(self.files).as_deref() == Some(&item.name);
        Ok(Some(match field {
            b"refname" => self.shown_name("refname", &item.name, option)?,
            b"symref" => match &item.symbolic {
                Some(target) => self.shown_name("symref", target, option)?,
                None => Vec::new(),
            },
            b"HEAD" => if head() { "*" } else { " " }.into(),
            b"flag" => if item.symbolic.is_some() { "symref" } else { "" }.into(),
            b"worktreepath" => match head() {
                true => self.repo.work_tree.clone().unwrap_or_default(),
                false => Vec::new(),
            },
            b"upstream" => self.upstream(item, option)?,
            b"ahead-behind" => self.apart(item, option)?,
            b"push" | b"rest" | b"signature" | b"describe" | b"is-base" => {
                return Err(Fault::gap(cat!["the field '%(", field, ")'"]));
            }
            _ => return Ok(None),
        }))
    }

    /// What the object says that a reference names.
    fn of_object(&self, item: &Ref, field: &[u8], option: &[u8]) -> Result<Option<Vec<u8>>> {
        let object = || self.repo.store.get(self.files, &item.oid);
        let tag = || -> Result<Option<Tag>> {
            let object = object()?;
            Ok(Tag::parse(&object.content).filter(|_| object.kind == Kind::Tag))
        };
        let commit = || self.repo.store.commit(self.files, &item.oid).ok();
        let ids = |name: &str, oids: &[Oid]| -> Result<Vec<u8>> {
            let mut texts = Vec::new();
            for oid in oids {
                texts.push(self.id(name, oid, option)?);
            }
            Ok(texts.join(b" ".as_slice()))
        };
        Ok(Some(match field {
            b"objectname" => self.id("objectname", &item.oid, option)?,
            b"tree" => ids("tree", commit().map(|commit| commit.tree).as_slice())?,
            b"parent" => ids("parent", &commit().map(|commit| commit.parents).unwrap_or_default())?,
            b"numparent" => commit().map_or(Vec::new(), |commit: Commit| commit.parents.len().to_string().into()),
            b"objecttype" => object()?.kind.name().into(),
            b"objectsize" | b"raw" if option == b"disk" => return Err(Fault::gap("the field '%(objectsize:disk)'")),
            b"objectsize" => object()?.content.len().to_string().into(),
            b"raw" if option == b"size" => object()?.content.len().to_string().into(),
            b"raw" => object()?.content.to_vec(),
            b"deltabase" => Oid::NULL.hex().into(),
            b"tag" => tag()?.map_or(Vec::new(), |tag| tag.name),
            b"type" => tag()?.map_or(Vec::new(), |tag| tag.kind.name().into()),
            b"object" => tag()?.map_or(Vec::new(), |tag| tag.object.hex().into()),
            _ => return Ok(None),
        }))
    }

    fn id(&self, field: &str, oid: &Oid, option: &[u8]) -> Result<Vec<u8>> {
        match (option, option.strip_prefix(b"short=")) {
            (b"", _) => Ok(oid.hex().into()),
            (b"short", _) => Ok(self.repo.short(self.files, oid).into()),
            (_, Some(len)) => match parse_number::<usize>(len).filter(|len| *len > 0) {
                Some(len) => Ok(self.repo.store.abbreviate(self.files, oid, len.max(4)).into()),
                None => Err(Fault::fatal(cat![
                    "positive value expected '",
                    len,
                    "' in %(",
                    field,
                    ")"
                ])),
            },
            _ => Err(unrecognized(field, option)),
        }
    }

    /// What the message of a commit or a tag says.
    fn of_message(&self, item: &Ref, field: &[u8], option: &[u8]) -> Result<Option<Vec<u8>>> {
        let message = self.message(item);
        let trailers = |options: &[u8]| {
            let unknown = || Fault::fatal(cat!["unknown %(trailers) argument: ", options]);
            crate::log::trailers::expand(&message, options).ok_or_else(unknown)
        };
        Ok(Some(match (field, option) {
            (b"subject", b"") | (b"contents", b"subject") => subject(&message),
            (b"subject", b"sanitize") => crate::log::fields::sanitized(&subject(&message)),
            (b"subject", option) => return Err(unrecognized("subject", option)),
            (b"body", _) | (b"contents", b"body") => body(&message).to_vec(),
            (b"trailers", options) => trailers(options)?,
            (b"contents", b"") => message,
            (b"contents", b"size") => message.len().to_string().into(),
            (b"contents", b"signature") => Vec::new(),
            (b"contents", b"trailers") => trailers(b"")?,
            (b"contents", option) => {
                if let Some(options) = option.strip_prefix(b"trailers:") {
                    return trailers(options).map(Some);
                }
                let Some(count) = option.strip_prefix(b"lines=") else {
                    return Err(unrecognized("contents", option));
                };
                let wrong = || Fault::fatal(cat!["positive value expected contents:lines=", count]);
                first_lines(&message, parse_number(count).ok_or_else(wrong)?)
            }
            _ => return Ok(None),
        }))
    }

    /// `authorname`, `committeremail:trim`, `taggerdate:short` …
    fn person(&self, item: &Ref, field: &[u8], option: &[u8], whole: &[u8]) -> Result<Vec<u8>> {
        let unknown = || Fault::fatal(cat!["unknown field name: ", whole]);
        let roles = ["author", "committer", "tagger", "creator"];
        let (role, rest) = roles
            .iter()
            .find_map(|role| Some((*role, field.strip_prefix(role.as_bytes())?)))
            .ok_or_else(unknown)?;
        let mode = match (rest, option) {
            (b"date", b"") => Mode::Default,
            (b"date", option) => {
                Mode::parse(option).ok_or_else(|| Fault::fatal(cat!["unknown date format ", option]))?
            }
            (b"email", b"" | b"trim" | b"localpart") | (b"" | b"name", _) => Mode::Default,
            (b"email", option) => return Err(unrecognized(&lossy(field), option)),
            _ => return Err(unknown()),
        };
        let Some(who) = self.signature(item, role) else {
            return Ok(Vec::new());
        };
        Ok(match (rest, option) {
            (b"", _) => who.line(),
            (b"name", _) => who.name,
            (b"email", b"trim") => who.email,
            (b"email", b"localpart") => who.email.split(|b| *b == b'@').next().unwrap_or_default().to_vec(),
            (b"email", _) => cat!["<", who.email, ">"],
            _ => date::format(who.seconds, who.zone, &mode, &self.clock),
        })
    }

    fn upstream(&self, item: &Ref, option: &[u8]) -> Result<Vec<u8>> {
        let Some(branch) = item.name.strip_prefix(b"refs/heads/") else {
            return Ok(Vec::new());
        };
        let Some(found) = tracking::of_branch(self.files, self.repo, branch)? else {
            return Ok(Vec::new());
        };
        let setting = |key: &str| {
            self.repo
                .config
                .get(cat!["branch.", branch, ".", key])
                .unwrap_or_default()
        };
        Ok(match option {
            b"track" | b"track,nobracket" | b"nobracket,track" => {
                let inner = match found.apart {
                    None => "gone".to_owned(),
                    Some((0, 0)) => return Ok(Vec::new()),
                    Some((ahead, 0)) => format!("ahead {ahead}"),
                    Some((0, behind)) => format!("behind {behind}"),
                    Some((ahead, behind)) => format!("ahead {ahead}, behind {behind}"),
                };
                match option {
                    b"track" => format!("[{inner}]"),
                    _ => inner,
                }
                .into_bytes()
            }
            b"trackshort" => match found.apart {
                None => "",
                Some((0, 0)) => "=",
                Some((_, 0)) => ">",
                Some((0, _)) => "<",
                Some(_) => "<>",
            }
            .into(),
            b"remotename" => setting("remote").to_vec(),
            b"remoteref" => setting("merge").to_vec(),
            option => self.shown_name("upstream", &found.upstream, option)?,
        })
    }

    /// `%(ahead-behind:main)`.
    fn apart(&self, item: &Ref, base: &[u8]) -> Result<Vec<u8>> {
        if base.is_empty() {
            return Err(Fault::fatal("expected format: %(ahead-behind:<committish>)"));
        }
        let mut resolver = crate::revision::Resolver::new(self.repo, self.files, self.clock.clone());
        let Some(base) = resolver.commit(base)? else {
            return Err(Fault::fatal(cat!["failed to find '", base, "'"]));
        };
        let Some(tip) = resolver.peel(item.oid, Some(Kind::Commit)) else {
            return Ok(Vec::new());
        };
        let (ahead, behind) = crate::walk::History::new(&self.repo.store, self.files).ahead_behind(&tip, &base)?;
        Ok(format!("{ahead} {behind}").into_bytes())
    }

    /// `:short`, `:lstrip=2`, `:rstrip=-1`.
    fn shown_name(&self, field: &str, name: &[u8], option: &[u8]) -> Result<Vec<u8>> {
        let parts: Vec<&[u8]> = name.split(|b| *b == b'/').collect();
        let strip = |text: &[u8]| {
            let count: i64 = parse_number(text).unwrap_or(0);
            let len = parts.len() as i64;
            (if count >= 0 { count } else { (len + count).max(0) }).min(len) as usize
        };
        if let Some(count) = option.strip_prefix(b"lstrip=").or(option.strip_prefix(b"strip=")) {
            return Ok(parts[strip(count)..].join(b"/".as_slice()));
        }
        if let Some(count) = option.strip_prefix(b"rstrip=") {
            return Ok(parts[..parts.len() - strip(count)].join(b"/".as_slice()));
        }
        match option {
            b"" => Ok(name.to_vec()),
            b"short" => Ok(crate::revision::shortest_name(self.repo, self.files, name).to_vec()),
            _ => Err(unrecognized(field, option)),
        }
    }
}

impl Text<'_> {
    fn color(&mut self, color: &[u8]) -> Result<Vec<u8>> {
        if color.is_empty() {
            return Err(Fault::fatal("expected format: %(color:<color>)"));
        }
        let sequence = match color {
            b"reset" => Some("\u{1b}[m".to_owned()),
            color => crate::output::sequence(&lossy(color)),
        };
        let Some(sequence) = sequence else {
            let text = cat![
                "error: invalid color value: ",
                color,
                "\nfatal: unrecognized color: %(color:",
                color,
                ")\n"
            ];
            return Err(Fault::Plain(text, 128));
        };
        if !self.colors {
            return Ok(Vec::new());
        }
        self.colored = color != b"reset";
        Ok(sequence.into_bytes())
    }
}
