//! Packs: index version 2 and pack version 2, read only.

use super::Object;
use crate::object::Kind;
use crate::oid::Oid;
use essaim_kernel::Files;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use std::sync::Arc;

/// Deltas upon deltas before the pack is taken for damaged (Git's packs: 50, at most 4095).
const DELTA_DEPTH_MAX: usize = 4096;

/// Content one object may have.
const OBJECT_BYTES_MAX: usize = 256 << 20;

/// One pack with its index.
#[derive(Clone, Debug)]
pub struct Pack {
    index: Arc<Vec<u8>>,
    path: Vec<u8>,
    count: usize,
}

impl Pack {
    /// Opens the pack of an index file; `None` where it is no index of version 2.
    pub fn open(files: &Files, index_path: &[u8]) -> Option<Self> {
        let index = files.read(index_path).ok()?;
        if index.get(..8)? != b"\xfftOc\0\0\0\x02" {
            return None;
        }
        let count = be32(&index, 8 + 255 * 4)? as usize;
        let path = [index_path.strip_suffix(b"idx")?, b"pack"].concat();
        (index.len() >= 8 + 1024 + count * 28 + 40).then_some(Self { index, path, count })
    }

    /// How many objects it holds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes of index and pack together.
    pub fn bytes(&self, files: &Files) -> u64 {
        self.index.len() as u64 + files.metadata(&self.path).map_or(0, |m| m.size)
    }

    /// The ids in it, ascending.
    pub fn oids(&self) -> impl Iterator<Item = Oid> + '_ {
        (0..self.count).filter_map(|at| self.oid(at))
    }

    fn oid(&self, at: usize) -> Option<Oid> {
        let start = 8 + 1024 + at * 20;
        Oid::from_bytes(self.index.get(start..start + 20)?)
    }

    /// Where the ids that begin with `first` lie.
    fn bucket(&self, first: u8) -> core::ops::Range<usize> {
        let end = be32(&self.index, 8 + usize::from(first) * 4).unwrap_or(0) as usize;
        let start = match first {
            0 => 0,
            first => be32(&self.index, 8 + (usize::from(first) - 1) * 4).unwrap_or(0) as usize,
        };
        start.min(self.count)..end.min(self.count)
    }

    /// The ids that begin with `first`, ascending.
    pub fn oids_with_first(&self, first: u8) -> impl Iterator<Item = Oid> + '_ {
        self.bucket(first).filter_map(|at| self.oid(at))
    }

    /// Where an object lies in the pack.
    pub fn offset(&self, oid: &Oid) -> Option<u64> {
        let mut range = self.bucket(oid.0[0]);
        while !range.is_empty() {
            let middle = range.start + range.len() / 2;
            match self.oid(middle)?.cmp(oid) {
                core::cmp::Ordering::Equal => return self.offset_at(middle),
                core::cmp::Ordering::Less => range.start = middle + 1,
                core::cmp::Ordering::Greater => range.end = middle,
            }
        }
        None
    }

    fn offset_at(&self, at: usize) -> Option<u64> {
        let offsets = 8 + 1024 + self.count * 24;
        let offset = be32(&self.index, offsets + at * 4)?;
        if offset & 0x8000_0000 == 0 {
            return Some(u64::from(offset));
        }
        let large = offsets + self.count * 4 + (offset & 0x7fff_ffff) as usize * 8;
        Some(u64::from(be32(&self.index, large)?) << 32 | u64::from(be32(&self.index, large + 4)?))
    }

    /// Reads an object.
    pub fn read(&self, files: &Files, oid: &Oid) -> Option<Object> {
        let offset = self.offset(oid)?;
        let pack = files.read(&self.path).ok()?;
        self.read_at(&pack, offset as usize)
    }

    fn read_at(&self, pack: &[u8], mut offset: usize) -> Option<Object> {
        let mut deltas = Vec::new();
        for _ in 0..DELTA_DEPTH_MAX {
            let entry = Entry::parse(pack, offset)?;
            let inflated = decompress_to_vec_zlib_with_limit(pack.get(entry.data..)?, OBJECT_BYTES_MAX).ok()?;
            let kind = match entry.form {
                1 => Kind::Commit,
                2 => Kind::Tree,
                3 => Kind::Blob,
                4 => Kind::Tag,
                6 | 7 => {
                    deltas.push(inflated);
                    offset = match entry.base {
                        Base::Offset(back) => offset.checked_sub(back)?,
                        Base::Oid(oid) => self.offset(&oid)? as usize,
                        Base::None => return None,
                    };
                    continue;
                }
                _ => return None,
            };
            let mut content = inflated;
            for delta in deltas.iter().rev() {
                content = apply_delta(&content, delta)?;
            }
            return Some(Object {
                kind,
                content: Arc::new(content),
            });
        }
        None
    }
}

enum Base {
    None,
    Offset(usize),
    Oid(Oid),
}

struct Entry {
    form: u8,
    base: Base,
    data: usize,
}

impl Entry {
    fn parse(pack: &[u8], mut at: usize) -> Option<Self> {
        let start = at;
        let _ = start;
        let mut byte = *pack.get(at)?;
        at += 1;
        let form = byte >> 4 & 7;
        while byte & 0x80 != 0 {
            byte = *pack.get(at)?;
            at += 1;
        }
        let base = match form {
            6 => {
                byte = *pack.get(at)?;
                at += 1;
                let mut back = usize::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = *pack.get(at)?;
                    at += 1;
                    back = (back.checked_add(1)?.checked_mul(128)?) | usize::from(byte & 0x7f);
                }
                Base::Offset(back)
            }
            7 => {
                let oid = Oid::from_bytes(pack.get(at..at + 20)?)?;
                at += 20;
                Base::Oid(oid)
            }
            _ => Base::None,
        };
        Some(Self { form, base, data: at })
    }
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Applies a delta: copies from the base and new bytes.
fn apply_delta(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    let base_len = delta_size(delta, &mut at)?;
    let result_len = delta_size(delta, &mut at)?;
    if base_len != base.len() || result_len > OBJECT_BYTES_MAX {
        return None;
    }
    let mut result = Vec::with_capacity(result_len);
    while at < delta.len() {
        let op = delta[at];
        at += 1;
        if op & 0x80 == 0 {
            let len = usize::from(op);
            if len == 0 {
                return None;
            }
            result.extend_from_slice(delta.get(at..at + len)?);
            at += len;
            continue;
        }
        let mut fields = [0usize; 7];
        for (bit, field) in fields.iter_mut().enumerate() {
            if op & 1 << bit != 0 {
                *field = usize::from(*delta.get(at)?);
                at += 1;
            }
        }
        let start = fields[0] | fields[1] << 8 | fields[2] << 16 | fields[3] << 24;
        let len = match fields[4] | fields[5] << 8 | fields[6] << 16 {
            0 => 0x10000,
            len => len,
        };
        result.extend_from_slice(base.get(start..start.checked_add(len)?)?);
    }
    (result.len() == result_len).then_some(result)
}

fn delta_size(delta: &[u8], at: &mut usize) -> Option<usize> {
    let (mut size, mut shift) = (0usize, 0);
    loop {
        let byte = *delta.get(*at)?;
        *at += 1;
        size |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
}
