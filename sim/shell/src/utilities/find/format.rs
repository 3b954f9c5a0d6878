//! `find -printf`.

use super::visit::Visit;
use crate::utilities::support::clock::Moment;
use crate::utilities::support::text::{mode_string, user};
use crate::utilities::support::zone::Zone;
use essaim_kernel::files::path;
use essaim_kernel::{Io, Time};

/// The text of a format for one file.
pub fn formatted(format: &[u8], visit: &Visit<'_>, io: &Io<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < format.len() {
        match (format[at], format.get(at + 1)) {
            (b'\\', Some(letter)) => {
                out.push(match letter {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'0' => 0,
                    other => *other,
                });
                at += 2;
            }
            (b'%', Some(_)) => at += directive(&format[at..], visit, io, &mut out),
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

fn directive(text: &[u8], visit: &Visit<'_>, io: &Io<'_>, out: &mut Vec<u8>) -> usize {
    let mut at = 1;
    let left = text.get(at) == Some(&b'-');
    at += usize::from(left);
    let zero = text.get(at) == Some(&b'0');
    let digits = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let width = std::str::from_utf8(&text[at..at + digits])
        .ok()
        .and_then(|t| t.parse().ok());
    let width: usize = width.unwrap_or(0).min(1000);
    at += digits;
    let Some(letter) = text.get(at) else {
        out.extend_from_slice(text);
        return text.len();
    };
    at += 1;
    let mut key = 0;
    if matches!(letter, b'T' | b'C' | b'A')
        && let Some(next) = text.get(at)
    {
        key = *next;
        at += 1;
    }
    let value = value(*letter, key, visit, io).unwrap_or_else(|| text[..at].to_vec());
    let missing = width.saturating_sub(String::from_utf8_lossy(&value).chars().count());
    let pad = if zero && !left { b'0' } else { b' ' };
    if !left {
        out.extend(std::iter::repeat_n(pad, missing));
    }
    out.extend_from_slice(&value);
    if left {
        out.extend(std::iter::repeat_n(b' ', missing));
    }
    at
}

fn value(letter: u8, key: u8, visit: &Visit<'_>, io: &Io<'_>) -> Option<Vec<u8>> {
    let metadata = &visit.metadata;
    let kind = if metadata.is_dir() {
        "d"
    } else if metadata.is_symlink() {
        "l"
    } else {
        "f"
    };
    let relative = || {
        let rest = visit.name.strip_prefix(visit.root).unwrap_or(visit.name);
        rest.strip_prefix(b"/").unwrap_or(rest).to_vec()
    };
    Some(match letter {
        b'%' => b"%".to_vec(),
        b'p' => visit.name.to_vec(),
        b'f' => {
            let base = path::file_name(visit.name);
            if base.is_empty() { b"/".to_vec() } else { base.to_vec() }
        }
        b'h' => match path::parent(visit.name) {
            b"" => b".".to_vec(),
            parent => parent.to_vec(),
        },
        b'P' => relative(),
        b'H' => visit.root.to_vec(),
        b'd' => visit.depth.to_string().into_bytes(),
        b's' => metadata.size.to_string().into_bytes(),
        b'k' => (metadata.size.div_ceil(4096) * 4).to_string().into_bytes(),
        b'b' => (metadata.size.div_ceil(4096) * 8).to_string().into_bytes(),
        b'm' => format!("{:o}", metadata.mode).into_bytes(),
        b'M' => mode_string(metadata).into_bytes(),
        b'n' => metadata.nlink.to_string().into_bytes(),
        b'i' => metadata.ino.to_string().into_bytes(),
        b'y' | b'Y' => kind.as_bytes().to_vec(),
        b'u' | b'g' => user(io).name.into_bytes(),
        b'U' | b'G' => user(io).id.to_string().into_bytes(),
        b'l' => io.files_ref().read_link(&io.path(visit.name)).unwrap_or_default(),
        b't' => time_text(metadata.mtime, b'c', io),
        b'c' => time_text(metadata.ctime, b'c', io),
        b'T' => time_text(metadata.mtime, key, io),
        b'C' => time_text(metadata.ctime, key, io),
        _ => return None,
    })
}

fn time_text(time: Time, key: u8, io: &Io<'_>) -> Vec<u8> {
    let moment = Moment::new(time, &Zone::of(io.env()));
    let format: &[u8] = match key {
        b'@' => b"%s.%N0",
        b'+' => b"%Y-%m-%d+%H:%M:%S.%N0",
        b'c' => b"%a %b %e %H:%M:%S.%N0 %Y",
        b'S' => b"%S.%N0",
        b'T' | b'X' => b"%H:%M:%S.%N0",
        key => return moment.format(&[b'%', key]),
    };
    moment.format(format)
}
