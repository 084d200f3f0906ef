//! Plans against the regex crate, which is the meaning: on patterns from a grammar, on lines as logs
//! have them, and on the corners one by one.

mod corners;
mod corpus;
mod grammar;

use regex::Regex;

use super::{Hint, Outcome, Plan, required};

/// What the plan of `pattern` says of `line`, after holding all it says against the regex.
#[track_caller]
fn check(pattern: &str, regex: &Regex, plan: &Plan, line: &[u8]) -> Outcome {
    check_with_hint(pattern, regex, plan, line, &mut Hint::default())
}

/// [`check`] with what is remembered of the lines before.
#[track_caller]
fn check_with_hint(
    pattern: &str,
    regex: &Regex,
    plan: &Plan,
    line: &[u8],
    hint: &mut Hint,
) -> Outcome {
    let text = String::from_utf8_lossy(line);
    let captures = regex.captures(&text);
    let shown = format!("{pattern:?} on {:?}", line.escape_ascii().to_string());
    assert!(
        captures.is_none() || required(pattern).allows(line),
        "required texts refuse {shown}"
    );

    let sure = plan.is_match(line, hint);
    match sure {
        Outcome::Match => assert!(captures.is_some(), "is_match: Match: {shown}"),
        Outcome::NoMatch => assert!(captures.is_none(), "is_match: NoMatch: {shown}"),
        Outcome::Unsure => {}
    }

    let mut groups = vec![Some((7, 7)); 3];
    let outcome = plan.run(line, &mut groups);
    match outcome {
        Outcome::Unsure => {}
        Outcome::NoMatch => assert!(captures.is_none(), "NoMatch: {shown}"),
        Outcome::Match => {
            let captures = captures.unwrap_or_else(|| panic!("Match: {shown}"));
            // Where the line is no UTF-8, a place in it is the length of the copy up to there.
            let place = |place: u32| String::from_utf8_lossy(&line[..place as usize]).len();
            let found: Vec<_> = groups
                .iter()
                .map(|group| group.map(|(start, end)| (place(start), place(end))))
                .collect();
            let meant: Vec<_> = (0..captures.len())
                .map(|index| {
                    captures
                        .get(index)
                        .map(|group| (group.start(), group.end()))
                })
                .collect();
            assert_eq!(found, meant, "groups of {shown}");
            for (group, meant) in groups.iter().zip(captures.iter()) {
                let bytes = group.map(|(start, end)| &line[start as usize..end as usize]);
                let bytes = bytes.map(String::from_utf8_lossy);
                assert_eq!(
                    bytes.as_deref(),
                    meant.map(|meant| meant.as_str()),
                    "text: {shown}"
                );
            }
        }
    }
    outcome
}
