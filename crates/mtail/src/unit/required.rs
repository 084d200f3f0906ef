//! Without which texts on a line a program does nothing: those that its outermost conditions ask for.

use logmetrics_core::engine::script::RequiredTexts;
use logmetrics_core::engine::script_patterns::ScriptPatterns;

use crate::script::code::{Action, Condition, Program, Statement};

/// For each of the outermost conditions the texts that it asks for; nothing where one of them can hold
/// without a text, or has an `else`.
pub fn required(program: &Program, patterns: &ScriptPatterns) -> Option<Vec<RequiredTexts>> {
    let reader = Reader { program, patterns };
    let mut all = Vec::new();
    for statement in &program.body {
        all.extend(reader.statement(statement)?);
    }
    Some(all)
}

struct Reader<'p> {
    program: &'p Program,
    patterns: &'p ScriptPatterns,
}

impl Reader<'_> {
    fn statement(&self, statement: &Statement) -> Option<Vec<RequiredTexts>> {
        match &statement.action {
            Action::If {
                condition,
                otherwise,
                ..
            } if otherwise.is_empty() => self.condition(condition),
            _ => None,
        }
    }

    /// Conditions of patterns alone: others may count, or stop the program.
    fn condition(&self, condition: &Condition) -> Option<Vec<RequiredTexts>> {
        match condition {
            Condition::Match(site) => {
                let site = self.program.sites.get(*site)?;
                let required = self.patterns.required(site.pattern)?;
                // Where bytes are broken the program sees U+FFFD, and the search does not.
                let is_asked = |text: &Vec<u8>| contains(text, "\u{fffd}".as_bytes());
                let is_searched = !required.all.iter().flatten().any(is_asked);
                is_searched.then(|| vec![required])
            }
            // What follows is not asked where the first does not hold.
            Condition::Both(sides) => self.condition(&sides.0),
            Condition::Either(sides) => {
                let mut texts = self.condition(&sides.0)?;
                texts.extend(self.condition(&sides.1)?);
                Some(texts)
            }
            _ => None,
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use logmetrics_core::engine::script_patterns::ScriptPattern;
    use logmetrics_core::engine::script_patterns::ScriptPatterns;
    use regex::Regex;

    use super::required;
    use crate::{Options, compile};

    /// The texts of each condition, the first set of each.
    fn texts(source: &str) -> Option<Vec<String>> {
        let program = compile("p.mtail", source, &Options::default())
            .unwrap()
            .program;
        let patterns = program.patterns.iter();
        let patterns = patterns.map(|one| ScriptPattern {
            regex: Regex::new(&one.regex).unwrap(),
            captures: true,
            is_of_line: true,
        });
        let patterns = ScriptPatterns::new(patterns.collect());
        let all = required(&program, &patterns)?;
        let first = |texts: &logmetrics_core::engine::script::RequiredTexts| {
            let set = texts.all.first().cloned().unwrap_or_default();
            String::from_utf8(set.concat()).unwrap()
        };
        Some(all.iter().map(first).collect())
    }

    #[test]
    fn the_texts_of_the_outermost_patterns() {
        let source = "counter n\n/user=(\\S+)/ {\n  /never/ {\n    n++\n  } else {\n    n++\n  }\n}\n\
                      /error: / || /panic: / {\n  n++\n}\n/code=/ && n > 3 {\n  n++\n}\n";
        let expected = ["user=", "error: ", "panic: ", "code="];
        assert_eq!(texts(source).unwrap(), expected);
    }

    #[test]
    fn a_program_that_does_something_without_a_match_has_none() {
        for source in [
            "counter n\nn++\n",
            "counter n\n/a text/ {\n} else {\n  n++\n}\n",
            "counter n\n/a text/ {\n}\notherwise {\n  n++\n}\n",
            "counter n\ngetfilename() !~ /a text/ {\n  n++\n}\n",
            "counter n\nn++ > 3 && /a text/ {\n}\n",
            "counter n\n/a text/ || getfilename() == \"x\" {\n  n++\n}\n",
        ] {
            assert_eq!(texts(source), None, "{source}");
        }
    }
}
