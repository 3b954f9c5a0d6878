//! Fixed cases: what Git 2.47.3 printed, so that something is compared where
//! no Git is installed.

#![allow(clippy::unwrap_used)]

use essaim_text::{
    DiffOptions, HunkOptions, Labels, MergeOptions, MergeStyle, StatEntry, StatKind, StatOptions, Whitespace,
    gnu_normal, merge, similarity, stat, unified,
};

fn check(old: &str, new: &str, expected: &str) {
    let hunks = unified(
        old.as_bytes(),
        new.as_bytes(),
        &DiffOptions::default(),
        &HunkOptions::default(),
    );
    assert_eq!(String::from_utf8(hunks).unwrap(), expected);
}

#[test]
fn an_added_function_is_shown_whole() {
    check(
        "def a():\n    x\n    return\n\ndef c():\n    z\n    return\n",
        "def a():\n    x\n    return\n\ndef b():\n    y\n    return\n\ndef c():\n    z\n    return\n",
        "@@ -2,6 +2,10 @@ def a():\n     x\n     return\n \n+def b():\n+    y\n+    return\n+\n def c():\n     z\n     return\n",
    );
}

#[test]
fn no_newline_at_the_end_of_either_file() {
    check(
        "a\nb",
        "a\nc",
        "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n",
    );
    check(
        "a\nb\n",
        "a\nb",
        "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n",
    );
}

#[test]
fn from_and_to_an_empty_file() {
    check("", "a\n", "@@ -0,0 +1 @@\n+a\n");
    check("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n");
    check("", "", "");
}

fn check_merge(options: MergeOptions, [base, ours, theirs]: [&str; 3], expected: &str) {
    let labels = Labels {
        ours: b"HEAD",
        base: b"1234567",
        theirs: b"topic",
    };
    let result = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes(), &labels, &options);
    assert_eq!(String::from_utf8(result.bytes).unwrap(), expected);
    assert_eq!(result.conflict_count, expected.matches("<<<<<<<").count());
}

#[test]
fn conflicts_in_three_styles() {
    let case = ["a\nb\nc\n", "a\nX\nsame\nc\n", "a\nY\nsame\nc\n"];
    let styled = |style| MergeOptions {
        style,
        ..MergeOptions::git_merge()
    };
    check_merge(
        styled(MergeStyle::Merge),
        case,
        "a\n<<<<<<< HEAD\nX\n=======\nY\n>>>>>>> topic\nsame\nc\n",
    );
    check_merge(
        styled(MergeStyle::Diff3),
        case,
        "a\n<<<<<<< HEAD\nX\nsame\n||||||| 1234567\nb\n=======\nY\nsame\n>>>>>>> topic\nc\n",
    );
    check_merge(
        styled(MergeStyle::ZealousDiff3),
        case,
        "a\n<<<<<<< HEAD\nX\n||||||| 1234567\nb\n=======\nY\n>>>>>>> topic\nsame\nc\n",
    );
}

#[test]
fn changes_apart_merge() {
    check_merge(
        MergeOptions::git_merge(),
        ["a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"],
        "A\nb\nC\n",
    );
}

#[test]
fn markers_take_the_line_end_of_the_file() {
    check_merge(
        MergeOptions::git_merge(),
        ["a\r\nb\r\n", "a\r\nX\r\n", "a\r\nY\r\n"],
        "a\r\n<<<<<<< HEAD\r\nX\r\n=======\r\nY\r\n>>>>>>> topic\r\n",
    );
}

#[test]
fn stat_of_text_and_binary() {
    let entry = |name: &str, kind| StatEntry {
        name: name.into(),
        kind,
    };
    let entries = [
        entry("a.txt", StatKind::Text { added: 200, removed: 1 }),
        entry(
            "image.png",
            StatKind::Binary {
                old_bytes: 0,
                new_bytes: 1234,
            },
        ),
    ];
    let expected = concat!(
        " a.txt     | 201 +++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++-\n",
        " image.png | Bin 0 -> 1234 bytes\n",
        " 2 files changed, 200 insertions(+), 1 deletion(-)\n",
    );
    let actual = stat(&entries, &StatOptions::default());
    assert_eq!(String::from_utf8(actual).unwrap(), expected);
}

#[test]
fn similarity_in_percent() {
    assert_eq!(similarity(b"a\nb\nc\nd\n", b"a\nb\nc\nd\n"), 100);
    assert_eq!(similarity(b"a\nb\nc\nd\n", b"a\nb\nc\nx\n"), 75);
    assert_eq!(similarity(b"a\n", b"b\n"), 0);
}

#[test]
fn normal_format() {
    let normal = |old: &str, new: &str| {
        let bytes = gnu_normal(old.as_bytes(), new.as_bytes(), Whitespace::Exact);
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(normal("a\nb\nc\n", "a\nX\nY\nc\n"), "2c2,3\n< b\n---\n> X\n> Y\n");
    assert_eq!(normal("a\n", "a\nb\n"), "1a2\n> b\n");
    assert_eq!(normal("a\nb\n", "b\n"), "1d0\n< a\n");
}
