//! What utilities share: options, streaming, quoting, time, patterns.

pub mod asking;
pub mod clock;
pub mod date_text;
pub mod gather;
pub mod glob;
pub mod modes;
pub mod options;
pub mod stream;
pub mod text;
pub mod utility;
pub mod zone;

use essaim_kernel::files::OpenOptions;
use essaim_kernel::{Call, Errno, Io, Read};
use std::sync::Arc;

/// Prints `name: message` on standard error.
pub fn complain(io: &mut Io<'_>, call: &Call, message: impl AsRef<str>) {
    let name = call.args.first().map(|n| text::lossy(n)).unwrap_or_default();
    io.eprint(format!("{name}: {}\n", message.as_ref()));
}

/// The whole content of a file named on the command line. `stdin` answers for `-`.
pub fn read_operand(io: &mut Io<'_>, name: &[u8], stdin: &Arc<Vec<u8>>) -> Result<Arc<Vec<u8>>, Errno> {
    if matches!(name, b"-" | b"/dev/stdin") {
        return Ok(Arc::clone(stdin));
    }
    let path = io.path(name);
    if path == b"/dev/null" {
        return Ok(Arc::default());
    }
    if path.starts_with(b"/dev/fd/") {
        return read_descriptor(io, &path);
    }
    io.files().read(&path)
}

/// What `<(…)` has printed: it is all there when the command begins.
fn read_descriptor(io: &mut Io<'_>, path: &[u8]) -> Result<Arc<Vec<u8>>, Errno> {
    let options = OpenOptions {
        read: true,
        ..OpenOptions::default()
    };
    let fd = io.open(path, options, false, 10)?;
    let mut content = Vec::new();
    while let Read::Data(bytes) = io.read(fd, 64 << 10) {
        content.extend_from_slice(&bytes);
    }
    io.close(fd);
    Ok(Arc::new(content))
}

/// The lines of a text, without their ends; a last line without end counts.
pub fn lines(content: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let whole = content.strip_suffix(&[delimiter]).unwrap_or(content);
    let none = content.is_empty();
    whole.split(move |b| *b == delimiter).filter(move |_| !none)
}
