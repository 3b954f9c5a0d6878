//! Git towards the lab: its programs, its view, its facts.
//!
//! Everything is read from the machine's files at the moment it is asked for; the engine keeps nothing.

mod fact;
mod view;

use crate::repo::{Global, Repo};
use essaim_kernel::{Digest, Engine, Glance, Program, Value, View};

/// The engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Git;

impl Engine for Git {
    fn name(&self) -> &'static str {
        essaim_proto_git::ENGINE
    }

    fn programs(&self) -> &'static [Program] {
        crate::PROGRAMS
    }

    fn view(&self, glance: &Glance<'_>) -> View {
        let view = view::of(glance);
        let bytes = postcard::to_allocvec(&view).expect("a view is plain data, which postcard always writes");
        View {
            engine: essaim_proto_git::ENGINE,
            bytes,
        }
    }

    fn fact(&self, path: &[String], glance: &Glance<'_>) -> Option<Value> {
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        fact::of(&words, glance)
    }

    fn digest(&self, _: &mut Digest) {}

    fn snapshot(&self) -> Box<dyn Engine> {
        Box::new(*self)
    }
}

/// The repository around the folder of whoever asks.
fn repository(glance: &Glance<'_>) -> Option<Repo> {
    Repo::open(glance.files, glance.env, glance.cwd, &Global::default()).ok()
}
