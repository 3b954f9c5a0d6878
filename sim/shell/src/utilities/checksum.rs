//! `md5sum`, `sha1sum` and `sha256sum`: the hash functions of RFC 1321 and FIPS 180-4, written out.

use super::support::complain;
use super::support::gather::{Gather, Gathering, names_stdin};
use super::support::options::{Opt, flag, parse};
use super::support::stream::files_or_stdin;
use super::support::text::{lossy, named};
use super::support::utility::{COREUTILS, Utility};
use super::support::{lines, read_operand};
use essaim_kernel::files::path;
use essaim_kernel::{Call, Io};
use std::sync::Arc;

const OPTIONS: &[Opt] = &[
    flag("b", "binary"),
    flag("c", "check"),
    flag("t", "text"),
    flag("", "tag"),
    flag("z", "zero"),
    flag("", "quiet"),
    flag("", "status"),
    flag("w", "warn"),
    flag("", "strict"),
    flag("", "ignore-missing"),
];

pub const MD5: Utility = Utility {
    name: "md5sum",
    summary: "compute and check MD5 message digest",
    options: OPTIONS,
    start: Gathering::<Checksum>::boxed,
    ..COREUTILS
};

pub const SHA1: Utility = Utility {
    name: "sha1sum",
    summary: "compute and check SHA1 message digest",
    ..MD5
};

pub const SHA256: Utility = Utility {
    name: "sha256sum",
    summary: "compute and check SHA256 message digest",
    ..MD5
};

type Hash = fn(&[u8]) -> Vec<u8>;

#[derive(Clone)]
struct Checksum {
    hash: Hash,
    files: Vec<Vec<u8>>,
    check: bool,
    quiet: bool,
    silent: bool,
    binary: bool,
    tag: Option<&'static str>,
    end: u8,
    warn: bool,
    strict: bool,
    ignore_missing: bool,
}

impl Gather for Checksum {
    fn new(call: &Call, io: &mut Io<'_>) -> Result<Self, u8> {
        let name = call.args.first().map_or(b"".as_slice(), |n| path::file_name(n));
        let (utility, hash): (_, Hash) = match name {
            b"sha1sum" => (&SHA1, sha1),
            b"sha256sum" => (&SHA256, sha256),
            _ => (&MD5, md5),
        };
        let parsed = parse(utility, call, io)?;
        Ok(Self {
            hash,
            check: parsed.has("check"),
            quiet: parsed.has("quiet"),
            silent: parsed.has("status"),
            binary: parsed.has("binary"),
            tag: parsed.has("tag").then_some(match utility.name {
                "md5sum" => "MD5",
                "sha1sum" => "SHA1",
                _ => "SHA256",
            }),
            end: if parsed.has("zero") { 0 } else { b'\n' },
            warn: parsed.has("warn"),
            strict: parsed.has("strict"),
            ignore_missing: parsed.has("ignore-missing"),
            files: files_or_stdin(parsed.operands),
        })
    }

    fn wants_stdin(&self) -> bool {
        names_stdin(&self.files)
    }

    fn run(self, call: &Call, stdin: Arc<Vec<u8>>, io: &mut Io<'_>) -> u8 {
        let mut status = 0;
        for name in &self.files {
            let content = match read_operand(io, name, &stdin) {
                Ok(content) => content,
                Err(error) => {
                    complain(io, call, format!("{}: {error}", named(name)));
                    status = 1;
                    continue;
                }
            };
            if self.check {
                status = status.max(self.check_list(name, &content, call, io));
                continue;
            }
            io.charge(content.len() as u64 / 1024);
            let sum = hex(&(self.hash)(&content));
            if let Some(tag) = self.tag {
                io.print([tag.as_bytes(), b" (", name, b") = ", sum.as_bytes(), &[self.end]].concat());
                continue;
            }
            let mark: &[u8] = if self.binary { b" *" } else { b"  " };
            io.print([sum.as_bytes(), mark, name, &[self.end]].concat());
        }
        status
    }
}

impl Checksum {
    fn check_list(&self, list: &[u8], content: &[u8], call: &Call, io: &mut Io<'_>) -> u8 {
        let digits = (self.hash)(b"").len() * 2;
        let (mut valid, mut wrong, mut unreadable, mut odd, mut good_count) = (0, 0, 0, 0, 0);
        let kind = match digits {
            32 => "MD5",
            40 => "SHA1",
            _ => "SHA256",
        };
        for (at, line) in lines(content, b'\n').enumerate() {
            let tagged = tagged(line, kind);
            let line = tagged.as_deref().unwrap_or(line);
            let sum = line.get(..digits).filter(|s| s.iter().all(u8::is_ascii_hexdigit));
            let name = line.get(digits + 2..).filter(|n| !n.is_empty() && line[digits] == b' ');
            let (Some(sum), Some(name)) = (sum, name) else {
                odd += 1;
                if self.warn {
                    let place = format!("{}: {}", named(list), at + 1);
                    complain(io, call, format!("{place}: improperly formatted {kind} checksum line"));
                }
                continue;
            };
            valid += 1;
            match read_operand(io, name, &Arc::default()) {
                Ok(content) => {
                    let good = hex(&(self.hash)(&content)).as_bytes().eq_ignore_ascii_case(sum);
                    wrong += u32::from(!good);
                    good_count += u32::from(good);
                    if !self.silent && (!good || !self.quiet) {
                        let word = if good { "OK" } else { "FAILED" };
                        io.print(format!("{}: {word}\n", lossy(name)));
                    }
                }
                Err(essaim_kernel::Errno::NoEntry) if self.ignore_missing => {}
                Err(error) => {
                    unreadable += 1;
                    complain(io, call, format!("{}: {error}", named(name)));
                    io.print(format!("{}: FAILED open or read\n", lossy(name)));
                }
            }
        }
        if valid == 0 {
            complain(
                io,
                call,
                format!("{}: no properly formatted checksum lines found", named(list)),
            );
            return 1;
        }
        if self.ignore_missing && good_count == 0 && !self.silent {
            complain(io, call, format!("{}: no file was verified", named(list)));
        }
        let plural = |n: u32, one: &str, many: &str| if n == 1 { one.to_owned() } else { many.to_owned() };
        if odd > 0 && !self.silent {
            let what = plural(odd, "line is", "lines are");
            complain(io, call, format!("WARNING: {odd} {what} improperly formatted"));
        }
        if unreadable > 0 && !self.silent {
            let what = plural(unreadable, "listed file could", "listed files could");
            complain(io, call, format!("WARNING: {unreadable} {what} not be read"));
        }
        if wrong > 0 && !self.silent {
            let what = plural(wrong, "computed checksum did", "computed checksums did");
            complain(io, call, format!("WARNING: {wrong} {what} NOT match"));
        }
        let nothing = self.ignore_missing && good_count == 0;
        u8::from(wrong + unreadable > 0 || nothing || (self.strict && odd > 0))
    }
}

/// `SHA256 (name) = sum`, in the usual order.
fn tagged(line: &[u8], kind: &str) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(kind.as_bytes())?.strip_prefix(b" (")?;
    let end = rest.windows(4).rposition(|w| w == b") = ")?;
    Some([&rest[end + 4..], b"  ", &rest[..end]].concat())
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
    digits
        .map(|d| char::from(b"0123456789abcdef"[usize::from(d)]))
        .collect()
}

/// The message with its padding and length, in blocks of 64 bytes.
fn padded(message: &[u8], big_endian: bool) -> Vec<u8> {
    let mut out = message.to_vec();
    out.push(0x80);
    while out.len() % 64 != 56 {
        out.push(0);
    }
    let bits = (message.len() as u64).wrapping_mul(8);
    out.extend(if big_endian {
        bits.to_be_bytes()
    } else {
        bits.to_le_bytes()
    });
    out
}

fn words(block: &[u8], big_endian: bool) -> [u32; 16] {
    let mut out = [0; 16];
    for (word, bytes) in out.iter_mut().zip(block.chunks_exact(4)) {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        *word = if big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        };
    }
    out
}

fn md5(message: &[u8]) -> Vec<u8> {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let table: Vec<u32> = (1..=64).map(sine).collect();
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(message, false).chunks_exact(64) {
        let m = words(block, false);
        let [mut a, mut b, mut c, mut d] = state;
        for i in 0..64 {
            let (f, g) = match i / 16 {
                0 => ((b & c) | (!b & d), i),
                1 => ((d & b) | (!d & c), (5 * i + 1) % 16),
                2 => (b ^ c ^ d, (3 * i + 5) % 16),
                _ => (c ^ (b | !d), (7 * i) % 16),
            };
            let sum = a.wrapping_add(f).wrapping_add(table[i]).wrapping_add(m[g]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
        }
        for (word, new) in state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(new);
        }
    }
    state.iter().flat_map(|w| w.to_le_bytes()).collect()
}

/// `floor(2^32 * |sin(i)|)`, by a series in exact integers, so that it is the same everywhere.
fn sine(i: u32) -> u32 {
    const ONE: i128 = 1 << 60;
    // pi * 2^60.
    const PI: i128 = 3_622_009_729_038_561_421;
    let mut x = i128::from(i) * ONE % PI;
    if x > PI / 2 {
        x = PI - x;
    }
    let square = x * x / ONE;
    let (mut term, mut sum) = (x, x);
    for k in 1..20 {
        term = -(term * square / ONE) / ((2 * k) * (2 * k + 1));
        sum += term;
    }
    (sum.abs() >> 28) as u32
}

fn sha1(message: &[u8]) -> Vec<u8> {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    for block in padded(message, true).chunks_exact(64) {
        let mut w = words(block, true).to_vec();
        for i in 16..80 {
            w.push((w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (i, word) in w.iter().enumerate() {
            let (f, k) = match i / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let sum = a
                .rotate_left(5)
                .wrapping_add(f)
                .wrapping_add(e)
                .wrapping_add(k)
                .wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, sum);
        }
        for (word, new) in state.iter_mut().zip([a, b, c, d, e]) {
            *word = word.wrapping_add(new);
        }
    }
    state.iter().flat_map(|w| w.to_be_bytes()).collect()
}

#[rustfmt::skip]
#[allow(clippy::unreadable_literal)] // As FIPS 180-4 prints them.
const SHA256_K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

fn sha256(message: &[u8]) -> Vec<u8> {
    let mut state: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    for block in padded(message, true).chunks_exact(64) {
        let mut w = words(block, true).to_vec();
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = state;
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let first = v[7]
                .wrapping_add(s1)
                .wrapping_add(choice)
                .wrapping_add(SHA256_K[i])
                .wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            let second = s0.wrapping_add(majority);
            v = [
                first.wrapping_add(second),
                v[0],
                v[1],
                v[2],
                v[3].wrapping_add(first),
                v[4],
                v[5],
                v[6],
            ];
        }
        for (word, new) in state.iter_mut().zip(v) {
            *word = word.wrapping_add(new);
        }
    }
    state.iter().flat_map(|w| w.to_be_bytes()).collect()
}
