//! Descriptors, open file descriptions and pipes: what processes read from and write to.

use super::state::{Core, Description, DescriptionId, PipeId, Target};
use crate::files::Errno;
use crate::io::Read;
use crate::process::{Pid, Signal};
use crate::terminal::TerminalId;

impl Core {
    pub fn describe(&mut self, description: Description) -> DescriptionId {
        let id = self.next_id;
        self.next_id += 1;
        match description.target {
            Target::PipeRead(pipe) => self.pipes.entry(pipe).or_default().readers += 1,
            Target::PipeWrite(pipe) => self.pipes.entry(pipe).or_default().writers += 1,
            _ => {}
        }
        self.descriptions.insert(id, description);
        id
    }

    pub fn new_pipe(&mut self) -> PipeId {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub fn retain(&mut self, id: DescriptionId) {
        if let Some(description) = self.descriptions.get_mut(&id) {
            description.references += 1;
        }
    }

    pub fn release(&mut self, id: DescriptionId) {
        let Some(description) = self.descriptions.get_mut(&id) else {
            return;
        };
        description.references = description.references.saturating_sub(1);
        if description.references > 0 {
            return;
        }
        let Some(description) = self.descriptions.remove(&id) else {
            return;
        };
        match description.target {
            Target::PipeRead(pipe) => self.pipes.entry(pipe).or_default().readers -= 1,
            Target::PipeWrite(pipe) => self.pipes.entry(pipe).or_default().writers -= 1,
            Target::File(handle) => self.files.close(&handle),
            _ => {}
        }
        self.pipes.retain(|_, pipe| pipe.readers + pipe.writers > 0);
    }

    pub fn target(&self, pid: Pid, fd: u32) -> Option<&Target> {
        let id = self.procs.get(&pid)?.fds.get(&fd)?;
        self.descriptions.get(id).map(|d| &d.target)
    }

    pub fn read_fd(&mut self, pid: Pid, fd: u32, max: usize) -> Read {
        let Some(id) = self.proc(pid).fds.get(&fd).copied() else {
            return Read::Failed(Errno::BadDescriptor);
        };
        let Some(description) = self.descriptions.get_mut(&id) else {
            return Read::Failed(Errno::BadDescriptor);
        };
        let offset = description.offset;
        match description.target.clone() {
            Target::Null => Read::End,
            Target::Terminal(terminal) => self.read_terminal(pid, terminal, max),
            Target::PipeRead(pipe) => {
                let Some(pipe) = self.pipes.get_mut(&pipe) else {
                    return Read::End;
                };
                if pipe.buffer.is_empty() {
                    return if pipe.writers == 0 { Read::End } else { Read::Wait };
                }
                let len = pipe.buffer.len().min(max);
                Read::Data(pipe.buffer.drain(..len).collect())
            }
            Target::File(handle) => match self.files.read_at(&handle, offset, max) {
                Ok(bytes) if bytes.is_empty() => Read::End,
                Ok(bytes) => {
                    self.advance_offset(id, bytes.len());
                    Read::Data(bytes)
                }
                Err(error) => Read::Failed(error),
            },
            Target::Memory(content) => {
                let start = (offset as usize).min(content.len());
                let end = content.len().min(start.saturating_add(max));
                self.advance_offset(id, end - start);
                if start == end {
                    Read::End
                } else {
                    Read::Data(content[start..end].to_vec())
                }
            }
            Target::HostInput(owner) => {
                let Some((buffer, closed)) = self.host_input.get_mut(&owner) else {
                    return Read::End;
                };
                if buffer.is_empty() {
                    return if *closed { Read::End } else { Read::Wait };
                }
                let len = buffer.len().min(max);
                Read::Data(buffer.drain(..len).collect())
            }
            Target::PipeWrite(_) | Target::HostOutput(..) => Read::Failed(Errno::BadDescriptor),
        }
    }

    fn advance_offset(&mut self, id: DescriptionId, by: usize) {
        if let Some(description) = self.descriptions.get_mut(&id) {
            description.offset += by as u64;
        }
    }

    /// A terminal gives one line at a time, to the foreground group only.
    fn read_terminal(&mut self, pid: Pid, id: TerminalId, max: usize) -> Read {
        let group = self.proc(pid).group;
        let Some(terminal) = self.terminals.get_mut(id) else {
            return Read::End;
        };
        if terminal.closed.is_some() {
            return Read::End;
        }
        if terminal.foreground != group {
            return Read::Wait;
        }
        if terminal.input.is_empty() {
            if terminal.end_of_input {
                terminal.end_of_input = false;
                terminal.prompt = None;
                return Read::End;
            }
            return Read::Wait;
        }
        let line = terminal
            .input
            .iter()
            .position(|b| *b == b'\n')
            .map_or(terminal.input.len(), |at| at + 1);
        terminal.prompt = None;
        Read::Data(terminal.input.drain(..line.min(max)).collect())
    }

    /// Delivers what a process printed, as far as there is room.
    pub fn flush(&mut self, pid: Pid) {
        while let Some((fd, bytes)) = self.procs.get_mut(&pid).and_then(|p| p.output.pop_front()) {
            let taken = self.deliver(pid, fd, &bytes);
            if taken < bytes.len() {
                if let Some(proc) = self.procs.get_mut(&pid) {
                    proc.output.push_front((fd, bytes[taken..].to_vec()));
                }
                return;
            }
        }
    }

    fn deliver(&mut self, pid: Pid, fd: u32, bytes: &[u8]) -> usize {
        let Some(id) = self.proc(pid).fds.get(&fd).copied() else {
            return bytes.len();
        };
        let Some(description) = self.descriptions.get(&id) else {
            return bytes.len();
        };
        let (offset, append) = (description.offset, description.append);
        match description.target.clone() {
            Target::Terminal(terminal) => {
                self.output_printed += bytes.len() as u64;
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.print(bytes);
                }
            }
            Target::HostOutput(owner, fd) => {
                self.output_printed += bytes.len() as u64;
                let queue = self.host_output.entry(owner).or_default();
                match queue.last_mut() {
                    Some((last, buffer)) if *last == fd => buffer.extend_from_slice(bytes),
                    _ => queue.push((fd, bytes.to_vec())),
                }
            }
            Target::PipeWrite(pipe) => {
                let pipe_bytes_max = self.limits.pipe_bytes_max;
                let Some(pipe) = self.pipes.get_mut(&pipe) else {
                    return bytes.len();
                };
                if pipe.readers == 0 {
                    if let Some(proc) = self.procs.get_mut(&pid) {
                        proc.output.clear();
                        proc.signals.push_back(Signal::Pipe);
                    }
                    return bytes.len();
                }
                let room = pipe_bytes_max.saturating_sub(pipe.buffer.len()).min(bytes.len());
                pipe.buffer.extend(&bytes[..room]);
                return room;
            }
            Target::File(handle) => {
                let at = if append {
                    self.files.len(&handle).unwrap_or(offset)
                } else {
                    offset
                };
                if self.files.write_at(&handle, at, bytes).is_ok()
                    && let Some(description) = self.descriptions.get_mut(&id)
                {
                    description.offset = at + bytes.len() as u64;
                }
            }
            Target::Null | Target::PipeRead(_) | Target::Memory(_) | Target::HostInput(_) => {}
        }
        bytes.len()
    }
}
