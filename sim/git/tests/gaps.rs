//! `gaps.toml` names every command and option of Git 2.47 that is not simulated. `UPDATE=1` rewrites it.
#![allow(clippy::unwrap_used)]

use essaim_git::cli::{missing_commands, missing_options};

/// What no table knows: behaviours.
const BEHAVIOURS: &str = include_str!("../gaps-behaviours.toml");

#[test]
fn the_list_is_true() {
    let mut text = String::from(
        "# What Git 2.47 has and this engine has not. The first two parts are written by `tests/gaps.rs` (UPDATE=1)\n\
         # from the engine's own tables; the last comes from gaps-behaviours.toml.\n\n",
    );
    text.push_str("commands = [\n");
    for command in missing_commands() {
        text.push_str(&format!("    \"{command}\",\n"));
    }
    text.push_str("]\n\n[options]\n");
    for (command, options) in missing_options() {
        let list: Vec<String> = options.iter().map(|name| format!("\"{name}\"")).collect();
        text.push_str(&format!("{command} = [{}]\n", list.join(", ")));
    }
    text.push('\n');
    text.push_str(BEHAVIOURS);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/gaps.toml");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        text,
        "run UPDATE=1 cargo test -p essaim-git"
    );
}
