//! Who may depend on whom: the invariants of ARCHITECTURE.md that cargo's own graph can show.

use std::collections::BTreeSet;

use essaim_tests::{Graph, files, read};

const WASM: &str = "wasm32-unknown-unknown";

/// What every part of the simulation may stand on.
fn is_common(name: &str) -> bool {
    name == "essaim-kernel" || name == "essaim-text" || name.starts_with("essaim-proto-")
}

fn ours(names: BTreeSet<String>) -> impl Iterator<Item = String> {
    names.into_iter().filter(|name| name.starts_with("essaim-"))
}

#[test]
fn engines_stand_on_the_kernel_and_the_protocols_alone() {
    let graph = Graph::read(None);
    let engines = graph.engines();
    assert!(engines.contains(&"essaim-git"), "the engines are found: {engines:?}");
    for engine in engines {
        for dependency in ours(graph.whole(engine)) {
            assert!(
                is_common(&dependency),
                "{engine} ships {dependency}: engines meet on the simulated network only"
            );
        }
    }
}

#[test]
fn the_shell_knows_no_engine_and_protocols_know_nothing() {
    let graph = Graph::read(None);
    for name in graph.members.keys() {
        let allowed: fn(&str) -> bool = match name.as_str() {
            "essaim-kernel" | "essaim-text" => |_| false,
            "essaim-shell" => is_common,
            protocol if protocol.starts_with("essaim-proto-") => {
                |name| name == "essaim-kernel" || name.starts_with("essaim-proto-")
            }
            _ => continue,
        };
        for dependency in ours(graph.whole(name)) {
            assert!(allowed(&dependency), "{name} ships {dependency}");
        }
    }
}

#[test]
fn the_page_links_no_engine() {
    let graph = Graph::read(Some(WASM));
    for dependency in ours(graph.whole("essaim-app")) {
        assert!(
            is_common(&dependency),
            "the page ships {dependency}: engines live in workers"
        );
    }
}

#[test]
fn the_simulation_has_no_browser_no_clock_and_no_reactor() {
    const BANNED: [&str; 17] = [
        "web-sys",
        "js-sys",
        "wasm-bindgen",
        "gloo-net",
        "leptos",
        "tokio",
        "async-std",
        "rand",
        "getrandom",
        "fastrand",
        "chrono",
        "time",
        "instant",
        "web-time",
        "num_cpus",
        "rayon",
        "uuid",
    ];
    let graph = Graph::read(Some(WASM));
    let members = graph.simulation();
    assert!(members.len() >= 7, "the members of sim/ are found: {members:?}");
    for member in members {
        let shipped = graph.whole(member);
        for banned in BANNED {
            assert!(
                !shipped.contains(banned),
                "{member} ships {banned}: the outside is reached through the context only"
            );
        }
    }
}

#[test]
fn every_engine_says_what_it_is_and_what_it_lacks() {
    let graph = Graph::read(None);
    for engine in graph.engines() {
        let folder = &graph.members[engine];
        for name in ["README.md", "gaps.toml"] {
            let text = read(&format!("{folder}/{name}"));
            assert!(text.trim().len() > 100, "{folder}/{name} says nothing");
        }
        let gaps: Result<toml::Table, _> = toml::from_str(&read(&format!("{folder}/gaps.toml")));
        assert!(gaps.is_ok(), "{folder}/gaps.toml: {gaps:?}");
    }
}

#[test]
fn every_member_takes_the_workspace_s_lints() {
    let graph = Graph::read(None);
    for (name, folder) in &graph.members {
        let manifest: toml::Table = toml::from_str(&read(&format!("{folder}/Cargo.toml"))).expect("cargo has read it");
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        assert_eq!(lints, Some(true), "{name} has no `[lints] workspace = true`");
    }
}

#[test]
fn every_public_item_of_the_simulation_is_documented() {
    let graph = Graph::read(None);
    for member in graph.simulation() {
        let folder = &graph.members[member];
        let warned = read(&format!("{folder}/src/lib.rs")).contains("#![warn(missing_docs)]");
        assert!(warned, "{folder}/src/lib.rs has no `#![warn(missing_docs)]`");
    }
}

#[test]
fn nothing_is_ever_parsed_as_html() {
    for path in files("app", &[".rs"]) {
        let text = read(&path);
        for sink in [
            "inner_html",
            "set_inner_html",
            "insert_adjacent_html",
            "set_outer_html",
            "document.write",
        ] {
            assert!(
                !text.contains(sink),
                "{path} uses {sink}: what a learner types is only ever a text node"
            );
        }
    }
}

#[test]
fn no_test_is_ignored() {
    for folder in ["app", "sim", "tests", "xtask"] {
        for path in files(folder, &[".rs"]) {
            let ignored = read(&path)
                .lines()
                .any(|line| line.trim_start().starts_with(concat!("#[", "ignore")));
            assert!(
                !ignored,
                "{path} has an ignored test: fix it, or list it as a known failure that must fail"
            );
        }
    }
}
