//! What can be mended without asking: a mistyped key or word of which one is meant, a table that is a list of
//! tables, a pattern in quotes that take its backslashes. Each is a line of the file written again.

use super::{Excerpt, Problem};

impl Problem {
    /// The line that mends it: its number from 1, and what it is then. `None`: people must decide.
    pub fn mended_line(&self) -> Option<(usize, String)> {
        let place = self.excerpts.first()?;
        let hint = self.hint.as_deref().unwrap_or_default();
        let meant = hint
            .strip_prefix("did you mean `")
            .and_then(|rest| rest.strip_suffix("`?"));
        let line = if let Some(new) = renamed(&self.message) {
            with(place, new)
        } else if let Some(meant) = meant {
            match (
                self.message.strip_prefix("unknown key"),
                is_choice(&self.message),
            ) {
                (Some(_), _) => with(place, meant),
                (None, true) => with(place, &format!("\"{meant}\"")),
                (None, false) => None,
            }
        } else if self.message.starts_with("expected a list of tables") {
            as_list_of_tables(&place.text)
        } else if hint.contains("in single quotes") {
            in_single_quotes(&place.text)
        } else {
            None
        };
        line.filter(|line| *line != place.text)
            .map(|line| (place.line, line))
    }
}

/// The line with other words in the place that is meant.
fn with(place: &Excerpt, words: &str) -> Option<String> {
    let before = place.text.get(..place.span.start)?;
    let after = place.text.get(place.span.end..)?;
    (!place.span.is_empty()).then(|| format!("{before}{words}{after}"))
}

/// The new name of a key, where the message is that it has one.
fn renamed(message: &str) -> Option<&str> {
    let rest = message.strip_prefix('`')?;
    let (_, rest) = rest.split_once("` is called `")?;
    rest.strip_suffix("` now")
}

/// Whether the message is that a word is none of a few.
fn is_choice(message: &str) -> bool {
    message.starts_with("expected `") && message.contains(", but found `")
}

/// `[rule]` as `[[rule]]`.
fn as_list_of_tables(line: &str) -> Option<String> {
    let start = line.len() - line.trim_start().len();
    let (indent, header) = line.split_at_checked(start)?;
    let (name, rest) = header.strip_prefix('[')?.split_once(']')?;
    let is_name = !name.is_empty() && !name.contains(['[', '"', '\'']);
    (is_name && !rest.starts_with(']')).then(|| format!("{indent}[[{name}]]{rest}"))
}

/// The first text in double quotes that has a backslash, in single quotes.
fn in_single_quotes(line: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let start = from + line.get(from..)?.find('"')?;
        let inner = line.get(start + 1..)?;
        let mut escaped = false;
        let length = inner.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let text = inner.get(..length)?;
        // What is escaped on purpose means something else between single quotes.
        let is_plain = !text.contains(['\'', '"']) && !text.contains("\\\\");
        if text.contains('\\') && is_plain {
            let (before, after) = (line.get(..start)?, inner.get(length + 1..)?);
            return Some(format!("{before}'{text}'{after}"));
        }
        from = start + length + 2;
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::{SourceText, load_text};

    /// Mends as often as something can be mended.
    fn mend(text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..20 {
            let loaded = load_text(vec![SourceText {
                path: "rules.toml".into(),
                text: text.clone(),
            }]);
            let problems = match loaded {
                Ok(loaded) => loaded.advice,
                Err(problems) => problems.list,
            };
            let Some((number, line)) = problems.iter().find_map(|one| one.mended_line()) else {
                return text;
            };
            let mut lines: Vec<&str> = text.lines().collect();
            lines[number - 1] = &line;
            text = lines.join("\n") + "\n";
        }
        panic!("it never ends: {text}");
    }

    #[test]
    fn what_is_meant_is_written() {
        let wrong = "[rule]\nmach = \"\\d+ ms\"\nfeilds = 'jsn' # comment\n\
            metric = [{ countr = 'a', whre = { status = '2..' } }]\n";
        let right = "[[rule]]\nmatch = '\\d+ ms'\nfields = \"json\" # comment\n\
            metric = [{ counter = 'a', where = { status = '2..' } }]\n";
        assert_eq!(mend(wrong), right);
        let wrong = "[[rule]]\nmatch = \"\\bERROR\\b\"\nmetric = [{ counter = 'a' }]\n";
        assert_eq!(mend(wrong), wrong.replace('"', "'"));
    }

    #[test]
    fn what_is_not_sure_is_left() {
        for text in [
            "[[rule]]\nmatch = 'a'\nzzz = 1\nmetric = [{ counter = 'a' }]\n",
            "[[rule]]\nmatch = \"it's \\d\"\nmetric = [{ counter = 'a' }]\n",
            "[[rule]]\nmatch = 'a('\nmetric = [{ counter = 'a' }]\n",
            "[[rule]]\nmatch = 'a'\nmetric = [{ counter = 1 }]\n",
        ] {
            assert_eq!(mend(text), text);
        }
    }
}
