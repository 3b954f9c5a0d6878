//! Variables: scalars, arrays, exported, read-only, local.

use essaim_kernel::Digest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Declared (`export x`, `local x`) without a value.
    Unset,
    Scalar(Vec<u8>),
    Indexed(BTreeMap<i64, Vec<u8>>),
    Keyed(BTreeMap<Vec<u8>, Vec<u8>>),
}

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    pub value: Value,
    pub exported: bool,
    pub readonly: bool,
    pub integer: bool,
    /// `declare -u` and `-l`: what is assigned becomes upper (`true`) or lower case.
    pub upper: Option<bool>,
    /// `declare -n`: its value is the name of the variable that is meant.
    pub reference: bool,
}

impl Variable {
    pub fn new(value: Value) -> Self {
        Self {
            value,
            exported: false,
            readonly: false,
            integer: false,
            upper: None,
            reference: false,
        }
    }

    /// The letters of its attributes, as `declare -p` shows them.
    pub fn flags(&self) -> Vec<u8> {
        let mut flags = Vec::new();
        match self.value {
            Value::Indexed(_) => flags.push(b'a'),
            Value::Keyed(_) => flags.push(b'A'),
            _ => {}
        }
        if self.integer {
            flags.push(b'i');
        }
        if self.reference {
            flags.push(b'n');
        }
        if self.readonly {
            flags.push(b'r');
        }
        if self.exported {
            flags.push(b'x');
        }
        flags.extend(self.upper.map(|upper| if upper { b'u' } else { b'l' }));
        flags
    }

    /// What `$name` gives.
    pub fn scalar(&self) -> Option<&[u8]> {
        match &self.value {
            Value::Unset => None,
            Value::Scalar(bytes) => Some(bytes),
            Value::Indexed(map) => map.get(&0).map(Vec::as_slice),
            Value::Keyed(map) => map.get(b"0".as_slice()).map(Vec::as_slice),
        }
    }
}

/// All variables; shared until they are changed, because every subshell copies them.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    map: Arc<BTreeMap<Vec<u8>, Variable>>,
    /// Whether the environment must be written again.
    pub exports_changed: bool,
}

impl Variables {
    /// The variable of that name, or the one it refers to.
    pub fn get(&self, name: &[u8]) -> Option<&Variable> {
        self.map.get(self.meant(name))
    }

    /// The variable of that name itself.
    pub fn own(&self, name: &[u8]) -> Option<&Variable> {
        self.map.get(name)
    }

    pub fn scalar(&self, name: &[u8]) -> Option<&[u8]> {
        self.get(name)?.scalar()
    }

    /// Follows `declare -n`, not in circles.
    pub fn meant<'a>(&'a self, name: &'a [u8]) -> &'a [u8] {
        let mut name = name;
        for _ in 0..8 {
            match self.map.get(name) {
                Some(Variable {
                    reference: true,
                    value: Value::Scalar(target),
                    ..
                }) if !target.is_empty() => name = target,
                _ => break,
            }
        }
        name
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Vec<u8>, &Variable)> {
        self.map.iter()
    }

    /// The variable, made if it is not there.
    pub fn entry(&mut self, name: &[u8]) -> &mut Variable {
        let name = &self.meant(name).to_vec();
        self.own_entry(name)
    }

    /// As [`Variables::entry`], for that name itself.
    pub fn own_entry(&mut self, name: &[u8]) -> &mut Variable {
        let map = Arc::make_mut(&mut self.map);
        let variable = map.entry(name.to_vec()).or_insert_with(|| Variable::new(Value::Unset));
        // Whoever asks to change an exported variable changes the environment.
        self.exports_changed |= variable.exported;
        variable
    }

    /// Sets a scalar; element 0 of an array. `false`: it is read-only.
    pub fn set(&mut self, name: &[u8], value: Vec<u8>) -> bool {
        let variable = self.entry(name);
        if variable.readonly {
            return false;
        }
        match &mut variable.value {
            Value::Indexed(map) => {
                map.insert(0, value);
            }
            Value::Keyed(map) => {
                map.insert(b"0".to_vec(), value);
            }
            slot => *slot = Value::Scalar(value),
        }
        true
    }

    pub fn is_readonly(&self, name: &[u8]) -> bool {
        self.get(name).is_some_and(|v| v.readonly)
    }

    /// Puts a variable back as it was (the end of `local`).
    pub fn restore(&mut self, name: &[u8], old: Option<Variable>) {
        let map = Arc::make_mut(&mut self.map);
        let was_exported = map.get(name).is_some_and(|v| v.exported);
        self.exports_changed |= was_exported || old.as_ref().is_some_and(|v| v.exported);
        match old {
            Some(variable) => map.insert(name.to_vec(), variable),
            None => map.remove(name),
        };
    }

    pub fn remove(&mut self, name: &[u8]) {
        self.restore(name, None);
    }

    /// The environment of a program.
    pub fn environment(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let exported = self.map.iter().filter(|(_, v)| v.exported);
        exported
            .filter_map(|(name, v)| Some((name.clone(), v.scalar()?.to_vec())))
            .collect()
    }

    pub fn digest(&self, into: &mut Digest) {
        into.u64(self.map.len() as u64);
        for (name, variable) in self.map.iter() {
            into.bytes(name);
            into.bool(variable.exported);
            match &variable.value {
                Value::Unset => into.u64(0),
                Value::Scalar(bytes) => {
                    into.u64(1);
                    into.bytes(bytes);
                }
                Value::Indexed(map) => {
                    into.u64(2);
                    for (index, bytes) in map {
                        into.i64(*index);
                        into.bytes(bytes);
                    }
                }
                Value::Keyed(map) => {
                    into.u64(3);
                    for (key, bytes) in map {
                        into.bytes(key);
                        into.bytes(bytes);
                    }
                }
            }
        }
    }
}
