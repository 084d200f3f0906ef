//! Records of their own forms: what begins with one line and goes on with others.

use super::*;

/// Records that begin with `start` and go on with `further`.
fn own(start: &str, further: &str) -> Multiline {
    Multiline {
        start: Some(Regex::new(start).unwrap()),
        ..(*settings(further, Matching::Continues)).clone()
    }
}

fn chained(all: Vec<Multiline>) -> Arc<Multiline> {
    let all = all.into_iter().map(|one| (None, Arc::new(one)));
    let by_file = MultilineByFile::new(all.collect());
    Arc::clone(by_file.first().unwrap())
}

/// All records of the log, in the plainest form: one group after the other, and the order of first lines.
fn plainly(lines: &[Written], settings: &Multiline) -> Vec<(u64, Written)> {
    let forms: Vec<&Multiline> =
        std::iter::successors(Some(settings), |form| form.others.as_deref()).collect();
    let matches = |pattern: &Regex, line: &Written| pattern.is_match(line.text.as_bytes());
    let mut records: Vec<(u64, Written)> = Vec::new();
    // Of each group: its record that may go on, and of which form that is.
    let mut open: Vec<(Written, usize, usize)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_same =
            |one: &Written| (&one.service, one.is_stderr) == (&line.service, line.is_stderr);
        let before = open.iter().position(|(whose, ..)| is_same(whose));
        let own_further = before.filter(|before| {
            let form = forms[open[*before].2];
            form.start.is_some() && matches(&form.pattern, line)
        });
        let begun = forms.iter().position(|form| match &form.start {
            Some(start) => matches(start, line),
            None => matches(&form.pattern, line) == (form.matching == Matching::Begins),
        });
        // One that is for all lines lets any record go on.
        let is_general = forms.iter().any(|form| form.start.is_none());
        let further = own_further.or(before.filter(|_| begun.is_none() && is_general));
        if let Some(further) = further {
            let text = &mut records[open[further].1].1.text;
            *text = format!("{text}\n{}", line.text);
            continue;
        }
        open.retain(|(whose, ..)| !is_same(whose));
        if let Some(form) = begun {
            open.push((line.clone(), records.len(), form));
        }
        records.push((at as u64, line.clone()));
    }
    records
}

fn forms() -> impl Strategy<Value = Arc<Multiline>> {
    let own_forms = [own("^1", "^\\s"), own("^2", "^Caused|^$")];
    let of_all = [
        (*settings("^\\s", Matching::Continues)).clone(),
        (*settings("^[0-9]", Matching::Begins)).clone(),
    ];
    (
        prop::sample::subsequence(own_forms.to_vec(), 1..3),
        prop::option::of(prop::sample::select(of_all.to_vec())),
    )
        .prop_map(|(own, other)| chained(own.into_iter().chain(other).collect()))
}

proptest! {
    /// Each form joins its own records alone, over restarts and rotations.
    #[test]
    fn each_form_joins_its_own_records(
        lines in prop::collection::vec(line(), 0..60),
        breaks in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        settings in forms(),
    ) {
        let mut run = Run::new(&settings);
        for (at, line) in lines.iter().enumerate() {
            for (number, place) in breaks.iter().enumerate() {
                if place.index(lines.len()) != at {
                    continue;
                }
                if number % 2 == 0 {
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
        prop_assert_eq!(found, plainly(&lines, &settings));
    }
}

#[test]
fn lines_of_other_programs_are_left_as_they_are() {
    let settings = Arc::new(own("^\\d", "^\\s"));
    let mut run = Run::new(&settings);
    for text in ["  a", "x", "  b", "1", "  c", "  d", "y", "  e", "2"] {
        run.plain(text);
    }
    run.end();
    run.expect(&["  a", "x", "  b", "1\n  c\n  d", "y", "  e", "2"]);
    assert_eq!(run.joiner.take_cuts(), Cuts::default());
}

#[test]
fn a_line_that_is_none_keeps_what_was_around_it() {
    let mut joiner = Joiner::new(&Arc::new(own("^\\d", "^\\s")));
    let wrapping = Wrapping {
        whole: Some(b"web-1 | x"),
        ..Wrapping::default()
    };
    let mut whole = None;
    let unwrapped = Unwrapped {
        text: b"x",
        wrapping,
    };
    joiner.line(0, &unwrapped, |_, record| {
        whole = record.wrapping.whole.map(<[u8]>::to_vec);
    });
    assert_eq!(whole.as_deref(), Some(&b"web-1 | x"[..]));
    assert!(!joiner.holds_anything());
}

#[test]
fn each_form_has_its_own_bounds() {
    let short = Multiline {
        lines_max: 2,
        wait: Duration::from_secs(5),
        ..own("^1", "^\\s")
    };
    let mut run = Run::new(&chained(vec![short, own("^2", "^\\s")]));
    let start = Instant::now();
    run.plain("1");
    assert_eq!(
        run.settle(start, None),
        Some(start + Duration::from_secs(5))
    );
    for text in [" a", " b", "2", " a", " b"] {
        run.plain(text);
    }
    run.expect(&["1\n a"]);
    assert_eq!(run.settle(start, None), Some(start + WAIT));
    assert_eq!(run.joiner.take_cuts().lines_max, 1);
    // What is cut stays cut over a restart, though its form is not known any more.
    run.plain("1");
    run.plain(" a");
    run.plain(" b");
    run.records.clear();
    let settings = Arc::new(own("^1", "^\\s"));
    run.restart(&settings);
    run.plain(" c");
    run.plain("x");
    run.expect(&["x"]);
}

#[test]
fn other_settings_take_up_a_record_where_they_know_its_beginning() {
    let mut run = Run::new(&starts());
    run.plain("1");
    run.restart(&Arc::new(own("^1", "^\\s")));
    run.plain(" a");
    run.plain("x");
    run.expect(&["1\n a", "x"]);
    run.plain("1");
    run.restart(&Arc::new(own("^2", "^\\s")));
    run.plain("x");
    run.expect(&["1", "x"]);
}

#[test]
fn settings_for_the_same_files_are_one_after_the_other() {
    let (one, two, all) = (own("^1", "^\\s"), own("^2", "^\\s"), starts());
    let by_file = MultilineByFile::new(vec![
        (None, Arc::clone(&all)),
        (None, Arc::new(one.clone())),
        (None, Arc::new(two.clone())),
        (None, Arc::new(one.clone())),
    ]);
    let found = by_file.first().unwrap();
    let starts: Vec<_> = std::iter::successors(Some(&**found), |form| form.others.as_deref())
        .map(|form| form.start.as_ref().map(Regex::as_str))
        .collect();
    assert_eq!(starts, [Some("^1"), Some("^2"), None]);
    assert_ne!(**found, one);
}
