//! Expanding words, and the command substitutions in them.

use super::{Flow, Frame, Shell};
use crate::language::expand::{Expansion, Mode, Outcome, expand_braces, finish_text};
use crate::language::syntax::ParseLimits;
use crate::language::syntax::ast::{Assigned, Assignment, List, Word};
use essaim_kernel::{Io, Pid, Read, Wait};
use std::collections::VecDeque;
use std::sync::Arc;

/// One word to expand.
#[derive(Clone, Debug)]
pub struct ExpandItem {
    pub word: Word,
    pub mode: Mode,
    /// Put before the result: `name=` of `export name=value`.
    pub prefix: Vec<u8>,
}

impl ExpandItem {
    pub fn new(word: &Word, mode: Mode) -> Self {
        Self {
            word: word.clone(),
            mode,
            prefix: Vec::new(),
        }
    }
}

/// Words being expanded, one after the other.
#[derive(Clone, Debug)]
pub struct Expand {
    pub items: VecDeque<ExpandItem>,
    pub current: Option<(Expansion, Mode, Vec<u8>)>,
    pub out: Vec<Vec<u8>>,
}

impl Shell {
    pub(super) fn limits(io: &Io<'_>) -> ParseLimits {
        ParseLimits {
            nesting_max: io.limits().nesting_max,
        }
    }

    pub(super) fn turn_expand(&mut self, mut expand: Box<Expand>, io: &mut Io<'_>) -> Flow {
        loop {
            let Some((expansion, mode, prefix)) = &mut expand.current else {
                let Some(item) = expand.items.pop_front() else {
                    self.results = expand.out;
                    return Flow::Next;
                };
                if item.mode == Mode::Fields {
                    let Some(mut words) = expand_braces(&item.word) else {
                        self.error(io, "brace expansion: too many words");
                        self.abort(1);
                        return Flow::Next;
                    };
                    if words.len() > 1 {
                        while let Some(word) = words.pop() {
                            // What came out of braces has none left that count.
                            expand.items.push_front(ExpandItem {
                                word: without_braces(word),
                                mode: Mode::Fields,
                                prefix: Vec::new(),
                            });
                        }
                        continue;
                    }
                }
                expand.current = Some((Expansion::new(item.word), item.mode, item.prefix));
                continue;
            };
            match expansion.run(&mut self.state, io.files_ref()) {
                Outcome::Done(text) => {
                    let fields = finish_text(text, *mode, &self.state, io.files_ref(), io.cwd());
                    let prefix = std::mem::take(prefix);
                    expand.current = None;
                    match fields {
                        Ok(fields) if prefix.is_empty() => expand.out.extend(fields),
                        Ok(fields) => expand
                            .out
                            .extend(fields.into_iter().map(|f| [prefix.as_slice(), &f].concat())),
                        Err(message) => {
                            self.error(io, message);
                            self.abort(1);
                            return Flow::Next;
                        }
                    }
                }
                Outcome::Command(list) => {
                    self.frames.push(Frame::Expand(expand));
                    return self.begin_substitution(list, false, io);
                }
                Outcome::Process(list, output) => {
                    self.frames.push(Frame::Expand(expand));
                    return if output {
                        self.begin_writing(list, io)
                    } else {
                        self.begin_substitution(list, true, io)
                    };
                }
                Outcome::Failed { message, status } => {
                    self.error(io, message);
                    self.expansion_failed(status);
                    return Flow::Next;
                }
            }
        }
    }

    /// `${x?}` and `set -u` (127) end a script, the rest gives up the line.
    fn expansion_failed(&mut self, status: u8) {
        if status != 127 {
            self.abort(status);
            return;
        }
        let options = self.state.options;
        let script = self.state.subshell || !self.state.from_command;
        self.abort_script(if script || (options.errexit && options.nounset) {
            1
        } else {
            status
        });
    }

    /// `>(…)`: the commands wait for what is written to the name.
    fn begin_writing(&mut self, list: Arc<List>, io: &mut Io<'_>) -> Flow {
        io.flush();
        let (read, write) = io.pipe();
        let pid = self.fork(
            io,
            vec![Frame::List { list, at: 0 }],
            &[(0, read)],
            &[read, write],
            None,
        );
        io.close(read);
        if pid.is_some() {
            self.state.last_background = pid;
        }
        self.name_descriptor(write, io);
        Flow::Next
    }

    /// Gives the expansion at work a name for this descriptor, which is closed after the command.
    fn name_descriptor(&mut self, fd: u32, io: &mut Io<'_>) {
        let number = (10..=63).rev().find(|n| !io.is_open(*n)).unwrap_or(fd);
        if number != fd {
            // Both are open or free, as was just seen.
            let _ = io.duplicate_to(fd, number);
            io.close(fd);
        }
        let holder = |f: &Frame| matches!(f, Frame::Simple(_) | Frame::Redirecting { .. } | Frame::ForWords { .. });
        let depth = self.frames.iter().rposition(holder).unwrap_or(0);
        self.process_fds.push((number, depth));
        if let Some(Frame::Expand(expand)) = self.frames.last_mut()
            && let Some((expansion, _, _)) = &mut expand.current
        {
            expansion.name(format!("/dev/fd/{number}").as_bytes());
        }
    }

    /// Closes the descriptors of process substitutions whose command is over.
    pub(super) fn close_processes(&mut self, io: &mut Io<'_>) {
        let depth = self.frames.len();
        while let Some((fd, _)) = self.process_fds.pop_if(|(_, holder)| *holder >= depth) {
            io.close(fd);
        }
    }

    /// `$(…)` and (`named`) `<(…)`, whose output is read to its end before the command begins.
    fn begin_substitution(&mut self, list: Arc<List>, named: bool, io: &mut Io<'_>) -> Flow {
        if list.items.is_empty() && !named {
            self.supply(Vec::new());
            self.substitution_status = Some(0);
            return Flow::Next;
        }
        let (read, write) = io.pipe();
        let errexit = self.state.options.errexit;
        self.state.options.errexit &= self.state.options.inherit_errexit;
        let forked = self.fork(io, vec![Frame::List { list, at: 0 }], &[(1, write)], &[read], None);
        self.state.options.errexit = errexit;
        io.close(write);
        match forked {
            Some(pid) => {
                self.state.private_fds.insert(read);
                self.frames.push(Frame::Substitution {
                    pid,
                    fd: read,
                    output: Vec::new(),
                    named,
                });
            }
            None => io.close(read),
        }
        Flow::Next
    }

    fn supply(&mut self, output: Vec<u8>) {
        if let Some(Frame::Expand(expand)) = self.frames.last_mut()
            && let Some((expansion, _, _)) = &mut expand.current
        {
            expansion.supply(output);
        }
    }

    pub(super) fn turn_substitution(
        &mut self,
        pid: Pid,
        fd: u32,
        mut output: Vec<u8>,
        named: bool,
        io: &mut Io<'_>,
    ) -> Flow {
        let again = |output| Frame::Substitution { pid, fd, output, named };
        while io.is_open(fd) {
            match io.read(fd, 64 << 10) {
                Read::Data(bytes) => {
                    output.extend_from_slice(&bytes);
                    if output.len() as u64 > io.limits().file_bytes_max {
                        self.error(io, "command substitution: essaim: limit file_bytes_max reached");
                        io.close(fd);
                    }
                }
                Read::Wait => {
                    self.frames.push(again(output));
                    return Flow::Block(Wait::Readable(fd));
                }
                Read::End | Read::Failed(_) => io.close(fd),
            }
        }
        let status = match io.reap(pid) {
            Some(status) => status.code(),
            None if io.is_child(pid) => {
                self.frames.push(again(output));
                return Flow::Block(Wait::Child);
            }
            None => 127,
        };
        if named {
            self.state.private_fds.remove(&fd);
            let memory = io.here_document(output);
            self.name_descriptor(memory, io);
            return Flow::Next;
        }
        if output.contains(&0) {
            self.error(io, "warning: command substitution: ignored null byte in input");
        }
        self.state.private_fds.remove(&fd);
        self.state.status = status;
        self.substitution_status = Some(status);
        self.supply(output);
        Flow::Next
    }

    // ---- assignments ----

    /// Assignments, one after the other; each is applied when its words are expanded.
    pub(super) fn turn_assign(
        &mut self,
        assignments: Vec<Assignment>,
        at: usize,
        asked: bool,
        temporary: bool,
        io: &mut Io<'_>,
    ) -> Flow {
        let Some(assignment) = assignments.get(at) else {
            return Flow::Next;
        };
        if !asked {
            let mut items: Vec<ExpandItem> = Vec::new();
            items.extend(assignment.index.iter().map(|w| ExpandItem::new(w, Mode::Single)));
            match &assignment.value {
                Assigned::Scalar(word) => items.push(ExpandItem::new(word, Mode::Single)),
                Assigned::Array(values) => {
                    for (index, word) in values {
                        match index {
                            Some(index) => {
                                let mut item = ExpandItem::new(word, Mode::Single);
                                item.prefix = b"=".to_vec();
                                let mut key = ExpandItem::new(index, Mode::Single);
                                key.prefix = b"[".to_vec();
                                items.push(key);
                                items.push(item);
                            }
                            None => items.push(ExpandItem::new(word, Mode::Fields)),
                        }
                    }
                }
            }
            self.frames.push(Frame::Assign {
                assignments,
                at,
                asked: true,
                temporary,
            });
            self.frames.push(Frame::expand(items));
            return Flow::Next;
        }
        let values = std::mem::take(&mut self.results);
        if let Err(message) = self.apply_assignment(assignment, values, temporary) {
            self.error(io, message);
            self.abort(1);
            return Flow::Next;
        }
        if self.state.options.xtrace {
            let value = self.state.variables.scalar(&assignment.name).unwrap_or_default();
            let value = crate::language::quote::quote_if_needed(value);
            let line = [assignment.name.as_slice(), b"=", &value].concat();
            self.trace_line(&line, io);
        }
        self.frames.push(Frame::Assign {
            assignments,
            at: at + 1,
            asked: false,
            temporary,
        });
        Flow::Next
    }

    fn apply_assignment(
        &mut self,
        assignment: &Assignment,
        mut values: Vec<Vec<u8>>,
        temporary: bool,
    ) -> Result<(), Vec<u8>> {
        use crate::language::variables::Value;
        let name = &assignment.name;
        if self.state.variables.is_readonly(name) {
            return Err([name, b": readonly variable".as_slice()].concat());
        }
        if let Assigned::Array(given) = &assignment.value {
            return self.assign_array(name, assignment.append, values, given);
        }
        let index = assignment.index.is_some().then(|| values.remove(0));
        let value = values.pop().unwrap_or_default();
        if let Some(index) = index {
            let keyed = matches!(self.state.variables.get(name).map(|v| &v.value), Some(Value::Keyed(_)));
            let index = if keyed {
                index
            } else {
                crate::language::arithmetic::evaluate(&index, &mut self.state)?
                    .to_string()
                    .into_bytes()
            };
            return self.state.set_element(name, &index, value, assignment.append);
        }
        let value = if assignment.append {
            let old = self.state.variables.scalar(name).unwrap_or_default().to_vec();
            if self.state.variables.get(name).is_some_and(|v| v.integer) {
                let left = crate::language::arithmetic::evaluate(&old, &mut self.state)?;
                let right = crate::language::arithmetic::evaluate(&value, &mut self.state)?;
                left.wrapping_add(right).to_string().into_bytes()
            } else {
                [old, value].concat()
            }
        } else {
            value
        };
        self.state.assign(name, value)?;
        if temporary {
            self.state.variables.entry(name).exported = true;
            self.state.variables.exports_changed = true;
        }
        Ok(())
    }

    fn assign_array(
        &mut self,
        name: &[u8],
        append: bool,
        values: Vec<Vec<u8>>,
        given: &[(Option<Word>, Word)],
    ) -> Result<(), Vec<u8>> {
        use crate::language::variables::Value;
        let keyed = matches!(self.state.variables.get(name).map(|v| &v.value), Some(Value::Keyed(_)));
        let has_keys = given.iter().any(|(key, _)| key.is_some());
        let mut next = 0_i64;
        {
            let variable = self.state.variables.entry(name);
            match &mut variable.value {
                Value::Indexed(map) if append => next = map.last_key_value().map_or(0, |(k, _)| k + 1),
                Value::Keyed(_) if append => {}
                Value::Keyed(map) => map.clear(),
                Value::Scalar(old) if append => {
                    let old = std::mem::take(old);
                    variable.value = Value::Indexed([(0, old)].into());
                    next = 1;
                }
                slot => *slot = Value::Indexed(std::collections::BTreeMap::new()),
            }
        }
        let mut values = values.into_iter();
        while let Some(value) = values.next() {
            if has_keys && value.starts_with(b"[") {
                let key = value[1..].to_vec();
                let text = values.next().unwrap_or_default();
                let text = text.strip_prefix(b"=").unwrap_or(&text).to_vec();
                let key = if keyed {
                    key
                } else {
                    let index = crate::language::arithmetic::evaluate(&key, &mut self.state)?;
                    next = index + 1;
                    index.to_string().into_bytes()
                };
                self.state.set_element(name, &key, text, false)?;
                continue;
            }
            self.state
                .set_element(name, next.to_string().as_bytes(), value, false)?;
            next += 1;
        }
        Ok(())
    }
}

/// A word that came out of a brace expression: a brace that is left is a character.
fn without_braces(word: Word) -> Word {
    use crate::language::syntax::ast::Part;
    let literal_brace = |part: &Part| matches!(part, Part::Literal(bytes) if bytes.contains(&b'{'));
    if !word.0.iter().any(literal_brace) {
        return word;
    }
    let mut parts = Vec::new();
    for part in &*word.0 {
        match part {
            Part::Literal(bytes) if bytes.contains(&b'{') => {
                for piece in bytes.split_inclusive(|b| *b == b'{') {
                    let (text, brace) = match piece.strip_suffix(b"{") {
                        Some(text) => (text, true),
                        None => (piece, false),
                    };
                    if !text.is_empty() {
                        parts.push(Part::Literal(text.to_vec()));
                    }
                    if brace {
                        parts.push(Part::Quoted(b"{".to_vec()));
                    }
                }
            }
            part => parts.push(part.clone()),
        }
    }
    Word(parts.into())
}
