//! The conversions of C's `printf`, which the shell's and awk's share.

/// What stands between `%` and the letter.
#[derive(Clone, Copy, Default)]
pub struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: usize,
    /// Digits, or at most so many bytes of a text.
    pub precision: Option<usize>,
}

/// Widths beyond this are a mistake, not a wish.
const WIDTH_MAX: usize = 100_000;

impl Spec {
    /// Reads a conversion at its `%` and moves behind its letter (`None`: the format ends first). `star` gives the
    /// next argument where a width is `*`.
    pub fn read(format: &[u8], at: &mut usize, mut star: impl FnMut() -> i64) -> (Self, Option<u8>) {
        *at += 1;
        let mut spec = Self::default();
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
        let mut number = |at: &mut usize| -> i64 {
            if format.get(*at) == Some(&b'*') {
                *at += 1;
                return star();
            }
            let mut value = 0_i64;
            while let Some(digit) = format.get(*at).filter(|b| b.is_ascii_digit()) {
                value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
                *at += 1;
            }
            value
        };
        let width = number(at);
        spec.left |= width < 0;
        spec.width = usize::try_from(width.unsigned_abs()).map_or(WIDTH_MAX, |w| w.min(WIDTH_MAX));
        if format.get(*at) == Some(&b'.') {
            *at += 1;
            spec.precision = usize::try_from(number(at)).ok().map(|p| p.min(WIDTH_MAX));
        }
        while matches!(format.get(*at), Some(b'l' | b'h' | b'L' | b'q' | b'z' | b'j' | b't'))
            && format.get(*at + 1).is_some_and(|b| b"diouxXeEfFgGlh".contains(b))
        {
            *at += 1;
        }
        let letter = format.get(*at).copied();
        *at += usize::from(letter.is_some());
        (spec, letter)
    }

    /// In the width, as it is; bash counts bytes, whatever the locale.
    pub fn pad(&self, text: &[u8], out: &mut Vec<u8>) {
        let blanks = self.width.saturating_sub(text.len());
        if !self.left {
            out.resize(out.len() + blanks, b' ');
        }
        out.extend_from_slice(text);
        if self.left {
            out.resize(out.len() + blanks, b' ');
        }
    }

    /// `%s`
    pub fn put_text(&self, text: &[u8], out: &mut Vec<u8>) {
        self.pad(&text[..self.precision.map_or(text.len(), |p| p.min(text.len()))], out);
    }

    /// `%d`
    pub fn put_signed(&self, value: i64, out: &mut Vec<u8>) {
        self.put(self.sign(value < 0), "", value.unsigned_abs().to_string(), out);
    }

    /// `%u`, `%o`, `%x`, `%X`
    pub fn put_unsigned(&self, value: u64, letter: u8, out: &mut Vec<u8>) {
        let (digits, prefix) = match letter {
            b'o' => (format!("{value:o}"), "0"),
            b'x' => (format!("{value:x}"), "0x"),
            b'X' => (format!("{value:X}"), "0X"),
            _ => (value.to_string(), ""),
        };
        let prefix = if self.alternate && value != 0 { prefix } else { "" };
        self.put("", prefix, digits, out);
    }

    /// `%f`, `%e`, `%g` and their capitals
    pub fn put_float(&self, value: f64, letter: u8, out: &mut Vec<u8>) {
        let text = self.float_text(letter, value.abs());
        let plain = Self {
            precision: None,
            zero: self.zero && value.is_finite(),
            ..*self
        };
        plain.put(self.sign(value.is_sign_negative()), "", text, out);
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    fn put(&self, sign: &str, prefix: &str, mut digits: String, out: &mut Vec<u8>) {
        let zeros = |count: usize, digits: &str| format!("{}{digits}", "0".repeat(count));
        if let Some(least) = self.precision {
            digits = zeros(least.saturating_sub(digits.len()), &digits);
            if least == 0 && digits == "0" {
                digits.clear();
            }
        } else if self.zero && !self.left {
            let length = sign.len() + prefix.len() + digits.len();
            digits = zeros(self.width.saturating_sub(length), &digits);
        }
        self.pad(format!("{sign}{prefix}{digits}").as_bytes(), out);
    }

    /// A number that is not negative, as C prints it.
    fn float_text(&self, letter: u8, value: f64) -> String {
        let precision = self.precision.unwrap_or(6).min(1_000);
        let text = if value.is_nan() {
            "nan".to_owned()
        } else if value.is_infinite() {
            "inf".to_owned()
        } else {
            match letter.to_ascii_lowercase() {
                b'f' => {
                    let dot = if self.alternate && precision == 0 { "." } else { "" };
                    format!("{value:.precision$}{dot}")
                }
                b'e' => exponent(value, precision),
                _ => general(value, precision.max(1), self.alternate),
            }
        };
        if letter.is_ascii_uppercase() {
            text.to_uppercase()
        } else {
            text
        }
    }
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
