//! Markdown to typed blocks: headings, paragraphs, lists, code, tables; nothing else is allowed.

use crate::glossary::Glossary;
use crate::problem::{Problems, line_at};
use essaim_proto_lab::lesson::{Block, Inline, Run};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::iter::Peekable;

/// A runnable block, for the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSource {
    /// Line of the file where its first line stands.
    pub line: usize,
    /// Its transcript text.
    pub text: String,
}

/// Turns the Markdown of one file and language into blocks.
pub struct Converter<'a> {
    /// The file, for messages.
    pub path: &'a str,
    /// Language of the text.
    pub language: &'a str,
    /// The glossary.
    pub glossary: &'a Glossary,
    /// Terms that were used.
    pub terms: BTreeSet<String>,
    /// Anchors that were given.
    pub anchors: BTreeSet<String>,
    /// Runnable blocks, in order.
    pub runs: Vec<RunSource>,
    /// What is wrong.
    pub problems: &'a mut Problems,
}

type Events<'t> = Peekable<Box<dyn Iterator<Item = (Event<'t>, usize)> + 't>>;

/// The address a glossary term has while Markdown is read.
const TERM: &str = "term:";

impl Converter<'_> {
    /// The blocks of a text that begins at line `first_line`.
    pub fn blocks(&mut self, text: &str, first_line: usize) -> Vec<Block> {
        let linked = self.link_terms(text, first_line);
        let parser = Parser::new_ext(&linked, Options::ENABLE_TABLES).into_offset_iter();
        // Links of terms keep every newline, so lines can be counted in the linked text.
        let lines = parser.map(|(event, range)| (event, first_line - 1 + line_at(&linked, range.start)));
        let lines: Box<dyn Iterator<Item = _>> = Box::new(lines);
        let mut events = lines.peekable();
        let mut blocks = Vec::new();
        while let Some((event, line)) = events.next() {
            self.block(event, line, &mut events, &mut blocks);
        }
        blocks
    }

    /// A single paragraph, as the texts between the `+++` lines are.
    pub fn inline(&mut self, text: &str, line: usize) -> Vec<Inline> {
        match self.blocks(text, line.max(1)).as_slice() {
            [] => Vec::new(),
            [Block::Paragraph(inlines)] => inlines.clone(),
            _ => {
                self.problems.add(self.path, line, "expected one paragraph");
                Vec::new()
            }
        }
    }

    fn block(&mut self, event: Event<'_>, line: usize, events: &mut Events<'_>, into: &mut Vec<Block>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let text = self.inlines(events, line);
                let level = match level {
                    HeadingLevel::H2 => 2,
                    HeadingLevel::H3 => 3,
                    _ => {
                        self.problems
                            .add(self.path, line, "headings are `##` and `###`: the title is `title`");
                        2
                    }
                };
                let id = self.anchor(&text);
                into.push(Block::Heading { level, id, text });
            }
            Event::Start(Tag::Paragraph) => {
                let inlines = self.inlines(events, line);
                into.push(Block::Paragraph(inlines));
            }
            Event::Start(Tag::List(start)) => {
                let items = self.items(events);
                into.push(Block::List {
                    ordered: start.is_some(),
                    items,
                });
            }
            Event::Start(Tag::CodeBlock(kind)) => into.push(self.code(&kind, line, events)),
            Event::Start(Tag::Table(_)) => into.push(self.table(events)),
            Event::End(_) | Event::Rule => {}
            Event::Start(Tag::BlockQuote(_)) => self.refuse(line, "a quotation (a remark is `::: note`)"),
            Event::Start(Tag::HtmlBlock) | Event::Html(_) => self.refuse(line, "HTML"),
            _ => self.refuse(line, "this kind of block"),
        }
    }

    fn refuse(&mut self, line: usize, what: &str) {
        self.problems
            .add(self.path, line, format!("{what} is not allowed in a lesson"));
    }

    fn code(&mut self, kind: &CodeBlockKind<'_>, line: usize, events: &mut Events<'_>) -> Block {
        let mut text = String::new();
        for (event, _) in events.by_ref() {
            match event {
                Event::Text(part) => text.push_str(&part),
                _ => break,
            }
        }
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.to_string(),
            CodeBlockKind::Indented => String::new(),
        };
        if language != "run" {
            return Block::Code { language, text };
        }
        self.runs.push(RunSource {
            line: line + 1,
            text: text.clone(),
        });
        let mut run = Run::default();
        for shown in text.lines() {
            if let Some(command) = shown.strip_prefix("$ ") {
                run.commands.push(command.to_owned());
                run.lines.push((true, command.to_owned()));
            } else {
                // Typed input is one more line to send; it is shown as the terminal shows it.
                run.commands.extend(shown.strip_prefix("> ").map(str::to_owned));
                run.lines
                    .push((false, shown.strip_prefix("  ").unwrap_or(shown).to_owned()));
            }
        }
        if run.commands.is_empty() {
            self.problems
                .add(self.path, line, "a `run` block without a line `$ command`");
        }
        // Exit codes are for the proof.
        run.lines.retain(|(command, text)| *command || !is_status(text));
        Block::Run(run)
    }

    fn items(&mut self, events: &mut Events<'_>) -> Vec<Vec<Block>> {
        let mut items: Vec<Vec<Block>> = Vec::new();
        while let Some((event, line)) = events.next() {
            match event {
                Event::End(TagEnd::List(_)) => break,
                Event::Start(Tag::Item) => {
                    let blocks = self.item(line, events);
                    items.push(blocks);
                }
                _ => {}
            }
        }
        items
    }

    /// An item of a tight list holds inlines without a paragraph.
    fn item(&mut self, line: usize, events: &mut Events<'_>) -> Vec<Block> {
        let mut blocks = Vec::new();
        loop {
            let is_inline = match events.peek() {
                None | Some((Event::End(TagEnd::Item), _)) => {
                    events.next();
                    return blocks;
                }
                Some((Event::Start(tag), _)) => {
                    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
                }
                Some(_) => true,
            };
            if is_inline {
                let mut inlines = Vec::new();
                self.inline_run(events, line, &mut inlines);
                blocks.push(Block::Paragraph(inlines));
            } else if let Some((event, line)) = events.next() {
                self.block(event, line, events, &mut blocks);
            }
        }
    }

    fn table(&mut self, events: &mut Events<'_>) -> Block {
        let mut head = Vec::new();
        let mut rows = Vec::new();
        let mut row = Vec::new();
        while let Some((event, line)) = events.next() {
            match event {
                Event::Start(Tag::TableCell) => {
                    let cell = self.inlines(events, line);
                    row.push(cell);
                }
                Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
                Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        Block::Table { head, rows }
    }

    /// Inlines up to the end of what they stand in.
    fn inlines(&mut self, events: &mut Events<'_>, line: usize) -> Vec<Inline> {
        let mut out = Vec::new();
        self.inline_run(events, line, &mut out);
        events.next();
        self.prose(&out, line);
        out
    }

    /// Inlines up to, not including, what is none.
    fn inline_run(&mut self, events: &mut Events<'_>, line: usize, out: &mut Vec<Inline>) {
        loop {
            match events.peek() {
                Some((Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak, _)) => {}
                Some((Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. }), _)) => {}
                Some((Event::InlineHtml(_) | Event::Start(Tag::Image { .. }), _)) => {
                    self.refuse(line, "HTML or an image in a paragraph");
                }
                _ => return,
            }
            let Some((event, at)) = events.next() else { return };
            match event {
                Event::Text(text) => push_text(out, &text),
                Event::Code(code) => out.push(Inline::Code(code.to_string())),
                Event::SoftBreak => push_text(out, " "),
                Event::HardBreak => out.push(Inline::Break),
                Event::Start(tag) => {
                    let mut inner = Vec::new();
                    self.inline_run(events, at, &mut inner);
                    events.next();
                    match tag {
                        Tag::Emphasis => out.push(Inline::Emphasis(inner)),
                        Tag::Strong => out.push(Inline::Strong(inner)),
                        Tag::Link { dest_url, .. } => {
                            let link = self.link(&dest_url, inner, at);
                            out.push(link);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn link(&mut self, href: &str, text: Vec<Inline>, line: usize) -> Inline {
        if let Some(id) = href.strip_prefix(TERM) {
            return Inline::Term {
                id: id.to_owned(),
                text,
            };
        }
        if !href.starts_with("https://") && !href.starts_with("#/") {
            self.problems
                .add(self.path, line, format!("link to {href:?}: expected https://… or #/…"));
        }
        Inline::Link {
            href: href.to_owned(),
            text,
        }
    }

    fn prose(&mut self, inlines: &[Inline], line: usize) {
        if self.language == "fr" {
            crate::typography::check(self.path, line, inlines, self.problems);
        }
    }

    fn anchor(&mut self, text: &[Inline]) -> String {
        let mut plain = String::new();
        plain_text(text, &mut plain);
        let mut id = String::new();
        for c in plain.to_lowercase().chars() {
            match unaccented(c) {
                Some(part) => id.push_str(part),
                None if c.is_ascii_alphanumeric() => id.push(c),
                None if !id.is_empty() && !id.ends_with('-') => id.push('-'),
                None => {}
            }
        }
        let base = id.trim_end_matches('-').to_owned();
        let mut id = base.clone();
        let mut number = 2;
        while !self.anchors.insert(id.clone()) {
            id = format!("{base}-{number}");
            number += 1;
        }
        id
    }

    /// `[[id]]` and `[[id|text]]` become links, so that Markdown (and its tables) can be read.
    fn link_terms(&mut self, text: &str, first_line: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let mut in_fence = false;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            if line.trim_start().starts_with("```") {
                in_fence = !in_fence;
            }
            if in_fence || !line.contains("[[") {
                out.push_str(line);
            } else {
                self.link_terms_of_line(line, first_line + index, &mut out);
            }
        }
        out
    }

    fn link_terms_of_line(&mut self, line: &str, number: usize, out: &mut String) {
        for (index, part) in line.split('`').enumerate() {
            if index > 0 {
                out.push('`');
            }
            if index % 2 == 1 {
                out.push_str(part);
                continue;
            }
            let mut rest = part;
            while let Some((before, after)) = rest.split_once("[[") {
                let Some((term, end)) = after.split_once("]]") else {
                    break;
                };
                out.push_str(before);
                let (id, shown) = term.split_once('|').unwrap_or((term, ""));
                out.push_str(&self.term(id.trim(), shown.trim(), number));
                rest = end;
            }
            out.push_str(rest);
        }
    }

    fn term(&mut self, id: &str, shown: &str, line: usize) -> String {
        let Some(entry) = self.glossary.get(id) else {
            self.problems.add(
                self.path,
                line,
                format!("[[{id}]]: there is no such term in glossary.toml"),
            );
            return shown.to_owned();
        };
        self.terms.insert(id.to_owned());
        let shown = if shown.is_empty() {
            &entry.in_language(self.language).0
        } else {
            shown
        };
        format!("[{shown}]({TERM}{id})")
    }
}

fn is_status(line: &str) -> bool {
    line.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|n| n.parse::<u8>().is_ok())
}

fn push_text(out: &mut Vec<Inline>, text: &str) {
    match out.last_mut() {
        Some(Inline::Text(last)) => last.push_str(text),
        _ => out.push(Inline::Text(text.to_owned())),
    }
}

fn plain_text(inlines: &[Inline], into: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Text(text) | Inline::Code(text) => into.push_str(text),
            Inline::Emphasis(inner) | Inline::Strong(inner) => plain_text(inner, into),
            Inline::Link { text, .. } | Inline::Term { text, .. } => plain_text(text, into),
            Inline::Break => into.push(' '),
        }
    }
}

/// The letters of French without their accents.
fn unaccented(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'â' | 'ä' => "a",
        'ç' => "c",
        'é' | 'è' | 'ê' | 'ë' => "e",
        'î' | 'ï' => "i",
        'ô' | 'ö' => "o",
        'ù' | 'û' | 'ü' => "u",
        'œ' => "oe",
        'æ' => "ae",
        _ => return None,
    })
}
