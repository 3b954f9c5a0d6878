//! `essaim lesson`: what there is, whether it holds, and how it plays.

use crate::arguments::ContentFolder;
use crate::{Fault, content, terminal};
use essaim_lab::Lab;
use essaim_lessons::{Checked, prove};
use essaim_proto_lab::lesson::{Block, Inline, Lesson, StepBlock};
use std::collections::BTreeSet;

/// `lesson list`
pub fn list(named: &ContentFolder) -> Result<u8, Fault> {
    let (_, content) = content::read(named)?;
    for (id, checked) in &content.lessons {
        let title = checked
            .languages
            .get("fr")
            .map(|assembled| assembled.lesson.title.as_str())
            .unwrap_or_default();
        println!("{id}  {title} ({} steps)", checked.structure.lab.steps.len());
    }
    Ok(0)
}

/// `lesson check`
pub fn check(named: &ContentFolder, id: Option<&str>, verbose: bool) -> Result<u8, Fault> {
    let sources = content::sources(&content::folder(named)?)?;
    let content = match essaim_lessons::read(&sources) {
        Ok(content) => content,
        Err(problems) => {
            for problem in &problems {
                println!("FAIL {problem}");
            }
            println!("0 passed, {} failed", problems.len());
            return Ok(1);
        }
    };
    let wanted = id.map(|id| content::full_id(&content, id)).transpose()?;
    let (mut passed, mut failed) = (0, 0);
    if let (Some(free), None) = (&content.free_lab, &wanted) {
        match Lab::open(free.lab.clone(), "fr") {
            Ok(_) => passed += 1,
            Err(error) => {
                failed += 1;
                println!("FAIL the free lab opens\n     {error}");
            }
        }
    }
    for (id, checked) in &content.lessons {
        if wanted.as_ref().is_some_and(|wanted| wanted != id) {
            continue;
        }
        let report = prove(&sources, id, checked);
        passed += report.passed.len();
        failed += report.failed.len();
        if verbose {
            for what in &report.passed {
                println!("ok   {id}: {what}");
            }
        }
        for failure in &report.failed {
            println!("FAIL {id}: {}", failure.what);
            println!("     {}", failure.place);
            for line in failure.message.lines() {
                println!("     {line}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(u8::from(failed > 0))
}

/// `lesson play`
pub fn play(named: &ContentFolder, id: &str) -> Result<u8, Fault> {
    let checked = content::lesson(named, id)?;
    let language = match std::env::var("LANG") {
        Ok(lang) if lang.starts_with("fr") => "fr",
        _ => "en",
    };
    let Checked {
        structure,
        mut languages,
    } = checked;
    let lesson = languages.remove(language).unwrap_or_default().lesson;
    print(&lesson);
    let lab = Lab::open(structure.lab, language)?;
    let mut told = BTreeSet::new();
    terminal::converse(lab, &mut |lab| tell(lab, &lesson, &mut told))
}

/// What was reached since the last time.
fn tell(lab: &Lab, lesson: &Lesson, told: &mut BTreeSet<(usize, String)>) {
    for (index, (state, text)) in lab.state().steps.iter().zip(&lesson.steps).enumerate() {
        for (goal, sentence) in state.state.goals.iter().zip(&text.goals) {
            let sentence = plain(sentence);
            if goal.reached_once && told.insert((index, sentence.clone())) {
                println!("\x1b[32m✔ {sentence}\x1b[0m");
            }
        }
        if state.state.passed && told.insert((index, String::new())) {
            println!("\x1b[1m{}\x1b[0m", text.title);
            for block in &text.success {
                match block {
                    StepBlock::Paragraph(inlines) => println!("{}\n", plain(inlines)),
                    StepBlock::Code(code) => println!("{code}"),
                }
            }
        }
        let wrong = state.state.wrong.as_ref();
        let known = wrong.and_then(|id| lesson.lab.steps[index].wrong.iter().position(|wrong| wrong.id == *id));
        if let Some(feedback) = known.and_then(|at| text.wrong.get(at)).map(|feedback| plain(feedback))
            && told.insert((index, feedback.clone()))
        {
            println!("\x1b[33m{feedback}\x1b[0m");
        }
    }
}

fn print(lesson: &Lesson) {
    println!("\x1b[1m{}\x1b[0m\n{}\n", lesson.title, lesson.summary);
    print_blocks(&lesson.blocks, lesson);
}

fn print_blocks(blocks: &[Block], lesson: &Lesson) {
    for block in blocks {
        match block {
            Block::Heading { text, .. } => println!("\x1b[1m{}\x1b[0m\n", plain(text)),
            Block::Paragraph(text) => println!("{}\n", plain(text)),
            Block::List { items, .. } => {
                for item in items {
                    print!("- ");
                    print_blocks(item, lesson);
                }
            }
            Block::Code { text, .. } => println!("{text}"),
            Block::Run(run) => {
                for (is_command, line) in &run.lines {
                    println!("    {}{line}", if *is_command { "$ " } else { "" });
                }
                println!();
            }
            Block::Callout { blocks, .. } => print_blocks(blocks, lesson),
            Block::Table { head, rows } => {
                for row in std::iter::once(head).chain(rows) {
                    let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
                    println!("| {} |", cells.join(" | "));
                }
                println!();
            }
            Block::Step { index, blocks } => {
                if let Some(step) = lesson.steps.get(*index as usize) {
                    println!("\x1b[7m {}. {} \x1b[0m\n", index + 1, step.title);
                    print_blocks(blocks, lesson);
                    for goal in &step.goals {
                        println!("  ☐ {}", plain(goal));
                    }
                    println!();
                }
            }
            Block::Predict { .. } | Block::Quiz => {}
        }
    }
}

fn plain(inlines: &[Inline]) -> String {
    let mut out = String::new();
    for inline in inlines {
        match inline {
            Inline::Text(text) => out.push_str(text),
            Inline::Code(code) => out.push_str(&format!("`{code}`")),
            Inline::Emphasis(inner) | Inline::Strong(inner) => out.push_str(&plain(inner)),
            Inline::Link { text, href } => out.push_str(&format!("{} ({href})", plain(text))),
            Inline::Term { text, .. } => out.push_str(&plain(text)),
            Inline::Break => out.push('\n'),
        }
    }
    out
}
