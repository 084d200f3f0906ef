//! Records of several lines: patterns say what the regex says of them, planned or not.

use crate::engine::rule::pattern::{Groups, Pattern};

/// Patterns of which most have a plan.
const PATTERNS: [&str; 7] = [
    r"user=(?P<a>\S+) .*status=(?P<b>\d+)",
    r"(?P<a>.*) status=(?P<b>\d+)",
    r"(?s)user=(?P<a>\S+).*status=(?P<b>\d+)",
    r"^(?P<a>.*)$",
    r"(?m)^  (?P<a>.*)$",
    r"user=(?P<a>[^ ]*)\n *(?P<b>\w+)",
    r"status=(?P<b>.+)",
];

#[test]
fn a_pattern_sees_line_ends_as_the_regex_does() {
    let records = [
        "user=ann x\n  status=200",
        "user=ann\n  status=200 y\nz",
        "user=ann x status=200",
        "a\nb status=1\nc status=2",
    ];
    logmetrics_scan::plan::expect_line_feeds();
    for pattern in PATTERNS {
        let regex = regex::Regex::new(pattern).unwrap();
        for captures in [true, false] {
            let planned = Pattern::new(regex.clone(), captures);
            for record in records {
                let mut groups = Groups::default();
                let found = planned.matches(0, record.as_bytes(), &mut groups);
                assert_eq!(found, regex.is_match(record), "{pattern} {record:?}");
                let Some(expected) = regex.captures(record).filter(|_| captures) else {
                    continue;
                };
                for group in 0..regex.captures_len() {
                    let found = groups.bytes(group, record.as_bytes());
                    let expected = expected.get(group).map(|group| group.as_str().as_bytes());
                    assert_eq!(found, expected, "{pattern} {record:?}");
                }
            }
        }
    }
}
