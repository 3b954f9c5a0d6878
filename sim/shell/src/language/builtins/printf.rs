//! `printf`.

use super::After;
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

/// Formats: the format first, then its arguments.
pub fn format(args: &[Vec<u8>]) -> Printed {
    let mut printed = Printed::default();
    let Some(format) = args.first() else { return printed };
    let mut rest = &args[1..];
    loop {
        let before = rest.len();
        if once(format, &mut rest, &mut printed) || rest.is_empty() || rest.len() == before {
            return printed;
        }
    }
}

/// One pass over the format. `true`: stop (`\c`, or a bad conversion).
fn once(format: &[u8], rest: &mut &[Vec<u8>], printed: &mut Printed) -> bool {
    let mut at = 0;
    while at < format.len() {
        match format[at] {
            b'%' => match conversion(format, &mut at, rest, printed) {
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

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Widths beyond this are a mistake, not a wish.
const WIDTH_MAX: usize = 100_000;

fn next<'a>(rest: &mut &'a [Vec<u8>]) -> Option<&'a [u8]> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn conversion(format: &[u8], at: &mut usize, rest: &mut &[Vec<u8>], printed: &mut Printed) -> Result<bool, Vec<u8>> {
    let start = *at;
    *at += 1;
    let mut spec = Spec::default();
    while let Some(flag) = format.get(*at) {
        match flag {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'0' => spec.zero = true,
            b'#' => spec.alternate = true,
            b'\'' => {}
            _ => break,
        }
        *at += 1;
    }
    let number = |at: &mut usize, rest: &mut &[Vec<u8>], printed: &mut Printed| -> i64 {
        if format.get(*at) == Some(&b'*') {
            *at += 1;
            return next(rest).map_or(0, |word| integer(word, printed));
        }
        let digits = format[*at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = &format[*at..*at + digits];
        *at += digits;
        super::parse_number(text).unwrap_or(0)
    };
    let width = number(at, rest, printed);
    spec.left |= width < 0;
    spec.width = (width.unsigned_abs() as usize).min(WIDTH_MAX);
    if format.get(*at) == Some(&b'.') {
        *at += 1;
        let precision = number(at, rest, printed);
        spec.precision = usize::try_from(precision).ok().map(|p| p.min(WIDTH_MAX));
    }
    while matches!(format.get(*at), Some(b'l' | b'h' | b'L' | b'q' | b'z' | b'j' | b't'))
        && format.get(*at + 1).is_some_and(|b| b"diouxXeEfFgGlh".contains(b))
    {
        *at += 1;
    }
    let Some(letter) = format.get(*at).copied() else {
        return Err([b"`", &format[start..], b"': missing format character"].concat());
    };
    *at += 1;
    match letter {
        b'%' => printed.out.push(b'%'),
        b's' => {
            let text = next(rest).unwrap_or_default();
            let text = &text[..spec.precision.map_or(text.len(), |p| p.min(text.len()))];
            pad(&spec, text, &mut printed.out);
        }
        b'b' => {
            let text = unescape(next(rest).unwrap_or_default(), Style::Echo);
            pad(&spec, &text.bytes, &mut printed.out);
            return Ok(text.stop);
        }
        b'q' => pad(
            &spec,
            &backslash_quote(next(rest).unwrap_or_default()),
            &mut printed.out,
        ),
        b'c' => {
            let text = next(rest).unwrap_or_default();
            pad(&spec, text.get(..1).unwrap_or(b"\0"), &mut printed.out);
        }
        b'd' | b'i' => {
            let value = next(rest).map_or(0, |word| integer(word, printed));
            let digits = value.unsigned_abs().to_string();
            put_integer(&spec, sign(&spec, value < 0), "", &digits, &mut printed.out);
        }
        b'u' | b'o' | b'x' | b'X' => {
            let value = next(rest).map_or(0, |word| integer(word, printed)) as u64;
            let (digits, prefix) = match letter {
                b'o' => (format!("{value:o}"), if spec.alternate { "0" } else { "" }),
                b'x' => (
                    format!("{value:x}"),
                    if spec.alternate && value != 0 { "0x" } else { "" },
                ),
                b'X' => (
                    format!("{value:X}"),
                    if spec.alternate && value != 0 { "0X" } else { "" },
                ),
                _ => (value.to_string(), ""),
            };
            put_integer(&spec, "", prefix, &digits, &mut printed.out);
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
            let value = next(rest).map_or(0.0, |word| float(word, printed));
            let text = float_text(&spec, letter, value.abs());
            let sign = sign(&spec, value.is_sign_negative());
            let no_zero = Spec {
                precision: None,
                zero: spec.zero && value.is_finite(),
                ..spec
            };
            put_integer(&no_zero, sign, "", &text, &mut printed.out);
        }
        other => {
            return Err([b"`", &[other][..], b"': invalid format character"].concat());
        }
    }
    Ok(false)
}

fn sign(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.space) {
        (true, _, _) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

fn pad(spec: &Spec, text: &[u8], out: &mut Vec<u8>) {
    // bash counts bytes, whatever the locale.
    let length = text.len();
    let blanks = spec.width.saturating_sub(length);
    if !spec.left {
        out.resize(out.len() + blanks, b' ');
    }
    out.extend_from_slice(text);
    if spec.left {
        out.resize(out.len() + blanks, b' ');
    }
}

fn put_integer(spec: &Spec, sign: &str, prefix: &str, digits: &str, out: &mut Vec<u8>) {
    let least = spec.precision.unwrap_or(0);
    let mut digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    if spec.precision == Some(0) && digits == "0" {
        digits.clear();
    }
    let length = sign.len() + prefix.len() + digits.len();
    if spec.zero && !spec.left && spec.precision.is_none() {
        digits = format!("{}{digits}", "0".repeat(spec.width.saturating_sub(length)));
    }
    pad(spec, format!("{sign}{prefix}{digits}").as_bytes(), out);
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

/// A number that is not negative, as C prints it.
fn float_text(spec: &Spec, letter: u8, value: f64) -> String {
    let precision = spec.precision.unwrap_or(6).min(1_000);
    let upper = letter.is_ascii_uppercase();
    let text = if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        "inf".to_owned()
    } else {
        match letter.to_ascii_lowercase() {
            b'f' => {
                let dot = if spec.alternate && precision == 0 { "." } else { "" };
                format!("{value:.precision$}{dot}")
            }
            b'e' => exponent(value, precision),
            _ => general(value, precision.max(1), spec.alternate),
        }
    };
    if upper { text.to_uppercase() } else { text }
}

fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
}

fn general(value: f64, precision: usize, alternate: bool) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = exponent(value, precision - 1);
    let power: i32 = scientific
        .rsplit_once('e')
        .and_then(|(_, p)| p.parse().ok())
        .unwrap_or(0);
    let trim = |text: &str| {
        if alternate || !text.contains('.') {
            text.to_owned()
        } else {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if power < -4 || power >= precision as i32 {
        let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{power}", trim(mantissa));
    }
    let decimals = (precision as i32 - 1 - power).max(0) as usize;
    trim(&format!("{value:.decimals$}"))
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
    let printed = format(words);
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
