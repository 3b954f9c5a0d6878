//! Our similarity index against the `R0NN` of the installed Git.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rng, Tree, case_count, check_all, git_is_the_judge, git_log, pair, seed};
use essaim_text::similarity;

fn case(rng: &mut Rng) -> (Tree, Tree) {
    let (mut old, mut new) = pair(rng, 120);
    match rng.below(8) {
        0 => {
            // Long lines: chunks of 64 bytes.
            old.retain(|&b| b != b'\n');
            new.retain(|&b| b != b'\n');
        }
        1 => new = String::from_utf8(new).unwrap().replace('\n', "\r\n").into_bytes(),
        2 => old.insert(old.len() / 2, 0),
        3 => {
            old.insert(old.len() / 2, 0);
            new = String::from_utf8(new).unwrap().replace('\n', "\r\n").into_bytes();
            new.insert(new.len() / 2, 0);
        }
        _ => {}
    }
    (vec![("old".into(), old)], vec![("new".into(), new)])
}

#[test]
fn similarity_index() {
    if !git_is_the_judge() {
        return;
    }
    let mut rng = Rng::new(seed());
    let cases: Vec<_> = (0..case_count(1500))
        .map(|_| case(&mut rng))
        .filter(|(old, new)| !old[0].1.is_empty() && !new[0].1.is_empty())
        .collect();
    let expected: Vec<Vec<u8>> = git_log(&cases, &["--raw", "-M1%"])
        .iter()
        .map(|raw| {
            let fields: Vec<&[u8]> = raw.split(|&b| b == b' ' || b == b'\t').collect();
            let rename = fields.iter().find(|field| field.starts_with(b"R"));
            rename.map_or(b"none".to_vec(), |field| field.to_vec())
        })
        .collect();
    let renames = expected.iter().filter(|score| score.starts_with(b"R"));
    assert!(renames.count() * 2 > cases.len(), "most cases are renames");
    let describe = |case: &(Tree, Tree)| {
        let (old, new) = (&case.0[0].1, &case.1[0].1);
        format!("{} and {} bytes", old.len(), new.len())
    };
    let wrong = check_all(
        "similarity",
        &cases,
        &expected,
        describe,
        |(old, new)| match similarity(&old[0].1, &new[0].1) {
            0 => b"none".to_vec(),
            percent => format!("R{percent:03}").into_bytes(),
        },
    );
    assert_eq!(wrong, 0);
}
