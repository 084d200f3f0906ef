//! Programs as units of the engine: what they make of lines is on the page.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use logmetrics_core::clock::{Clock, Hand};
use logmetrics_core::engine::Engine;
use logmetrics_core::engine::script::Changes;
use logmetrics_core::engine::source::Compiled;
use logmetrics_core::engine::verdict::Outcome;
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rate_limit::Limited;
use logmetrics_follow::line::{Line, Origin, Wrapping};
use proptest::prelude::*;

use super::{PageOptions, ProgramCounts, UnitOptions, unit};
use crate::{Options, compile};

/// A program with its series.
struct Running {
    engine: Engine,
    store: Store,
    hand: Hand,
    options: UnitOptions,
}

const NOW_MS: u64 = 1_790_000_000_000;

fn options(page: PageOptions) -> (UnitOptions, Hand) {
    let (clock, hand) = Clock::by_hand(NOW_MS);
    let options = UnitOptions {
        page,
        zone: TimeZone::UTC,
        assumes_year: true,
        sweep_seconds: 3600,
        says_errors: false,
        messages: Arc::new(Limited::new(clock.clone(), 1)),
        clock,
    };
    (options, hand)
}

fn compiled(source: &str, options: &UnitOptions) -> Compiled {
    let strict = options.page.strict;
    let read = if strict {
        Options::strict()
    } else {
        Options::default()
    };
    let program = compile("p.mtail", source, &read).unwrap().program;
    unit(program, source, options, Arc::new(ProgramCounts::default())).unwrap()
}

impl Running {
    fn new(source: &str) -> Running {
        Running::with(source, PageOptions::default(), &[])
    }

    fn with(source: &str, page: PageOptions, notes: &[(Vec<u8>, Vec<u8>)]) -> Running {
        let (options, hand) = options(page);
        let compiled = compiled(source, &options);
        let (engine, definitions) = Compiled::default().with_scripts(vec![compiled]);
        let store = Store::new(definitions, NOW_MS);
        let running = Running {
            engine,
            store,
            hand,
            options,
        };
        running.resume(None, notes);
        running
    }

    fn resume(&self, old: Option<&Engine>, notes: &[(Vec<u8>, Vec<u8>)]) {
        let now_ms = self.options.clock.now_ms();
        let mut batch = Batch::new(self.store.hasher());
        let kept = self.store.snapshot(now_ms);
        self.engine.resume_scripts(old, notes, &kept, &mut batch);
        self.store.apply(&batch, now_ms);
    }

    /// The same program or another one, after a reload.
    fn reload(self, source: &str) -> Running {
        let compiled = compiled(source, &self.options);
        let (engine, definitions) = Compiled::default().with_scripts(vec![compiled]);
        let now_ms = self.options.clock.now_ms();
        let running = Running {
            store: self.store.reload(definitions, now_ms),
            engine,
            hand: self.hand,
            options: self.options,
        };
        running.resume(Some(&self.engine), &[]);
        running
    }

    fn feed(&self, lines: &[&str]) {
        let origin = Origin {
            source: Arc::from("/logs/*.log"),
            file: Arc::from("/logs/a.log"),
        };
        let mut runner = self.engine.runner();
        let mut batch = Batch::new(self.store.hasher());
        for text in lines {
            let line = Line {
                text: text.as_bytes(),
                wrapping: &Wrapping::NONE,
                origin: &origin,
            };
            self.engine.feed(&line, &mut runner, &mut batch);
        }
        self.store.apply(&batch, self.options.clock.now_ms());
    }

    /// The samples of the page.
    fn samples(&self) -> Vec<String> {
        let snapshot = self.store.snapshot(self.options.clock.now_ms());
        let page = Exposition::new(snapshot, Vec::new(), Format::Text).into_bytes();
        let page = String::from_utf8(page).unwrap();
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        samples.map(str::to_owned).collect()
    }
}

fn kept(changes: Changes) -> Vec<(Vec<u8>, Vec<u8>)> {
    let kept = changes.into_iter();
    kept.filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

/// How long each job took, by a hidden gauge.
const JOBS: &str = "hidden gauge start by id\ngauge took by id\ncounter done\n\
    /^(\\d+) begin (\\S+)/ {\n  start[$2] = $1\n}\n\
    /^(\\d+) end (\\S+)/ {\n  took[$2] = $1 - start[$2]\n  del start[$2]\n  done++\n}\n";

#[test]
fn what_a_program_reads_back_is_exact() {
    let running = Running::new(JOBS);
    assert!(running.engine.needs_order());
    running.feed(&["5 begin a", "7 begin b", "9 end a", "x"]);
    assert_eq!(
        running.samples(),
        [
            "done{prog=\"p.mtail\"} 1",
            "took{id=\"a\",prog=\"p.mtail\"} 4"
        ]
    );
    // Only b is open.
    assert_eq!(running.engine.script_changes().len(), 1);
}

#[test]
fn hidden_values_survive_a_restart_and_a_reload() {
    let running = Running::new(JOBS);
    running.feed(&["5 begin a", "7 begin b"]);
    let notes = kept(running.engine.script_changes());
    assert!(running.engine.script_changes().is_empty());
    let again = Running::with(JOBS, PageOptions::default(), &notes);
    again.feed(&["10 end a"]);
    assert_eq!(again.samples()[1], "took{id=\"a\",prog=\"p.mtail\"} 5");
    let other = again.reload(&format!("{JOBS}# changed\n"));
    other.feed(&["11 end b"]);
    assert_eq!(
        other.samples(),
        [
            "done{prog=\"p.mtail\"} 2",
            "took{id=\"a\",prog=\"p.mtail\"} 5",
            "took{id=\"b\",prog=\"p.mtail\"} 4"
        ]
    );
}

#[test]
fn a_metric_that_is_read_back_after_a_reload_goes_on_from_its_series() {
    let running = Running::new("counter c by k\n/(\\S+)/ {\n  c[$1]++\n}\n");
    assert!(!running.engine.needs_order());
    running.feed(&["a", "a\"b", "a"]);
    let source = "counter c by k\ngauge g\n/(\\S+)/ {\n  g = c[$1]++\n}\n";
    let running = running.reload(source);
    running.feed(&["a", "a\"b"]);
    assert_eq!(
        running.samples(),
        [
            "c{k=\"a\",prog=\"p.mtail\"} 3",
            "c{k=\"a\\\"b\",prog=\"p.mtail\"} 2",
            "g{prog=\"p.mtail\"} 2"
        ]
    );
}

#[test]
fn what_expires_is_gone_from_page_and_memory() {
    let source = "counter c by k\n/(\\S+)/ {\n  c[$1]++\n  del c[$1] after 10m\n}\n";
    let running = Running::new(source);
    running.feed(&["a"]);
    running.hand.advance_ms(300_000);
    running.feed(&["b", "b"]);
    running.hand.advance_ms(400_000);
    assert_eq!(running.samples(), ["c{k=\"b\",prog=\"p.mtail\"} 2"]);
    running.feed(&["a", "b"]);
    assert_eq!(
        running.samples(),
        [
            "c{k=\"a\",prog=\"p.mtail\"} 1",
            "c{k=\"b\",prog=\"p.mtail\"} 3"
        ]
    );
}

#[test]
fn the_oldest_series_makes_room_whether_it_is_remembered_or_not() {
    for read in ["", "  c[$1] > 5 {\n    stop\n  }\n"] {
        let source = format!("counter c by k limit 2\n/(\\S+)/ {{\n  c[$1]++\n{read}}}\n");
        let running = Running::new(&source);
        for line in ["a", "b", "a", "c"] {
            running.feed(&[line]);
            running.hand.advance_ms(2000);
        }
        assert_eq!(
            running.samples(),
            [
                "c{k=\"a\",prog=\"p.mtail\"} 2",
                "c{k=\"c\",prog=\"p.mtail\"} 1"
            ],
            "{source}"
        );
    }
}

#[test]
fn begin_blocks_run_once_for_each_version() {
    let source = "gauge up by k\nbegin {\n  up[\"x\"] += 1\n}\n/y/ {\n  up[\"y\"]++\n}\n";
    let running = Running::new(source);
    let same = running.reload(source);
    same.feed(&["y"]);
    assert_eq!(
        same.samples(),
        [
            "up{k=\"x\",prog=\"p.mtail\"} 1",
            "up{k=\"y\",prog=\"p.mtail\"} 1"
        ]
    );
    let other = same.reload(&format!("{source}\n"));
    assert_eq!(other.samples().len(), 2);
}

#[test]
fn the_name_of_the_file_is_its_path() {
    let source = "counter c by f\n// {\n  c[getfilename()]++\n}\n";
    let running = Running::new(source);
    running.feed(&["x"]);
    assert_eq!(
        running.samples(),
        ["c{f=\"/logs/a.log\",prog=\"p.mtail\"} 1"]
    );
    assert!(Path::new("/logs/a.log").is_absolute());
}

#[test]
fn pages_look_like_those_of_mtail_where_that_is_asked() {
    let page = PageOptions {
        is_mtails: true,
        shows_time: true,
        has_program: false,
        strict: true,
    };
    let source = "counter bytes\nhistogram h buckets 1, 2500000\ncounter never\n\
                  /(\\d+) (\\d+)/ {\n  settime($2)\n  bytes += $1\n  h = $1\n}\n\
                  /no/ {\n  never++\n}\n";
    let running = Running::with(source, page, &[]);
    running.feed(&["2500000 1500000000"]);
    assert_eq!(
        running.samples(),
        [
            "bytes 2.5e+06 1500000000000",
            "h_bucket{le=\"1\"} 0 1500000000000",
            "h_bucket{le=\"2.5e+06\"} 1 1500000000000",
            "h_bucket{le=\"+Inf\"} 1 1500000000000",
            "h_sum 2.5e+06 1500000000000",
            "h_count 1 1500000000000",
            "never 0 0"
        ]
    );
}

#[test]
fn lines_that_had_to_be_repaired_are_counted() {
    let running = Running::new("counter seen by name\n/^name=(\\S+)/ {\n  seen[$1]++\n}\n");
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let mut runner = running.engine.runner();
    let mut batch = Batch::new(running.store.hasher());
    let lines: [&[u8]; 4] = [b"name=M\xfcller", b"name=M\xf6ller", b"name=ann", b"x\xff"];
    for text in lines {
        let line = Line {
            text,
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        running.engine.feed(&line, &mut runner, &mut batch);
    }
    assert_eq!(runner.counts().invalid_utf8, 2);
}

#[test]
fn what_held_and_what_was_done_is_explained() {
    let running = Running::new(JOBS);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let says = |text: &str| {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        running.engine.explain(&line).remove(0).outcome
    };
    assert_eq!(says("x"), Outcome::ScriptIdle);
    assert!(says("5 begin a").is_match());
    let Outcome::ScriptMatched { held, updates } = says("9 end a") else {
        panic!();
    };
    assert_eq!(held, ["line 7: /^(\\d+) end (\\S+)/ {".into()]);
    assert_eq!(
        updates,
        [
            "took{id=\"a\",prog=\"p.mtail\"} = 4".into(),
            "done{prog=\"p.mtail\"} + 1".into()
        ]
    );
    assert!(matches!(
        says("99999999999999999999 end b"),
        Outcome::ScriptFailed(_)
    ));
}

#[test]
fn long_values_are_cut() {
    let running = Running::new("counter c by k\n/(\\S+)/ {\n  c[$1]++\n}\n");
    running.feed(&[&"é".repeat(600), &"é".repeat(700)]);
    let samples = running.samples();
    assert_eq!(samples.len(), 1);
    assert!(samples[0].ends_with("é…\",prog=\"p.mtail\"} 2"));
}

/// Labels of every kind: written in the program, groups that may be unset, numbers printed anew, texts put
/// together, and more of them than are told without a copy.
const LABELS: &str = r#"
counter plain by a, b
counter numbers by n
counter made by a
counter lone
gauge last by a
counter bytes by a
histogram sizes by a buckets 1, 10
counter nine by a, b, c, d, e, f, g, h, i
gauge read_back by a
/^(\S+) (\S+)(?: (\d+))?$/ {
  plain["x"][$1]++
  plain[$1][$2]++
  made["<" + $1 + ">"]++
  lone++
  nine[$1]["b"]["c"]["d"]["e"]["f"]["g"]["h"][$2]++
  read_back[$1] = 1
  read_back[$1] += 1
  $2 =~ /^\d+$/ {
    last[$1] = len($2)
  }
  $2 =~ /^(\d+)b?$/ {
    numbers[$1]++
    bytes[$2] += $1
    sizes[$2] = $1
  }
  plain["third"][$3]++
}
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Most series are known when a line comes, and then its labels are not copied. Where each line comes
    /// with a new batch, none is.
    #[test]
    fn known_series_count_as_new_ones(
        words in prop::collection::vec(
            ("[ab]|long|é|0|07", "[ab]|1|01|12b|99999999999999999999", prop::option::of("[0-9]{1,2}")),
            1..40,
        ),
    ) {
        let lines = words.iter().map(|(first, second, third)| {
            let first = if first == "long" { "l".repeat(3000) } else { first.clone() };
            let third = third.as_ref().map_or(String::new(), |third| format!(" {third}"));
            format!("{first} {second}{third}")
        });
        let lines: Vec<String> = lines.collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for strict in [false, true] {
            let page = PageOptions { strict, ..PageOptions::default() };
            let (known, new) = (Running::with(LABELS, page.clone(), &[]), Running::with(LABELS, page, &[]));
            known.feed(&lines);
            lines.iter().for_each(|line| new.feed(&[*line]));
            prop_assert_eq!(known.samples(), new.samples());
        }
    }
}
