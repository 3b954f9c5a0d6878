//! What the tests of the repository's shape share: where it is, its files, its packages.
//!
//! The tests themselves are in `tests/tests/`: one file a concern.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The top of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of the checkout")
        .to_path_buf()
}

/// Reads a file of the checkout.
pub fn read(path: &str) -> String {
    let whole = root().join(path);
    std::fs::read_to_string(&whole).unwrap_or_else(|error| panic!("cannot read {}: {error}", whole.display()))
}

/// The files below a folder of the checkout whose name ends in one of `endings`, as sorted
/// relative paths; what tools leave behind is left out.
pub fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let top = root();
    let mut found = Vec::new();
    let mut folders = vec![top.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules" | "dist" | "out" | ".git") {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let inner = path.strip_prefix(&top).expect("the walk stays inside the checkout");
                found.push(inner.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// The packages and who depends on whom, as cargo sees them.
#[derive(Debug)]
pub struct Graph {
    /// Packages of the workspace by name, with the folder of each, relative to the checkout.
    pub members: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `None` is an ordinary dependency, one that ships.
    kind: Option<String>,
}

impl Graph {
    /// Asks cargo, for what is compiled to Wasm (`target`) or for all platforms.
    pub fn read(target: Option<&str>) -> Self {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root());
        if let Some(target) = target {
            command.args(["--filter-platform", target]);
        }
        let output = command.output().expect("cargo, which runs this test, can be run");
        assert!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).expect("cargo metadata has its documented form");
        let names = metadata
            .packages
            .iter()
            .map(|package| (package.id.clone(), package.name.clone()))
            .collect();
        let members = metadata
            .packages
            .iter()
            .filter(|package| metadata.workspace_members.contains(&package.id))
            .map(|package| {
                let folder = package.manifest_path.parent().expect("a manifest is in a folder");
                let inner = folder.strip_prefix(root()).unwrap_or(folder);
                (package.name.clone(), inner.to_string_lossy().replace('\\', "/"))
            })
            .collect();
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in metadata.resolve.nodes {
            let ships = node
                .deps
                .into_iter()
                .filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            edges.insert(node.id, ships.map(|edge| edge.pkg).collect());
        }
        Self { members, names, edges }
    }

    /// The names of what a member depends on directly, and ships.
    pub fn direct(&self, member: &str) -> BTreeSet<String> {
        self.edges[self.id(member)]
            .iter()
            .map(|id| self.names[id].clone())
            .collect()
    }

    /// The names of all that a member ships, its own left out.
    pub fn whole(&self, member: &str) -> BTreeSet<String> {
        let start = self.id(member);
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut waiting = vec![start];
        while let Some(id) = waiting.pop() {
            for next in &self.edges[id] {
                if seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        seen.into_iter().map(|id| self.names[id].clone()).collect()
    }

    /// The members in `sim/`, but the native program, by name.
    pub fn simulation(&self) -> Vec<&str> {
        self.members_where(|folder| folder.starts_with("sim/") && folder != "sim/cli")
    }

    /// The engines: the members of `sim/` that are a product.
    pub fn engines(&self) -> Vec<&str> {
        const HOUSE: [&str; 6] = [
            "sim/kernel",
            "sim/text",
            "sim/shell",
            "sim/lab",
            "sim/lessons",
            "sim/cli",
        ];
        self.members_where(|folder| {
            folder.starts_with("sim/") && !folder.starts_with("sim/proto/") && !HOUSE.contains(&folder)
        })
    }

    fn members_where(&self, wanted: impl Fn(&str) -> bool) -> Vec<&str> {
        self.members
            .iter()
            .filter(|(_, folder)| wanted(folder))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn id(&self, member: &str) -> &String {
        let folder = &self.members[member];
        self.names
            .iter()
            .find(|(id, name)| *name == member && id.replace('\\', "/").contains(folder.as_str()))
            .map(|(id, _)| id)
            .expect("a member has an id")
    }
}
