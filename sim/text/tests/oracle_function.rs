//! The function lines of hunk headers against the installed Git.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Rng, case_count, check_all, git_diff_with_driver, git_is_the_judge, seed};
use essaim_text::{DiffOptions, FunctionRule, HunkOptions, unified};

const PARTS: [&str; 46] = [
    "",
    " ",
    "    ",
    "\t",
    "class",
    "def",
    "async",
    "fn",
    "pub",
    "pub(crate)",
    "(",
    ")",
    "impl",
    "impl<T>",
    "struct",
    "extern",
    "\"C\"",
    "unsafe",
    "const",
    "macro_rules!",
    "mod",
    ";",
    "{",
    "#",
    "##",
    "####### ",
    "<h1>",
    "<H2 id=x>",
    "<h3",
    ">",
    "</h3>",
    ".a",
    "#b",
    "@media",
    ":root",
    "color: red;",
    "a:hover",
    ":",
    "$x",
    "_y",
    "é",
    "x",
    "9",
    "trait",
    "name",
    "enum",
];

fn line(rng: &mut Rng) -> String {
    let mut line = String::new();
    for _ in 0..rng.below(6) {
        line += rng.pick(&PARTS);
        line += rng.pick(&["", " ", " ", "\t"]);
    }
    if rng.one_in(12) {
        line += &"and so on ".repeat(9);
    }
    line
}

fn case(rng: &mut Rng) -> (Vec<u8>, Vec<u8>) {
    let mut text: Vec<String> = (0..30).map(|_| line(rng)).collect();
    let old = text.join("\n");
    text[29] += "!";
    text[14] += "!";
    (old.into_bytes(), text.join("\n").into_bytes())
}

#[test]
fn drivers() {
    if !git_is_the_judge() {
        return;
    }
    let mut rng = Rng::new(seed());
    let mut wrong = 0;
    for driver in ["python", "markdown", "html", "rust", "css", "none-such"] {
        let cases: Vec<_> = (0..case_count(200)).map(|_| case(&mut rng)).collect();
        let expected = git_diff_with_driver(&cases, driver);
        let options = HunkOptions {
            function: FunctionRule::from_driver(driver).unwrap_or_default(),
            ..HunkOptions::default()
        };
        let describe = |case: &(Vec<u8>, Vec<u8>)| String::from_utf8(case.0.clone()).unwrap();
        wrong += check_all(driver, &cases, &expected, describe, |(old, new)| {
            unified(old, new, &DiffOptions::default(), &options)
        });
    }
    assert_eq!(wrong, 0);
}
