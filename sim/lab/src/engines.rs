//! The engines, by the names that `lab.toml` uses.

use essaim_kernel::{Digest, Engine, Glance, Program, Value, View};

/// Every engine of this program, by name.
pub const NAMES: &[&str] = &["git"];

/// The engine of that name.
pub fn by_name(name: &str) -> Option<Box<dyn Engine>> {
    match name {
        "git" => Some(Box::new(Git)),
        _ => None,
    }
}

/// Git's commands; its view and facts are the engine crate's.
#[derive(Clone)]
struct Git;

impl Engine for Git {
    fn name(&self) -> &'static str {
        essaim_proto_git::ENGINE
    }
    fn programs(&self) -> &'static [Program] {
        essaim_git::PROGRAMS
    }
    fn view(&self, _: &Glance<'_>) -> View {
        View {
            engine: essaim_proto_git::ENGINE,
            bytes: Vec::new(),
        }
    }
    fn fact(&self, _: &[String], _: &Glance<'_>) -> Option<Value> {
        None
    }
    fn digest(&self, _: &mut Digest) {}
    fn snapshot(&self) -> Box<dyn Engine> {
        Box::new(self.clone())
    }
}
