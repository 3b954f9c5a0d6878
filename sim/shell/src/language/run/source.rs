//! Text being run command by command: a script, `eval`, a trap; and how a shell starts.

use super::{Flow, Frame, Reader, Shell, Unwind};
use crate::language::syntax::{ParseError, Parser};
use essaim_kernel::Io;
use std::sync::Arc;

/// A text and how far it was run.
#[derive(Clone, Debug)]
pub struct Source {
    pub text: Arc<Vec<u8>>,
    pub at: usize,
    pub line: u32,
    /// `eval`, which messages name.
    pub label: &'static str,
}

impl Source {
    pub fn new(text: impl Into<Vec<u8>>, line: u32) -> Self {
        Self {
            text: Arc::new(text.into()),
            at: 0,
            line: line.max(1),
            label: "",
        }
    }
}

impl Shell {
    pub(super) fn turn_source(&mut self, mut source: Source, io: &mut Io<'_>) -> Flow {
        let aliases = self.state.options.expand_aliases.then(|| self.state.aliases.clone());
        let text = source.text.clone();
        let mut parser = Parser::new(&text, source.at, source.line, Self::limits(io), aliases.as_deref());
        parser.groups = self.state.options.extglob;
        let parsed = parser.next_command();
        let (at, line) = parser.position();
        for (line, warning) in std::mem::take(&mut parser.warnings) {
            self.warn(line, &warning, io);
        }
        match parsed {
            Ok(Some(list)) => {
                if let Some(text) = parser.changed_text() {
                    source.text = Arc::new(text.to_vec());
                }
                if self.state.options.verbose {
                    io.eprint(&source.text[source.at.min(at)..at]);
                }
                (source.at, source.line) = (at, line);
                // Where a line is given up, what comes after it goes on: it stays, even when nothing does.
                if source.at < source.text.len() || !self.state.subshell {
                    self.frames.push(Frame::Source(source));
                }
                self.frames.push(Frame::List { list, at: 0 });
            }
            Ok(None) => {}
            Err(error) => {
                self.syntax_error(&error, &text, source.label, io);
                self.state.status = 2;
                let base = self.frames.is_empty();
                self.unwinding = match (base, self.state.interactive) {
                    (true, _) => Some(Unwind::Exit),
                    (false, true) => Some(Unwind::Line),
                    (false, false) => None,
                };
            }
        }
        Flow::Next
    }

    /// What the parser found odd but took.
    pub(super) fn warn(&self, line: u32, warning: &[u8], io: &mut Io<'_>) {
        io.eprint([&self.place(line), b": warning: ".as_slice(), warning, b"\n"].concat());
    }

    /// bash's words for a syntax error.
    pub(super) fn syntax_error(&mut self, error: &ParseError, text: &[u8], label: &str, io: &mut Io<'_>) {
        let where_ = |line: u32| {
            let place = self.place(line);
            let at = place.windows(7).rposition(|w| w == b": line ").unwrap_or(place.len());
            let label = if self.state.from_command && label.is_empty() && self.frames.is_empty() {
                "-c: "
            } else {
                label
            };
            match place.get(at + 2..) {
                Some(rest) => [&place[..at], b": ", label.as_bytes(), rest].concat(),
                None => place,
            }
        };
        let mut out = Vec::new();
        match error {
            ParseError::Incomplete {
                quote: Some(quote),
                line,
            } => {
                out.extend(where_(*line));
                out.extend_from_slice(b": unexpected EOF while looking for matching `");
                out.push(*quote);
                out.extend_from_slice(b"'\n");
            }
            ParseError::Incomplete { quote: None, line } => {
                let last = if text.ends_with(b"\n") { *line } else { line + 1 };
                out.extend(where_(last));
                out.extend_from_slice(b": syntax error: unexpected end of file\n");
            }
            ParseError::Unexpected { token, line } => {
                out.extend(where_(*line));
                out.extend_from_slice(b": syntax error near unexpected token `");
                out.extend_from_slice(token);
                out.extend_from_slice(b"'\n");
                if !self.state.interactive {
                    out.extend(where_(*line));
                    out.extend_from_slice(b": `");
                    let shown = text.split(|b| *b == b'\n').nth(*line as usize - 1).unwrap_or(text);
                    out.extend_from_slice(shown);
                    out.extend_from_slice(b"'\n");
                }
            }
            ParseError::Message { text, line } => {
                out.extend(where_(*line));
                out.extend_from_slice(b": ");
                out.extend_from_slice(text);
                out.push(b'\n');
            }
        }
        io.eprint(out);
    }

    /// The first step: variables from the environment, options, and what to run. `Some`: nothing to run.
    pub(super) fn start(&mut self, io: &mut Io<'_>) -> Option<u8> {
        self.state.pid = io.pid();
        self.state.parent = io.parent_pid();
        self.state.started = io.now();
        self.state.next_random = io.random("shell.random").below(32_768) as u16;
        self.import_environment(io);
        let args = std::mem::take(&mut self.args);
        let mut rest = args.get(1..).unwrap_or_default().iter().cloned();
        let mut command = false;
        let mut interactive = false;
        let mut from_stdin = false;
        let mut operand = None;
        while let Some(word) = rest.next() {
            match word.as_slice() {
                b"--" | b"-" => {
                    operand = rest.next();
                    break;
                }
                b"--login" | b"--norc" | b"--noprofile" | b"--posix" | b"-l" => {}
                b"--version" => {
                    io.print("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\nSimulated by Essaim.\n");
                    return Some(0);
                }
                [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                    for letter in letters {
                        match letter {
                            b'c' => command = true,
                            b'i' => interactive = true,
                            b's' => from_stdin = true,
                            b'o' => {
                                let name = rest.next().unwrap_or_default();
                                self.set_option_named(&name, word[0] == b'-');
                            }
                            letter => {
                                if !self.set_option_letter(*letter, word[0] == b'-') {
                                    let shown = [&word[..], b": invalid option\n"].concat();
                                    io.eprint([&self.state.name, b": ".as_slice(), &shown].concat());
                                    return Some(2);
                                }
                            }
                        }
                    }
                }
                _ => {
                    operand = Some(word);
                    break;
                }
            }
        }
        let mut positional: Vec<Vec<u8>> = rest.collect();
        if command {
            let Some(text) = operand else {
                io.eprint([&self.state.name, b": -c: option requires an argument\n".as_slice()].concat());
                return Some(2);
            };
            self.state.from_command = true;
            if !positional.is_empty() {
                self.state.name = positional.remove(0);
            }
            self.state.positional = Arc::new(positional);
            self.frames.push(Frame::Source(Source::new(text, 1)));
            return None;
        }
        match operand {
            Some(script) if !from_stdin => return self.start_script(script, positional, io),
            operand => positional.splice(0..0, operand).for_each(drop),
        }
        self.state.positional = Arc::new(positional);
        self.state.from_stdin = true;
        self.state.interactive = interactive || (io.is_terminal(0) && io.is_terminal(2));
        self.state.options.expand_aliases = self.state.interactive;
        if self.state.interactive {
            self.state.name = essaim_kernel::files::path::file_name(&self.state.name).to_vec();
            if self.state.name == b"sh" {
                self.state.name = b"bash".to_vec();
            }
        }
        self.frames.push(Frame::Reader(Box::default()));
        None
    }

    fn start_script(&mut self, script: Vec<u8>, positional: Vec<Vec<u8>>, io: &mut Io<'_>) -> Option<u8> {
        let fail = |io: &mut Io<'_>, name: &[u8], what: &str, code: u8| {
            io.eprint([name, b": ", &script, b": ", what.as_bytes(), b"\n"].concat());
            Some(code)
        };
        let name = self.state.name.clone();
        let mut path = io.path(&script);
        if !io.files_ref().exists(&path)
            && !script.contains(&b'/')
            && let Some(found) = self.search_path(&script, io)
        {
            path = found;
        }
        if io.files_ref().is_dir(&path) {
            return fail(io, &name, "Is a directory", 126);
        }
        let text = match io.files_ref().read(&path) {
            Ok(text) => text,
            Err(essaim_kernel::Errno::NoEntry) => return fail(io, &name, "No such file or directory", 127),
            Err(error) => return fail(io, &name, &error.to_string(), 126),
        };
        if text.iter().take(80).take_while(|b| **b != b'\n').any(|b| *b == 0) {
            return fail(io, &name, "cannot execute binary file", 126);
        }
        self.state.name = script;
        self.state.positional = Arc::new(positional);
        self.frames.push(Frame::Source(Source {
            text,
            at: 0,
            line: 1,
            label: "",
        }));
        None
    }

    fn import_environment(&mut self, io: &mut Io<'_>) {
        use crate::language::syntax::ast::is_name;
        use crate::language::variables::{Value, Variable};
        let env = io.env().clone();
        for (name, value) in env.into_iter().filter(|(name, _)| is_name(name)) {
            let mut variable = Variable::new(Value::Scalar(value));
            variable.exported = true;
            self.state.variables.restore(&name, Some(variable));
        }
        let level = self.state.variables.scalar(b"SHLVL");
        let level: i64 = level
            .and_then(|l| std::str::from_utf8(l).ok())
            .and_then(|l| l.parse().ok())
            .unwrap_or(0);
        let cwd = io.cwd().to_vec();
        for (name, value) in [
            (b"SHLVL".as_slice(), (level + 1).to_string().into_bytes()),
            (b"PWD", cwd),
        ] {
            self.state.variables.set(name, value);
            self.state.variables.entry(name).exported = true;
        }
        let defaults: [(&[u8], &[u8]); 4] = [
            (b"IFS", b" \t\n"),
            (b"OPTIND", b"1"),
            (b"BASH_VERSION", b"5.2.15(1)-release"),
            (b"PS4", b"+ "),
        ];
        for (name, value) in defaults {
            if name == b"IFS" || self.state.variables.get(name).is_none() {
                self.state
                    .variables
                    .restore(name, Some(Variable::new(Value::Scalar(value.to_vec()))));
            }
        }
        self.state.variables.exports_changed = true;
    }

    /// A file of this name in one of `$PATH`'s folders.
    pub fn search_path(&self, name: &[u8], io: &Io<'_>) -> Option<Vec<u8>> {
        let path = self
            .state
            .variables
            .scalar(b"PATH")
            .unwrap_or(b"/usr/local/bin:/usr/bin:/bin");
        path.split(|b| *b == b':').find_map(|folder| {
            let folder = if folder.is_empty() {
                io.cwd().to_vec()
            } else {
                io.path(folder)
            };
            let candidate = essaim_kernel::files::path::join(&folder, name);
            io.files_ref().is_file(&candidate).then_some(candidate)
        })
    }
}

/// A reader of standard input begins with nothing read.
impl Default for Reader {
    fn default() -> Self {
        Self::empty()
    }
}
