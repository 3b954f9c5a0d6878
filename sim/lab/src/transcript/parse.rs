//! Text to [`Transcript`].

use super::{Act, Line, Section, TERMINALS_MAX, Transcript};
use core::fmt;

/// What is wrong with a transcript, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Line number, from 1.
    pub line: u32,
    /// What was expected.
    pub reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for ParseError {}

/// Reads a transcript. Lines end with `\n` only: a `\r` belongs to the text.
pub fn parse(text: &str) -> Result<Transcript, ParseError> {
    let mut parser = Parser::default();
    for (index, line) in text.split('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        parser
            .line(number, line)
            .map_err(|reason| ParseError { line: number, reason })?;
    }
    Ok(parser.transcript)
}

#[derive(Default)]
struct Parser {
    transcript: Transcript,
    /// Blank lines seen inside indented text: part of it only if more of it follows.
    blank_count: usize,
    /// Whether the last line's indented text may go on.
    in_text: bool,
}

impl Parser {
    fn line(&mut self, number: u32, line: &str) -> Result<(), String> {
        if let Some(text) = line.strip_prefix("  ") {
            return self.indented(text);
        }
        if line.is_empty() {
            self.blank_count += 1;
            return Ok(());
        }
        self.blank_count = 0;
        if line == "\\" {
            return self.no_newline();
        }
        if let Some(name) = line.strip_prefix("--- ").and_then(|rest| rest.strip_suffix(" ---")) {
            self.in_text = false;
            self.transcript.sections.push(Section {
                name: name.to_owned(),
                number,
                ..Section::default()
            });
            return Ok(());
        }
        if line.starts_with('#') {
            self.in_text = false;
            return Ok(());
        }
        if let Some(seed) = line.strip_prefix("seed ") {
            let seed = seed.trim().parse().map_err(|_| "expected `seed NUMBER`".to_owned())?;
            self.section().seed = Some(seed);
            return Ok(());
        }
        if let Some(done) = line.strip_prefix("done ") {
            let done = done.trim().parse().map_err(|_| "expected `done NUMBER`".to_owned())?;
            self.section().done = Some(done);
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix('[') {
            return self.status(rest);
        }
        let act = act(line)?;
        // A file may be empty, so its text begins at once; an output is known only once a line of it stands there.
        self.in_text = true;
        self.section().lines.push(Line {
            number,
            act,
            output: None,
            status: 0,
        });
        Ok(())
    }

    fn section(&mut self) -> &mut Section {
        if self.transcript.sections.is_empty() {
            self.transcript.sections.push(Section::default());
        }
        self.transcript.sections.last_mut().expect("one was pushed")
    }

    /// The text an indented line belongs to.
    fn text(&mut self) -> Option<&mut String> {
        if !self.in_text {
            return None;
        }
        let line = self.transcript.sections.last_mut()?.lines.last_mut()?;
        match &mut line.act {
            Act::Save { content, .. } => Some(content),
            Act::BringIn { .. } | Act::Advance { .. } | Act::Fact { .. } => None,
            _ => Some(line.output.get_or_insert_default()),
        }
    }

    fn indented(&mut self, text: &str) -> Result<(), String> {
        let blank_count = std::mem::take(&mut self.blank_count);
        let into = self
            .text()
            .ok_or("indented text must follow a command, typed input or a saved file")?;
        for _ in 0..blank_count {
            into.push('\n');
        }
        into.push_str(text);
        into.push('\n');
        Ok(())
    }

    fn no_newline(&mut self) -> Result<(), String> {
        let popped = self.text().and_then(String::pop);
        self.in_text = false;
        popped
            .map(|_| ())
            .ok_or_else(|| "`\\` must follow indented text".to_owned())
    }

    fn status(&mut self, rest: &str) -> Result<(), String> {
        let status = rest
            .strip_suffix(']')
            .and_then(|digits| digits.parse().ok())
            .ok_or("expected `[CODE]`, a number from 0 to 255")?;
        self.in_text = false;
        let line = self
            .section()
            .lines
            .last_mut()
            .ok_or("an exit code must follow a command")?;
        line.status = status;
        Ok(())
    }
}

fn act(line: &str) -> Result<Act, String> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = line.split_at(digits);
    let terminal = match number {
        "" => 0,
        number => match number.parse::<u32>() {
            Ok(n) if (1..=TERMINALS_MAX).contains(&n) => n - 1,
            _ => return Err(format!("terminals are numbered from 1 to {TERMINALS_MAX}")),
        },
    };
    if let Some(act) = terminal_act(terminal, rest)? {
        return Ok(act);
    }
    if digits > 0 {
        return Err("after a terminal's number: `$`, `>`, `^C` or `^D`".to_owned());
    }
    let (sign, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    match sign {
        "=" if !rest.is_empty() => Ok(Act::Save {
            path: rest.to_owned(),
            content: String::new(),
        }),
        "+" => brought_in(rest),
        "@" => Ok(Act::Advance {
            milliseconds: milliseconds(rest).ok_or("expected `@ +10s` (units: ms, s, m, h)")?,
        }),
        "?" => fact(rest),
        "!" | "%" => Err(format!("`{sign}` lines need an engine that this version does not have")),
        _ => Err(
            "expected `$ command`, `> input`, `^C`, `^D`, `= path`, `+ path sha256`, `@ +10s`, `? fact = value`, \
             `[code]`, `--- name ---`, `# comment` or text indented by two spaces"
                .to_owned(),
        ),
    }
}

fn terminal_act(terminal: u32, rest: &str) -> Result<Option<Act>, String> {
    if let Some(text) = rest.strip_prefix("$ ") {
        let text = text.to_owned();
        return Ok(Some(Act::Command { terminal, text }));
    }
    if rest == "$" {
        return match terminal {
            0 => Err("a command is missing after `$`".to_owned()),
            terminal => Ok(Some(Act::OpenTerminal { terminal })),
        };
    }
    if rest == ">" || rest.starts_with("> ") {
        let text = rest[1..].strip_prefix(' ').unwrap_or_default().to_owned();
        return Ok(Some(Act::Input { terminal, text }));
    }
    if rest == "^D" {
        return Ok(Some(Act::EndOfFile { terminal }));
    }
    let Some(steps) = rest.strip_prefix("^C") else {
        return Ok(None);
    };
    let after_steps = match steps.trim() {
        "" => None,
        steps => Some(steps.parse().map_err(|_| "expected `^C` or `^C STEPS`".to_owned())?),
    };
    Ok(Some(Act::Interrupt { terminal, after_steps }))
}

fn brought_in(rest: &str) -> Result<Act, String> {
    let wrong = || "expected `+ path sha256`".to_owned();
    let (path, sha256) = rest.rsplit_once(' ').ok_or_else(wrong)?;
    if path.is_empty() || sha256.len() != 64 || !sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok(Act::BringIn {
        path: path.to_owned(),
        sha256: sha256.to_ascii_lowercase(),
    })
}

fn fact(rest: &str) -> Result<Act, String> {
    if let Some(fact) = rest.strip_suffix(" missing") {
        return Ok(Act::Fact {
            fact: fact.trim().to_owned(),
            value: None,
        });
    }
    let (fact, value) = rest
        .split_once(" = ")
        .ok_or("expected `? fact = value` or `? fact missing`")?;
    Ok(Act::Fact {
        fact: fact.trim().to_owned(),
        value: Some(value.trim().to_owned()),
    })
}

fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim().strip_prefix('+')?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}
