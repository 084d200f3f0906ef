//! The outcomes of cases as JUnit's XML, which CI systems show.

use std::fmt::Write as _;

use super::Outcome;

/// The document.
pub(super) fn document(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|one| one.has_failed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = outcomes.len();
    let _ = writeln!(
        out,
        "<testsuites><testsuite name=\"logmetrics\" tests=\"{total}\" failures=\"{failed}\" errors=\"0\">"
    );
    for one in outcomes {
        let (path, name) = (escaped(&one.path), escaped(&one.name));
        let _ = write!(out, "<testcase classname=\"{path}\" name=\"{name}\"");
        match one.difference.as_ref().filter(|_| one.has_failed()) {
            None => out.push_str("/>\n"),
            Some(difference) => {
                let difference = escaped(difference);
                let _ = writeln!(
                    out,
                    "><failure message=\"other samples than expected\">{difference}</failure></testcase>"
                );
            }
        }
    }
    out.push_str("</testsuite></testsuites>\n");
    out
}

/// Text as it may be in XML: what XML 1.0 has no way to write becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_differences_are_escaped() {
        let outcome = |difference: Option<&str>| Outcome {
            path: "a&b.toml".into(),
            name: "says \"x\" < y\u{1b}".into(),
            difference: difference.map(str::to_owned),
            was_updated: false,
            note: None,
        };
        let text = document(&[outcome(None), outcome(Some("- a{b=\"c\"} 1\n"))]);
        assert!(text.contains("tests=\"2\" failures=\"1\""), "{text}");
        assert!(text.contains("classname=\"a&amp;b.toml\""), "{text}");
        assert!(
            text.contains("name=\"says &quot;x&quot; &lt; y\u{fffd}\"/>"),
            "{text}"
        );
        assert!(
            text.contains(">- a{b=&quot;c&quot;} 1\n</failure>"),
            "{text}"
        );
    }
}
