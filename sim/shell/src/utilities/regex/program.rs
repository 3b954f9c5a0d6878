//! From the tree to a small machine.

use super::parse::{Assertion, Node, Set, Syntax, lower};

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inst {
    Char(u32),
    Any,
    Set(usize),
    /// Goes on at both; the first is preferred.
    Split(usize, usize),
    Jump(usize),
    Save(usize),
    Assert(Assertion),
    BackReference(usize),
    /// Remembers the position (slot) before the body of a loop that may match nothing.
    LoopEnter(usize),
    /// Fails when the body matched nothing.
    LoopCheck(usize),
    Match,
}

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Program {
    pub insts: Vec<Inst>,
    pub sets: Vec<Set>,
    pub groups: usize,
    /// Slots a backtracking run needs: two a group, one a loop.
    pub slots: usize,
    pub has_back_references: bool,
    pub ignore_case: bool,
    pub multiline: bool,
    /// The characters a match can begin with, where they are few.
    pub first: Option<Vec<u32>>,
}

/// Instructions a pattern may need.
const INSTS_MAX: usize = 100_000;

/// Compiles a tree.
pub fn compile(node: &Node, groups: usize, syntax: Syntax) -> Result<Program, &'static str> {
    let mut compiler = Compiler {
        program: Program {
            insts: Vec::new(),
            sets: Vec::new(),
            groups,
            slots: (groups + 1) * 2,
            has_back_references: false,
            ignore_case: syntax.ignore_case,
            multiline: syntax.multiline,
            first: None,
        },
    };
    compiler.emit(node)?;
    compiler.push(Inst::Match)?;
    let mut program = compiler.program;
    program.first = first_chars(&program);
    Ok(program)
}

struct Compiler {
    program: Program,
}

impl Compiler {
    fn push(&mut self, inst: Inst) -> Result<usize, &'static str> {
        if self.program.insts.len() >= INSTS_MAX {
            return Err("Regular expression too big");
        }
        self.program.insts.push(inst);
        Ok(self.program.insts.len() - 1)
    }

    fn here(&self) -> usize {
        self.program.insts.len()
    }

    fn emit(&mut self, node: &Node) -> Result<(), &'static str> {
        match node {
            Node::Empty => {}
            Node::Char(c) => {
                let c = if self.program.ignore_case { lower(*c) } else { *c };
                self.push(Inst::Char(c))?;
            }
            Node::Any => {
                self.push(Inst::Any)?;
            }
            Node::Set(set) => {
                self.program.sets.push(set.clone());
                let index = self.program.sets.len() - 1;
                self.push(Inst::Set(index))?;
            }
            Node::Group(inner, number) => {
                self.push(Inst::Save(number * 2))?;
                self.emit(inner)?;
                self.push(Inst::Save(number * 2 + 1))?;
            }
            Node::Concat(parts) => {
                for part in parts {
                    self.emit(part)?;
                }
            }
            Node::Alternation(branches) => self.alternation(branches)?,
            Node::Repeat(inner, min, max) => self.repeat(inner, *min, *max)?,
            Node::Assert(assertion) => {
                self.push(Inst::Assert(*assertion))?;
            }
            Node::BackReference(number) => {
                self.program.has_back_references = true;
                self.push(Inst::BackReference(*number))?;
            }
        }
        Ok(())
    }

    fn alternation(&mut self, branches: &[Node]) -> Result<(), &'static str> {
        let mut ends = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() {
                self.emit(branch)?;
                break;
            }
            let split = self.push(Inst::Split(0, 0))?;
            self.emit(branch)?;
            ends.push(self.push(Inst::Jump(0))?);
            self.program.insts[split] = Inst::Split(split + 1, self.here());
        }
        let end = self.here();
        for at in ends {
            self.program.insts[at] = Inst::Jump(end);
        }
        Ok(())
    }

    fn repeat(&mut self, inner: &Node, min: u32, max: Option<u32>) -> Result<(), &'static str> {
        for _ in 0..min {
            let before = self.here();
            self.emit(inner)?;
            // A body of nothing, 32,767 times, is nothing.
            if self.here() == before {
                break;
            }
        }
        match max {
            None => {
                let slot = self.program.slots;
                self.program.slots += 1;
                let split = self.push(Inst::Split(0, 0))?;
                self.push(Inst::LoopEnter(slot))?;
                self.emit(inner)?;
                self.push(Inst::LoopCheck(slot))?;
                self.push(Inst::Jump(split))?;
                self.program.insts[split] = Inst::Split(split + 1, self.here());
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.push(Inst::Split(0, 0))?);
                    self.emit(inner)?;
                }
                let end = self.here();
                for at in splits {
                    self.program.insts[at] = Inst::Split(at + 1, end);
                }
            }
        }
        Ok(())
    }
}

/// The characters a match can begin with; `None`: too many to say, or it may be empty.
fn first_chars(program: &Program) -> Option<Vec<u32>> {
    const FEW: usize = 8;
    if program.ignore_case {
        return None;
    }
    let mut seen = vec![false; program.insts.len()];
    let mut stack = vec![0];
    let mut chars = Vec::new();
    while let Some(at) = stack.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        match program.insts[at] {
            Inst::Char(c) => {
                chars.push(c);
                if chars.len() > FEW {
                    return None;
                }
            }
            Inst::Split(a, b) => stack.extend([a, b]),
            Inst::Jump(to) => stack.push(to),
            Inst::Save(_) | Inst::Assert(_) | Inst::LoopEnter(_) | Inst::LoopCheck(_) => stack.push(at + 1),
            Inst::Any | Inst::Set(_) | Inst::BackReference(_) | Inst::Match => return None,
        }
    }
    Some(chars)
}
