//! The functions of the language.

use super::code::{Name, Place};
use super::state::{Checked, RLENGTH, RSTART, State};
use super::streams::Step;
use super::value::Value;
use crate::format::Spec;
use crate::utilities::support::clock::{Moment, days_from_civil};
use crate::utilities::support::zone::Zone;
use essaim_kernel::{Io, Time};

impl State {
    /// Calls a function; its arguments stay on the stack until it has an answer.
    pub fn function(&mut self, name: &str, count: usize, io: &mut Io<'_>) -> Step<()> {
        let base = self.stack.len() - count;
        let arguments = self.stack[base..].to_vec();
        let number = |at: usize| arguments.get(at).map_or(0.0, Value::number);
        let text = |at: usize| arguments.get(at).map(|v| self.text(v)).unwrap_or_default();
        let value = match name {
            "length" => match arguments.first() {
                None => Value::Number(self.record().len() as f64),
                Some(Value::Array { id, .. }) => Value::Number(self.arrays[*id].len() as f64),
                Some(_) => Value::Number(text(0).len() as f64),
            },
            "substr" => Value::text(substring(&text(0), number(1), arguments.get(2).map(Value::number))),
            "index" => {
                let (whole, part) = (text(0), text(1));
                let found = if part.is_empty() {
                    Some(0)
                } else {
                    whole.windows(part.len()).position(|w| w == &*part)
                };
                Value::Number(found.map_or(0.0, |at| at as f64 + 1.0))
            }
            "match" => {
                let whole = text(0);
                let found = self.regex(&arguments[1])?.find(&whole, 0);
                let (start, length) = found.map_or((0.0, -1.0), |(a, b)| (a as f64 + 1.0, (b - a) as f64));
                self.globals[RSTART] = Value::Number(start);
                self.globals[RLENGTH] = Value::Number(length);
                Value::Number(start)
            }
            "sprintf" => Value::text(self.formatted("sprintf", &arguments)?),
            "tolower" => Value::text(text(0).to_ascii_lowercase()),
            "toupper" => Value::text(text(0).to_ascii_uppercase()),
            "system" => {
                let command = text(0);
                Value::Number(self.system(&command, io)?)
            }
            "close" => {
                let name = text(0);
                Value::Number(self.close(&name, io)?)
            }
            "fflush" => {
                self.flush(io);
                Value::Number(0.0)
            }
            "rand" => Value::Number(self.next_random()),
            "srand" => {
                let seed = if count > 0 { number(0) } else { io.now().secs() as f64 };
                self.random = seed.to_bits() ^ 0x9e37_79b9_7f4a_7c15;
                Value::Number(std::mem::replace(&mut self.seed, seed))
            }
            "systime" | "strftime" | "mktime" => self.clock(name, &arguments, io),
            name => Value::Number(calculated(name, number(0), number(1))),
        };
        self.stack.truncate(base);
        self.stack.push(value);
        Ok(())
    }

    fn clock(&self, name: &str, arguments: &[Value], io: &Io<'_>) -> Value {
        let number = |at: usize| arguments.get(at).map_or(0.0, Value::number);
        let zone = if number(2) == 0.0 {
            Zone::of(io.env())
        } else {
            Zone::utc()
        };
        match name {
            "systime" => Value::Number(io.now().secs() as f64),
            "mktime" => Value::Number(instant(&self.text(&arguments[0]), &zone)),
            _ => {
                let time = match arguments.get(1) {
                    Some(seconds) => Time::from_secs(seconds.number() as i64),
                    None => io.now(),
                };
                let format = arguments.first().map_or(b"%c".as_slice().into(), |f| self.text(f));
                Value::text(Moment::new(time, &zone).format(&format))
            }
        }
    }

    fn next_random(&mut self) -> f64 {
        // xorshift64*, its upper 53 bits.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `printf`: the format first.
    pub fn formatted(&self, name: &str, arguments: &[Value]) -> Checked<Vec<u8>> {
        let format = arguments.first().map(|f| self.text(f)).unwrap_or_default();
        let mut rest = arguments.iter().skip(1);
        let shown = || String::from_utf8_lossy(&format).into_owned();
        let mut missing = false;
        let mut out = Vec::new();
        let mut at = 0;
        let mut conversions = 0;
        while at < format.len() {
            if format[at] != b'%' {
                out.push(format[at]);
                at += 1;
                continue;
            }
            if format.get(at + 1) == Some(&b'%') {
                out.push(b'%');
                at += 2;
                continue;
            }
            let (spec, letter) = Spec::read(&format, &mut at, || match rest.next() {
                Some(value) => value.number() as i64,
                None => 0,
            });
            conversions += 1;
            let value = rest.next();
            missing |= value.is_none();
            let value = value.cloned().unwrap_or_default();
            match letter {
                Some(b's') => spec.put_text(&self.text(&value), &mut out),
                Some(b'c') => match value {
                    Value::Number(n) => spec.pad(&[n as i64 as u8], &mut out),
                    value => spec.pad(self.text(&value).get(..1).unwrap_or_default(), &mut out),
                },
                Some(b'd' | b'i') => {
                    let number = value.number();
                    if number.is_finite() {
                        spec.put_signed(number as i64, &mut out);
                    } else {
                        spec.put_float(number, b'f', &mut out);
                    }
                }
                Some(letter @ (b'u' | b'o' | b'x' | b'X')) => {
                    let number = value.number();
                    let bits = if number < 0.0 {
                        number as i64 as u64
                    } else {
                        number as u64
                    };
                    spec.put_unsigned(bits, letter, &mut out);
                }
                Some(letter @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G')) => {
                    spec.put_float(value.number(), letter, &mut out);
                }
                _ => {
                    let shown = shown();
                    return Err(format!(
                        "run time error: improper conversion(number {conversions}) in {name}(\"{shown}\")"
                    ));
                }
            }
        }
        if missing {
            return Err(format!(
                "run time error: not enough arguments passed to {name}(\"{}\")",
                shown()
            ));
        }
        Ok(out)
    }

    /// `sub`, `gsub`: expression, replacement and subscript are on the stack.
    pub fn substitute(&mut self, place: Place, all: bool) -> Checked<()> {
        let subscript = if place.has_subscript() { Some(self.pop()) } else { None };
        let replacement = self.pop_text();
        let pattern = self.pop();
        let regex = self.regex(&pattern)?;
        self.stack.extend(subscript);
        let old = if place.has_subscript() {
            self.peek(place)?
        } else {
            self.load(place)?
        };
        let old = self.text(&old);
        let mut out = Vec::with_capacity(old.len());
        let (mut from, mut search, mut count) = (0, 0, 0);
        while let Some((start, end)) = regex.find(&old, search) {
            // Nothing right behind a match is no match of its own.
            if start < end || start > from || count == 0 || start == 0 {
                out.extend_from_slice(&old[from..start]);
                replace(&replacement, &old[start..end], &mut out);
                from = end;
                count += 1;
            }
            search = if end > start { end } else { end + 1 };
            if !all || search > old.len() {
                break;
            }
        }
        if count > 0 {
            out.extend_from_slice(&old[from..]);
            self.store(place, Value::text(out))?;
        } else if place.has_subscript() {
            self.pop();
        }
        self.stack.push(Value::Number(f64::from(count)));
        Ok(())
    }

    pub fn split_into(&mut self, array: Name, separated: bool) -> Checked<()> {
        let separator = if separated {
            self.pop()
        } else {
            Value::Text(self.global(super::state::FS))
        };
        let text = self.pop_text();
        let parts = self.split_text(&text, &separator, false)?;
        let id = self.array(array)?;
        self.stack.push(Value::Number(parts.len() as f64));
        self.arrays[id] = parts
            .into_iter()
            .enumerate()
            .map(|(at, part)| ((at + 1).to_string().into_bytes(), Value::Input(part.into())))
            .collect();
        Ok(())
    }
}

/// `&` is what matched, `\&` an ampersand.
fn replace(replacement: &[u8], matched: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(byte) = replacement.get(at) {
        match (byte, replacement.get(at + 1)) {
            (b'\\', Some(next @ (b'&' | b'\\'))) => {
                out.push(*next);
                at += 1;
            }
            (b'&', _) => out.extend_from_slice(matched),
            _ => out.push(*byte),
        }
        at += 1;
    }
}

fn substring(text: &[u8], start: f64, length: Option<f64>) -> Vec<u8> {
    let first = start.round_ties_even();
    let end = length.map_or(f64::INFINITY, |length| first + length.round_ties_even());
    let most = text.len() as f64 + 1.0;
    let first = first.max(1.0);
    let end = end.min(most);
    if first < end {
        text[first as usize - 1..end as usize - 1].to_vec()
    } else {
        Vec::new()
    }
}

fn calculated(name: &str, x: f64, y: f64) -> f64 {
    match name {
        "sin" => libm::sin(x),
        "cos" => libm::cos(x),
        "atan2" => libm::atan2(x, y),
        "exp" => libm::exp(x),
        "log" => libm::log(x),
        "sqrt" => x.sqrt(),
        _ => x.trunc(),
    }
}

/// `YYYY MM DD HH MM SS`; -1 where it is something else.
fn instant(text: &[u8], zone: &Zone) -> f64 {
    let text = String::from_utf8_lossy(text);
    let numbers: Vec<i64> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let [year, month, day, hour, minute, second, ..] = numbers[..] else {
        return -1.0;
    };
    if !(0..=9999).contains(&year) || !(1..=12).contains(&month) {
        return -1.0;
    }
    let local = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    zone.instant_of(local) as f64
}
