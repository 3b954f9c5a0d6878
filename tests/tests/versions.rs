//! Versions that must agree, and dependencies that must be explained.

use essaim_tests::{Graph, read};

fn table(path: &str) -> toml::Table {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn wasm_bindgen_is_pinned_once_and_everywhere_the_same() {
    let workspace = table("Cargo.toml");
    let pinned = workspace["workspace"]["dependencies"]["wasm-bindgen"].clone();
    let pinned = pinned
        .as_str()
        .or_else(|| pinned.get("version").and_then(toml::Value::as_str))
        .expect("wasm-bindgen has a version");
    let version = pinned
        .strip_prefix('=')
        .expect("wasm-bindgen is pinned with `=`: its tool must be of the very same version");
    let trunk = table("Trunk.toml");
    assert_eq!(
        trunk["tools"]["wasm_bindgen"].as_str(),
        Some(version),
        "Trunk.toml names another wasm-bindgen"
    );
    let lock = table("Cargo.lock");
    let locked: Vec<&str> = lock["package"]
        .as_array()
        .expect("a lock file lists packages")
        .iter()
        .filter(|package| package["name"].as_str() == Some("wasm-bindgen"))
        .filter_map(|package| package["version"].as_str())
        .collect();
    assert_eq!(locked, [version], "Cargo.lock holds another wasm-bindgen");
}

#[test]
fn trunk_s_version_is_exact() {
    let trunk = table("Trunk.toml");
    assert!(
        trunk["trunk-version"]
            .as_str()
            .is_some_and(|version| version.starts_with('=')),
        "setup installs exactly that one"
    );
}

#[test]
fn members_take_their_dependencies_from_the_workspace() {
    for (name, folder) in Graph::read(None).members {
        let manifest = table(&format!("{folder}/Cargo.toml"));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (dependency, value) in manifest
                .get(section)
                .and_then(toml::Value::as_table)
                .into_iter()
                .flatten()
            {
                let shared =
                    value.get("workspace").and_then(toml::Value::as_bool) == Some(true) || value.get("path").is_some();
                assert!(
                    shared,
                    "{name}: {dependency} names a version of its own, not the workspace's"
                );
            }
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let text = read("Cargo.toml");
    let mut inside = false;
    let mut unexplained = Vec::new();
    let mut open_name = None;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            continue;
        }
        if !inside || line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let name = open_name
            .take()
            .unwrap_or_else(|| line.split('=').next().unwrap_or_default().trim());
        // A list of features goes over several lines; its reason stands at the last.
        if line.starts_with(' ') || line.ends_with('[') || line.ends_with('{') {
            open_name = Some(name);
        } else if !name.starts_with("essaim-") && !line.contains("# ") {
            unexplained.push(name);
        }
    }
    assert!(unexplained.is_empty(), "no reason beside: {unexplained:?}");
}
