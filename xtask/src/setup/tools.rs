//! Trunk and wasm-bindgen, of the very versions the repository names.

use std::path::PathBuf;

use crate::machine::{Failure, Outcome, Run, cache, make_folder, read, root, say, which};

/// Where the tools are; their folders go first on PATH.
#[derive(Debug)]
pub struct Tools {
    /// Trunk itself.
    pub trunk: PathBuf,
    /// wasm-bindgen itself.
    pub wasm_bindgen: PathBuf,
    /// The folders that hold them.
    pub folders: Vec<PathBuf>,
}

/// Finds or installs both.
pub fn install() -> Outcome<Tools> {
    let trunk = Tool {
        package: "trunk",
        program: "trunk",
        version: trunk_version()?,
        // 0.21 does not compile with newer versions of what it depends on.
        options: &["--locked"],
        minutes: 4,
    };
    let bindgen = Tool {
        package: "wasm-bindgen-cli",
        program: "wasm-bindgen",
        version: locked_version("wasm-bindgen")?,
        // Its own lock names a version that the registry no longer has.
        options: &["--no-default-features"],
        minutes: 2,
    };
    let trunk = trunk.find_or_install()?;
    let wasm_bindgen = bindgen.find_or_install()?;
    let folders = [&trunk, &wasm_bindgen]
        .iter()
        .filter_map(|path| path.parent().map(PathBuf::from))
        .collect();
    Ok(Tools {
        trunk,
        wasm_bindgen,
        folders,
    })
}

/// The version of Trunk that `Trunk.toml` asks for.
pub fn trunk_version() -> Outcome<String> {
    let text = read(&root().join("Trunk.toml"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("trunk-version"))
        .and_then(|rest| rest.split('"').nth(1))
        .map(|version| version.trim_start_matches('=').to_owned())
        .ok_or_else(|| Failure::new("Trunk.toml names no trunk-version"))
}

/// The version of a package in `Cargo.lock`.
pub fn locked_version(package: &str) -> Outcome<String> {
    let text = read(&root().join("Cargo.lock"))?;
    let mut lines = text.lines();
    let wanted = format!("name = \"{package}\"");
    lines
        .find(|line| *line == wanted)
        .and_then(|_| lines.next())
        .and_then(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("Cargo.lock has no package {package}")))
}

struct Tool {
    package: &'static str,
    program: &'static str,
    version: String,
    options: &'static [&'static str],
    minutes: u32,
}

impl Tool {
    fn find_or_install(&self) -> Outcome<PathBuf> {
        let place = cache()?
            .join("tools")
            .join(format!("{}-{}", self.package, self.version));
        let kept = place
            .join("bin")
            .join(format!("{}{}", self.program, std::env::consts::EXE_SUFFIX));
        if self.is_right(&kept) {
            return Ok(kept);
        }
        if let Some(found) = which(self.program).filter(|found| self.is_right(found)) {
            return Ok(found);
        }
        say(format!(
            "Installing {} {} in {} (about {} minutes, once)",
            self.package,
            self.version,
            place.display(),
            self.minutes
        ));
        make_folder(&place)?;
        Run::cargo()
            // Unoptimised: the tools are run a few times, and this saves minutes.
            .args(["install", self.package, "--debug", "--version", &format!("={}", self.version), "--root"])
            .args([&place])
            .args(self.options)
            // Away from the checkout, whose cargo settings are for the page.
            .inside(&place)
            .without_env(&["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"])
            .hint(format!(
                "The package comes from the crates registry: is the network there, and is a C compiler (cc) installed?\n\
                 By hand: cargo install {} --version ={} {} --root {}",
                self.package,
                self.version,
                self.options.join(" "),
                place.display()
            ))
            .run()?;
        if self.is_right(&kept) {
            Ok(kept)
        } else {
            Err(Failure::new(format!(
                "{} was installed but does not answer as version {}",
                self.package, self.version
            ))
            .hint(format!("Remove {} and run the command again.", place.display())))
        }
    }

    fn is_right(&self, program: &std::path::Path) -> bool {
        program.is_file()
            && Run::new(program)
                .args(["--version"])
                .output()
                .is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
    }
}
