//! What goals read: `git.…` from the engines, `file.…`, `shell.…`, `events.…` and `time.…` from the lab itself.

use crate::house;
use crate::state::State;
use essaim_kernel::value::fact_segments;
use essaim_kernel::{FileKind, Value};
use essaim_proto_lab::spec::LabSpec;

/// A path as lessons and transcripts write it, made absolute: from `~`, or from the lab's folder.
pub fn absolute(spec: &LabSpec, path: &str) -> String {
    let home = house::home(spec);
    if path == "~" {
        return home;
    }
    if let Some(rest) = path.strip_prefix("~/") {
        return format!("{home}/{rest}");
    }
    if path.starts_with('/') {
        return path.to_owned();
    }
    format!("{}/{path}", spec.folder)
}

/// The short form of an absolute path: from `~` where it is below the home folder.
pub fn from_home(spec: &LabSpec, path: &str) -> String {
    let home = house::home(spec);
    match path.strip_prefix(&home) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// The value of a fact; `None`: there is no such fact now.
pub fn fact(spec: &LabSpec, state: &State, path: &str) -> Option<Value> {
    let segments = fact_segments(path);
    let (first, rest) = segments.split_first()?;
    match first.as_str() {
        "file" => file(spec, state, rest),
        "shell" => shell(state, rest),
        "events" => events(state, rest),
        "time" if rest == ["seconds"] => Some(Value::Int(state.machine.now().secs() - spec.start_seconds)),
        name => {
            let engine = state.engines.iter().find(|engine| engine.name() == name)?;
            let env = house::environment(spec, "en");
            engine.fact(rest, &state.machine.glance(spec.folder.as_bytes(), &env))
        }
    }
}

fn file(spec: &LabSpec, state: &State, rest: &[String]) -> Option<Value> {
    let [path, what] = rest else { return None };
    let path = absolute(spec, path);
    let files = state.machine.files();
    let metadata = files.metadata(path.as_bytes());
    match what.as_str() {
        "exists" => metadata.ok().map(|_| Value::Bool(true)),
        "kind" => files
            .symlink_metadata(path.as_bytes())
            .ok()
            .map(|metadata| match metadata.kind {
                FileKind::File => "file".into(),
                FileKind::Directory => "folder".into(),
                FileKind::Symlink => "link".into(),
            }),
        "mode" => metadata.ok().map(|metadata| Value::Int(i64::from(metadata.mode))),
        "size" => metadata.ok().map(|metadata| Value::Int(metadata.size as i64)),
        "text" => files
            .read(path.as_bytes())
            .ok()
            .map(|content| content.as_slice().into()),
        "lines" => {
            let content = files.read(path.as_bytes()).ok()?;
            let text = String::from_utf8_lossy(&content).into_owned();
            Some(text.lines().collect::<Vec<_>>().into())
        }
        "names" => {
            let names = files.read_dir(path.as_bytes()).ok()?;
            Some(Value::List(names.iter().map(|name| name.as_slice().into()).collect()))
        }
        _ => None,
    }
}

fn shell(state: &State, rest: &[String]) -> Option<Value> {
    let shell = &state.shell;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match rest.as_slice() {
        ["ran"] => Some(Value::List(shell.ran.iter().map(|line| line.as_ref().into()).collect())),
        ["last", "command"] => shell.command.as_deref().map(Value::from),
        ["last", "status"] => shell.status.map(|status| Value::Int(i64::from(status))),
        ["last", "output"] => shell.command.as_ref().map(|_| shell.output.as_ref().into()),
        ["folder"] => {
            let (folder, _) = state.machine.shell_context(0)?;
            Some(folder.into())
        }
        _ => None,
    }
}

/// `events.git.commit_created.count`: the event's name may hold dots.
fn events(state: &State, rest: &[String]) -> Option<Value> {
    let (what, name) = rest.split_last()?;
    (what == "count").then(|| Value::Int(state.machine.events().count(&name.join(".")) as i64))
}

/// A value as transcripts and messages write it.
pub fn show(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let fields: Vec<_> = map
                .iter()
                .map(|(name, value)| format!("{name} = {}", show(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}
