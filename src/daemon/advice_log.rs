//! What in the rules is probably not meant, in the log: one line for each file, and not again at each
//! reload.

use std::sync::{Mutex, PoisonError};

use logmetrics_core::rules::{Problem, Severity, escape};

/// What was logged last.
#[derive(Debug, Default)]
pub struct AdviceLog {
    lines: Mutex<Vec<String>>,
}

impl AdviceLog {
    /// Logs what was not said of the rules before.
    pub fn log(&self, advice: &[Problem]) {
        let now = lines(advice);
        let mut before = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in now.iter().filter(|line| !before.contains(line)) {
            tracing::warn!("{line}");
        }
        *before = now;
        // A program that was left out: where it is wrong must be seen.
        let errors = advice.iter().filter(|one| one.severity == Severity::Error);
        for problem in errors {
            tracing::error!("{}", problem.render(false).trim_end());
        }
    }
}

/// A line for each file with the first warning of it, and one for each that is of no file.
fn lines(advice: &[Problem]) -> Vec<String> {
    let warnings = advice
        .iter()
        .filter(|one| one.severity == Severity::Warning);
    let mut files: Vec<(&str, Vec<&Problem>)> = Vec::new();
    let mut lines = Vec::new();
    for problem in warnings {
        let Some(excerpt) = problem.excerpts.first() else {
            lines.push(escape(&problem.message).into_owned());
            continue;
        };
        match files.iter_mut().find(|(path, _)| *path == excerpt.path) {
            Some((_, problems)) => problems.push(problem),
            None => files.push((&excerpt.path, vec![problem])),
        }
    }
    lines.extend(files.iter().map(|(path, problems)| of_file(path, problems)));
    lines
}

fn of_file(path: &str, problems: &[&Problem]) -> String {
    let mut line = String::new();
    if let Some(first) = problems.first() {
        let place = first.excerpts.first();
        let place = place.map(|place| format!(":{}:{}", place.line, place.column));
        let rule = first.rule.as_ref().map(|rule| format!("rule `{rule}`: "));
        let (place, rule) = (place.unwrap_or_default(), rule.unwrap_or_default());
        line = format!("{path}{place}: {rule}{}", first.message);
    }
    match problems.len() {
        0 | 1 => {}
        count => {
            let (more, s) = (count - 1, if count == 2 { "" } else { "s" });
            line.push_str(&format!(
                "; {more} more warning{s}, which `logmetrics check {path}` shows"
            ));
        }
    }
    escape(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use logmetrics_core::rules::{SourceText, load_text};

    use super::*;

    #[test]
    fn a_file_has_one_line_with_rule_and_place() {
        let file = |path: &str, text: &str| SourceText {
            path: path.into(),
            text: text.into(),
        };
        let one = "[[rule]]\nname = 'a'\nmatch = '(?P<x>.)'\nmetric = [{ counter = 'c' }]\n";
        let three = "[[rule]]\nmatch = '(?P<x>.)(?P<y>.)(?P<z>.)'\nmetric = [{ counter = 'd' }]\n";
        let loaded = load_text(vec![file("one.toml", one), file("three.toml", three)]).unwrap();
        assert_eq!(
            lines(&loaded.advice),
            [
                "one.toml:3:14: rule `a`: named group `x` is never used",
                "three.toml:2:14: rule `rule-1`: named group `x` is never used; 2 more warnings, \
                 which `logmetrics check three.toml` shows",
            ]
        );
        let log = AdviceLog::default();
        log.log(&loaded.advice);
        assert_eq!(*log.lines.lock().unwrap(), lines(&loaded.advice));
        log.log(&[]);
        assert!(log.lines.lock().unwrap().is_empty());
    }
}
