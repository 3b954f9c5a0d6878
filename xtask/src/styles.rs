//! The page's stylesheet, made when the site is built: the tokens, the base and each component's own file, joined in
//! the order in which they override each other, without what only an author needs.

use std::collections::BTreeSet;

use crate::machine::{Outcome, read, root};

/// The name under which `index.html` asks for it.
pub const NAME: &str = "style.css";

const FILES: [&str; 25] = [
    "style/tokens.css",
    "style/base.css",
    "src/ui/shell/shell.css",
    "src/ui/button/button.css",
    "src/ui/panel/panel.css",
    "src/ui/tabs/tabs.css",
    "src/ui/split/split.css",
    "src/ui/prose/prose.css",
    "src/ui/snippet/snippet.css",
    "src/ui/callout/callout.css",
    "src/ui/goals/goals.css",
    "src/ui/hints/hints.css",
    "src/ui/quiz/quiz.css",
    "src/ui/terminal/terminal.css",
    "src/ui/editor/editor.css",
    "src/ui/timeline/timeline.css",
    "src/ui/dialog/dialog.css",
    "src/ui/toast/toast.css",
    "src/ui/state/state.css",
    "style/layout.css",
    "src/views/git/git.css",
    "src/routes/home.css",
    "src/routes/pages.css",
    "src/routes/embed.css",
    "style/responsive.css",
];

/// The whole sheet.
pub fn joined() -> Outcome<String> {
    let mut all = String::new();
    for name in FILES {
        all.push_str(&read(&root().join("app").join(name))?);
        all.push('\n');
    }
    Ok(used_tokens(&tight(&without_comments(&all))))
}

/// Comments are for who edits a stylesheet, not for who downloads it.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

/// White space only where it means something: between words, around `+` and `-`, before `:` and `(`.
fn tight(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quoted = None;
    let mut space = false;
    for c in text.chars() {
        if let Some(quote) = quoted {
            out.push(c);
            quoted = (c != quote).then_some(quote);
            continue;
        }
        if c.is_whitespace() {
            space = true;
            continue;
        }
        let joins = out.is_empty() || out.ends_with(['{', '}', ';', ',', ':', '>', '(']) || "{};,>)".contains(c);
        if space && !joins {
            out.push(' ');
        }
        space = false;
        if c == '}' && out.ends_with(';') {
            out.pop();
        }
        out.push(c);
        quoted = (c == '"' || c == '\'').then_some(c);
    }
    out
}

/// The sheet without the tokens that nothing reads: the design names more than the page needs today.
fn used_tokens(sheet: &str) -> String {
    let mut sheet = sheet.to_owned();
    loop {
        let read: BTreeSet<&str> = sheet.split("var(").skip(1).map(name).collect();
        let mut kept = String::with_capacity(sheet.len());
        let mut rest = sheet.as_str();
        // A declaration follows an opening brace or a semicolon.
        while let Some(at) = rest.find(['{', ';']) {
            let (before, after) = rest.split_at(at + 1);
            kept.push_str(before);
            rest = after;
            while rest.starts_with("--") && !read.contains(name(rest)) {
                let end = rest.find([';', '}']).unwrap_or(rest.len());
                rest = rest[end..].strip_prefix(';').unwrap_or(&rest[end..]);
            }
        }
        kept.push_str(rest);
        if kept == sheet {
            return sheet;
        }
        sheet = kept;
    }
}

/// The name at the beginning of a text.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_without_meaning_goes() {
        for (text, expected) in [
            (".a  .b ,\n .c { color : red ; }\n", ".a .b,.c{color :red}"),
            (".a :focus > b { margin: 0 -4px; }", ".a :focus>b{margin:0 -4px}"),
            ("a::after { content: \" ; } \"; }", "a::after{content:\" ; } \"}"),
            (
                "@media (max-width: 2px) { a { width: calc(1px + 2px); } }",
                "@media (max-width:2px){a{width:calc(1px + 2px)}}",
            ),
        ] {
            assert_eq!(tight(text), expected);
        }
        assert_eq!(without_comments("a/* x */b/* y"), "ab");
    }

    #[test]
    fn tokens_that_nothing_reads_are_left_out() {
        let sheet = ":root{--a:1px;--b:var(--c);--c:2px;--d:3px}p{margin:var(--a);--e:1}";
        assert_eq!(used_tokens(sheet), ":root{--a:1px;}p{margin:var(--a);}");
    }

    #[test]
    fn every_stylesheet_of_the_page_is_in() {
        let mut found = Vec::new();
        for path in crate::machine::files_below(&root().join("app")).expect("app/ can be read") {
            let path = crate::machine::relative(&path, &root().join("app"));
            if path.ends_with(".css") {
                found.push(path);
            }
        }
        let mut named = FILES.map(str::to_owned).to_vec();
        found.sort();
        named.sort();
        assert_eq!(found, named);
        let sheet = joined().expect("the stylesheets can be read");
        assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
        for name in sheet.split("var(").skip(1).map(name) {
            // These are set by the page on the element itself.
            let own = ["--lesson-w", "--depth", "--cg-w", "--p"].contains(&name);
            assert!(
                own || sheet.contains(&format!("{name}:")),
                "{name} is read but nowhere set"
            );
        }
    }
}
