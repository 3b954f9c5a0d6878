//! `cargo xtask build`: the site.
//!
//! Trunk compiles the page and its workers; what it leaves is then made fit for any static
//! server: relative addresses, no inline script or style (so that the page runs under a content
//! policy without `unsafe-inline`), and a build id that the page hands to its workers, whose file
//! names Trunk does not hash.

use std::path::{Path, PathBuf};

use crate::machine::{
    Failure, Outcome, Run, copy_folder, files_below, make_folder, read, relative, remove_folder, root, say, short_hash,
    target, write,
};
use crate::{content, html, setup, styles};

/// How a build is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// Small and fast code, long to build.
    pub release: bool,
    /// Where the site goes.
    pub dist: PathBuf,
}

impl Options {
    /// Reads `--release` and `--dist DIR`, leaving what it does not know to the caller.
    pub fn take(arguments: &[String]) -> Outcome<(Self, Vec<String>)> {
        let mut options = Self {
            release: false,
            dist: root().join("dist"),
        };
        let mut rest = Vec::new();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--release" => options.release = true,
                "--dist" => {
                    let folder = arguments.next().ok_or_else(|| Failure::new("--dist needs a folder"))?;
                    options.dist = std::env::current_dir().unwrap_or_else(|_| root()).join(folder);
                }
                _ => rest.push(argument.clone()),
            }
        }
        Ok((options, rest))
    }
}

/// `cargo xtask build`.
pub fn command(arguments: &[String]) -> Outcome {
    let (options, rest) = Options::take(arguments)?;
    crate::no_arguments(&rest)?;
    let id = site(&options)?;
    say(format!("The site is in {} (build {id})", options.dist.display()));
    Ok(())
}

/// Builds the site and gives its build id. The folder changes only once all is done.
pub fn site(options: &Options) -> Outcome<String> {
    let tools = setup::for_the_page()?;
    let staging = target().join("site");
    remove_folder(&staging)?;
    make_folder(&staging)?;
    trunk(options, &tools, &staging)?;
    content::compile_into(&staging)?;
    let id = prepare(&staging)?;
    remove_folder(&options.dist)?;
    if std::fs::rename(&staging, &options.dist).is_err() {
        // The target folder may be on another disk.
        copy_folder(&staging, &options.dist)?;
        remove_folder(&staging)?;
    }
    Ok(id)
}

fn trunk(options: &Options, tools: &setup::Tools, staging: &Path) -> Outcome {
    if !root().join("index.html").is_file() {
        return Err(Failure::new("index.html is missing: there is no page to build"));
    }
    // Trunk asks cargo about all packages, offline: those for other platforms must be there too.
    Run::cargo()
        .args(["fetch", "--quiet", "--locked"])
        .hint("The packages come from the crates registry: is the network there? If Cargo.lock is behind, run `cargo check` once.")
        .run()?;
    let mut run = Run::new(&tools.trunk)
        .args([
            "build",
            "--offline",
            "--locked",
            "--skip-version-check",
            "--color=auto",
            "--dist",
        ])
        .args([staging])
        .on_path(&tools.folders)
        // Trunk reads these two with meanings of its own.
        .without_env(&["NO_COLOR", "TRUNK_BUILD_DIST"])
        // Its own traces would bury the message that matters.
        .env("RUST_BACKTRACE", "0")
        .hint("The compiler's messages are above. If Trunk misses a tool, `cargo xtask setup` installs it.");
    if options.release {
        run = run.args(["--release"]);
    }
    run.run()
}

/// Makes Trunk's output fit to be served; gives the build id.
fn prepare(site: &Path) -> Outcome<String> {
    let index = site.join("index.html");
    let page = read(&index)?;
    let (page, files) = html::extract_inline(&page, &|content, extension| {
        format!("page-{}.{extension}", short_hash([content.as_bytes()]))
    });
    for file in &files {
        write(&site.join(&file.name), &file.content)?;
    }
    let sheet = styles::joined()?;
    let sheet_name = format!("style-{}.css", short_hash([sheet.as_bytes()]));
    write(&site.join(&sheet_name), &sheet)?;
    let page = html::rewrite_tags(&page, "link", &|attributes| Some(tidy_link(attributes)));
    let asked = format!("href=\"{}\"", styles::NAME);
    if !page.contains(&asked) {
        return Err(Failure::new(format!("index.html does not ask for {}", styles::NAME)));
    }
    let page = page.replace(&asked, &format!("href=\"./{sheet_name}\""));
    let page = html::rewrite_tags(&page, "script", &|attributes| Some(attributes.to_owned()));
    let forbidden = html::forbidden_attributes(&page);
    if !forbidden.is_empty() {
        return Err(Failure::new(format!(
            "index.html has attributes that the content policy forbids: {}",
            forbidden.join(", ")
        ))
        .hint("Give the element a class, and the class its style in app/style/."));
    }
    write(&index, &page)?;
    let id = build_id(site)?;
    let named = page.replacen(
        "<head>",
        &format!("<head>\n    <meta name=\"essaim-build\" content=\"{id}\">"),
        1,
    );
    if named == page {
        return Err(Failure::new("index.html has no <head> to put the build id in"));
    }
    write(&index, named)?;
    write(&site.join("build.txt"), format!("{id}\n"))?;
    Ok(id)
}

/// Browsers ignore, with a warning, an `integrity` on a preload that is not a script or style.
fn tidy_link(attributes: &str) -> String {
    if html::attribute(attributes, "rel").as_deref() == Some("preload") {
        html::without_attribute(attributes, "integrity")
    } else {
        attributes.to_owned()
    }
}

/// A name for this very content of the site.
fn build_id(site: &Path) -> Outcome<String> {
    let mut parts = Vec::new();
    for path in files_below(site)? {
        parts.push(relative(&path, site).into_bytes());
        parts.push(
            std::fs::read(&path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?,
        );
    }
    Ok(short_hash(parts.iter().map(Vec::as_slice)))
}
