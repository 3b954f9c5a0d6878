//! `conformance SUITE DIR [--verbose] [--snapshot FILE]`: the vectors of a folder, and how many the engine gives alike.
//!
//! With a snapshot, the numbers must be those of the file; `UPDATE=1` writes them.

use std::path::Path;
use std::process::ExitCode;

use essaim_conformance::{Report, kafka};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<bool, String> {
    let (mut words, mut is_verbose, mut snapshot) = (Vec::new(), false, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--verbose" => is_verbose = true,
            "--snapshot" => snapshot = Some(arguments.next().ok_or("--snapshot needs a file")?),
            word => words.push(word),
        }
    }
    let [suite, folder] = words[..] else {
        return Err("usage: conformance SUITE DIR [--verbose] [--snapshot FILE]".to_owned());
    };
    let report = match suite {
        "kafka" => kafka::run(Path::new(folder))?,
        other => return Err(format!("no suite is named `{other}`")),
    };
    print!("{}", report.text(is_verbose));
    match snapshot {
        Some(file) => is_as_kept(&report, Path::new(file)),
        None => Ok(report.counts().1 == 0),
    }
}

fn is_as_kept(report: &Report, file: &Path) -> Result<bool, String> {
    let now = report.snapshot();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &now).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        return Ok(true);
    }
    let kept = std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    if kept != now {
        eprintln!(
            "{} says:\n{kept}now it is:\n{now}UPDATE=1 writes the new numbers.",
            file.display()
        );
    }
    Ok(kept == now)
}
