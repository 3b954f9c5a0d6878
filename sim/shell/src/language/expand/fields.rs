//! Text under expansion: bytes that remember where they come from, and the splitting of it into fields.

/// Where a byte comes from, or what else stands at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Written without quotes.
    Literal,
    /// Quoted in some way.
    Quoted,
    /// The result of an unquoted expansion: it can be split.
    Expanded,
    /// No byte: a field ends here (`"$@"`).
    Break,
    /// No byte: there is a field here even if it is empty (`""`).
    Empty,
}

/// Marked bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

impl Text {
    pub fn push(&mut self, bytes: &[u8], mark: Mark) {
        self.bytes.extend_from_slice(bytes);
        self.marks.resize(self.bytes.len(), mark);
    }

    pub fn push_quoted(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.push(b"\0", Mark::Empty);
        }
        self.push(bytes, Mark::Quoted);
    }

    /// The value of an expansion.
    pub fn push_value(&mut self, bytes: &[u8], quoted: bool) {
        if quoted {
            self.push_quoted(bytes);
        } else {
            self.push(bytes, Mark::Expanded);
        }
    }

    /// Several values: `$@`, `${a[@]}`.
    pub fn push_values(&mut self, values: &[Vec<u8>], quoted: bool) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.push(b" ", Mark::Break);
            }
            self.push_value(value, quoted);
        }
    }

    /// An operand that becomes part of this text.
    pub fn splice(&mut self, other: Text, quoted: bool) {
        for (byte, mark) in other.bytes.iter().zip(other.marks) {
            let mark = match mark {
                Mark::Literal if quoted => Mark::Quoted,
                Mark::Literal => Mark::Expanded,
                mark => mark,
            };
            self.push(&[*byte], mark);
        }
        if quoted && other.bytes.is_empty() {
            self.push_quoted(b"");
        }
    }

    fn items(&self) -> impl Iterator<Item = (u8, Mark)> {
        self.bytes.iter().copied().zip(self.marks.iter().copied())
    }

    /// The bytes; several values are joined by spaces.
    pub fn plain(&self) -> Vec<u8> {
        self.items()
            .filter(|(_, mark)| *mark != Mark::Empty)
            .map(|(byte, _)| byte)
            .collect()
    }

    /// A shell pattern in which quoted characters stand for themselves.
    pub fn pattern(&self) -> Vec<u8> {
        self.protected(b"*?[]\\-!^()|+@")
    }

    /// A regular expression in which quoted characters stand for themselves.
    pub fn regex(&self) -> Vec<u8> {
        self.protected(b"*?[]\\.+(){}|^$")
    }

    fn protected(&self, special: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        for (byte, mark) in self.items() {
            if mark == Mark::Empty {
                continue;
            }
            if mark == Mark::Quoted && special.contains(&byte) {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out
    }

    pub fn has_active_glob(&self) -> bool {
        let mut before = 0;
        self.items().any(|(byte, mark)| {
            let free = matches!(mark, Mark::Literal | Mark::Expanded);
            let group = byte == b'(' && matches!(before, b'@' | b'+' | b'!');
            before = byte;
            free && (matches!(byte, b'*' | b'?' | b'[') || group)
        })
    }

    /// Field splitting as POSIX 2.6.5 says.
    pub fn split(self, separators: &[u8]) -> Vec<Text> {
        let mut fields = Vec::new();
        let mut current: Option<Text> = None;
        // White space has just ended a field: a separator that follows belongs to the same end.
        let mut after_blank = false;
        for (byte, mark) in self.items() {
            match mark {
                Mark::Break => {
                    fields.extend(current.take());
                    after_blank = false;
                }
                Mark::Empty => {
                    current.get_or_insert_default();
                    after_blank = false;
                }
                Mark::Expanded if separators.contains(&byte) => {
                    if matches!(byte, b' ' | b'\t' | b'\n') {
                        if let Some(field) = current.take() {
                            fields.push(field);
                            after_blank = true;
                        }
                    } else if let Some(field) = current.take() {
                        fields.push(field);
                        after_blank = false;
                    } else if after_blank {
                        after_blank = false;
                    } else {
                        fields.push(Text::default());
                    }
                }
                mark => {
                    current.get_or_insert_default().push(&[byte], mark);
                    after_blank = false;
                }
            }
        }
        fields.extend(current);
        fields
    }
}
