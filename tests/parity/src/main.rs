//! `essaim-parity`: generates, records and compares random Git sessions.
//!
//! ```text
//! essaim-parity [--sessions N] [--seed N] [--verbose] [--samples N]   live, or against the baseline where Git differs
//! essaim-parity --generate FILE [--sessions N]                        writes a baseline
//! essaim-parity --baseline FILE [--live]                              compares with a baseline: its recorded answers,
//!                                                                     or (--live) its sessions in the installed Git
//! ```

use essaim_parity::compare::{compare_all, record};
use essaim_parity::session::Session;
use essaim_parity::{generate, real};
use std::process::ExitCode;

struct Options {
    sessions_count: u64,
    first_seed: u64,
    samples_max: usize,
    generate: Option<String>,
    baseline: Option<String>,
    live: bool,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("essaim-parity: {problem}");
            ExitCode::from(2)
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        sessions_count: 100,
        first_seed: 1,
        samples_max: 0,
        generate: None,
        baseline: None,
        live: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("`{text}` is not a number"));
        match arg.as_str() {
            "--sessions" => options.sessions_count = number(value()?)?,
            "--seed" => options.first_seed = number(value()?)?,
            "--samples" => options.samples_max = number(value()?)? as usize,
            "--verbose" => options.samples_max = 1_000,
            "--live" => options.live = true,
            "--generate" => options.generate = Some(value()?),
            "--baseline" => options.baseline = Some(value()?),
            _ => return Err(format!("unknown option `{arg}`")),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<bool, String> {
    let problem = |error: std::io::Error| error.to_string();
    if let Some(file) = &options.generate {
        if !real::is_comparable() {
            return Err(format!("a baseline is written with Git {}", real::VERSION));
        }
        let mut text = String::new();
        for seed in options.first_seed..options.first_seed + options.sessions_count {
            let mut session = generate::session(seed).map_err(problem)?;
            record(&mut session).map_err(problem)?;
            text.push_str(&session.to_text());
        }
        std::fs::write(file, text).map_err(problem)?;
        println!("{} sessions written to {file}", options.sessions_count);
        return Ok(true);
    }
    let live = options.live || options.baseline.is_none();
    if live && !real::is_comparable() {
        return Err(format!(
            "live comparison needs Git {}; use --baseline FILE",
            real::VERSION
        ));
    }
    let sessions = match &options.baseline {
        Some(file) => Session::parse_all(&std::fs::read_to_string(file).map_err(problem)?)?,
        None => (options.first_seed..options.first_seed + options.sessions_count)
            .map(generate::session)
            .collect::<Result<_, _>>()
            .map_err(problem)?,
    };
    let tally = compare_all(&sessions, live, options.samples_max).map_err(problem)?;
    if live {
        println!(
            "compared live with Git {}",
            real::installed_version().unwrap_or_default()
        );
    } else {
        println!("compared with the recorded answers of Git {}", real::VERSION);
    }
    for sample in &tally.samples {
        println!("{sample}");
    }
    print!("{}", tally.table());
    let failed = tally.commands_count - tally.identical_count;
    let problems = tally.below_floor(live);
    for problem in &problems {
        println!("below the floor: {problem}");
    }
    println!("{} passed, {failed} failed", tally.identical_count);
    Ok(problems.is_empty())
}
