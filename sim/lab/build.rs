//! Packs the manual pages of `content/man` for `src/man.rs`.

// A build script runs on the author's machine, before there is a lab.
#![allow(clippy::disallowed_macros, clippy::disallowed_methods)]

use std::path::{Path, PathBuf};

fn main() {
    let from = Path::new("../../content/man");
    println!("cargo:rerun-if-changed={}", from.display());
    let mut paths = Vec::new();
    collect(from, &mut paths);
    paths.sort();
    let mut packed = Vec::new();
    for path in paths {
        let content = std::fs::read(&path).expect("a listed file can be read");
        let name = path
            .strip_prefix(from)
            .expect("it was found there")
            .to_string_lossy()
            .replace('\\', "/");
        for field in [name.as_bytes(), &content] {
            let len = u32::try_from(field.len()).expect("a manual page is small");
            packed.extend_from_slice(&len.to_le_bytes());
            packed.extend_from_slice(field);
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("man.bin");
    std::fs::write(out, packed).expect("the build folder can be written");
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, into);
        } else {
            into.push(path);
        }
    }
}
