//! What a running program knows: variables, arrays, the record and its fields.

use super::code::{Code, Name, Place};
use super::streams::Streams;
use super::value::{Slot, Text, Value};
use crate::utilities::regex::{Flavour, Regex, Syntax};
use essaim_kernel::Pid;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const NR: usize = 0;
pub const NF: usize = 1;
pub const FNR: usize = 2;
pub const FS: usize = 3;
pub const OFS: usize = 4;
pub const ORS: usize = 5;
pub const RS: usize = 6;
pub const RSTART: usize = 7;
pub const RLENGTH: usize = 8;
pub const SUBSEP: usize = 9;
pub const CONVFMT: usize = 10;
pub const OFMT: usize = 11;
pub const FILENAME: usize = 12;
pub const ENVIRON: usize = 13;
pub const ARGC: usize = 14;
pub const ARGV: usize = 15;

/// Fields a record may have.
const FIELDS_MAX: usize = 100_000;

pub type Array = BTreeMap<Vec<u8>, Value>;

/// A function at work.
#[derive(Clone, Debug)]
pub struct Call {
    pub back: usize,
    /// Where its variables begin on the stack.
    pub base: usize,
    pub key_count: usize,
}

/// Which part of the program is at work, and which of its rules comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Begin,
    Rules,
    End,
    Closing,
}

#[derive(Clone)]
pub struct State {
    pub code: Arc<Code>,
    pub pc: Option<usize>,
    pub section: Section,
    pub which: usize,
    pub stack: Vec<Value>,
    pub calls: Vec<Call>,
    pub globals: Vec<Value>,
    pub arrays: Vec<Array>,
    free: Vec<usize>,
    pub keys: Vec<std::vec::IntoIter<Vec<u8>>>,
    pub ranges: Vec<bool>,
    record: Text,
    fields: Vec<Value>,
    /// `fields` are those of `record`.
    split: bool,
    /// `record` is made of `fields`.
    joined: bool,
    pub streams: Streams,
    /// A program that is waited for.
    pub child: Option<Pid>,
    pub status: u8,
    pub seed: f64,
    pub random: u64,
    compiled: BTreeMap<Vec<u8>, Regex>,
}

/// A message that ends the program.
pub type Checked<T> = Result<T, String>;

impl State {
    pub fn new(code: Code) -> Self {
        let mut globals = vec![Value::Unset; code.globals.len()];
        for (at, text) in [
            (FS, " "),
            (OFS, " "),
            (ORS, "\n"),
            (RS, "\n"),
            (SUBSEP, "\x1c"),
            (CONVFMT, "%.6g"),
            (OFMT, "%.6g"),
        ] {
            globals[at] = Value::text(text.as_bytes());
        }
        for at in [NR, NF, FNR, RSTART] {
            globals[at] = Value::Number(0.0);
        }
        globals[RLENGTH] = Value::Number(-1.0);
        globals[ENVIRON] = Value::Array { id: 0, owns: false };
        globals[ARGV] = Value::Array { id: 1, owns: false };
        Self {
            pc: None,
            section: Section::Begin,
            which: 0,
            stack: Vec::new(),
            calls: Vec::new(),
            globals,
            arrays: vec![Array::new(), Array::new()],
            free: Vec::new(),
            keys: Vec::new(),
            ranges: vec![false; code.range_count],
            record: Arc::from([]),
            fields: Vec::new(),
            split: true,
            joined: true,
            streams: Streams::default(),
            child: None,
            status: 0,
            seed: 0.0,
            random: 1,
            compiled: BTreeMap::new(),
            code: Arc::new(code),
        }
    }

    // ---- variables ----

    fn slot(&self, name: Name) -> Slot {
        match name {
            Name::Global(at) => Slot::Global(at),
            Name::Local(at) => Slot::Stack(self.calls.last().map_or(0, |call| call.base) + at),
        }
    }

    fn slot_mut(&mut self, slot: Slot) -> Option<&mut Value> {
        match slot {
            Slot::Global(at) => self.globals.get_mut(at),
            Slot::Stack(at) => self.stack.get_mut(at),
        }
    }

    fn at(&self, slot: Slot) -> Value {
        let value = match slot {
            Slot::Global(at) => self.globals.get(at),
            Slot::Stack(at) => self.stack.get(at),
        };
        value.cloned().unwrap_or_default()
    }

    /// What a function is given for a variable.
    pub fn reference(&mut self, name: Name) -> Checked<Value> {
        let slot = self.slot(name);
        Ok(match self.at(slot) {
            Value::Unset => Value::Lazy(slot),
            Value::Array { id, .. } => Value::Array { id, owns: false },
            _ => self.load(Place::Variable(name))?,
        })
    }

    /// The array of that name, made when there is none yet.
    pub fn array(&mut self, name: Name) -> Checked<usize> {
        let mut slot = self.slot(name);
        let mut passed = Vec::new();
        loop {
            match self.at(slot) {
                Value::Array { id, .. } => {
                    for slot in passed {
                        self.fill(slot, id, false);
                    }
                    return Ok(id);
                }
                Value::Unset => {
                    let id = self.free.pop().unwrap_or_else(|| {
                        self.arrays.push(Array::new());
                        self.arrays.len() - 1
                    });
                    self.fill(slot, id, true);
                }
                Value::Lazy(next) => {
                    passed.push(slot);
                    slot = next;
                }
                _ => return Err("run time error: can't use a scalar as an array".to_owned()),
            }
        }
    }

    fn fill(&mut self, slot: Slot, id: usize, owns: bool) {
        if let Some(value) = self.slot_mut(slot) {
            *value = Value::Array { id, owns };
        }
    }

    /// The end of a function: its variables go, and the arrays among them.
    pub fn leave(&mut self, call: &Call) {
        for value in self.stack.drain(call.base.min(self.stack.len())..) {
            if let Value::Array { id, owns: true } = value {
                self.arrays[id].clear();
                self.free.push(id);
            }
        }
        self.keys.truncate(call.key_count);
    }

    pub fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_default()
    }

    pub fn format(&self) -> Text {
        self.global(CONVFMT)
    }

    /// A variable with a meaning, as a text.
    pub fn global(&self, at: usize) -> Text {
        self.globals[at].bytes(b"%.6g")
    }

    pub fn text(&self, value: &Value) -> Text {
        match value {
            Value::Number(_) => value.bytes(&self.format()),
            value => value.bytes(b""),
        }
    }

    pub fn pop_text(&mut self) -> Text {
        let value = self.pop();
        self.text(&value)
    }

    // ---- places ----

    /// The value of a place; its subscript was taken from the stack.
    fn read(&mut self, place: Place, subscript: &Value) -> Checked<Value> {
        Ok(match place {
            Place::Variable(Name::Global(NF)) => {
                self.split_record();
                self.globals[NF].clone()
            }
            Place::Variable(name) => match self.at(self.slot(name)) {
                Value::Lazy(_) => Value::Unset,
                Value::Array { .. } => return Err("run time error: an array is no value".to_owned()),
                value => value,
            },
            Place::Field => self.field(field_number(subscript)?),
            Place::Element(name) => {
                let id = self.array(name)?;
                let key = self.text(subscript);
                self.arrays[id].entry(key.to_vec()).or_default().clone()
            }
        })
    }

    fn write(&mut self, place: Place, subscript: &Value, value: Value) -> Checked<()> {
        match place {
            Place::Variable(name) => {
                let slot = self.slot(name);
                if let Some(variable) = self.slot_mut(slot) {
                    *variable = value;
                }
                if name == Name::Global(NF) {
                    self.set_field_count()?;
                }
            }
            Place::Field => self.set_field(field_number(subscript)?, value)?,
            Place::Element(name) => {
                let id = self.array(name)?;
                let key = self.text(subscript);
                self.arrays[id].insert(key.to_vec(), value);
            }
        }
        Ok(())
    }

    pub fn load(&mut self, place: Place) -> Checked<Value> {
        let subscript = if place.has_subscript() {
            self.pop()
        } else {
            Value::Unset
        };
        self.read(place, &subscript)
    }

    pub fn peek(&mut self, place: Place) -> Checked<Value> {
        let subscript = self.stack.last().cloned().unwrap_or_default();
        self.read(place, &subscript)
    }

    pub fn store(&mut self, place: Place, value: Value) -> Checked<()> {
        let subscript = if place.has_subscript() {
            self.pop()
        } else {
            Value::Unset
        };
        self.write(place, &subscript, value)
    }

    // ---- the record ----

    pub fn set_record(&mut self, record: Vec<u8>) {
        self.record = record.into();
        (self.split, self.joined) = (false, true);
    }

    pub fn record(&mut self) -> Text {
        if !self.joined {
            let separator = self.global(OFS);
            let format = self.format();
            let fields: Vec<Text> = self.fields.iter().map(|f| f.bytes(&format)).collect();
            let fields: Vec<&[u8]> = fields.iter().map(|f| &**f).collect();
            self.record = fields.join(&*separator).into();
            self.joined = true;
        }
        self.record.clone()
    }

    fn split_record(&mut self) {
        if self.split {
            return;
        }
        let separator = self.global(FS);
        let by_newline = self.global(RS).is_empty();
        let parts = self.split_text(&self.record.clone(), &Value::Text(separator), by_newline);
        let parts = parts.unwrap_or_default();
        self.fields = parts.into_iter().map(|f| Value::Input(f.into())).collect();
        self.globals[NF] = Value::Number(self.fields.len() as f64);
        self.split = true;
    }

    fn field(&mut self, number: usize) -> Value {
        if number == 0 {
            return Value::Input(self.record());
        }
        self.split_record();
        self.fields.get(number - 1).cloned().unwrap_or_default()
    }

    fn set_field(&mut self, number: usize, value: Value) -> Checked<()> {
        if number == 0 {
            let record = self.text(&value).to_vec();
            self.set_record(record);
            return Ok(());
        }
        self.split_record();
        if number > self.fields.len() {
            self.resize(number)?;
        }
        self.fields[number - 1] = value;
        self.joined = false;
        Ok(())
    }

    fn resize(&mut self, count: usize) -> Checked<()> {
        if count > FIELDS_MAX {
            return Err(format!("run time error: essaim: more than {FIELDS_MAX} fields"));
        }
        self.fields.resize(count, Value::Input(Arc::from([])));
        self.globals[NF] = Value::Number(count as f64);
        self.joined = false;
        Ok(())
    }

    fn set_field_count(&mut self) -> Checked<()> {
        let wanted = self.globals[NF].number();
        if wanted < 0.0 {
            return Err("run time error: negative value for NF".to_owned());
        }
        self.split_record();
        self.resize(wanted as usize)
    }

    // ---- expressions ----

    /// The regular expression a value is.
    pub fn regex(&mut self, value: &Value) -> Checked<Regex> {
        if let Value::Regex(at) = value {
            return Ok(self.code.regexes[*at].clone());
        }
        let pattern = self.text(value);
        if let Some(regex) = self.compiled.get(&*pattern) {
            return Ok(regex.clone());
        }
        let syntax = Syntax {
            flavour: Flavour::Extended,
            ..Syntax::default()
        };
        let regex = Regex::new(&super::lex::posix(&pattern), syntax).map_err(|error| {
            let shown = String::from_utf8_lossy(&pattern);
            format!("run time error: regular expression compile failed ({error})\n{shown}")
        })?;
        // A program that makes expressions without end keeps only some of them.
        if self.compiled.len() > 200 {
            self.compiled.clear();
        }
        self.compiled.insert(pattern.to_vec(), regex.clone());
        Ok(regex)
    }

    /// The fields of a text; `newlines`: a newline separates them too.
    pub fn split_text(&mut self, text: &[u8], separator: &Value, newlines: bool) -> Checked<Vec<Vec<u8>>> {
        let owned: Vec<u8>;
        let single = match separator {
            Value::Regex(_) => None,
            value => {
                owned = self.text(value).to_vec();
                (owned.len() <= 1).then_some(owned.as_slice())
            }
        };
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<Vec<u8>> = match single {
            Some(b" ") => {
                let words = text.split(|b| matches!(b, b' ' | b'\t' | b'\n'));
                words.filter(|w| !w.is_empty()).map(<[u8]>::to_vec).collect()
            }
            Some([]) => text.iter().map(|b| vec![*b]).collect(),
            Some([byte, ..]) => {
                let ends = |b: &u8| b == byte || (newlines && *b == b'\n');
                text.split(ends).map(<[u8]>::to_vec).collect()
            }
            None => {
                let regex = self.regex(separator)?;
                let mut parts = Vec::new();
                let lines = text.split(|b| newlines && *b == b'\n');
                for line in lines {
                    let (mut from, mut search) = (0, 0);
                    while let Some((start, end)) = regex.find(line, search) {
                        if end == start {
                            search = end + 1;
                            if search > line.len() {
                                break;
                            }
                            continue;
                        }
                        parts.push(line[from..start].to_vec());
                        (from, search) = (end, end);
                    }
                    parts.push(line[from..].to_vec());
                }
                parts
            }
        };
        Ok(parts)
    }
}

fn field_number(value: &Value) -> Checked<usize> {
    let number = value.number();
    if number < 0.0 {
        return Err(format!("run time error: negative field index ${}", number as i64));
    }
    if number > FIELDS_MAX as f64 {
        return Err(format!("run time error: essaim: more than {FIELDS_MAX} fields"));
    }
    Ok(number as usize)
}
