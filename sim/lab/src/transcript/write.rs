//! [`Transcript`](super::Transcript) to text.

use super::{Act, Line, Section};

/// One act, as its line begins (a saved file without its content).
pub fn write_line(act: &Act) -> String {
    let at = |terminal: u32| match terminal {
        0 => String::new(),
        terminal => (terminal + 1).to_string(),
    };
    match act {
        Act::Command { terminal, text } => format!("{}$ {text}", at(*terminal)),
        Act::OpenTerminal { terminal } => format!("{}$", at(*terminal)),
        Act::Input { terminal, text } if text.is_empty() => format!("{}>", at(*terminal)),
        Act::Input { terminal, text } => format!("{}> {text}", at(*terminal)),
        Act::Interrupt {
            terminal,
            after_steps: None,
        } => format!("{}^C", at(*terminal)),
        Act::Interrupt {
            terminal,
            after_steps: Some(steps),
        } => format!("{}^C {steps}", at(*terminal)),
        Act::EndOfFile { terminal } => format!("{}^D", at(*terminal)),
        Act::Save { path, .. } => format!("= {path}"),
        Act::BringIn { path, sha256 } => format!("+ {path} {sha256}"),
        Act::Advance { milliseconds } => format!("@ +{}", duration(*milliseconds)),
        Act::Fact {
            fact,
            value: Some(value),
        } => format!("? {fact} = {value}"),
        Act::Fact { fact, value: None } => format!("? {fact} missing"),
    }
}

/// A whole section; with what was printed and the exit codes, or only what was done.
pub fn write_section(section: &Section, with_outputs: bool) -> String {
    let (name, seed, lines) = (&section.name, section.seed, section.lines.iter());
    write_lines(name, seed, section.done, lines, with_outputs)
}

/// A section whose lines are elsewhere.
pub fn write_lines<'l>(
    name: &str,
    seed: Option<u64>,
    done: Option<usize>,
    lines: impl Iterator<Item = &'l Line>,
    with_outputs: bool,
) -> String {
    let mut out = String::new();
    if !name.is_empty() {
        out.push_str(&format!("--- {name} ---\n"));
    }
    if let Some(seed) = seed {
        out.push_str(&format!("seed {seed}\n"));
    }
    if let Some(done) = done {
        out.push_str(&format!("done {done}\n"));
    }
    for line in lines {
        write_entry(line, with_outputs, &mut out);
    }
    out
}

fn write_entry(line: &Line, with_outputs: bool, out: &mut String) {
    out.push_str(&write_line(&line.act));
    out.push('\n');
    if let Act::Save { content, .. } = &line.act {
        indent(content, out);
    }
    if !with_outputs {
        return;
    }
    if let Some(output) = &line.output
        && line.act.terminal().is_some()
    {
        indent(output, out);
    }
    if line.status != 0 {
        out.push_str(&format!("[{}]\n", line.status));
    }
}

fn indent(text: &str, out: &mut String) {
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        match (lines.peek(), line) {
            (None, "") => {}
            (None, line) => out.push_str(&format!("  {line}\n\\\n")),
            (Some(_), line) => out.push_str(&format!("  {line}\n")),
        }
    }
}

/// The longest unit that says it exactly.
fn duration(milliseconds: u64) -> String {
    for (factor, unit) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if milliseconds != 0 && milliseconds.is_multiple_of(factor) {
            return format!("{}{unit}", milliseconds / factor);
        }
    }
    format!("{milliseconds}ms")
}
