//! The shipped rules by which programs are recognised.

use logmetrics_core::rules::shipped::{PROGRAMS, Shipped};

/// The rules of the programs, in the order in which they are asked.
pub(crate) fn programs() -> impl Iterator<Item = &'static Shipped> {
    PROGRAMS.iter().filter_map(|name| Shipped::named(name))
}

/// A rules file without its cases.
pub(crate) fn without_cases(rules: &Shipped) -> &'static str {
    let text = rules.to_copy();
    let end = text.find("\n[[test]]").unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::Trial;

    /// Files that are no program's: for any access log in JSON, and an example.
    const OTHERS: [&str; 2] = ["agentgateway-regex", "json-http"];

    #[test]
    fn every_program_has_rules_without_advice() {
        for program in programs() {
            let trial = Trial::of(without_cases(program));
            let trial = trial.map_err(|error| format!("{}: {error}", program.name));
            let advice = trial.unwrap().advice;
            assert!(advice.is_empty(), "{}: {advice:?}", program.name);
        }
    }

    #[test]
    fn every_shipped_file_is_asked() {
        let mut listed: Vec<&str> = PROGRAMS.iter().chain(&OTHERS).copied().collect();
        listed.sort_unstable();
        let mut shipped: Vec<&str> = logmetrics_core::rules::shipped::names().collect();
        shipped.sort_unstable();
        assert_eq!(listed, shipped);
    }
}
