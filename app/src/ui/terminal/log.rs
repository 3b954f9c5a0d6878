//! The lines of a terminal in the document.
//!
//! Written node by node, not as a reactive list: a terminal appends at its end and drops at its front, so there is
//! nothing to compare, and an answer costs what it adds. Lines stand in blocks; a full block is left to the browser,
//! which neither lays out nor paints it out of sight. Else each command would wait for the painting of all before it.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use web_sys::Element;

use crate::lab::screen::{BLOCK_LINES, Screen, Span};

/// The ids of the lines that stand in the document: from, and up to but without.
#[derive(Clone, Copy, Default)]
struct Shown {
    first: u64,
    next: u64,
}

/// Keeps the document's lines those of a screen. `who` is the prompt's user and host, which are coloured.
pub fn follow(root: NodeRef<html::Div>, screen: ArcRwSignal<Screen>, who: Arc<str>) {
    Effect::new(move |shown: Option<Shown>| {
        let mut shown = shown.unwrap_or_default();
        screen.with(|screen| {
            if let Some(root) = root.get() {
                drop_front(&root, &mut shown, screen.first_id());
                for line in screen.lines_from(shown.next) {
                    append(&root, line.id, &line.spans, &who);
                    shown.next = line.id + 1;
                }
            }
        });
        shown
    });
}

fn drop_front(root: &Element, shown: &mut Shown, first: u64) {
    if first >= shown.next {
        root.set_text_content(None);
        *shown = Shown { first, next: first };
    }
    while shown.first < first
        && let Some(block) = root.first_element_child()
    {
        match block.first_element_child() {
            Some(line) => {
                line.remove();
                shown.first += 1;
            }
            None => block.remove(),
        }
    }
}

fn append(root: &Element, id: u64, spans: &[Span], who: &str) {
    let block = match root.last_element_child() {
        Some(last) if !id.is_multiple_of(BLOCK_LINES) => last,
        _ => child(root, "div", "term__block", ""),
    };
    write(&child(&block, "div", "term__ln", ""), spans, who);
    text(&block, "\n");
    if (id + 1).is_multiple_of(BLOCK_LINES) {
        block.set_class_name("term__block is-full");
    }
}

/// Replaces what an element holds by spans. A line that begins with the shell's plain prompt has it in its colours, and
/// the command after it.
pub fn write(element: &Element, spans: &[Span], who: &str) {
    element.set_text_content(None);
    if let [only] = spans
        && only.class.is_empty()
        && let Some((folder, end, command)) = prompt(&only.text, who)
    {
        child(element, "span", "ps", who);
        text(element, ":");
        child(element, "span", "pw", folder);
        text(element, end);
        child(element, "span", "cmd", command);
        return;
    }
    for span in spans {
        if span.class.is_empty() {
            text(element, &span.text);
        } else {
            child(element, "span", &span.class, &span.text);
        }
    }
}

fn child(parent: &Element, tag: &str, class: &str, content: &str) -> Element {
    let child = document().create_element(tag).expect("the tag is a valid name");
    child.set_class_name(class);
    text(&child, content);
    let _ = parent.append_child(&child);
    child
}

fn text(parent: &Element, content: &str) {
    if !content.is_empty() {
        let _ = parent.append_child(&document().create_text_node(content));
    }
}

/// `camille@essaim:~/collecte$ git status` as its folder, its end and its command.
fn prompt<'a>(text: &'a str, who: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let rest = text.strip_prefix(who)?.strip_prefix(':')?;
    let at = rest.find("$ ").or_else(|| rest.strip_suffix('$').map(str::len))?;
    let end = (at + 2).min(rest.len());
    Some((&rest[..at], &rest[at..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_told_from_what_follows() {
        let who = "camille@essaim";
        assert_eq!(
            prompt("camille@essaim:~/collecte$ git status", who),
            Some(("~/collecte", "$ ", "git status"))
        );
        assert_eq!(prompt("camille@essaim:~$", who), Some(("~", "$", "")));
        assert_eq!(prompt("camille@ailleurs:~$ ls", who), None);
    }
}
