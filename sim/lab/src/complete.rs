//! Tab, on a terminal's command line: what the shell offers, as the page takes it.

use crate::state::State;
use essaim_proto_lab::message::Completion;
use essaim_shell::language::complete::complete_line;

/// Candidates shown at most.
const CANDIDATES_MAX: usize = 200;

/// What Tab makes of `line` with the cursor at byte `cursor`.
pub fn complete(state: &State, terminal: usize, line: &str, cursor: usize) -> Completion {
    let mut cursor = cursor.min(line.len());
    while !line.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let unchanged = Completion {
        line: line.to_owned(),
        cursor: cursor as u32,
        candidates: Vec::new(),
    };
    let Some((cwd, env)) = state.machine.shell_context(terminal) else {
        return unchanged;
    };
    let glance = state.machine.glance(cwd, env);
    let offered = complete_line(line.as_bytes(), cursor, &glance, state.machine.programs());
    if offered.replacements.is_empty() {
        return unchanged;
    }
    let inserted = String::from_utf8_lossy(&offered.common()).into_owned();
    let shown = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
    let candidates = match offered.shown.len() {
        0 | 1 => Vec::new(),
        _ => offered.shown.iter().take(CANDIDATES_MAX).map(shown).collect(),
    };
    let before = line.get(..offered.start).unwrap_or_default();
    Completion {
        cursor: (before.len() + inserted.len()) as u32,
        line: format!("{before}{inserted}{}", &line[cursor..]),
        candidates,
    }
}
