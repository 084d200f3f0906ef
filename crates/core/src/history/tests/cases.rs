//! One thing each.

use super::*;

fn repeated(lines: u64) -> Notice {
    Notice::Repeated {
        container: String::new(),
        lines,
    }
}

fn no_overlap() -> Notice {
    Notice::NoOverlap {
        container: String::new(),
    }
}

#[test]
fn a_first_run_counts_all_and_says_nothing() {
    let mut rows = Rows::new();
    let (counted, notices) = run(&mut rows, SMALL, &lines(0..100));
    assert_eq!(counted, lines(0..100));
    assert_eq!(notices, []);
}

#[test]
fn repeated_lines_do_not_count_and_new_ones_do_at_once() {
    for first in [0, 50, 68, 90, 99] {
        let mut rows = Rows::new();
        run(&mut rows, Sizes::default(), &lines(0..100));
        let mut recognizer = restore(&rows, Sizes::default(), HELD);
        let mut counted = Vec::new();
        for line in lines(first..100) {
            recognizer.offer(0, line.as_bytes(), |raw| counted.push(text(raw)));
        }
        assert_eq!(counted, [""; 0]);
        assert_eq!(recognizer.held_lines(), 0);
        assert_eq!(recognizer.take_notices(), [repeated(100 - first as u64)]);
        recognizer.offer(0, b"new", |raw| counted.push(text(raw)));
        assert_eq!(counted, ["new"]);
    }
}

#[test]
fn another_log_counts_at_once_and_is_known_next_time() {
    let mut rows = Rows::new();
    run(&mut rows, Sizes::default(), &lines(0..100));
    let other = lines(1000..1010);
    let mut recognizer = restore(&rows, Sizes::default(), HELD);
    let mut counted = Vec::new();
    for line in &other {
        recognizer.offer(0, line.as_bytes(), |raw| counted.push(text(raw)));
        assert_eq!(counted.last(), Some(line));
    }
    assert_eq!(recognizer.take_notices(), [no_overlap()]);
    save(&mut recognizer, &mut rows);
    let (counted, notices) = run(&mut rows, Sizes::default(), &other);
    assert_eq!((counted, notices), (vec![], vec![repeated(10)]));
}

#[test]
fn growth_between_runs_counts_once() {
    let mut rows = Rows::new();
    let mut all = Vec::new();
    for round in 1..=20 {
        let (counted, _) = run(&mut rows, SMALL, &lines(0..round * 17));
        all.extend(counted);
    }
    assert_eq!(all, lines(0..20 * 17));
}

#[test]
fn a_stream_that_begins_before_the_recent_lines_is_found() {
    for start in (0..2000).step_by(37) {
        let mut rows = Rows::new();
        run(&mut rows, SMALL, &lines(0..2000));
        let (counted, notices) = run(&mut rows, SMALL, &lines(start..2010));
        assert_eq!(counted, lines(2000..2010), "from {start}");
        assert_eq!(notices, [repeated(2000 - start as u64)]);
    }
}

#[test]
fn a_long_history_is_found_with_the_sizes_of_the_program() {
    let mut rows = Rows::new();
    run(&mut rows, Sizes::default(), &lines(0..300_000));
    for start in [0, 1, 100_000, 235_000, 299_999] {
        let mut rows = rows.clone();
        let (counted, _) = run(&mut rows, Sizes::default(), &lines(start..300_005));
        assert_eq!(counted, lines(300_000..300_005), "from {start}");
    }
    let bytes: usize = rows
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    assert!(bytes < 800 << 10, "{bytes} bytes are saved");
}

#[test]
fn a_save_writes_little() {
    let mut rows = Rows::new();
    run(&mut rows, Sizes::default(), &lines(0..200_000));
    let mut recognizer = restore(&rows, Sizes::default(), HELD);
    recognizer.offer(0, b"line 199999", |_| {});
    assert_eq!(recognizer.changes(), []);
    recognizer.offer(0, b"new", |_| {});
    let changes = recognizer.changes();
    let bytes: usize = changes.iter().flat_map(|row| &row.1).map(Vec::len).sum();
    assert!(changes.len() == 2 && bytes < 10_000, "{bytes} bytes");
}

#[test]
fn containers_have_histories_of_their_own() {
    let mut rows = Rows::new();
    let lines_of = |name: &str, lines: Vec<String>| -> Vec<String> {
        lines
            .iter()
            .map(|line| format!("{name}  | {line}"))
            .collect()
    };
    let (a, b) = (lines_of("gw-1", lines(0..9)), lines_of("gw-2", lines(0..9)));
    run(&mut rows, SMALL, &[a.clone(), b.clone()].concat());
    let mixed: Vec<String> = b
        .iter()
        .zip(&a)
        .flat_map(|(b, a)| [b.clone(), a.clone()])
        .collect();
    let (counted, notices) = run(&mut rows, SMALL, &mixed);
    assert_eq!(counted, [""; 0]);
    assert_eq!(notices.len(), 2);
    assert_eq!(
        notices[0].to_string(),
        "recognised 9 lines of `gw-2` that were counted before"
    );
}

#[test]
fn a_run_of_equal_lines_goes_to_the_longest_overlap() {
    // Three of five were printed again, and two more came: which ones cannot be told.
    let mut rows = Rows::new();
    let equal = |count| vec!["same".to_owned(); count];
    run(&mut rows, SMALL, &equal(5));
    let (counted, _) = run(&mut rows, SMALL, &equal(5));
    assert_eq!(counted, [""; 0]);
    let (counted, _) = run(&mut rows, SMALL, &equal(7));
    assert_eq!(counted.len(), 2);
}

#[test]
fn equal_lines_that_come_slowly_are_new() {
    let mut rows = Rows::new();
    run(&mut rows, SMALL, &vec!["same".to_owned(); 30]);
    let mut recognizer = restore(&rows, SMALL, HELD);
    let mut counted = 0;
    for _ in 0..10 {
        recognizer.offer(0, b"same", |_| counted += 1);
    }
    assert_eq!(counted, 0);
    for minute in 1..=4 {
        recognizer.offer(60_000 * minute, b"same", |_| counted += 1);
    }
    assert_eq!(counted, 4);
    assert_eq!(recognizer.take_notices(), [repeated(10)]);
}

#[test]
fn history_that_pauses_stays_history() {
    let mut rows = Rows::new();
    run(&mut rows, Sizes::default(), &lines(0..500));
    let mut recognizer = restore(&rows, Sizes::default(), HELD);
    let mut counted = Vec::new();
    for (second, line) in lines(0..505).iter().enumerate() {
        let now_ms = 10_000 * second as u64;
        recognizer.idle(now_ms, |raw| counted.push(text(raw)));
        recognizer.offer(now_ms, line.as_bytes(), |raw| counted.push(text(raw)));
    }
    assert_eq!(counted, lines(500..505));
}

#[test]
fn what_may_be_old_does_not_wait_for_long() {
    let mut rows = Rows::new();
    run(&mut rows, SMALL, &lines(0..2000));
    let mut recognizer = restore(&rows, SMALL, HELD);
    let mut counted = Vec::new();
    recognizer.offer(0, b"new", |raw| counted.push(text(raw)));
    assert_eq!(recognizer.held_lines(), 1);
    recognizer.idle(2999, |raw| counted.push(text(raw)));
    assert_eq!(counted, [""; 0]);
    recognizer.idle(3000, |raw| counted.push(text(raw)));
    assert_eq!(counted, ["new"]);
    assert_eq!(recognizer.take_notices(), [no_overlap()]);
}

#[test]
fn no_more_is_held_than_may_be() {
    let limits = Limits {
        lines: 10,
        bytes: 10_000,
    };
    let mut rows = Rows::new();
    run(&mut rows, SMALL, &lines(0..2000));
    // From the beginning every line agrees. What no held line belongs to is new.
    for (from, new_from) in [(0, 2000), (3, 3)] {
        let mut recognizer = restore(&rows, SMALL, limits);
        let mut counted = Vec::new();
        for line in lines(from..2005) {
            recognizer.offer(0, line.as_bytes(), |raw| counted.push(text(raw)));
            assert!(recognizer.held_lines() <= 10);
        }
        assert!(counted == lines(new_from..2005), "from {from}");
    }
}

#[test]
fn where_history_was_changed_counting_goes_on() {
    let limits = Limits {
        lines: 10,
        bytes: 10_000,
    };
    for sizes in [SMALL, Sizes::default()] {
        let mut rows = Rows::new();
        run(&mut rows, sizes, &lines(0..100));
        let changed = [lines(0..90), lines(1000..1030)].concat();
        let mut recognizer = restore(&rows, sizes, limits);
        let mut counted = Vec::new();
        for line in &changed {
            recognizer.offer(0, line.as_bytes(), |raw| counted.push(text(raw)));
        }
        recognizer.finish(|raw| counted.push(text(raw)));
        assert_eq!(counted, lines(1000..1030));
        let [Notice::Diverged { lines: 90, .. }] = recognizer.take_notices()[..] else {
            panic!("no divergence is reported");
        };
        save(&mut recognizer, &mut rows);
        // The next run knows the log as it is now.
        let (counted, _) = run(&mut rows, sizes, &changed);
        assert_eq!(counted, [""; 0]);
    }
}

#[test]
fn rows_that_are_broken_are_said_and_deleted() {
    let mut rows = Rows::new();
    run(&mut rows, SMALL, &lines(0..200));
    for at in 0..rows.len() {
        let mut broken = rows.clone();
        let value = broken.values_mut().nth(at).unwrap();
        value[0] ^= 1;
        let mut recognizer = restore(&broken, SMALL, HELD);
        let container = String::new();
        assert_eq!(
            recognizer.take_notices(),
            [Notice::Unreadable { container }]
        );
        let mut counted = 0;
        recognizer.offer(0, b"line 0", |_| counted += 1);
        assert_eq!(counted, 1);
        save(&mut recognizer, &mut broken);
        assert_eq!(broken.len(), 2, "a head and a chunk");
    }
}

#[test]
fn a_missing_row_is_noticed_where_it_matters() {
    let mut rows = Rows::new();
    run(&mut rows, SMALL, &lines(0..200));
    for key in rows.keys().filter(|key| key[0] != 2) {
        let mut broken = rows.clone();
        broken.remove(key);
        let notices = restore(&broken, SMALL, HELD).take_notices();
        assert!(
            matches!(notices[..], [Notice::Unreadable { .. }]),
            "{key:?}"
        );
    }
}

#[test]
fn many_containers_are_bounded() {
    let mut rows = Rows::new();
    let speak = |from: usize, to: usize| -> Vec<String> {
        (from..to)
            .map(|number| format!("run-{number}  | text"))
            .collect()
    };
    let (counted, notices) = run(&mut rows, SMALL, &speak(0, CONTAINERS_MAX + 3));
    assert_eq!(counted.len(), CONTAINERS_MAX + 3);
    assert!(matches!(notices[..], [Notice::TooMany { .. }]));
    let saved = rows.len();
    // Those without a line this time make room.
    let (counted, notices) = run(&mut rows, SMALL, &speak(1000, 1010));
    assert_eq!((counted.len(), notices.len()), (10, 0));
    assert_eq!(rows.len(), saved);
    let (counted, _) = run(&mut rows, SMALL, &speak(1000, 1010));
    assert_eq!(counted.len(), 0);
}
