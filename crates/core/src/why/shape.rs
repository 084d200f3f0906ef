//! Lines that differ only in their values have one shape: how many there are of each, and one of them.

use std::collections::HashMap;

/// Most characters of a shape.
const SHAPE_MAX: usize = 120;

/// Most shapes that are told apart; what is of a further one is counted together.
const SHAPES_MAX: usize = 1000;

/// A line without its values: numbers, texts in quotes and values of keys become `…`.
pub fn shape(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.get(..text.len().min(2000)).unwrap_or_default());
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = letters.next() {
        if out.len() > SHAPE_MAX {
            break;
        }
        let is_word = |c: char| c.is_alphanumeric() || "_.-/@%+".contains(c);
        match c {
            '"' => {
                let mut escaped = false;
                let mut inner = String::new();
                for c in letters.by_ref() {
                    if c == '"' && !escaped {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                    inner.push(c);
                }
                // A key of JSON belongs to the shape.
                match letters.peek() {
                    Some(':') => out.push_str(&format!("\"{inner}\"")),
                    _ => out.push_str("\"…\""),
                }
            }
            '=' => {
                out.push('=');
                if letters.next_if_eq(&'"').is_none() {
                    while letters.next_if(|c| !c.is_whitespace()).is_some() {}
                } else {
                    let mut escaped = false;
                    for c in letters.by_ref() {
                        if c == '"' && !escaped {
                            break;
                        }
                        escaped = c == '\\' && !escaped;
                    }
                }
                out.push('…');
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(next) = letters.next_if(|c| is_word(*c)) {
                    word.push(next);
                }
                let is_value =
                    word.chars().any(|c| c.is_ascii_digit()) && letters.peek() != Some(&'=');
                out.push_str(if is_value { "…" } else { &word });
            }
            c if c.is_whitespace() || c.is_control() => {
                if !before.is_whitespace() && !out.is_empty() {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
        before = c;
    }
    out.trim_end().chars().take(SHAPE_MAX).collect()
}

/// Counts lines by their shape, and keeps the first of each.
#[derive(Debug, Default)]
pub struct Shapes {
    found: HashMap<String, (u64, Vec<u8>)>,
    /// Lines of shapes that were one too many.
    pub others: u64,
}

impl Shapes {
    pub fn add(&mut self, text: &[u8]) {
        let shape = shape(text);
        let is_full = self.found.len() >= SHAPES_MAX;
        match self.found.get_mut(&shape) {
            Some((count, _)) => *count += 1,
            None if is_full => self.others += 1,
            None => {
                self.found.insert(shape, (1, text.to_vec()));
            }
        }
    }

    /// Each shape with its count and a sample, the most frequent first.
    pub fn sorted(&self) -> Vec<(&str, u64, &[u8])> {
        let mut sorted: Vec<(&str, u64, &[u8])> = (self.found.iter())
            .map(|(shape, (count, sample))| (shape.as_str(), *count, sample.as_slice()))
            .collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_values_have_one_shape() {
        for (one, other, expected) in [
            ("GET /a1 took 3ms", "GET  /b2 took 12s", "GET … took …"),
            (
                "x user=ann s=\"a b\" z",
                "x user=bob s=c z",
                "x user=… s=… z",
            ),
            (
                r#"{"a":"x y","n":12}"#,
                r#"{"a":"","n":7}"#,
                r#"{"a":"…","n":…}"#,
            ),
            (
                "2026-01-02 12:00:00 [main] INFO started",
                "2026-03-04 01:02:03 [main] INFO started",
                "… …:…:… [main] INFO started",
            ),
        ] {
            assert_eq!(shape(one.as_bytes()), expected);
            assert_eq!(shape(other.as_bytes()), expected);
        }
        assert_ne!(shape(b"INFO started"), shape(b"ERROR started"));
    }

    #[test]
    fn shapes_are_counted_with_a_sample() {
        let mut shapes = Shapes::default();
        for line in ["b 1", "a 1", "a 2"] {
            shapes.add(line.as_bytes());
        }
        assert_eq!(
            shapes.sorted(),
            [("a …", 2, &b"a 1"[..]), ("b …", 1, b"b 1")]
        );
        for number in 0..3 * SHAPES_MAX {
            let word: String = number
                .to_string()
                .bytes()
                .map(|b| (b + 49) as char)
                .collect();
            shapes.add(word.as_bytes());
        }
        assert!(shapes.found.len() <= SHAPES_MAX && shapes.others > 0);
    }
}
