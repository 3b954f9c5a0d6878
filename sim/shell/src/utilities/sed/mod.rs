//! `sed`, as GNU's.

mod command;
mod input;
mod replacement;
mod run;
mod script;

use super::support::complain;
use super::support::options::{Opt, Parsed, flag, missing, optional, parse, value};
use super::support::stream::{Filter, Flow, Streaming, files_or_stdin};
use super::support::text::{lossy, number, quote};
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Errno, Io};
use run::{Input, Machine};
use script::Part;
use std::collections::VecDeque;

pub const UTILITY: Utility = Utility {
    name: "sed",
    summary: "stream editor for filtering and transforming text",
    usage: "[OPTION]... {script-only-if-no-other-script} [input-file]...",
    package: "GNU sed",
    options: OPTIONS,
    start: Streaming::<Sed>::boxed,
    ..COREUTILS
};

const OPTIONS: &[Opt] = &[
    flag("n", "quiet"),
    flag("", "silent"),
    missing("", "debug"),
    value("e", "expression"),
    value("f", "file"),
    missing("", "follow-symlinks"),
    optional("i", "in-place"),
    value("l", "line-length"),
    missing("", "posix"),
    flag("E", "regexp-extended"),
    flag("r", ""),
    flag("s", "separate"),
    missing("", "sandbox"),
    flag("u", "unbuffered"),
    flag("z", "null-data"),
];

#[derive(Clone)]
struct Sed {
    call: Call,
    machine: Machine,
}

impl Filter for Sed {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<(Self, Vec<Vec<u8>>), u8> {
        let parsed = parse(&UTILITY, call, io)?;
        let mut operands: VecDeque<Vec<u8>> = parsed.operands.clone().into();
        let parts = parts(&parsed, &mut operands, call, io)?;
        let extended = parsed.has("regexp-extended") || parsed.has("r");
        let commands = match script::parse(&parts, extended) {
            Ok(commands) => commands,
            Err(message) => {
                complain(io, call, &message);
                return Err(
                    if message.contains("not simulated") || message.starts_with("can't find label") {
                        4
                    } else {
                        1
                    },
                );
            }
        };
        let mut machine = Machine::new(commands);
        let hash_n = parts
            .first()
            .is_some_and(|p| p.text == b"#n" || p.text.starts_with(b"#n\n"));
        machine.quiet = parsed.has("quiet") || parsed.has("silent") || hash_n;
        machine.in_place = parsed.has("in-place");
        machine.separate = machine.in_place || parsed.has("separate");
        machine.suffix = parsed.value("in-place").unwrap_or_default().to_vec();
        if parsed.has("null-data") {
            machine.delimiter = 0;
        }
        if let Some(text) = parsed.value("line-length") {
            let Some(width) = number(text) else {
                complain(io, call, format!("invalid line length: {}", quote(text)));
                return Err(1);
            };
            machine.width = usize::try_from(width).unwrap_or(usize::MAX);
        }
        if let Err(message) = machine.open_outputs(io) {
            complain(io, call, message);
            return Err(4);
        }
        let mut sed = Self {
            call: call.clone(),
            machine,
        };
        let mut files = files_or_stdin(operands.into());
        if sed.machine.in_place {
            files.retain(|name| sed.is_editable(name, io));
        }
        Ok((sed, files))
    }

    fn delimiter(&self) -> Option<u8> {
        Some(self.machine.delimiter)
    }

    fn begin(&mut self, name: &[u8], _: &mut Io<'_>) -> Flow {
        self.machine.queue.push_back(Input::Begin(name.to_vec()));
        Flow::Continue
    }

    fn take(&mut self, bytes: &[u8], ended: bool, _: &mut Io<'_>) -> Flow {
        self.machine.queue.push_back(Input::Line(bytes.to_vec(), ended));
        Flow::Continue
    }

    fn work(&mut self, io: &mut Io<'_>) -> Option<Flow> {
        self.machine.work(io)
    }

    fn end(&mut self, _: &mut Io<'_>) {
        self.machine.queue.push_back(Input::End);
    }

    fn failed(&mut self, name: &[u8], error: Errno, io: &mut Io<'_>) {
        let verb = if error == Errno::IsDirectory {
            "read error on"
        } else {
            "can't read"
        };
        complain(io, &self.call, format!("{verb} {}: {error}", lossy(name)));
        self.machine.status = if error == Errno::IsDirectory { 4 } else { 2 };
    }

    fn no_more(&mut self) {
        self.machine.finished = true;
    }

    fn finish(&mut self, _: &mut Io<'_>) -> u8 {
        self.machine.status
    }
}

impl Sed {
    fn is_editable(&mut self, name: &[u8], io: &mut Io<'_>) -> bool {
        let at = io.path(name);
        match io.files_ref().metadata(&at) {
            Ok(metadata) if metadata.is_file() => true,
            Ok(_) => {
                complain(
                    io,
                    &self.call,
                    format!("couldn't edit {}: not a regular file", lossy(name)),
                );
                self.machine.status = 4;
                false
            }
            Err(error) => {
                complain(io, &self.call, format!("can't read {}: {error}", lossy(name)));
                self.machine.status = self.machine.status.max(2);
                false
            }
        }
    }
}

fn parts(parsed: &Parsed, operands: &mut VecDeque<Vec<u8>>, call: &Call, io: &mut Io<'_>) -> Result<Vec<Part>, u8> {
    let mut parts: Vec<Part> = Vec::new();
    for (key, value) in &parsed.given {
        let value = value.clone().unwrap_or_default();
        match *key {
            "expression" => parts.push(Part {
                text: value,
                file: None,
            }),
            "file" => {
                let at = io.path(&value);
                match io.files().read(&at) {
                    Ok(content) => parts.push(Part {
                        text: content.as_ref().clone(),
                        file: Some(value),
                    }),
                    Err(error) => {
                        complain(io, call, format!("couldn't open file {}: {error}", lossy(&value)));
                        return Err(1);
                    }
                }
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        let Some(text) = operands.pop_front() else {
            return Err(UTILITY.try_help(call, io));
        };
        parts.push(Part { text, file: None });
    }
    Ok(parts)
}
