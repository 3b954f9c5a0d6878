//! Zip files, as far as a lab needs them: written stored, read stored or deflated
//! (deflated entries are inflated by the browser's own `DecompressionStream`).

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    pub mode: u32,
    pub content: Vec<u8>,
}

/// An entry as it lies in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed<'a> {
    pub path: String,
    pub deflated: bool,
    pub size: usize,
    pub crc: u32,
    pub data: &'a [u8],
}

/// CRC-32 of ISO 3309, as zip wants it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for b in bytes {
        crc ^= u32::from(*b);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

/// 1980-01-01, the first day a zip can say: an archive depends on its content alone.
const DATE: u16 = 0x21;
const UTF8_NAMES: u16 = 0x800;

/// Puts files in an archive, uncompressed: it is read by every tool and costs no code.
pub fn pack(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for e in entries {
        let offset = out.len() as u32;
        let (crc, size, name) = (crc32(&e.content), e.content.len() as u32, e.path.as_bytes());
        let common = |to: &mut Vec<u8>| {
            for v in [10, UTF8_NAMES, 0, 0, DATE] {
                to.extend(u16::to_le_bytes(v));
            }
            for v in [crc, size, size] {
                to.extend(v.to_le_bytes());
            }
            to.extend((name.len() as u16).to_le_bytes());
            to.extend(0u16.to_le_bytes());
        };
        out.extend(0x0403_4b50u32.to_le_bytes());
        common(&mut out);
        out.extend(name);
        out.extend(&e.content);
        directory.extend(0x0201_4b50u32.to_le_bytes());
        // Made by Unix, so that the permission bits are read.
        directory.extend(0x031eu16.to_le_bytes());
        common(&mut directory);
        directory.extend([0; 6]);
        directory.extend(((0o100_000 | e.mode) << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name);
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(0x0605_4b50u32.to_le_bytes());
    out.extend([0; 4]);
    for _ in 0..2 {
        out.extend((entries.len() as u16).to_le_bytes());
    }
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// The files of an archive, folders left out; nothing where it is not one.
pub fn open(zip: &[u8]) -> Option<Vec<Packed<'_>>> {
    let end = (0..=zip.len().checked_sub(22)?)
        .rev()
        .find(|at| zip[*at..].starts_with(b"PK\x05\x06"))?;
    let count = u16_at(zip, end + 10)?;
    let mut at = u32_at(zip, end + 16)? as usize;
    let mut files = Vec::new();
    for _ in 0..count {
        if u32_at(zip, at)? != 0x0201_4b50 {
            return None;
        }
        let method = u16_at(zip, at + 10)?;
        let (packed, size) = (u32_at(zip, at + 20)? as usize, u32_at(zip, at + 24)? as usize);
        let name_length = usize::from(u16_at(zip, at + 28)?);
        let skip = usize::from(u16_at(zip, at + 30)?) + usize::from(u16_at(zip, at + 32)?);
        let local = u32_at(zip, at + 42)? as usize;
        let path = String::from_utf8_lossy(zip.get(at + 46..at + 46 + name_length)?).into_owned();
        let data_at = local + 30 + usize::from(u16_at(zip, local + 26)?) + usize::from(u16_at(zip, local + 28)?);
        let data = zip.get(data_at..data_at.checked_add(packed)?)?;
        let crc = u32_at(zip, at + 16)?;
        at += 46 + name_length + skip;
        if path.ends_with('/') {
            continue;
        }
        if !matches!(method, 0 | 8) || !is_safe(&path) {
            return None;
        }
        files.push(Packed {
            path,
            deflated: method == 8,
            size,
            crc,
            data,
        });
    }
    Some(files)
}

/// A path that stays below the folder it is brought into.
fn is_safe(path: &str) -> bool {
    !path.starts_with('/') && !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_is_packed_opens() {
        let entries = vec![
            Entry {
                path: "a/été.txt".into(),
                mode: 0o644,
                content: b"bonjour".to_vec(),
            },
            Entry {
                path: "run.sh".into(),
                mode: 0o755,
                content: vec![],
            },
        ];
        let zip = pack(&entries);
        let files = open(&zip).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(
            (files[0].path.as_str(), files[0].data),
            ("a/été.txt", b"bonjour".as_slice())
        );
        assert!(!files[0].deflated);
    }

    #[test]
    fn damage_and_escapes_are_refused() {
        let zip = pack(&[Entry {
            path: "../x".into(),
            mode: 0o644,
            content: vec![1],
        }]);
        assert_eq!(open(&zip), None);
        assert_eq!(open(b"PK"), None);
        let good = pack(&[Entry {
            path: "x".into(),
            mode: 0o644,
            content: vec![1; 50],
        }]);
        for cut in 0..good.len() {
            let _ = open(&good[..cut]);
            let _ = open(&good[cut..]);
        }
    }
}
