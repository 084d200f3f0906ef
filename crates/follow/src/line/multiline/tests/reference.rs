//! The joiner in its plainest form: the whole log is there, and each group is looked at by itself.

use super::{Matching, Multiline};

/// A line as it comes, or a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) service: Option<String>,
    pub(super) is_stderr: bool,
    pub(super) time: Option<String>,
    pub(super) text: String,
}

impl Written {
    pub(super) fn plain(text: &str) -> Written {
        Written {
            text: text.to_owned(),
            ..Written::default()
        }
    }
}

/// All records, each with the number of its first line, in the order of these.
pub(super) fn reference(lines: &[Written], settings: &Multiline) -> Vec<(u64, Written)> {
    let group = |line: &Written| (line.service.clone(), line.is_stderr);
    let begins = |line: &Written| {
        let matches = settings.pattern.is_match(line.text.as_bytes());
        matches == (settings.matching == Matching::Begins)
    };
    let mut records = Vec::new();
    for (at, first) in lines.iter().enumerate() {
        let of_group = |lines: &[Written]| -> Vec<Written> {
            let of_group = lines.iter().filter(|line| group(line) == group(first));
            of_group.cloned().collect()
        };
        if !begins(first) {
            // A record of its own, where nothing of its group has begun.
            if !of_group(&lines[..at]).iter().any(begins) {
                records.push((at as u64, first.clone()));
            }
            continue;
        }
        let after = of_group(&lines[at + 1..]);
        let further = after.iter().take_while(|line| !begins(line));
        let further = further.take(settings.lines_max - 1);
        let mut text = first.text.clone();
        for line in further {
            text = format!("{text}\n{}", line.text);
        }
        text.truncate(settings.bytes_max);
        records.push((
            at as u64,
            Written {
                text,
                ..first.clone()
            },
        ));
    }
    records
}
