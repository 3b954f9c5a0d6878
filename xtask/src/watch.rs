//! Waits for a source file to change, by looking at their times: no dependency, every platform.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::machine::{files_below, root};

const PERIOD: Duration = Duration::from_millis(700);
const WATCHED: [&str; 7] = [
    "app",
    "sim",
    "content",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
];

type Times = BTreeMap<PathBuf, SystemTime>;

/// The sources as they were when last looked at.
#[derive(Debug)]
pub struct Watch {
    known: Times,
}

impl Watch {
    /// Looks for the first time: what changes from here on is seen.
    pub fn start() -> Self {
        Self { known: look() }
    }

    /// Returns once something has changed, and then stopped changing (an editor writes several
    /// files, a checkout hundreds).
    pub fn wait_for_change(&mut self) {
        loop {
            std::thread::sleep(PERIOD);
            let mut now = look();
            if now == self.known {
                continue;
            }
            loop {
                std::thread::sleep(PERIOD);
                let later = look();
                let still = later == now;
                now = later;
                if still {
                    break;
                }
            }
            self.known = now;
            return;
        }
    }
}

fn look() -> Times {
    let mut times = Times::new();
    for name in WATCHED {
        let path = root().join(name);
        let files = if path.is_dir() {
            files_below(&path).unwrap_or_default()
        } else {
            vec![path]
        };
        for file in files {
            if let Ok(time) = std::fs::metadata(&file).and_then(|about| about.modified()) {
                times.insert(file, time);
            }
        }
    }
    times
}
