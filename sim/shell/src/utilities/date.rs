//! `date`.

use super::support::clock::Moment;
use super::support::options::{flag, missing, missing_value, optional, parse, value};
use super::support::text::{named, quote};
use super::support::utility::{COREUTILS, Utility};
use super::support::zone::Zone;
use super::support::{complain, date_text};
use essaim_kernel::process::RunToEnd;
use essaim_kernel::{Call, Io, Time};

pub const UTILITY: Utility = Utility {
    name: "date",
    summary: "print the system date and time",
    usage: "[OPTION]... [+FORMAT]",
    options: &[
        value("d", "date"),
        missing("", "debug"),
        missing_value("f", "file"),
        optional("I", "iso-8601"),
        flag("R", "rfc-email"),
        value("", "rfc-3339"),
        value("r", "reference"),
        missing_value("s", "set"),
        flag("u", "utc"),
        flag("", "universal"),
    ],
    start: |call| RunToEnd::boxed(call, main),
    ..COREUTILS
};

fn main(call: &Call, io: &mut Io<'_>) -> u8 {
    let parsed = match parse(&UTILITY, call, io) {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let utc = parsed.has("utc") || parsed.has("universal");
    let zone = if utc { Zone::utc() } else { Zone::of(io.env()) };
    let time = match (parsed.value("date"), parsed.value("reference")) {
        (Some(text), _) => match date_text::parse(text, io.now(), &zone) {
            Some(time) => time,
            None if text.is_empty() => midnight(io.now(), &zone),
            None => {
                complain(io, call, format!("invalid date {}", quote(text)));
                return 1;
            }
        },
        (None, Some(name)) => match io.files_ref().metadata(&io.path(name)) {
            Ok(metadata) => metadata.mtime,
            Err(error) => {
                complain(io, call, format!("{}: {error}", named(name)));
                return 1;
            }
        },
        (None, None) => io.now(),
    };
    let mut format: Vec<u8> = match parsed.last_of(&["iso-8601", "rfc-email", "rfc-3339"]) {
        None => b"%a %b %e %H:%M:%S %Z %Y".to_vec(),
        Some("rfc-email") => b"%a, %d %b %Y %H:%M:%S %z".to_vec(),
        Some(key) => {
            let default: &[u8] = b"date";
            let separator = if key == "rfc-3339" { " " } else { "T" };
            let text = match parsed.value(key).unwrap_or(default) {
                b"date" => "%F".to_owned(),
                b"hours" if key == "iso-8601" => "%FT%H%:z".to_owned(),
                b"minutes" if key == "iso-8601" => "%FT%H:%M%:z".to_owned(),
                b"seconds" => format!("%F{separator}%T%:z"),
                b"ns" if key == "iso-8601" => "%FT%T,%N%:z".to_owned(),
                b"ns" => "%F %T.%N%:z".to_owned(),
                other => {
                    complain(io, call, format!("invalid argument {} for ‘--{key}’", quote(other)));
                    return UTILITY.try_help(call, io);
                }
            };
            text.into_bytes()
        }
    };
    if let Some(operand) = parsed.operands.first() {
        let Some(own) = operand.strip_prefix(b"+") else {
            complain(io, call, format!("invalid date {}", quote(operand)));
            return 1;
        };
        if let Some(extra) = parsed.operands.get(1) {
            return UTILITY.usage_error(call, io, &super::copy::extra_operand(extra));
        }
        format = own.to_vec();
    }
    let mut out = Moment::new(time, &zone).format(&format);
    out.push(b'\n');
    io.print(out);
    0
}

fn midnight(now: Time, zone: &Zone) -> Time {
    let local = now.secs() + zone.at(now.secs()).0;
    Time::from_secs(zone.instant_of(local.div_euclid(86_400) * 86_400))
}
