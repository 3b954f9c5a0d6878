//! Kafka's golden vectors: expected values computed by Kafka's own classes. The format is described in the `README.md`
//! beside them.

mod assignments;

mod batches;

mod clients;

mod keys;

mod placement;

mod servers;

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Case, File, Report};

/// Runs all JSON files of a folder.
pub fn run(folder: &Path) -> Result<Report, String> {
    let listing = std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
        let content: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let cases = cases(&content).map_err(|error| format!("{name}: {error}"))?;
        if cases.is_empty() {
            return Err(format!("{name} holds no vector of a known kind"));
        }
        files.push(File { name, cases });
    }
    if files.is_empty() {
        return Err(format!("{} holds no JSON file", folder.display()));
    }
    Ok(Report { files })
}

/// All vectors of a file, whatever their kinds.
fn cases(content: &Value) -> Result<Vec<Case>, String> {
    let list = |name: &str| {
        content
            .get(name)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    let mut cases = Vec::new();
    cases.extend(keys::keys(content, list("keys"))?);
    cases.extend(keys::groups(content, list("groups"))?);
    cases.extend(placement::randoms(list("java_random"))?);
    for batch in list("batches") {
        cases.push(batches::run(typed(batch)?));
    }
    for case in list("cases") {
        cases.push(if case.get("calls").is_some() {
            placement::run(&typed(case)?)
        } else if case.get("topic_ids").is_some() {
            servers::run(&typed(case)?)
        } else {
            clients::run(&typed(case)?)
        });
    }
    Ok(cases)
}

fn typed<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| {
        let text = value.to_string();
        let start: String = text.chars().take(80).collect();
        format!("{error} in {start}…")
    })
}

/// Fails with both values where they differ.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, real: &T, here: &T) -> Result<(), String> {
    if real == here {
        Ok(())
    } else {
        Err(format!("{what}\n  real  {real:?}\n  here  {here:?}"))
    }
}

fn bytes_of(hex: &str) -> Result<Vec<u8>, String> {
    let digits = hex.as_bytes();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok().filter(|_| pair.len() == 2)
    };
    digits
        .chunks(2)
        .map(|two| pair(two).ok_or_else(|| format!("{hex:?} is not hexadecimal")))
        .collect()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
