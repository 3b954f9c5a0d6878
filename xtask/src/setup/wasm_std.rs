//! The standard library of the target wasm32-unknown-unknown, from wherever it can be had.

use std::path::{Path, PathBuf};

use crate::machine::{
    About as _, Failure, Outcome, Run, cache, copy_folder, files_below, make_folder, remove_folder, say, target, which,
    write,
};

const TARGET: &str = "wasm32-unknown-unknown";

/// The section of an object file that holds its bitcode.
const BITCODE: &[u8] = b".llvmbc";

/// Debian suites that may hold the source of the compiler in use, the likeliest first.
const SUITES: [&str; 4] = ["trixie-backports", "trixie", "testing", "unstable"];

/// Makes `cargo build --target wasm32-unknown-unknown` work.
pub fn install() -> Outcome {
    let sysroot = PathBuf::from(Run::new("rustc").args(["--print", "sysroot"]).output()?.trim());
    if standard_library(&sysroot).is_none() {
        say(format!(
            "The standard library for {TARGET} is missing, or unfit for link-time optimisation"
        ));
        from_rustup(&sysroot);
        if standard_library(&sysroot).is_none() {
            from_distribution(&sysroot)?;
        }
    }
    match standard_library(&sysroot) {
        Some(name) => forget_builds_against_another(&name),
        None => Err(Failure::new(format!("the standard library for {TARGET} is still missing")).hint(by_hand())),
    }
}

fn by_hand() -> String {
    format!(
        "Install it by one of these, then run the command again:\n\
         - with rustup:   rustup target add {TARGET}\n\
         - Debian, Ubuntu (their own rustc):   apt-get install libstd-rust-dev-wasm32\n\
         - Fedora:   dnf install rust-std-static-{TARGET}\n\
         - Arch:   pacman -S rust-wasm"
    )
}

fn library_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

/// The file name of `libstd-….rlib`, if it is installed and has the bitcode that link-time
/// optimisation needs.
fn standard_library(sysroot: &Path) -> Option<String> {
    let entries = std::fs::read_dir(library_folder(sysroot)).ok()?;
    let name = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("libstd-") && name.ends_with(".rlib"))
        .min()?;
    let bytes = std::fs::read(library_folder(sysroot).join(&name)).ok()?;
    bytes
        .windows(BITCODE.len())
        .any(|window| window == BITCODE)
        .then_some(name)
}

/// What was compiled against another copy of the standard library fails with E0463, so it goes
/// when the copy has changed.
fn forget_builds_against_another(name: &str) -> Outcome {
    let builds = target().join(TARGET);
    let stamp = builds.join(".standard-library");
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == name) {
        return Ok(());
    }
    if stamp.exists() {
        say("The standard library has changed: what was built for wasm32 is removed");
        remove_folder(&builds)?;
    }
    write(&stamp, name)
}

fn from_rustup(sysroot: &Path) {
    if std::env::var_os("RUSTUP_AUTO_INSTALL").is_some_and(|value| value == "0") {
        say("rustup may not fetch on this machine (RUSTUP_AUTO_INSTALL=0)");
    } else if which("rustup").is_some() && sysroot.ancestors().any(|folder| folder.ends_with("toolchains")) {
        // A failure here is not the end: the distribution may have it.
        if let Err(failure) = Run::new("rustup").args(["target", "add", TARGET]).run() {
            crate::machine::say_failure(&failure);
        }
    }
}

/// Builds it from the distribution's source package of this very compiler.
fn from_distribution(sysroot: &Path) -> Outcome {
    if which("apt-get").is_none() || which("dpkg").is_none() {
        return Err(Failure::new(format!("no way is left to get the standard library for {TARGET}")).hint(by_hand()));
    }
    let version = compiler_version()?;
    say(format!(
        "It will be built from Debian's package rust-src {version} (about half a minute)"
    ));
    let scratch = cache()?.join(format!("wasm-std-{version}"));
    remove_folder(&scratch)?;
    let source = sysroot.join("lib/rustlib/src/rust/library");
    if !source.join("std").is_dir() {
        download(&version, &scratch)?;
        let found = scratch.join(format!("usr/src/rustc-{version}/library"));
        copy_folder(&found, &source)?;
    }
    build(sysroot, &scratch)?;
    remove_folder(&scratch)
}

/// `1.95.0` of `rustc 1.95.0 (…)`.
fn compiler_version() -> Outcome<String> {
    let said = Run::new("rustc").args(["--version"]).output()?;
    said.split_whitespace()
        .nth(1)
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("`rustc --version` printed {said:?}")))
}

/// Fetches and unpacks rust-src with apt's own means, but with lists and caches of our own, so
/// that the machine's apt stays as it is.
fn download(version: &str, scratch: &Path) -> Outcome {
    let mirror = debian_mirror()?;
    for suite in SUITES {
        say(format!("Looking for rust-src {version} in Debian {suite}"));
        let apt = PrivateApt::new(&mirror, suite, scratch)?;
        if apt.run("apt-get", &["update", "--quiet", "--quiet"]).is_err() {
            continue;
        }
        let known = apt.output("apt-cache", &["madison", "rust-src"])?;
        let wanted = format!("{version}+");
        let Some(full) = known.split('|').map(str::trim).find(|word| word.starts_with(&wanted)) else {
            continue;
        };
        apt.run("apt-get", &["download", "--quiet", &format!("rust-src={full}")])?;
        let packages = files_below(&apt.folder.join("work"))?;
        let package = packages
            .iter()
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .ok_or_else(|| Failure::new("apt-get download left no package"))?;
        return Run::new("dpkg")
            .args(["-x".as_ref(), package.as_os_str(), scratch.as_os_str()])
            .run();
    }
    Err(Failure::new(format!("Debian has no package rust-src of version {version}")).hint(by_hand()))
}

/// An apt whose state is a folder of ours.
struct PrivateApt {
    folder: PathBuf,
    options: Vec<String>,
}

impl PrivateApt {
    fn new(mirror: &Mirror, suite: &str, scratch: &Path) -> Outcome<Self> {
        let folder = scratch.join(suite);
        make_folder(&folder.join("lists/partial"))?;
        make_folder(&folder.join("cache/archives/partial"))?;
        make_folder(&folder.join("work"))?;
        let signed = if mirror.key.is_empty() {
            String::new()
        } else {
            format!("[signed-by={}] ", mirror.key)
        };
        write(
            &folder.join("sources.list"),
            format!("deb {signed}{} {suite} main\n", mirror.address),
        )?;
        let at = |name: &str| folder.join(name).display().to_string();
        let options = vec![
            format!("-oDir::Etc::SourceList={}", at("sources.list")),
            "-oDir::Etc::SourceParts=/dev/null".to_owned(),
            format!("-oDir::State::Lists={}", at("lists")),
            format!("-oDir::Cache={}", at("cache")),
            // As root, apt would hand the download to a user who may not write in this folder.
            "-oAPT::Sandbox::User=root".to_owned(),
        ];
        Ok(Self { folder, options })
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Run {
        Run::new(program)
            .args(&self.options)
            .args(arguments)
            .inside(&self.folder.join("work"))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Outcome {
        self.command(program, arguments).hint(by_hand()).run()
    }

    fn output(&self, program: &str, arguments: &[&str]) -> Outcome<String> {
        self.command(program, arguments).output()
    }
}

struct Mirror {
    address: String,
    key: String,
}

/// The Debian mirror that this machine already uses.
fn debian_mirror() -> Outcome<Mirror> {
    let known = Run::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(REPO_URI) $(SIGNED_BY)",
            "Created-By: Packages",
        ])
        .output()?;
    known
        .lines()
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .find(|(address, _)| address.trim_end_matches('/').ends_with("/debian"))
        .map(|(address, key)| Mirror {
            address: address.to_owned(),
            key: key_file(key.trim()),
        })
        .ok_or_else(|| Failure::new("apt knows no Debian mirror on this machine").hint(by_hand()))
}

/// The file of the archive's keys: the one named for the mirror, else Debian's own.
fn key_file(named: &str) -> String {
    [named, "/usr/share/keyrings/debian-archive-keyring.gpg"]
        .into_iter()
        .find(|file| Path::new(file).is_absolute() && Path::new(file).is_file())
        .unwrap_or_default()
        .to_owned()
}

/// Builds an empty crate together with the standard library and keeps the latter.
fn build(sysroot: &Path, scratch: &Path) -> Outcome {
    let empty = scratch.join("empty");
    // Both crate types together with link-time optimisation make cargo keep object code, for
    // ordinary builds, and bitcode, for the release: either alone would leave the other out.
    write(
        &empty.join("Cargo.toml"),
        "[package]\nname = \"essaim-empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
         [lib]\ncrate-type = [\"lib\", \"cdylib\"]\n[profile.release]\nlto = \"fat\"\n",
    )?;
    write(
        &empty.join("src/lib.rs"),
        "//! Only here so that the standard library is built.\n",
    )?;
    let builds = scratch.join("target");
    // Always the same flags: others give the crates other hashes (E0463 later).
    Run::cargo()
        .args([
            "build",
            "--release",
            "-Zbuild-std=std,panic_abort,test",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .args([&builds])
        .inside(&empty)
        .env("RUSTC_BOOTSTRAP", "1")
        .without_env(&[
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
        ])
        .run()?;
    let deps = builds.join(TARGET).join("release/deps");
    // Filled aside and then moved, so that a library is never seen half there.
    let parent = sysroot.join("lib/rustlib").join(TARGET);
    let aside = parent.join(format!("lib-{}", std::process::id()));
    make_folder(&aside)?;
    let mut count = 0;
    for path in files_below(&deps)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libessaim_empty") {
            std::fs::copy(&path, aside.join(&name)).about(format!("copy {name}"))?;
            count += 1;
        }
    }
    let place = library_folder(sysroot);
    remove_folder(&place)?;
    std::fs::rename(&aside, &place).about(format!("fill {}", place.display()))?;
    say(format!("{count} libraries put in {}", place.display()));
    Ok(())
}
