//! The text after the second `@@` of a hunk header.

/// Git keeps this many bytes of the function line.
const FUNCTION_BYTES_MAX: usize = 80;

/// Which lines name the function (or section) that a hunk stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionRule {
    /// Git's default: a line that starts with a letter, `_` or `$`.
    #[default]
    Default,
    /// No function line at all (`diff -u`).
    Never,
}

impl FunctionRule {
    /// The text to show for `line` if it names a function.
    pub(crate) fn text(self, line: &[u8]) -> Option<&[u8]> {
        match self {
            FunctionRule::Default => {
                let first = *line.first()?;
                if first.is_ascii_alphabetic() || first == b'_' || first == b'$' {
                    let line = &line[..line.len().min(FUNCTION_BYTES_MAX)];
                    Some(crate::line::trim_end(line))
                } else {
                    None
                }
            }
            FunctionRule::Never => None,
        }
    }
}
