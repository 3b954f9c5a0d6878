//! The object database: loose objects (read and written) and packs (read).

mod cache;
mod pack;

use crate::cat;
use crate::fault::{Fault, Result};
use crate::object::{Commit, Kind, Tag, TreeEntry, object_id, parse_tree};
use crate::oid::Oid;
use essaim_kernel::IntoTree;
use essaim_kernel::{Errno, Files};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
pub use pack::Pack;
use std::collections::BTreeSet;
use std::sync::Arc;

/// An object in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its content, without the header.
    pub content: Arc<Vec<u8>>,
}

/// Inflated bytes one loose object may have.
const OBJECT_BYTES_MAX: usize = 256 << 20;

/// The objects of one repository.
#[derive(Clone, Debug)]
pub struct Store {
    /// The `objects` folder.
    pub dir: Vec<u8>,
}

impl Store {
    /// The object database in `dir` (`.git/objects`).
    pub fn new(dir: Vec<u8>) -> Self {
        Self { dir }
    }

    fn loose_path(&self, oid: &Oid) -> Vec<u8> {
        let hex = oid.hex();
        cat![self.dir, "/", hex[..2], "/", hex[2..]]
    }

    /// The packs, in the order of their names.
    pub fn packs(&self, files: &Files) -> Vec<Pack> {
        let dir = cat![self.dir, "/pack"];
        let names = files.read_dir(&dir).unwrap_or_default();
        let indexes = names.iter().filter(|name| name.ends_with(b".idx"));
        indexes
            .filter_map(|name| Pack::open(files, &cat![dir, "/", name]))
            .collect()
    }

    /// Whether the object exists.
    pub fn contains(&self, files: &Files, oid: &Oid) -> bool {
        files.exists(&self.loose_path(oid))
            || is_empty_tree(oid)
            || self.packs(files).iter().any(|pack| pack.offset(oid).is_some())
    }

    /// Reads an object; `None` where it does not exist or is damaged.
    pub fn read(&self, files: &Files, oid: &Oid) -> Option<Object> {
        let path = self.loose_path(oid);
        let cached = cache::get(oid);
        match files.read(&path) {
            Ok(_) if cached.is_some() => cached,
            Ok(compressed) => {
                let object = parse_loose(&compressed)?;
                cache::put(*oid, &object);
                Some(object)
            }
            Err(_) if is_empty_tree(oid) => Some(Object {
                kind: Kind::Tree,
                content: Arc::default(),
            }),
            Err(_) => {
                let packs = self.packs(files);
                let pack = packs.iter().find(|pack| pack.offset(oid).is_some())?;
                if cached.is_some() {
                    return cached;
                }
                let object = pack.read(files, oid)?;
                cache::put(*oid, &object);
                Some(object)
            }
        }
    }

    /// Reads an object that must exist.
    pub fn get(&self, files: &Files, oid: &Oid) -> Result<Object> {
        self.read(files, oid)
            .ok_or_else(|| Fault::fatal(format!("unable to read {oid}")))
    }

    /// Reads a commit that must exist.
    pub fn commit(&self, files: &Files, oid: &Oid) -> Result<Commit> {
        let object = self.read(files, oid).filter(|object| object.kind == Kind::Commit);
        object
            .and_then(|object| Commit::parse(&object.content))
            .ok_or_else(|| Fault::fatal(format!("could not parse commit {oid}")))
    }

    /// Reads a tree that must exist.
    pub fn tree(&self, files: &Files, oid: &Oid) -> Result<Vec<TreeEntry>> {
        let object = self.read(files, oid).filter(|object| object.kind == Kind::Tree);
        object
            .and_then(|object| parse_tree(&object.content))
            .ok_or_else(|| Fault::fatal(format!("unable to read tree ({oid})")))
    }

    /// Reads a tag that must exist.
    pub fn tag(&self, files: &Files, oid: &Oid) -> Result<Tag> {
        let object = self.read(files, oid).filter(|object| object.kind == Kind::Tag);
        object
            .and_then(|object| Tag::parse(&object.content))
            .ok_or_else(|| Fault::fatal(format!("could not parse tag {oid}")))
    }

    /// The content of a blob that must exist.
    pub fn blob(&self, files: &Files, oid: &Oid) -> Result<Arc<Vec<u8>>> {
        Ok(self.get(files, oid)?.content)
    }

    /// Writes an object, unless it is there already.
    pub fn write(&self, files: &mut Files, kind: Kind, content: &[u8]) -> Result<Oid> {
        let oid = object_id(kind, content);
        let path = self.loose_path(&oid);
        if files.exists(&path) || self.packs(files).iter().any(|pack| pack.offset(&oid).is_some()) {
            return Ok(oid);
        }
        let header = format!("{} {}\0", kind.name(), content.len());
        let compressed = compress_to_vec_zlib(&cat![header, content], 6);
        let directory = essaim_kernel::files::path::parent(&path).to_vec();
        let result = files
            .create_dir_all(&directory)
            .and_then(|()| files.write(&path, compressed));
        match result.and_then(|()| files.set_mode(&path, 0o444)) {
            Ok(()) => Ok(oid),
            Err(Errno::Access) => Err(Fault::error(
                "insufficient permission for adding an object to repository database .git/objects",
            )),
            Err(errno) => Err(Fault::error(format!("unable to write file: {errno}"))),
        }
    }

    /// The ids of all loose objects, ascending.
    pub fn loose_oids(&self, files: &Files) -> Vec<Oid> {
        let mut oids = Vec::new();
        for directory in files.read_dir(&self.dir).unwrap_or_default() {
            if directory.len() == 2 {
                oids.extend(self.loose_in(files, &directory));
            }
        }
        oids
    }

    fn loose_in(&self, files: &Files, directory: &[u8]) -> Vec<Oid> {
        let names = files.read_dir(&cat![self.dir, "/", directory]).unwrap_or_default();
        names
            .iter()
            .filter_map(|name| Oid::from_hex(&cat![directory, name]))
            .collect()
    }

    /// All ids that begin with the hexadecimal digits (at least two of them), ascending.
    pub fn with_prefix(&self, files: &Files, digits: &[u8]) -> Vec<Oid> {
        let digits = digits.to_ascii_lowercase();
        let Some(first) = digits
            .get(..2)
            .and_then(|two| u8::from_str_radix(core::str::from_utf8(two).ok()?, 16).ok())
        else {
            return Vec::new();
        };
        let mut oids: BTreeSet<Oid> = self.loose_in(files, &digits[..2]).into_iter().into_tree();
        for pack in self.packs(files) {
            oids.extend(pack.oids_with_first(first));
        }
        oids.retain(|oid| oid.hex().as_bytes().starts_with(&digits));
        oids.into_iter().collect()
    }

    /// The shortest prefix of at least `len` digits that names only this object.
    pub fn abbreviate(&self, files: &Files, oid: &Oid, len: usize) -> String {
        let hex = oid.hex();
        if len >= 40 {
            return hex;
        }
        let others = self.with_prefix(files, &hex.as_bytes()[..len.clamp(2, 40)]);
        let needed = others
            .iter()
            .filter(|other| *other != oid)
            .map(|other| common_digits(&other.hex(), &hex) + 1)
            .max()
            .unwrap_or(0);
        hex[..len.max(needed).min(40)].to_owned()
    }

    /// Git's automatic length of abbreviations: it grows with the number of objects.
    pub fn default_abbreviation(&self, files: &Files) -> usize {
        // Git estimates loose objects by what lies in 17/, and counts packed ones.
        let packed: usize = self.packs(files).iter().map(Pack::count).sum();
        let mut bits = 0;
        while packed >> bits != 0 {
            bits += 1;
        }
        usize::midpoint(bits, 1).max(7)
    }
}

fn is_empty_tree(oid: &Oid) -> bool {
    oid.0 == *b"\x4b\x82\x5d\xc6\x42\xcb\x6e\xb9\xa0\x60\xe5\x4b\xf8\xd6\x92\x88\xfb\xee\x49\x04"
}

fn common_digits(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

fn parse_loose(compressed: &[u8]) -> Option<Object> {
    let mut inflated = decompress_to_vec_zlib_with_limit(compressed, OBJECT_BYTES_MAX).ok()?;
    let end = inflated.iter().position(|b| *b == 0)?;
    let space = inflated[..end].iter().position(|b| *b == b' ')?;
    let kind = Kind::from_name(&inflated[..space])?;
    inflated.drain(..=end);
    Some(Object {
        kind,
        content: Arc::new(inflated),
    })
}
