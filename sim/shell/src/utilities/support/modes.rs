//! File modes as `chmod` and `mkdir -m` read them: octal, or `u+rwx,go-w`.

/// The mode `text` makes of `mode`; `None`: it is no mode. An omitted "who" means all, less the mask.
pub fn apply(text: &[u8], mode: u32, is_dir: bool, umask: u32) -> Option<u32> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        let text = std::str::from_utf8(text).ok()?;
        let octal = u32::from_str_radix(text, 8).ok().filter(|m| *m <= 0o7777)?;
        // On a directory the special bits survive a short octal mode.
        let kept = if is_dir && text.len() < 5 { mode & 0o6000 } else { 0 };
        return Some(octal | kept);
    }
    let mut mode = mode;
    for clause in text.split(|b| *b == b',') {
        mode = apply_clause(clause, mode, is_dir, umask)?;
    }
    Some(mode)
}

fn apply_clause(clause: &[u8], mut mode: u32, is_dir: bool, umask: u32) -> Option<u32> {
    let split = clause.iter().position(|b| !b"ugoa".contains(b))?;
    let (who, mut rest) = clause.split_at(split);
    let mut mask = 0;
    for letter in who {
        mask |= match letter {
            b'u' => 0o4700,
            b'g' => 0o2070,
            b'o' => 0o1007,
            _ => 0o7777,
        };
    }
    let unmasked = if who.is_empty() { 0o7777 & !umask } else { 0o7777 };
    let mask = if who.is_empty() { 0o7777 } else { mask };
    while let Some((&operator, after)) = rest.split_first() {
        if !b"+-=".contains(&operator) {
            return None;
        }
        let end = after.iter().position(|b| b"+-=".contains(b)).unwrap_or(after.len());
        let bits = permission_bits(&after[..end], mode, is_dir)? & mask & unmasked;
        rest = &after[end..];
        mode = match operator {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            _ => {
                let cleared = if is_dir { mask & 0o777 } else { mask };
                (mode & !cleared) | bits
            }
        };
    }
    Some(mode)
}

fn permission_bits(letters: &[u8], mode: u32, is_dir: bool) -> Option<u32> {
    let copied = |bits: u32| bits | (bits << 3) | (bits << 6);
    let mut bits = 0;
    for letter in letters {
        bits |= match letter {
            b'r' => 0o444,
            b'w' => 0o222,
            b'x' => 0o111,
            b'X' if is_dir || mode & 0o111 != 0 => 0o111,
            b'X' => 0,
            b's' => 0o6000,
            b't' => 0o1000,
            b'u' if letters.len() == 1 => copied(mode >> 6 & 7),
            b'g' if letters.len() == 1 => copied(mode >> 3 & 7),
            b'o' if letters.len() == 1 => copied(mode & 7),
            _ => return None,
        };
    }
    Some(bits)
}
