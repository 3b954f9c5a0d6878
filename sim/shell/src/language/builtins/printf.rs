//! `printf`.

use super::After;
use crate::format::Spec;
use crate::language::escapes::{Style, unescape};
use crate::language::pattern::first_char;
use crate::language::quote::backslash_quote;
use crate::language::run::Shell;
use essaim_kernel::Io;

/// What `printf` prints and says.
#[derive(Debug, Default)]
pub struct Printed {
    pub out: Vec<u8>,
    /// Messages, without the program's name.
    pub errors: Vec<Vec<u8>>,
    pub status: u8,
}

/// What `%(…)T` says of an instant (-1: now), in this format.
pub type Clock<'a> = &'a dyn Fn(&[u8], i64) -> Vec<u8>;

/// Formats: the format first, then its arguments.
pub fn format(args: &[Vec<u8>], clock: Option<Clock<'_>>) -> Printed {
    let mut printed = Printed::default();
    let Some(format) = args.first() else { return printed };
    let mut rest = &args[1..];
    loop {
        let before = rest.len();
        if once(format, &mut rest, &mut printed, clock) || rest.is_empty() || rest.len() == before {
            return printed;
        }
    }
}

/// One pass over the format. `true`: stop (`\c`, or a bad conversion).
fn once(format: &[u8], rest: &mut &[Vec<u8>], printed: &mut Printed, clock: Option<Clock<'_>>) -> bool {
    let mut at = 0;
    while at < format.len() {
        match format[at] {
            b'%' => match conversion(format, &mut at, rest, printed, clock) {
                Ok(false) => {}
                Ok(true) => return true,
                Err(message) => {
                    printed.errors.push(message);
                    printed.status = 1;
                    return true;
                }
            },
            b'\\' => {
                let end = escape_end(format, at);
                let piece = unescape(&format[at..end], Style::Printf);
                printed.out.extend_from_slice(&piece.bytes);
                if piece.stop {
                    return true;
                }
                at = end;
            }
            byte => {
                printed.out.push(byte);
                at += 1;
            }
        }
    }
    false
}

/// The end of the escape at `at`.
fn escape_end(format: &[u8], at: usize) -> usize {
    let digits = |from: usize, most: usize, ok: fn(&u8) -> bool| {
        from + format[from.min(format.len())..]
            .iter()
            .take(most)
            .take_while(|b| ok(b))
            .count()
    };
    match format.get(at + 1) {
        None => at + 1,
        Some(b'x') => digits(at + 2, 2, u8::is_ascii_hexdigit),
        Some(b'u') => digits(at + 2, 4, u8::is_ascii_hexdigit),
        Some(b'U') => digits(at + 2, 8, u8::is_ascii_hexdigit),
        Some(b'0'..=b'7') => digits(at + 1, 3, |b| (b'0'..=b'7').contains(b)),
        Some(_) => at + 2,
    }
}

fn next<'a>(rest: &mut &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn conversion(
    format: &[u8],
    at: &mut usize,
    rest: &mut &[Vec<u8>],
    printed: &mut Printed,
    clock: Option<Clock<'_>>,
) -> Result<bool, Vec<u8>> {
    let start = *at;
    let (spec, letter) = Spec::read(format, at, || next(rest).map_or(0, |word| integer(word, printed)));
    let Some(letter) = letter else {
        return Err([b"`", &format[start..], b"': missing format character"].concat());
    };
    let out = &mut Vec::new();
    match letter {
        b'%' => out.push(b'%'),
        b's' => spec.put_text(next(rest).unwrap_or_default(), out),
        b'b' => {
            let text = unescape(next(rest).unwrap_or_default(), Style::Echo);
            spec.put_text(&text.bytes, out);
            printed.out.append(out);
            return Ok(text.stop);
        }
        b'q' => spec.pad(&backslash_quote(next(rest).unwrap_or_default()), out),
        b'c' => spec.pad(next(rest).unwrap_or_default().get(..1).unwrap_or(b"\0"), out),
        b'd' | b'i' => spec.put_signed(next(rest).map_or(0, |word| integer(word, printed)), out),
        b'u' | b'o' | b'x' | b'X' => {
            let value = next(rest).map_or(0, |word| integer(word, printed));
            spec.put_unsigned(value as u64, letter, out);
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            spec.put_float(next(rest).map_or(0.0, |word| float(word, printed)), letter, out);
        }
        b'(' if clock.is_some() => {
            let end = format[*at..].windows(2).position(|w| w == b")T");
            let (Some(end), Some(clock)) = (end, clock) else {
                return Err([b"`", &format[start..], b"': missing format character"].concat());
            };
            let text = if end == 0 { b"%X" } else { &format[*at..*at + end] };
            *at += end + 2;
            let seconds = next(rest).map_or(-1, |word| integer(word, printed));
            spec.put_text(&clock(text, seconds), out);
        }
        other => {
            return Err([b"`", &[other][..], b"': invalid format character"].concat());
        }
    }
    printed.out.append(out);
    Ok(false)
}

fn integer(word: &[u8], printed: &mut Printed) -> i64 {
    if let Some(quoted) = word.strip_prefix(b"'").or_else(|| word.strip_prefix(b"\"")) {
        return i64::from(u32::from(first_char(quoted).0));
    }
    let text = String::from_utf8_lossy(word).trim_start().to_owned();
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (base, digits) = match body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if body.len() > 1 && body.starts_with('0') => (8, &body[1..]),
        None => (10, body),
    };
    let valid = digits.bytes().take_while(|b| (*b as char).is_digit(base)).count();
    let value = i128::from_str_radix(&digits[..valid], base).unwrap_or(if valid == 0 { 0 } else { i128::MAX });
    if (valid < digits.len() || digits.is_empty()) && !word.is_empty() {
        printed.errors.push([word, b": invalid number".as_slice()].concat());
        printed.status = 1;
    }
    let value = if negative { -value } else { value };
    if value > i128::from(u64::MAX) || value < i128::from(i64::MIN) {
        printed
            .errors
            .push([word, b": Numerical result out of range".as_slice()].concat());
        printed.status = 1;
        return if negative { i64::MIN } else { i64::MAX };
    }
    value as i64
}

fn float(word: &[u8], printed: &mut Printed) -> f64 {
    if word.starts_with(b"'") || word.starts_with(b"\"") {
        return integer(word, printed) as f64;
    }
    let text = String::from_utf8_lossy(word);
    let text = text.trim_start();
    if text.is_empty() {
        return 0.0;
    }
    // The longest beginning that is a number.
    for end in (1..=text.len()).rev().filter(|end| text.is_char_boundary(*end)) {
        if let Ok(value) = text[..end].parse::<f64>() {
            if end < text.len() {
                printed.errors.push([word, b": invalid number".as_slice()].concat());
                printed.status = 1;
            }
            return value;
        }
    }
    printed.errors.push([word, b": invalid number".as_slice()].concat());
    printed.status = 1;
    0.0
}

pub fn builtin(shell: &mut Shell, io: &mut Io<'_>, args: &[Vec<u8>]) -> After {
    let mut words = &args[1..];
    let mut variable = None;
    if words.first().is_some_and(|w| w == b"-v") {
        let Some(name) = words.get(1) else {
            shell.complain(io, "printf", "-v: option requires an argument");
            return After::Status(2);
        };
        variable = Some(name.clone());
        words = &words[2..];
    }
    if words.first().is_some_and(|w| w == b"--") {
        words = &words[1..];
    }
    if words.is_empty() {
        io.eprint("printf: usage: printf [-v var] format [arguments]\n");
        return After::Status(2);
    }
    use crate::utilities::{Moment, Zone};
    let zone = Zone::of(io.env());
    let (now, started) = (shell.state.now, shell.state.started);
    let clock = |text: &[u8], seconds: i64| {
        let time = match seconds {
            -1 => now,
            -2 => started,
            seconds => essaim_kernel::Time::from_secs(seconds),
        };
        Moment::new(time, &zone).format(text)
    };
    let printed = format(words, Some(&clock));
    for message in &printed.errors {
        shell.complain(io, "printf", message);
    }
    match variable {
        Some(name) => match shell.state.assign(&name, printed.out) {
            Ok(()) => After::Status(printed.status),
            Err(message) => {
                shell.error(io, message);
                After::Status(1)
            }
        },
        None => match shell.print_checked(io, "printf", printed.out) {
            After::Status(0) => After::Status(printed.status),
            after => after,
        },
    }
}
