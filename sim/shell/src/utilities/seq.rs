//! `seq`.

use super::support::complain;
use super::support::options::{flag, parse_args, value};
use super::support::text::quote;
use super::support::utility::{COREUTILS, Utility};
use essaim_kernel::{Call, Io, Process, Progress};

pub const UTILITY: Utility = Utility {
    name: "seq",
    summary: "print a sequence of numbers",
    usage: "[OPTION]... [FIRST [INCREMENT]] LAST",
    options: &[value("f", "format"), value("s", "separator"), flag("w", "equal-width")],
    start: |call| Box::new(Seq { call, state: None }),
    ..COREUTILS
};

#[derive(Clone)]
struct Seq {
    call: Call,
    state: Option<State>,
}

#[derive(Clone)]
struct State {
    first: f64,
    step: f64,
    last: f64,
    index: u64,
    precision: usize,
    width: usize,
    format: Option<(String, String, String)>,
    separator: Vec<u8>,
}

fn operand(text: &[u8]) -> Option<(f64, usize, usize)> {
    let text = std::str::from_utf8(text).ok()?;
    let number = text.trim_start().parse::<f64>().ok()?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let precision = mantissa.split_once('.').map_or(0, |(_, f)| f.len());
    let whole = mantissa
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_start_matches('+')
        .len();
    Some((number, precision, whole))
}

/// Each operand as (number, decimals, digits before them).
fn numbers(given: &[Vec<u8>], call: &Call, io: &mut Io<'_>) -> Result<Vec<(f64, usize, usize)>, u8> {
    let mut numbers = Vec::new();
    for text in given {
        match operand(text) {
            Some((number, _, _)) if number.is_nan() => {
                let message = format!("invalid ‘not-a-number’ argument: {}", quote(text));
                return Err(UTILITY.usage_error(call, io, &message));
            }
            Some(number) => numbers.push(number),
            None => {
                let message = format!("invalid floating point argument: {}", quote(text));
                return Err(UTILITY.usage_error(call, io, &message));
            }
        }
    }
    Ok(numbers)
}

fn state(call: &Call, io: &mut Io<'_>) -> Result<State, u8> {
    // Negative numbers are no options.
    let mut args: Vec<Vec<u8>> = call.args.iter().skip(1).cloned().collect();
    let negative = |a: &Vec<u8>| a.len() > 1 && a[0] == b'-' && (a[1].is_ascii_digit() || a[1] == b'.');
    if let Some(at) = args.iter().position(negative)
        && !args[..at].iter().any(|a| a == b"--")
        && !matches!(args[..at].last().map(Vec::as_slice), Some(b"-s" | b"-f"))
    {
        args.insert(at, b"--".to_vec());
    }
    let parsed = parse_args(&UTILITY, &args, call, io)?;
    let given = &parsed.operands;
    if given.is_empty() {
        return Err(UTILITY.usage_error(call, io, "missing operand"));
    }
    if let Some(extra) = given.get(3) {
        return Err(UTILITY.usage_error(call, io, &super::copy::extra_operand(extra)));
    }
    let numbers = numbers(given, call, io)?;
    let one = (1.0, 0, 1);
    let (first, step, last) = match numbers.as_slice() {
        [last] => (one, one, *last),
        [first, last] => (*first, one, *last),
        [first, step, last, ..] => (*first, *step, *last),
        [] => (one, one, one),
    };
    if step.0 == 0.0 {
        let text = given.get(1).map_or(b"0".as_slice(), Vec::as_slice);
        let message = format!("invalid Zero increment value: {}", quote(text));
        return Err(UTILITY.usage_error(call, io, &message));
    }
    let precision = first.1.max(step.1).min(15);
    let point = if precision > 0 { precision + 1 } else { 0 };
    let width = if parsed.has("equal-width") {
        first.2.max(last.2) + point
    } else {
        0
    };
    let format = match parsed.value("format") {
        None => None,
        Some(text) => Some(split_format(text).ok_or_else(|| {
            complain(
                io,
                call,
                format!("format {} has no % directive", super::support::text::quoted(text)),
            );
            1
        })?),
    };
    Ok(State {
        first: first.0,
        step: step.0,
        last: last.0,
        index: 0,
        precision,
        width,
        format,
        separator: parsed.value("separator").unwrap_or(b"\n").to_vec(),
    })
}

fn split_format(text: &[u8]) -> Option<(String, String, String)> {
    let text = std::str::from_utf8(text).ok()?;
    let start = text.find('%')?;
    let len = text[start..].find(['f', 'g', 'e', 'F', 'G', 'E'])?;
    let (before, rest) = text.split_at(start);
    let (directive, after) = rest.split_at(len + 1);
    Some((before.to_owned(), directive.to_owned(), after.to_owned()))
}

fn formatted(directive: &str, number: f64) -> String {
    let flags: String = directive[1..].chars().take_while(|c| "-+ 0#".contains(*c)).collect();
    let rest = &directive[1 + flags.len()..directive.len() - 1];
    let (width, precision) = rest.split_once('.').unwrap_or((rest, ""));
    let width = width.parse::<usize>().unwrap_or(0).min(1000);
    let digits = precision.parse::<usize>().unwrap_or(6).min(100);
    let kind = directive.chars().last().unwrap_or('g');
    let mut text = match kind {
        'f' | 'F' => format!("{number:.digits$}"),
        'g' | 'G' => general(number, digits),
        _ => {
            let text = format!("{number:.digits$e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
    };
    if flags.contains('+') && number >= 0.0 {
        text.insert(0, '+');
    }
    let missing = width.saturating_sub(text.len());
    if flags.contains('-') {
        text + &" ".repeat(missing)
    } else if flags.contains('0') {
        let at = usize::from(text.starts_with(['-', '+']));
        text.insert_str(at, &"0".repeat(missing));
        text
    } else {
        " ".repeat(missing) + &text
    }
}

fn general(number: f64, digits: usize) -> String {
    let digits = digits.max(1);
    let exponent = if number == 0.0 {
        0
    } else {
        libm_floor_log10(number.abs())
    };
    if exponent < -4 || exponent >= digits as i32 {
        let text = format!("{number:.*e}", digits - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = if mantissa.contains('.') {
            mantissa.trim_end_matches('0').trim_end_matches('.')
        } else {
            mantissa
        };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The decimal exponent, by the text of the number: the same everywhere.
fn libm_floor_log10(number: f64) -> i32 {
    let text = format!("{number:e}");
    text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

impl State {
    fn text(&self, number: f64) -> String {
        match &self.format {
            Some((before, directive, after)) => format!("{before}{}{after}", formatted(directive, number)),
            None => {
                let (width, precision) = (self.width, self.precision);
                format!("{number:0width$.precision$}")
            }
        }
    }
}

impl Process for Seq {
    fn step(&mut self, io: &mut Io<'_>) -> Progress {
        const BLOCK_BYTES: usize = 16 << 10;
        let mut state = match self.state.take() {
            Some(state) => state,
            None => match state(&self.call, io) {
                Ok(state) => state,
                Err(code) => return Progress::Exit(code),
            },
        };
        let mut out = Vec::new();
        let done = loop {
            let number = state.first + state.index as f64 * state.step;
            // A sum that misses the end by less than it prints is the end.
            let slack = state.step.abs() * 1e-9;
            let past = if state.step > 0.0 {
                number > state.last + slack
            } else {
                number < state.last - slack
            };
            if past {
                if state.index > 0 {
                    out.push(b'\n');
                }
                break true;
            }
            if state.index > 0 {
                out.extend_from_slice(&state.separator);
            }
            out.extend_from_slice(state.text(number).as_bytes());
            state.index += 1;
            if out.len() > BLOCK_BYTES {
                break false;
            }
        };
        io.print(out);
        self.state = Some(state);
        if done { Progress::Exit(0) } else { Progress::Ready }
    }

    fn clone_box(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }
}
