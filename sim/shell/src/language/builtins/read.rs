//! `read`.

use super::{After, Blocking};
use crate::language::run::{Flow, Shell};
use crate::language::variables::{Value, Variable};
use essaim_kernel::{Io, Read, Wait};

/// A line being read.
#[derive(Clone, Debug)]
pub struct ReadLine {
    fd: u32,
    raw: bool,
    delimiter: u8,
    most: Option<usize>,
    exact: bool,
    array: bool,
    names: Vec<Vec<u8>>,
    /// Bytes, each with whether it was quoted by a backslash.
    line: Vec<(u8, bool)>,
    escaped: bool,
}

pub fn read(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut read = ReadLine {
        fd: 0,
        raw: false,
        delimiter: b'\n',
        most: None,
        exact: false,
        array: false,
        names: Vec::new(),
        line: Vec::new(),
        escaped: false,
    };
    let mut words = args[1..].iter();
    let mut prompt = None;
    while let Some(word) = words.next() {
        if word == b"--" {
            read.names.extend(words.cloned());
            break;
        }
        if !word.starts_with(b"-") || word.len() < 2 {
            read.names.push(word.clone());
            read.names.extend(words.cloned());
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
                        return After::Status(2);
                    };
                    match letter {
                        b'p' => prompt = Some(value),
                        b'd' => read.delimiter = value.first().copied().unwrap_or(0),
                        b'a' => {
                            read.array = true;
                            read.names.push(value);
                        }
                        b'u' => read.fd = super::parse_number(&value).unwrap_or(0) as u32,
                        b'n' | b'N' => {
                            read.exact = letter == b'N';
                            read.most = super::parse_number(&value).and_then(|n| usize::try_from(n).ok());
                        }
                        _ => {}
                    }
                }
                letter => {
                    return shell.bad_option(
                        io,
                        "read",
                        &[b'-', letter],
                        "read [-ers] [-a array] [-d delim] [-n nchars] [-p prompt] [name ...]",
                    );
                }
            }
        }
    }
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
    After::Blocking(Blocking::Read(read))
}

impl Shell {
    pub(super) fn turn_read(&mut self, mut read: ReadLine, io: &mut Io<'_>) -> Flow {
        loop {
            if read.most.is_some_and(|most| read.line.len() >= most) {
                return self.finish_read(&read, 0, io);
            }
            let byte = match io.read(read.fd, 1) {
                Read::Data(bytes) => bytes[0],
                Read::Wait => {
                    let fd = read.fd;
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
