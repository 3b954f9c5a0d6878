//! What the browser tests need: Node, Chromium, and the two npm packages that drive it.

use std::path::PathBuf;

use crate::machine::{Failure, Outcome, Run, read, root, say, short_hash, which, write};

/// The folder of the browser tests.
pub fn browser_folder() -> PathBuf {
    root().join("tests/browser")
}

/// Makes `node tests/browser/run.mjs` work.
pub fn install() -> Outcome {
    if which("node").is_none() || which("npm").is_none() {
        return Err(Failure::new("Node.js or npm is missing, which the browser tests need")
            .hint("Install Node 20 or later with your package manager: `apt-get install nodejs npm`, `brew install node`."));
    }
    if chromium().is_none() {
        install_chromium()?;
    }
    install_packages()
}

/// A browser of the Chromium family, wherever it is.
pub fn chromium() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("ESSAIM_CHROMIUM").filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let on_path = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        .iter()
        .find_map(|name| which(name));
    on_path.or_else(|| {
        [
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
    })
}

fn install_chromium() -> Outcome {
    const BY_HAND: &str = "Install it (`apt-get install chromium`, `brew install --cask chromium`), \
                           or set ESSAIM_CHROMIUM to the path of a Chromium or Chrome.";
    let root_user = Run::new("id")
        .args(["-u"])
        .output()
        .is_ok_and(|said| said.trim() == "0");
    if which("apt-get").is_none() || !root_user {
        return Err(Failure::new("no Chromium was found on this machine").hint(BY_HAND));
    }
    say("Installing Chromium from the distribution");
    let get = |arguments: &[&str]| {
        Run::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .hint(BY_HAND)
            .run()
    };
    get(&["update", "--quiet", "--quiet"])?;
    get(&[
        "install",
        "--yes",
        "--quiet",
        "--quiet",
        "--no-install-recommends",
        "chromium",
    ])
}

/// `npm ci`, unless what is there was made from this very lock file.
fn install_packages() -> Outcome {
    let folder = browser_folder();
    let lock = read(&folder.join("package-lock.json"))?;
    let wanted = short_hash([lock.as_bytes()]);
    let stamp = folder.join("node_modules/.essaim-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
        return Ok(());
    }
    say("Installing the npm packages of the browser tests");
    Run::new(which("npm").unwrap_or_else(|| "npm".into()))
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .inside(&folder)
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .hint("The packages come from the npm registry: is the network there?")
        .run()?;
    write(&stamp, wanted)
}
