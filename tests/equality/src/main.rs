//! Plays transcripts and reports the lab's digest after every act; then plays distributed worlds
//! full of faults and reports theirs.
//!
//! The same program is built natively (it reads standard input and prints) and for Wasm (Node hands
//! it the text in a global and takes the report from another). `cargo xtask test` compares the two
//! reports: same seed and transcript, same digest, whatever the machine.

use std::fmt::Write as _;

use essaim_lab::Lab;
use essaim_lab::transcript::{self, Section};
use essaim_proto_lab::spec::{LabSpec, StartFile};

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    let text = std::io::read_to_string(std::io::stdin()).expect("standard input is text");
    print!("{}", report(&text));
}

#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsValue;
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
    let global = js_sys::global();
    let text = js_sys::Reflect::get(&global, &JsValue::from_str("essaimInput"))
        .ok()
        .and_then(|value| value.as_string());
    let text = text.expect("Node has set the input before it loads this module");
    let set = js_sys::Reflect::set(
        &global,
        &JsValue::from_str("essaimReport"),
        &JsValue::from_str(&report(&text)),
    );
    set.expect("a global can be set");
}

/// Seeds of the distributed worlds.
const WORLDS: u64 = 200;

fn report(text: &str) -> String {
    let transcript = transcript::parse(text).expect("the cases are transcripts");
    let mut report = String::new();
    for section in &transcript.sections {
        play(section, &mut report);
    }
    report.push_str(&essaim_worlds::gossip::report(WORLDS));
    report
}

fn play(section: &Section, report: &mut String) {
    let mut lab = match Lab::open(house(section), "fr") {
        Ok(lab) => lab,
        Err(error) => {
            let _ = writeln!(report, "{} does not open: {error:?}", section.name);
            return;
        }
    };
    let _ = writeln!(report, "{} start {:032x}", section.name, lab.digest());
    for line in &section.lines {
        let one = Section {
            lines: vec![line.clone()],
            ..section.clone()
        };
        lab.replay(&one);
        lab.finish();
        for outcome in lab.take_outcomes() {
            if let Some(problem) = outcome.problem {
                let _ = writeln!(report, "{} line {} problem {problem:?}", section.name, line.number);
            }
        }
        let printed = lab
            .entries()
            .last()
            .and_then(|entry| entry.lines.last())
            .map_or_else(String::new, |line| format!("[{}] {:?}", line.status, line.output));
        let _ = writeln!(
            report,
            "{} line {} {:032x} {printed}",
            section.name,
            line.number,
            lab.digest()
        );
    }
    let acts = lab.entries().len();
    lab.rewind(acts / 2);
    lab.finish();
    let _ = writeln!(report, "{} rewound to {} {:032x}", section.name, acts / 2, lab.digest());
}

/// A section named `git-…` gets that engine.
fn house(section: &Section) -> LabSpec {
    let engines = ["git"].into_iter().filter(|engine| section.name.starts_with(engine));
    let file = |path: &str, content: &str| StartFile {
        path: path.to_owned(),
        content: content.as_bytes().to_vec(),
        mode: 0o644,
    };
    LabSpec {
        id: "equality".to_owned(),
        engines: engines.map(str::to_owned).collect(),
        seed: section.seed.unwrap_or(1),
        start_seconds: 1_772_440_200,
        time_zone: "Europe/Paris".to_owned(),
        command_seconds: 20,
        user: "camille".to_owned(),
        host: "essaim".to_owned(),
        folder: "/home/camille/collecte".to_owned(),
        files: vec![
            file(
                "/home/camille/collecte/ventes.csv",
                "ville;montant\nLille;12,5\nNantes;7\nLille;3\n",
            ),
            file(
                "/home/camille/collecte/charge.py",
                "import sys\n\ndef charge(chemin):\n    return open(chemin).read()\n",
            ),
        ],
        ..LabSpec::default()
    }
}
