//! Why a line is not counted as meant, in words for people: what is on the line, where a pattern ends, what
//! would make it match, and what to write instead. Nothing is counted because of it, and it may be slow.

mod causes;
mod pairs;
mod rewrite;
mod shape;

pub use causes::{causes, is_for_whole};
pub use pairs::{Pair, near_key, pairs};
pub use rewrite::{keys_of, rewrite};
pub use shape::{Shapes, shape};

/// Characters that are shown on each side of the place that is pointed at.
const AROUND: usize = 60;

/// A part of a text with a caret under the byte `at`, as two lines without a line end. `text` is valid
/// UTF-8 without control characters, or what was made of one.
pub fn caret(text: &[u8], at: usize) -> (String, String) {
    let text = String::from_utf8_lossy(text);
    let at = text.floor_char_boundary(at.min(text.len()));
    let (before, after) = text.split_at(at);
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let count = before.chars().count();
    let cut = count.saturating_sub(AROUND);
    let mut line: String = if cut > 0 { "…".into() } else { String::new() };
    line.extend(before.chars().skip(cut).map(shown));
    let column = line.chars().count();
    line.extend(after.chars().take(AROUND).map(shown));
    if after.chars().nth(AROUND).is_some() {
        line.push('…');
    }
    (line, format!("{:column$}^", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_are_under_the_byte() {
        assert_eq!(caret(b"a b", 2), ("a b".into(), "  ^".into()));
        assert_eq!(caret("ü\tb".as_bytes(), 2), ("ü b".into(), " ^".into()));
        assert_eq!(caret(b"ab", 99), ("ab".into(), "  ^".into()));
        let long = "x".repeat(200);
        let (line, below) = caret(long.as_bytes(), 100);
        assert_eq!(line.chars().count(), 2 + 2 * AROUND);
        assert_eq!(below.len(), 1 + AROUND + 1);
    }
}
