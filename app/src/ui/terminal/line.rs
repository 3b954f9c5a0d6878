//! The line being edited: what readline does, on a text and a cursor. No browser here.

/// A line and its cursor, counted in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    pub cursor: usize,
}

impl Line {
    pub fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cursor: text.len(),
        }
    }

    pub fn home(&mut self) {
        self.cursor = 0;
    }

    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Start of the word before the cursor. Letters and digits make a word.
    fn word_back(&self) -> usize {
        let before = &self.text[..self.cursor];
        let trimmed = before.trim_end_matches(|c: char| !c.is_alphanumeric());
        trimmed.trim_end_matches(char::is_alphanumeric).len()
    }

    /// End of the word after the cursor.
    fn word_forward(&self) -> usize {
        let after = &self.text[self.cursor..];
        let rest = after.trim_start_matches(|c: char| !c.is_alphanumeric());
        let rest = rest.trim_start_matches(char::is_alphanumeric);
        self.text.len() - rest.len()
    }

    pub fn back_word(&mut self) {
        self.cursor = self.word_back();
    }

    pub fn forward_word(&mut self) {
        self.cursor = self.word_forward();
    }

    /// Ctrl-K. Gives what was cut.
    pub fn cut_end(&mut self) -> String {
        self.text.split_off(self.cursor)
    }

    /// Ctrl-U.
    pub fn cut_start(&mut self) -> String {
        let rest = self.text.split_off(self.cursor);
        self.cursor = 0;
        std::mem::replace(&mut self.text, rest)
    }

    /// Ctrl-W: back to the white space before.
    pub fn cut_word(&mut self) -> String {
        let before = &self.text[..self.cursor];
        let from = before
            .trim_end()
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        self.cut_back_to(from)
    }

    /// Cuts from there to the cursor.
    pub fn cut_back_to(&mut self, from: usize) -> String {
        let cut = self.text.drain(from..self.cursor).collect();
        self.cursor = from;
        cut
    }

    /// Ctrl-D in the middle of a line.
    pub fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    pub fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }
}

/// The cursor in UTF-16 units, as the browser counts.
pub fn to_utf16(text: &str, byte: usize) -> u32 {
    text[..byte].encode_utf16().count() as u32
}

/// The cursor in bytes.
pub fn from_utf16(text: &str, units: u32) -> usize {
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += c.len_utf16() as u32;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_leave_the_rest() {
        let mut l = Line {
            text: "git commit -m été".into(),
            cursor: 10,
        };
        assert_eq!(l.clone().cut_end(), " -m été");
        assert_eq!(l.clone().cut_start(), "git commit");
        assert_eq!(l.cut_word(), "commit");
        assert_eq!(
            l,
            Line {
                text: "git  -m été".into(),
                cursor: 4
            }
        );
        let mut l = Line::new("a  b  ");
        assert_eq!(l.cut_word(), "b  ");
        assert_eq!(l.text, "a  ");
    }

    #[test]
    fn words_are_letters_and_digits() {
        let mut l = Line::new("cat src/été.rs");
        l.back_word();
        assert_eq!(&l.text[l.cursor..], "rs");
        l.back_word();
        assert_eq!(&l.text[l.cursor..], "été.rs");
        l.home();
        l.forward_word();
        assert_eq!(l.cursor, 3);
    }

    #[test]
    fn the_browser_counts_otherwise() {
        let text = "é𝄞a";
        assert_eq!(to_utf16(text, 6), 3);
        for at in [0, 2, 6, 7] {
            assert_eq!(from_utf16(text, to_utf16(text, at)), at);
        }
    }
}
