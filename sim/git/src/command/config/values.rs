//! Values in the forms that `--type` asks for, and the comments behind them.

use crate::bytes::lossy;
use crate::cat;
use crate::cli::options::Parsed;
use crate::config;
use crate::fault::{Fault, Result};
use crate::process::Cx;

pub(super) fn check_type(parsed: &Parsed) -> Result<()> {
    let names = ["bool", "int", "bool-or-int", "path"];
    if names.iter().filter(|name| parsed.has(name)).count() > 1 {
        return Err(Fault::Error(b"only one type at a time".to_vec(), 129));
    }
    match parsed.value("type") {
        None | Some(b"bool" | b"int" | b"bool-or-int" | b"bool-or-str" | b"path" | b"expiry-date" | b"color") => Ok(()),
        Some(other) => Err(Fault::fatal(cat!["unrecognized --type argument, ", other])),
    }
}

/// A value in the form `--type` asks for; `file`: where it stands, if it stands in one.
pub(super) fn typed(
    parsed: &Parsed,
    key: &[u8],
    value: Option<&[u8]>,
    cx: &Cx<'_, '_>,
    file: &[u8],
) -> Result<Vec<u8>> {
    let by_name = ["bool", "int", "bool-or-int", "path"]
        .into_iter()
        .find(|name| parsed.has(name));
    let wanted = parsed.value("type").map(lossy).or(by_name.map(str::to_owned));
    let shown = value.unwrap_or_default();
    let bad_bool = || Fault::fatal(cat!["bad boolean config value '", shown, "' for '", key, "'"]);
    let bad_number = || {
        Fault::fatal(cat![
            "bad numeric config value '",
            shown,
            "' for '",
            key,
            "'",
            if file.is_empty() { "" } else { " in file " },
            file,
            ": invalid unit"
        ])
    };
    match wanted.as_deref() {
        None => Ok(shown.to_vec()),
        Some("bool") => {
            let value = config::parse_bool(value).ok_or_else(bad_bool)?;
            Ok(value.to_string().into_bytes())
        }
        Some("int") => Ok(config::parse_int(shown)
            .ok_or_else(bad_number)?
            .to_string()
            .into_bytes()),
        Some("bool-or-int") => match config::parse_int(shown) {
            Some(number) => Ok(number.to_string().into_bytes()),
            None => Ok(config::parse_bool(value).ok_or_else(bad_bool)?.to_string().into_bytes()),
        },
        Some("path") => Ok(config::expand_home(shown, cx.env())),
        Some(other @ ("expiry-date" | "color")) => Err(Fault::gap(format!("'config --type={other}'"))),
        Some(other) => Err(Fault::fatal(format!("unrecognized --type argument, {other}"))),
    }
}

pub(super) fn normalised(parsed: &Parsed, key: &[u8], value: &[u8], cx: &Cx<'_, '_>) -> Result<Vec<u8>> {
    match parsed.value("type").map(lossy).as_deref() {
        Some("path") => Ok(value.to_vec()),
        _ if parsed.has("path") => Ok(value.to_vec()),
        _ => typed(parsed, key, Some(value), cx, b""),
    }
}

/// `--comment`: what ends the line, with the sign and the spaces it may lack.
pub(super) fn comment(parsed: &Parsed) -> Result<Vec<u8>> {
    let Some(text) = parsed.value("comment") else {
        return Ok(Vec::new());
    };
    if text.contains(&b'\n') {
        return Err(Fault::fatal(cat!["no multi-line comment allowed: '", text, "'"]));
    }
    Ok(match text.trim_ascii_start().first() {
        Some(b'#') if text.starts_with(b"#") => cat![" ", text],
        Some(b'#') => text.to_vec(),
        _ => cat![" # ", text],
    })
}
