//! A plan says what the regex says: the first line of the input is the pattern, the rest are lines.
//!
//! Needs `libfuzzer-sys` and `regex`. Good seeds: the patterns of rules, each above a few log lines.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_scan::plan::{Hint, Outcome, Plan, required};
use regex::RegexBuilder;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|byte| *byte == b'\n');
    let Some(Ok(pattern)) = parts.next().map(str::from_utf8) else {
        return;
    };
    // Patterns that are big once compiled make the fuzzer slow and find nothing.
    let Ok(regex) = RegexBuilder::new(pattern).size_limit(1 << 18).build() else {
        return;
    };
    let required = required(pattern);
    let plan = Plan::new(pattern).ok();
    let mut groups = Vec::new();
    let mut hint = Hint::default();
    for line in parts {
        let text = String::from_utf8_lossy(line);
        let captures = regex.captures(&text);
        assert!(
            captures.is_none() || required.allows(line),
            "a match without required texts"
        );
        let Some(plan) = &plan else {
            continue;
        };
        match plan.is_match(line, &mut hint) {
            Outcome::Unsure => {}
            outcome => assert_eq!(outcome == Outcome::Match, captures.is_some(), "is_match"),
        }
        match plan.run(line, &mut groups) {
            Outcome::Unsure => continue,
            Outcome::NoMatch => assert!(captures.is_none(), "a match that the plan denies"),
            Outcome::Match => {
                let captures = captures.expect("a match that the regex denies");
                assert_eq!(groups.len(), captures.len(), "the number of groups");
                // A place on a line that is no UTF-8 is the length of the copy up to there.
                let place = |place: u32| String::from_utf8_lossy(&line[..place as usize]).len();
                for (group, meant) in groups.iter().zip(captures.iter()) {
                    let found = group.map(|(start, end)| place(start)..place(end));
                    assert_eq!(found, meant.map(|meant| meant.range()), "a group's span");
                }
            }
        }
    }
});
