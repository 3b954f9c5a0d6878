//! `read` and `select`.

use super::{After, Blocking};
use crate::language::run::{Flow, Shell, Unwind};
use crate::language::variables::{Value, Variable};
use essaim_kernel::{Io, Read, Time, Wait};
use std::time::Duration;

/// A line being read.
#[derive(Clone, Debug)]
pub struct ReadLine {
    fd: u32,
    raw: bool,
    delimiter: u8,
    most: Option<usize>,
    exact: bool,
    array: bool,
    /// `-t`: when it gives up.
    until: Option<Time>,
    /// `select`: the variable and what can be chosen.
    menu: Option<(Vec<u8>, Vec<Vec<u8>>)>,
    names: Vec<Vec<u8>>,
    /// Bytes, each with whether it was quoted by a backslash.
    line: Vec<(u8, bool)>,
    escaped: bool,
}

const USAGE: &str =
    "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]";

impl ReadLine {
    fn new() -> Self {
        Self {
            fd: 0,
            raw: false,
            delimiter: b'\n',
            most: None,
            exact: false,
            array: false,
            until: None,
            menu: None,
            names: Vec::new(),
            line: Vec::new(),
            escaped: false,
        }
    }
}

/// The options of `read`, and the prompt among them.
fn options(shell: &Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> Result<(ReadLine, Option<Vec<u8>>), After> {
    let mut read = ReadLine::new();
    let mut words = args[1..].iter();
    let mut prompt = None;
    while let Some(word) = words.next() {
        if !word.starts_with(b"-") || word.len() < 2 {
            read.names.push(word.clone());
            break;
        }
        if word == b"--" {
            break;
        }
        let mut at = 1;
        while at < word.len() {
            let letter = word[at];
            at += 1;
            match letter {
                b'r' => read.raw = true,
                b's' | b'e' => {}
                b'a' | b'p' | b'd' | b'n' | b'N' | b'u' | b't' | b'i' => {
                    let rest = word[at..].to_vec();
                    at = word.len();
                    let value = if rest.is_empty() {
                        words.next().cloned()
                    } else {
                        Some(rest)
                    };
                    let Some(value) = value else {
                        let text = [b"-".as_slice(), &[letter], b": option requires an argument"].concat();
                        shell.complain(io, "read", text);
                        io.eprint(format!("read: usage: {USAGE}\n"));
                        return Err(After::Status(2));
                    };
                    if letter == b'p' {
                        prompt = Some(value);
                    } else {
                        read.option(letter, value, shell, io)?;
                    }
                }
                letter => return Err(shell.bad_option(io, "read", &[b'-', letter], USAGE)),
            }
        }
    }
    read.names.extend(words.cloned());
    Ok((read, prompt))
}

impl ReadLine {
    fn option(&mut self, letter: u8, value: Vec<u8>, shell: &Shell, io: &mut Io<'_>) -> Result<(), After> {
        let number = super::parse_number(&value).and_then(|n| usize::try_from(n).ok());
        let mut invalid = |what: &str| {
            shell.complain(io, "read", [&value, b": ".as_slice(), what.as_bytes()].concat());
            After::Status(1)
        };
        match letter {
            b'd' => self.delimiter = value.first().copied().unwrap_or(0),
            b'a' => {
                self.array = true;
                self.names.push(value);
            }
            b'u' => match number {
                Some(fd) => self.fd = fd as u32,
                None => return Err(invalid("invalid file descriptor specification")),
            },
            b'n' | b'N' => match number {
                Some(most) => (self.most, self.exact) = (Some(most), letter == b'N'),
                None => return Err(invalid("invalid number")),
            },
            b't' => {
                let seconds = std::str::from_utf8(&value).ok().and_then(|t| t.parse::<f64>().ok());
                match seconds.filter(|s| (0.0..1e9).contains(s)) {
                    Some(seconds) => self.until = Some(io.now() + Duration::from_secs_f64(seconds)),
                    None => return Err(invalid("invalid timeout specification")),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

pub fn read(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let (read, prompt) = match options(shell, io, args) {
        Ok(found) => found,
        Err(after) => return after,
    };
    if let Some(name) = read.names.iter().find(|n| !crate::language::syntax::ast::is_name(n)) {
        shell.complain(
            io,
            "read",
            [b"`", name.as_slice(), b"': not a valid identifier"].concat(),
        );
        return After::Status(1);
    }
    if let Some(prompt) = prompt
        && io.is_terminal(read.fd)
    {
        io.eprint(prompt);
    }
    After::Blocking(Blocking::Read(Box::new(read)))
}

/// What the parser makes of `select name in words`: a loop whose condition asks. Without arguments: a new loop.
pub fn select(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let Some(name) = args.get(1) else {
        shell.state.menu_shown = false;
        return After::Status(0);
    };
    let items = args[2..].to_vec();
    if items.is_empty() {
        return After::Status(1);
    }
    let mut read = ReadLine::new();
    read.menu = Some((name.clone(), items));
    show_menu(shell, &read, io);
    After::Blocking(Blocking::Read(Box::new(read)))
}

/// The list, in columns as `ls` fills them, where it was not shown yet; then the prompt.
fn show_menu(shell: &mut Shell, read: &ReadLine, io: &mut Io<'_>) {
    use crate::language::pattern::char_count;
    let Some((_, items)) = &read.menu else { return };
    if !shell.state.menu_shown {
        shell.state.menu_shown = true;
        let digits = |n: usize| n.to_string().len();
        let wide = items.iter().map(|i| char_count(i)).max().unwrap_or(0) + digits(items.len()) + 4;
        let columns = shell.state.variables.scalar(b"COLUMNS").and_then(super::parse_number);
        let columns = columns.and_then(|n| usize::try_from(n).ok()).unwrap_or(80);
        let mut rows = items.len().div_ceil((columns / wide).max(1));
        if rows == 1 {
            rows = items.len();
        }
        let mut out = Vec::new();
        for row in 0..rows {
            let line: Vec<usize> = (row..items.len()).step_by(rows).collect();
            for (column, at) in line.iter().enumerate() {
                // The numbers of the first column are shorter.
                let width = digits(if column == 0 { rows } else { items.len() });
                out.extend_from_slice(format!("{:>width$}) ", at + 1).as_bytes());
                out.extend_from_slice(&items[*at]);
                if column + 1 < line.len() {
                    let here = column * wide + width + 2 + char_count(&items[*at]);
                    tabs(here, (column + 1) * wide, &mut out);
                }
            }
            out.push(b'\n');
        }
        io.eprint(out);
    }
    let prompt = shell.state.variables.scalar(b"PS3").unwrap_or(b"#? ").to_vec();
    io.eprint(prompt);
}

/// Moves from one column to another, by tabs as far as they lead.
fn tabs(mut from: usize, to: usize, out: &mut Vec<u8>) {
    while from < to {
        let stop = from / 8 * 8 + 8;
        if stop <= to {
            out.push(b'\t');
            from = stop;
        } else {
            out.push(b' ');
            from += 1;
        }
    }
}

impl Shell {
    pub(super) fn turn_read(&mut self, mut read: Box<ReadLine>, io: &mut Io<'_>) -> Flow {
        loop {
            if read.most.is_some_and(|most| read.line.len() >= most) {
                return self.finish_read(&read, 0, io);
            }
            let byte = match io.read(read.fd, 1) {
                Read::Data(bytes) => bytes[0],
                Read::Wait => {
                    let fd = read.fd;
                    // Someone at a terminal has all the time: it does not pass while they type.
                    if let Some(until) = read.until.filter(|_| !io.is_terminal(fd)) {
                        if io.now() >= until {
                            return self.finish_read(&read, 142, io);
                        }
                        self.frames
                            .push(crate::language::run::Frame::Blocking(Blocking::Read(read)));
                        return Flow::Block(Wait::Alarm(until.min(io.now() + Duration::from_millis(10))));
                    }
                    self.frames
                        .push(crate::language::run::Frame::Blocking(Blocking::Read(read)));
                    return Flow::Block(Wait::Readable(fd));
                }
                Read::End => return self.finish_read(&read, 1, io),
                Read::Failed(error) => {
                    self.complain(io, "read", format!("read error: {}: {error}", read.fd));
                    self.state.status = 1;
                    return Flow::Next;
                }
            };
            if read.escaped {
                read.escaped = false;
                if byte != b'\n' {
                    read.line.push((byte, true));
                }
            } else if byte == b'\\' && !read.raw {
                read.escaped = true;
            } else if byte == read.delimiter && !read.exact {
                return self.finish_read(&read, 0, io);
            } else if byte != 0 {
                read.line.push((byte, false));
            }
        }
    }

    fn finish_read(&mut self, read: &ReadLine, status: u8, io: &mut Io<'_>) -> Flow {
        self.state.status = status;
        if let Some((name, items)) = &read.menu {
            return self.finish_select(read, name, items, io);
        }
        let plain = |bytes: &[(u8, bool)]| bytes.iter().map(|(b, _)| *b).collect::<Vec<u8>>();
        if read.names.is_empty() {
            let line = plain(&read.line);
            return self.store_read(b"REPLY", line, io);
        }
        let separators = self.state.separators().to_vec();
        if read.array {
            let (fields, _) = split(&read.line, &separators, usize::MAX);
            let map = fields
                .iter()
                .enumerate()
                .map(|(at, field)| (at as i64, plain(field)))
                .collect();
            let variable = Variable::new(Value::Indexed(map));
            self.state.variables.restore(&read.names[0], Some(variable));
            return Flow::Next;
        }
        if read.exact {
            return self.store_read(&read.names[0].clone(), plain(&read.line), io);
        }
        let (fields, last) = split(&read.line, &separators, read.names.len() - 1);
        for (at, name) in read.names.iter().enumerate() {
            let value = if at + 1 == read.names.len() {
                plain(last)
            } else {
                fields.get(at).map(|f| plain(f)).unwrap_or_default()
            };
            self.store_read(name, value, io);
        }
        Flow::Next
    }

    fn finish_select(&mut self, read: &ReadLine, name: &[u8], items: &[Vec<u8>], io: &mut Io<'_>) -> Flow {
        let line: Vec<u8> = read.line.iter().map(|(b, _)| *b).collect();
        let ended = self.state.status != 0;
        if ended {
            io.print("\n");
            self.unwinding = Some(Unwind::Break(1));
            return Flow::Next;
        }
        let chosen = super::parse_number(line.trim_ascii())
            .and_then(|n| usize::try_from(n).ok()?.checked_sub(1))
            .and_then(|at| items.get(at).cloned());
        let empty = line.is_empty();
        self.store_read(b"REPLY", line, io);
        if empty {
            self.state.menu_shown = false;
            let mut again = ReadLine::new();
            again.menu = read.menu.clone();
            show_menu(self, &again, io);
            self.frames
                .push(crate::language::run::Frame::Blocking(Blocking::Read(Box::new(again))));
            return Flow::Next;
        }
        self.store_read(name, chosen.unwrap_or_default(), io)
    }

    fn store_read(&mut self, name: &[u8], value: Vec<u8>, io: &mut Io<'_>) -> Flow {
        if let Err(message) = self.state.assign(name, value) {
            self.error(io, message);
            self.state.status = 1;
        }
        Flow::Next
    }
}

type Marked = [(u8, bool)];

/// The first `most` fields, and what is left for the last name (without blanks around it, and without one final
/// separator when nothing but it follows).
fn split<'a>(line: &'a Marked, separators: &[u8], most: usize) -> (Vec<&'a Marked>, &'a Marked) {
    let separator = |item: &(u8, bool)| !item.1 && separators.contains(&item.0);
    let blank = |item: &(u8, bool)| separator(item) && item.0.is_ascii_whitespace();
    let skip = |at: usize| at + line[at..].iter().take_while(|i| blank(i)).count();
    let mut fields = Vec::new();
    let mut at = skip(0);
    while fields.len() < most && at < line.len() {
        let end = at + line[at..].iter().take_while(|i| !separator(i)).count();
        fields.push(&line[at..end]);
        at = skip(end);
        if at < line.len() && separator(&line[at]) {
            at = skip(at + 1);
        }
    }
    let mut rest = &line[at..];
    while let Some((last, before)) = rest.split_last()
        && blank(last)
    {
        rest = before;
    }
    // `a:b:` into two names: the last separator only ends the last field.
    if let Some((last, before)) = rest.split_last()
        && separator(last)
        && !before.iter().any(separator)
    {
        rest = before;
    }
    (fields, rest)
}
