//! Escapes inside quoted strings, as JSON, Go and Rust write them.
//!
//! Only this: finding where a string begins and ends is the business of whoever reads the line.

#[cfg(test)]
mod tests;

/// Writes `bytes`, the inside of a quoted string, to `out` with its escapes resolved.
///
/// Known are `\"`, `\\`, `\/`, `\'`, `\n`, `\t`, `\r`, `\0`, `\b`, `\f`, `\u00e9` (with surrogate
/// pairs, RFC 8259 section 7) and `\u{1b}` (Rust's `escape_debug`). Half a surrogate pair and a
/// number that is no character become U+FFFD; what is no escape stays as it is written.
pub fn unescape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = match rest.get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'0') => ('\0', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(&byte @ (b'"' | b'\\' | b'/' | b'\'')) => (char::from(byte), 2),
            Some(b'u') => unicode(rest).unwrap_or(('\\', 1)),
            _ => ('\\', 1),
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
}

/// The character of the `\u` escape at the start of `bytes`, and the length of the escape.
fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    if bytes.get(2) == Some(&b'{') {
        // Rust writes at most six digits; more than eight would not fit a u32.
        let length = bytes.iter().take(12).position(|byte| *byte == b'}')?;
        let number = hexadecimal(&bytes[3..length])?;
        return Some((character(number), length + 1));
    }
    let first = hexadecimal(bytes.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((character(first), 6));
    }
    let second = bytes
        .get(6..12)
        .and_then(|next| next.strip_prefix(b"\\u"))
        .and_then(hexadecimal)
        .filter(|second| (0xdc00..0xe000).contains(second));
    Some(match second {
        Some(second) => {
            let number = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            (character(number), 12)
        }
        None => (char::REPLACEMENT_CHARACTER, 6),
    })
}

fn character(number: u32) -> char {
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The number that `digits` write; `None` if there are none, or too many, or other bytes.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}
