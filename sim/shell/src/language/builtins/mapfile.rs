//! `mapfile`, also called `readarray`.

use super::{After, Blocking, parse_number};
use crate::language::run::{Flow, Frame, Shell};
use crate::language::syntax::ast::is_name;
use crate::language::variables::{Value, Variable};
use essaim_kernel::{Io, Read, Wait};

/// Lines being read into an array.
#[derive(Clone, Debug)]
pub struct MapFile {
    fd: u32,
    delimiter: u8,
    strip: bool,
    /// `-O`: the first index; without it the array is emptied.
    origin: Option<i64>,
    skip: usize,
    /// 0: all.
    most: usize,
    name: Vec<u8>,
    content: Vec<u8>,
}

const USAGE: &str =
    "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]";

impl MapFile {
    /// An option with a value. The error is bash's message.
    fn option(&mut self, letter: u8, value: &[u8]) -> Result<(), Vec<u8>> {
        let number = parse_number(value).filter(|n| *n >= 0);
        match (letter, number) {
            (b'd', _) => self.delimiter = value.first().copied().unwrap_or(0),
            (b'n', Some(n)) => self.most = n as usize,
            (b's', Some(n)) => self.skip = n as usize,
            (b'O', Some(n)) => self.origin = Some(n),
            (b'u', Some(n)) => self.fd = n as u32,
            (b'C' | b'c', _) => return Err(b"-C: exists in real bash, not simulated here".to_vec()),
            (letter, _) => {
                let what: &[u8] = match letter {
                    b'u' => b"invalid file descriptor specification",
                    b'O' => b"invalid array origin",
                    _ => b"invalid line count",
                };
                return Err([value, b": ", what].concat());
            }
        }
        Ok(())
    }
}

pub fn mapfile(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let called = String::from_utf8_lossy(&args[0]).into_owned();
    let mut map = MapFile {
        fd: 0,
        delimiter: b'\n',
        strip: false,
        origin: None,
        skip: 0,
        most: 0,
        name: b"MAPFILE".to_vec(),
        content: Vec::new(),
    };
    let mut words = args[1..].iter();
    while let Some(word) = words.next() {
        let letter = match word.as_slice() {
            b"-t" => {
                map.strip = true;
                continue;
            }
            [b'-', letter @ (b'd' | b'n' | b'O' | b's' | b'u' | b'C' | b'c'), ..] => *letter,
            [b'-', letter, ..] => {
                let usage = USAGE.replacen("mapfile", &called, 1);
                return shell.bad_option(io, &called, &[b'-', *letter], &usage);
            }
            name => {
                map.name = name.to_vec();
                break;
            }
        };
        let value = if word.len() > 2 {
            Some(word[2..].to_vec())
        } else {
            words.next().cloned()
        };
        let Some(value) = value else {
            shell.complain(
                io,
                &called,
                [b"-".as_slice(), &[letter], b": option requires an argument"].concat(),
            );
            return After::Status(2);
        };
        if let Err(what) = map.option(letter, &value) {
            shell.complain(io, &called, what);
            return After::Status(if letter.eq_ignore_ascii_case(&b'c') { 2 } else { 1 });
        }
    }
    if !is_name(&map.name) {
        let text = [b"`", map.name.as_slice(), b"': not a valid identifier"].concat();
        shell.complain(io, &called, text);
        return After::Status(1);
    }
    if !io.is_open(map.fd) {
        shell.complain(
            io,
            &called,
            format!("{}: invalid file descriptor: Bad file descriptor", map.fd),
        );
        return After::Status(1);
    }
    After::Blocking(Blocking::Map(Box::new(map)))
}

impl Shell {
    pub(super) fn turn_map(&mut self, mut map: Box<MapFile>, io: &mut Io<'_>) -> Flow {
        let wanted = if map.most == 0 { usize::MAX } else { map.skip + map.most };
        let mut lines = map.content.iter().filter(|b| **b == map.delimiter).count();
        while lines < wanted {
            // Byte by byte where something is left for others.
            match io.read(map.fd, if map.most == 0 { 64 << 10 } else { 1 }) {
                Read::Data(bytes) => {
                    lines += bytes.iter().filter(|b| **b == map.delimiter).count();
                    map.content.extend(bytes);
                    if map.content.len() as u64 > io.limits().file_bytes_max {
                        break;
                    }
                }
                Read::Wait => {
                    let fd = map.fd;
                    self.frames.push(Frame::Blocking(Blocking::Map(map)));
                    return Flow::Block(Wait::Readable(fd));
                }
                Read::End | Read::Failed(_) => break,
            }
        }
        let all = map.content.split_inclusive(|b| *b == map.delimiter).skip(map.skip);
        let most = if map.most == 0 { usize::MAX } else { map.most };
        let variable = self.state.variables.entry(&map.name);
        let mut values = match (map.origin, &mut variable.value) {
            (Some(_), Value::Indexed(old)) => std::mem::take(old),
            _ => std::collections::BTreeMap::new(),
        };
        for (index, line) in (map.origin.unwrap_or(0)..).zip(all.take(most)) {
            let line = if map.strip {
                line.strip_suffix(&[map.delimiter]).unwrap_or(line)
            } else {
                line
            };
            values.insert(index, line.to_vec());
        }
        let variable = Variable::new(Value::Indexed(values));
        self.state.variables.restore(&map.name, Some(variable));
        self.state.status = 0;
        Flow::Next
    }
}
