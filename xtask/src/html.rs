//! The little that must be known of HTML to make Trunk's page obey a content policy without
//! `unsafe-inline`: scripts and styles written in the page move to files of their own.

/// A file that was part of the page.
#[derive(Debug, PartialEq, Eq)]
pub struct Extracted {
    /// Its name, beside `index.html`.
    pub name: String,
    /// Its content.
    pub content: String,
}

/// Moves inline scripts and styles out of a page; `name` makes a file name of a content and an
/// extension.
pub fn extract_inline(page: &str, name: &dyn Fn(&str, &str) -> String) -> (String, Vec<Extracted>) {
    let mut kept = String::with_capacity(page.len());
    let mut files = Vec::new();
    let mut rest = page;
    while let Some(element) = next_raw_element(rest) {
        kept.push_str(&rest[..element.start]);
        let whole = &rest[element.start..element.end];
        match moved(&element, name) {
            Some((reference, file)) => {
                kept.push_str(&reference);
                if !files.contains(&file) {
                    files.push(file);
                }
            }
            None => kept.push_str(whole),
        }
        rest = &rest[element.end..];
    }
    kept.push_str(rest);
    (kept, files)
}

/// A `<script>` or `<style>` element.
struct RawElement<'a> {
    is_style: bool,
    attributes: &'a str,
    content: &'a str,
    start: usize,
    end: usize,
}

fn next_raw_element(text: &str) -> Option<RawElement<'_>> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find('<')?;
        if text[open..].starts_with("<!--") {
            from = open + text[open..].find("-->").map_or(text.len() - open, |end| end + 3);
            continue;
        }
        let Some((tag, is_style)) = [("script", false), ("style", true)]
            .into_iter()
            .find(|(tag, _)| is_tag(&text[open + 1..], tag))
        else {
            from = open + 1;
            continue;
        };
        let attributes_from = open + 1 + tag.len();
        let body = attributes_from + text[attributes_from..].find('>')? + 1;
        let close = format!("</{tag}>");
        let end = body + text[body..].find(&close)?;
        return Some(RawElement {
            is_style,
            attributes: &text[attributes_from..body - 1],
            content: &text[body..end],
            start: open,
            end: end + close.len(),
        });
    }
}

fn is_tag(text: &str, tag: &str) -> bool {
    text.strip_prefix(tag)
        .is_some_and(|after| after.starts_with(|next: char| next == '>' || next == '/' || next.is_ascii_whitespace()))
}

fn moved(element: &RawElement<'_>, name: &dyn Fn(&str, &str) -> String) -> Option<(String, Extracted)> {
    let content = format!("{}\n", element.content.trim());
    let attributes = without_attribute(element.attributes.trim(), "nonce");
    let spaced = if attributes.is_empty() {
        String::new()
    } else {
        format!(" {attributes}")
    };
    if element.is_style {
        let name = name(&content, "css");
        return Some((
            format!("<link rel=\"stylesheet\" href=\"./{name}\"{spaced}>"),
            Extracted { name, content },
        ));
    }
    let kind = attribute(&attributes, "type").unwrap_or_default();
    let is_code = matches!(kind.as_str(), "" | "module" | "text/javascript");
    if !is_code || attribute(&attributes, "src").is_some() {
        return None;
    }
    let name = name(&content, "js");
    Some((
        format!("<script{spaced} src=\"./{name}\"></script>"),
        Extracted { name, content },
    ))
}

/// The value of an attribute in the text of a tag.
pub fn attribute(attributes: &str, name: &str) -> Option<String> {
    split_attributes(attributes)
        .into_iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, value, _)| value)
}

/// The text of a tag without one attribute.
pub fn without_attribute(attributes: &str, name: &str) -> String {
    split_attributes(attributes)
        .into_iter()
        .filter(|(known, _, _)| *known != name)
        .map(|(_, _, whole)| whole)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Name, value and whole text of each attribute.
fn split_attributes(text: &str) -> Vec<(&str, String, &str)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    while !rest.is_empty() {
        let name_end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = &rest[..name_end];
        let (value, end) = match rest[name_end..].strip_prefix('=') {
            None => (String::new(), name_end),
            Some(after) => value_of(after, name_end + 1),
        };
        let end = end.max(1);
        found.push((name, value, &rest[..end]));
        rest = rest[end..].trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    }
    found
}

fn value_of(after: &str, at: usize) -> (String, usize) {
    match after.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let inner = &after[1..];
            let length = inner.find(quote).unwrap_or(inner.len());
            (inner[..length].to_owned(), (at + 1 + length + 1).min(at + after.len()))
        }
        _ => {
            let length = after.find(char::is_whitespace).unwrap_or(after.len());
            (after[..length].to_owned(), at + length)
        }
    }
}

/// Rewrites each `<tag …>` with what `change` makes of its attributes; `None` drops the tag.
pub fn rewrite_tags(page: &str, tag: &str, change: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(open) = rest.find(&format!("<{tag}")) {
        let after = &rest[open + 1..];
        let Some(close) = after.find('>').filter(|_| is_tag(after, tag)) else {
            out.push_str(&rest[..=open]);
            rest = after;
            continue;
        };
        out.push_str(&rest[..open]);
        if let Some(attributes) = change(after[tag.len()..close].trim()) {
            out.push_str(&format!("<{tag} {}>", attributes.trim()));
        }
        rest = &after[close + 1..];
    }
    out.push_str(rest);
    out
}

/// What the policy would refuse at run time: attributes that are style or script.
pub fn forbidden_attributes(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in page.match_indices('<') {
        let Some(tag) = page[at + 1..].split('>').next() else {
            continue;
        };
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let attributes = tag.split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
        for (name, _, whole) in split_attributes(attributes) {
            if name == "style" || (name.starts_with("on") && name.len() > 4) {
                found.push(whole.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(content: &str, extension: &str) -> String {
        format!("x{}.{extension}", content.len())
    }

    #[test]
    fn inline_code_moves_to_files_and_the_rest_stays() {
        let page = "<head><!-- <script>no</script> --><script>a()</script><script src=\"b.js\"></script>\
                    <script type=\"module\" nonce=\"n\">\nc()\n</script><script type=\"application/json\">{}</script>\
                    <style>p{}</style></head>";
        let (kept, files) = extract_inline(page, &numbered);
        assert_eq!(
            kept,
            "<head><!-- <script>no</script> --><script src=\"./x4.js\"></script><script src=\"b.js\"></script>\
             <script type=\"module\" src=\"./x4.js\"></script><script type=\"application/json\">{}</script>\
             <link rel=\"stylesheet\" href=\"./x4.css\"></head>"
        );
        let contents: Vec<&str> = files.iter().map(|file| file.content.as_str()).collect();
        assert_eq!(contents, ["a()\n", "c()\n", "p{}\n"]);
    }

    #[test]
    fn attributes_are_read_and_removed() {
        let text = "rel=preload href='a b' crossorigin integrity=\"sha384-x\" as=fetch";
        assert_eq!(attribute(text, "href").as_deref(), Some("a b"));
        assert_eq!(attribute(text, "crossorigin").as_deref(), Some(""));
        assert_eq!(attribute(text, "as").as_deref(), Some("fetch"));
        assert_eq!(attribute(text, "src"), None);
        assert_eq!(
            without_attribute(text, "integrity"),
            "rel=preload href='a b' crossorigin as=fetch"
        );
    }

    #[test]
    fn tags_are_rewritten_or_dropped() {
        let page = "<link a=1/><linker><link b=2>";
        let kept = rewrite_tags(page, "link", &|attributes| {
            attribute(attributes, "b").map(|_| without_attribute(attributes, "c"))
        });
        assert_eq!(kept, "<linker><link b=2>");
    }

    #[test]
    fn styles_and_handlers_in_attributes_are_found() {
        let page = "<p style=\"x\" class=a><a onclick='y' once>t</a> a < b";
        assert_eq!(forbidden_attributes(page), ["style=\"x\"", "onclick='y'"]);
    }
}
