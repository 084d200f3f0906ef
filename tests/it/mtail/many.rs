//! Many programs over one log: each counts what it counts alone, whichever lines the others want.

use crate::fixture::{Run, Scratch};

/// Programs that ask for texts in different ways; some do something on every line.
const PROGRAMS: &[(&str, &str)] = &[
    ("user", "counter c by u\n/user=(\\S+)/ {\n  c[$1]++\n}\n"),
    (
        "either",
        "counter c by w\n/error: (\\w+)/ || /panic: (\\w+)/ {\n  c[\"e\"]++\n}\n",
    ),
    (
        "nested",
        "counter c by k\n/request / {\n  /status=5/ {\n    c[\"bad\"]++\n  } else {\n    c[\"good\"]++\n  }\n}\n",
    ),
    (
        "else",
        "counter c by k\n/status=(\\d+)/ {\n  c[$1]++\n} else {\n  c[\"none\"]++\n}\n",
    ),
    (
        "otherwise",
        "counter c by k\n/took (\\d+)ms/ {\n  c[\"took\"]++\n}\notherwise {\n  c[\"none\"]++\n}\n",
    ),
    ("every", "counter c\nc++\n"),
    (
        "state",
        "hidden gauge last\ngauge gap\n/tick (\\d+)/ {\n  gap = $1 - last\n  last = $1\n}\n",
    ),
    (
        "raw",
        "counter c\n/\"log\":\".*\\\\\"quoted\\\\\"/ {\n  c++\n}\n",
    ),
    ("decoded", "counter c\n/say \"quoted\"/ {\n  c++\n}\n"),
    ("colour", "counter c\n/level=\\x1b\\[31mwarn/ {\n  c++\n}\n"),
    (
        "broken",
        "counter c by v\n/name=(\\S+) end/ {\n  c[$1]++\n}\n",
    ),
    ("absent", "counter c\n/never written/ {\n  c++\n}\n"),
    ("both", "counter c\n/user=/ && /status=200/ {\n  c++\n}\n"),
];

/// More lines than it takes to learn which texts are on most of them, of which the last are others.
fn log() -> Vec<u8> {
    let mut log = Vec::new();
    for number in 0..6_000_u32 {
        let kind = match number {
            0..4_000 => number % 4,
            _ => number % 13,
        };
        let line: Vec<u8> = match kind {
            0 => format!("request user=u{} status=200", number % 5).into(),
            1 => format!("request user=u{} status=503", number % 7).into(),
            2 => format!("tick {number}").into(),
            3 => b"error: disk".to_vec(),
            4 => b"panic: x took 12ms".to_vec(),
            5 => br#"{"log":"say \"quoted\" user=d\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}"#.to_vec(),
            6 => b"gw-1  | user=compose status=404".to_vec(),
            7 => b"level=\x1b[31mwarn\x1b[0m us\x1b[1mer=x".to_vec(),
            8 => b"name=M\xfcller end".to_vec(),
            9 => b"user=\xff\xfe status=200".to_vec(),
            10 => b"say \"quoted\" took 3ms\r".to_vec(),
            11 => b"".to_vec(),
            _ => b"2026-01-02T03:04:05.123456789Z stdout F request user=cri status=500".to_vec(),
        };
        log.extend(line);
        log.push(b'\n');
    }
    log
}

#[test]
fn each_of_many_programs_counts_what_it_counts_alone() {
    let scratch = Scratch::new();
    let log = scratch.write("a.log", log());
    let count = |rules: &std::path::Path| -> Vec<String> {
        let run = Run::new().rules(rules).arg("--once").arg(&log).go();
        let run = run.success();
        let samples = [run.sorted("c{"), run.sorted("gap{")].concat();
        samples.into_iter().map(str::to_owned).collect()
    };
    let mut alone: Vec<String> = Vec::new();
    for (name, text) in PROGRAMS {
        let path = scratch.write(&format!("all/{name}.mtail"), text);
        let counted = count(&path);
        assert!(!counted.is_empty(), "{name}");
        alone.extend(counted);
    }
    alone.sort_unstable();
    let mut together = count(&scratch.path("all"));
    together.sort_unstable();
    assert_eq!(together, alone);
    assert!(alone.contains(&"c{prog=\"every.mtail\"} 6000".to_owned()));
    assert!(
        alone.contains(&"c{prog=\"raw.mtail\"} 154".to_owned()),
        "{alone:#?}"
    );
}
