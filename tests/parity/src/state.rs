//! The state that is compared after each command.

use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// Everything that must be equal. Each part is text, so that a difference can be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `HEAD`, `MERGE_HEAD`, `ORIG_HEAD` … and every ref, by name.
    pub refs: BTreeMap<String, String>,
    /// Every reflog, by name.
    pub reflogs: BTreeMap<String, String>,
    /// `git ls-files -s`.
    pub index: String,
    /// Ids of all objects.
    pub objects: Vec<String>,
    /// Files of the working tree: path, and `mode content`.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Hash of some bytes, the same everywhere.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish()
}

impl State {
    /// One hash of it all.
    pub fn hash(&self) -> u64 {
        let mut hasher = SipHasher13::new();
        let mut part = |bytes: &[u8]| {
            hasher.write(&(bytes.len() as u64).to_le_bytes());
            hasher.write(bytes);
        };
        for (name, value) in self.refs.iter().chain(&self.reflogs) {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        part(self.index.as_bytes());
        for id in &self.objects {
            part(id.as_bytes());
        }
        for (path, content) in &self.files {
            part(path.as_bytes());
            part(content);
        }
        hasher.finish()
    }

    /// The names of the parts that differ, with a short sample.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut out = Vec::new();
        map_differences("ref", &self.refs, &other.refs, &mut out);
        map_differences("reflog", &self.reflogs, &other.reflogs, &mut out);
        if self.index != other.index {
            out.push(format!("index\n--- real\n{}--- engine\n{}", self.index, other.index));
        }
        if self.objects != other.objects {
            let missing: Vec<_> = self.objects.iter().filter(|o| !other.objects.contains(o)).collect();
            let extra: Vec<_> = other.objects.iter().filter(|o| !self.objects.contains(o)).collect();
            out.push(format!("objects: missing {missing:?}, extra {extra:?}"));
        }
        for path in self
            .files
            .keys()
            .chain(other.files.keys().filter(|p| !self.files.contains_key(*p)))
        {
            let (real, ours) = (self.files.get(path), other.files.get(path));
            if real != ours {
                let show = |content: Option<&Vec<u8>>| {
                    content.map_or_else(|| "(absent)".to_owned(), |c| String::from_utf8_lossy(c).into_owned())
                };
                out.push(format!(
                    "file {path}\n--- real\n{}\n--- engine\n{}",
                    show(real),
                    show(ours)
                ));
            }
        }
        out
    }
}

fn map_differences(
    what: &str,
    real: &BTreeMap<String, String>,
    ours: &BTreeMap<String, String>,
    out: &mut Vec<String>,
) {
    for name in real.keys().chain(ours.keys().filter(|n| !real.contains_key(*n))) {
        if real.get(name) != ours.get(name) {
            out.push(format!(
                "{what} {name}\n--- real\n{:?}\n--- engine\n{:?}",
                real.get(name),
                ours.get(name)
            ));
        }
    }
}

/// Files of `.git` that are part of the state besides `refs/` and `logs/`.
pub const PSEUDO_REFS: &[&str] = &[
    "HEAD",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "MERGE_MSG",
    "MERGE_MODE",
    "SQUASH_MSG",
    "AUTO_MERGE",
    "packed-refs",
];

/// Adds one file of `.git` to the state, by its path below `.git`.
pub fn add_git_file(state: &mut State, path: &str, content: &[u8]) {
    let text = || String::from_utf8_lossy(content).into_owned();
    if PSEUDO_REFS.contains(&path) || path.starts_with("refs/") {
        state.refs.insert(path.to_owned(), text());
    } else if path.starts_with("logs/") {
        state.reflogs.insert(path.to_owned(), text());
    } else if let Some(object) = path.strip_prefix("objects/")
        && object.len() == 41
        && object.as_bytes()[2] == b'/'
    {
        state.objects.push(object.replace('/', ""));
    }
}
