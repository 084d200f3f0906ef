//! Strings, lists and comments of TOML.

/// A string, in the form that needs the fewest escapes.
pub(super) fn string(text: &str) -> String {
    let is_plain = !text.chars().any(|c| c.is_control() && c != '\t');
    if is_plain && !text.contains('\'') {
        return format!("'{text}'");
    }
    if is_plain && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''{text}'''");
    }
    basic(text)
}

/// A name, between double quotes.
pub(super) fn basic(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            other if other.is_control() => {
                out.push_str(&format!("\\u{:04x}", u32::from(other)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A list of names.
pub(super) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(basic).collect();
    format!("[{}]", names.join(", "))
}

/// A comment, in lines of up to 100 characters.
pub(crate) fn comment(text: &str) -> String {
    const WIDTH: usize = 100;
    let harmless: String = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    let mut out = String::new();
    let mut line = String::from("#");
    for word in harmless.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
            out.push_str(&line);
            out.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_comes_back(text in ".+") {
            for written in [string(&text), basic(&text)] {
                let metric = format!("[[rule.metric]]\ncounter = 'a_total'\nhelp = {written}\n");
                let text_of_file = format!("[[rule]]\nmatch = 'a'\n{metric}");
                let source = logmetrics_core::rules::SourceText { path: "x".into(), text: text_of_file };
                let loaded = logmetrics_core::rules::load_text(vec![source]);
                let help = loaded.ok().and_then(|loaded| Some(loaded.set.metrics.first()?.help.to_string()));
                proptest::prop_assert_eq!(help, Some(text.clone()), "{}", written);
            }
        }
    }

    #[test]
    fn comments_are_folded() {
        let text = comment(&"word ".repeat(40));
        assert!(
            text.lines()
                .all(|line| line.starts_with("# ") && line.len() <= 101),
            "{text}"
        );
    }
}
