//! The joiner against one that has the whole log before it; restarts, time, and what is cut.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::line::Wrapping;
use crate::line::unwrap::Unwrapped;

mod forms;
mod reference;

use reference::{Written, reference};

fn settings(pattern: &str, matching: Matching) -> Arc<Multiline> {
    Arc::new(Multiline {
        matching,
        ..Multiline::beginning_with(Regex::new(pattern).unwrap())
    })
}

fn starts() -> Arc<Multiline> {
    settings("^[0-9]", Matching::Begins)
}

/// A joiner that remembers its records, each with where it begins, whose it is, and its time.
struct Run {
    joiner: Joiner,
    records: Vec<(u64, Written)>,
}

impl Run {
    fn new(settings: &Arc<Multiline>) -> Run {
        Run {
            joiner: Joiner::new(settings),
            records: Vec::new(),
        }
    }

    fn line(&mut self, offset: u64, line: &Written) {
        let wrapping = Wrapping {
            service: line.service.as_deref().map(str::as_bytes),
            is_stderr: line.is_stderr,
            time: line.time.as_deref().map(str::as_bytes),
            whole: Some(b"whole"),
            ..Wrapping::default()
        };
        let text = line.text.as_bytes();
        let records = &mut self.records;
        let unwrapped = Unwrapped { text, wrapping };
        (self.joiner).line(offset, &unwrapped, |offset, record| {
            records.push((offset, written(record)));
        });
    }

    fn plain(&mut self, text: &str) {
        self.line(0, &Written::plain(text));
    }

    fn settle(&mut self, now: Instant, restored_until: Option<Instant>) -> Option<Instant> {
        let records = &mut self.records;
        (self.joiner).settle(now, restored_until, |offset, record| {
            records.push((offset, written(record)));
        })
    }

    fn end(&mut self) {
        let records = &mut self.records;
        (self.joiner).end(|offset, record| records.push((offset, written(record))));
    }

    /// Goes on as another run does.
    fn restart(&mut self, settings: &Arc<Multiline>) {
        let mut bytes = Vec::new();
        saved::write(&self.joiner, &mut bytes);
        self.joiner = saved::read(&bytes, Some(settings)).unwrap();
    }

    /// The texts of all records so far.
    #[track_caller]
    fn expect(&mut self, texts: &[&str]) {
        let found: Vec<_> = self.records.iter().map(|(_, one)| &one.text).collect();
        assert_eq!(found, texts);
        self.records.clear();
    }
}

fn written(record: &Unwrapped<'_>) -> Written {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_joined = record.text.contains(&b'\n');
    assert!(
        !is_joined || record.wrapping.whole.is_none(),
        "a record was joined"
    );
    Written {
        service: record.wrapping.service.map(text),
        is_stderr: record.wrapping.is_stderr,
        time: record.wrapping.time.map(text),
        text: text(record.text),
    }
}

fn line() -> impl Strategy<Value = Written> {
    let texts = [
        "1 one",
        "2 two",
        " more",
        "",
        "Caused by: x",
        "3",
        "\tat a.b(C.java:1)",
    ];
    let services = [None, None, Some("a"), Some("b")];
    (
        prop::sample::select(texts.to_vec()),
        prop::sample::select(services.to_vec()),
        any::<bool>(),
        prop::option::of(0..9_u8),
    )
        .prop_map(|(text, service, is_stderr, time)| Written {
            service: service.map(str::to_owned),
            is_stderr,
            time: time.map(|time| time.to_string()),
            text: text.to_owned(),
        })
}

proptest! {
    /// Restarts and rotations anywhere give what is read at once.
    #[test]
    fn records_are_those_of_the_whole_log(
        lines in prop::collection::vec(line(), 0..60),
        breaks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        begins in any::<bool>(),
        lines_max in 2..6_usize,
        bytes_max in 3..40_usize,
    ) {
        let settings = Arc::new(Multiline {
            lines_max,
            bytes_max,
            ..match begins {
                true => (*settings("^[0-9]", Matching::Begins)).clone(),
                false => (*settings("^\\s|^Caused", Matching::Continues)).clone(),
            }
        });
        let breaks: Vec<usize> = breaks.iter().map(|at| at.index(lines.len() + 1)).collect();
        let mut run = Run::new(&settings);
        for (at, line) in lines.iter().enumerate() {
            for number in breaks.iter().enumerate().filter(|(_, place)| **place == at) {
                if number.0 % 2 == 0 {
                    run.restart(&settings);
                } else {
                    let mut next = Joiner::new(&settings);
                    next.take_over(&mut run.joiner);
                    run.joiner = next;
                }
            }
            run.line(at as u64, line);
        }
        run.end();
        let mut found = run.records;
        found.sort_by_key(|(offset, _)| *offset);
        prop_assert_eq!(found, reference(&lines, &settings));
    }
}

#[test]
fn lines_between_each_other_are_joined_apart() {
    let mut run = Run::new(&starts());
    let of = |service: &str, is_stderr, text: &str| Written {
        service: Some(service.to_owned()),
        is_stderr,
        ..Written::plain(text)
    };
    run.line(0, &of("a", false, "1 a"));
    run.line(1, &of("b", false, "1 b"));
    run.line(2, &of("a", false, "  of a"));
    run.line(3, &of("a", true, "2 a, stderr"));
    run.line(4, &of("b", false, "  of b"));
    run.line(5, &of("a", false, "  of a"));
    run.end();
    assert_eq!(
        run.records,
        [
            (3, of("a", true, "2 a, stderr")),
            (1, of("b", false, "1 b\n  of b")),
            (0, of("a", false, "1 a\n  of a\n  of a")),
        ]
    );
}

#[test]
fn a_record_waits_for_a_while_after_its_last_line() {
    let mut run = Run::new(&starts());
    let (start, wait) = (Instant::now(), Duration::from_secs(1));
    run.plain("1 one");
    assert_eq!(run.settle(start, None), Some(start + wait));
    run.plain("  more");
    // It waits from when it is first looked at after its last line.
    assert_eq!(run.settle(start + wait, None), Some(start + 2 * wait));
    run.expect(&[]);
    assert_eq!(run.settle(start + 2 * wait, None), None);
    run.expect(&["1 one\n  more"]);
    assert!(!run.joiner.holds_records());
    // What comes too late is a record of its own.
    run.plain("  late");
    run.plain("  and later");
    run.plain("2 two");
    run.expect(&["  late", "  and later"]);
    let cuts = Cuts {
        wait: 1,
        ..Cuts::default()
    };
    assert_eq!(run.joiner.take_cuts(), cuts);
    run.end();
    run.expect(&["2 two"]);
}

#[test]
fn what_was_counted_for_its_time_stays_counted_after_a_restart() {
    let settings = starts();
    let mut run = Run::new(&settings);
    run.plain("1 one");
    let start = Instant::now();
    run.settle(start, None);
    run.settle(start + settings.wait, None);
    run.expect(&["1 one"]);
    run.restart(&settings);
    run.plain("  late");
    run.expect(&["  late"]);
    assert_eq!(run.joiner.take_cuts().wait, 1);
}

#[test]
fn a_record_of_the_last_run_waits_until_its_log_is_there() {
    let settings = starts();
    let mut run = Run::new(&settings);
    run.plain("1 one");
    run.restart(&settings);
    let start = Instant::now();
    let until = start + Duration::from_secs(60);
    assert_eq!(run.settle(start, Some(until)), Some(until));
    assert_eq!(
        run.settle(start + 9 * settings.wait, Some(until)),
        Some(until)
    );
    run.expect(&[]);
    run.plain("  more");
    run.settle(start + 9 * settings.wait, Some(until));
    run.settle(start + 10 * settings.wait, Some(until));
    run.expect(&["1 one\n  more"]);
}

#[test]
fn what_is_too_long_is_cut_and_its_rest_skipped() {
    let settings = Arc::new(Multiline {
        lines_max: 3,
        bytes_max: 12,
        ..(*starts()).clone()
    });
    let mut run = Run::new(&settings);
    for text in ["1", "a", "b", "c", "d", "2"] {
        run.plain(text);
    }
    run.expect(&["1\na\nb"]);
    for text in ["more than fits", "x", "3 longer than all", "y", "4"] {
        run.plain(text);
    }
    run.expect(&["2\nmore than ", "3 longer tha"]);
    let first = run.joiner.take_cuts();
    run.restart(&settings);
    for text in ["9 bytes..", "x", "5"] {
        run.plain(text);
    }
    run.expect(&["4", "9 bytes..\nx"]);
    let cuts = Cuts {
        lines_max: 1,
        bytes_max: 2,
        ..Cuts::default()
    };
    assert_eq!(first, cuts);
    assert_eq!(run.joiner.take_cuts(), Cuts::default());
}

#[test]
fn lines_that_continue_nothing_are_records_of_their_own() {
    let mut run = Run::new(&starts());
    for text in ["  a", "  b", "1", "  c"] {
        run.plain(text);
    }
    run.expect(&["  a", "  b"]);
    assert_eq!(run.joiner.take_cuts().no_start, 1, "once in a row");
}

#[test]
fn memory_is_bounded_in_services_and_bytes() {
    let mut run = Run::new(&starts());
    let of = |service: usize, text: &str| Written {
        service: Some(format!("service-{service}")),
        ..Written::plain(text)
    };
    for service in 0..1000 {
        run.line(service as u64, &of(service, "1"));
    }
    assert_eq!(run.records.len(), 1000 - joiner::GROUPS_MAX);
    assert_eq!(run.records[0].0, 0, "the oldest first");
    let mut run = Run::new(&starts());
    let long = format!("1{}", "x".repeat(LINE_BYTES_MAX - 1));
    for service in 0..9 {
        run.line(service as u64, &of(service, &long));
    }
    assert_eq!(
        run.records.len(),
        9 - joiner::HELD_BYTES_MAX / LINE_BYTES_MAX
    );
    run.end();
    assert_eq!(run.records.len(), 9);
}

#[test]
fn the_settings_of_a_file_are_those_of_its_pattern_first() {
    let of = |file: &str| Origin {
        source: Arc::from("x"),
        file: Arc::from(file),
    };
    let (all, java) = (starts(), settings("^J", Matching::Begins));
    let pattern = FilePattern::parse("java*.log").unwrap();
    let by_file = MultilineByFile::new(vec![
        (None, Arc::clone(&all)),
        (Some(pattern), Arc::clone(&java)),
    ]);
    assert_eq!(by_file.of(&of("/a/java-1.log")), Some(&java));
    assert_eq!(by_file.of(&of("/a/java-1.log.2.gz")), Some(&java));
    assert_eq!(by_file.of(&of("-")), Some(&all));
    assert_eq!(MultilineByFile::default().of(&of("-")), None);
}

#[test]
fn a_record_that_meets_another_one_is_whole() {
    let settings = starts();
    let (mut old, mut new) = (Run::new(&settings), Run::new(&settings));
    old.plain("1 old");
    new.plain("2 new");
    new.joiner.take_over(&mut old.joiner);
    new.restart(&settings);
    assert!(new.joiner.look(Instant::now(), None).is_over);
    new.plain("  more");
    new.end();
    new.expect(&["1 old", "2 new\n  more"]);
    old.end();
    old.expect(&[]);
}
