//! A program of known parts over any lines: nothing panics, no line takes long, and series stay within
//! their limits.

#![no_main]

use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use logmetrics_mtail::script::{ExpositionOptions, Line, Memory, RegexMatcher, Script, Settings};
use logmetrics_mtail::{Options, Time, compile};

/// More for one line is a stall, also in a build that checks everything.
const TIME_MAX: Duration = Duration::from_secs(5);

const HEAD: &str = "counter c\ngauge g by k limit 3\ntext t\nhistogram h buckets 1, 2\ngauge f\n\
    const P /(.)(.)/\ndef d {\n/^(.)(.*)/ {\nnext\n}\n}\n/(\\S*)(.*)/ {\n";

/// What a byte stands for.
const PIECES: &[&str] = &[
    "c++\n",
    "c += $1\n",
    "g[$1]++\n",
    "g[$2] = len($1)\n",
    "g[$1 + $2] += c\n",
    "t = t + $1 + t\n",
    "h = float($1)\n",
    "f = $1 ** 63\n",
    "f = int($2) << 70\n",
    "f = c / int($1)\n",
    "g[subst(/(a*)*b/, \"x\", $2)]++\n",
    "g[subst(\"\", $1, $2)]++\n",
    "g[tolower($2)]--\n",
    "del g[$1]\n",
    "del g[$1] after 1s\n",
    "strptime($1, \"2006-01-02T15:04:05\")\n",
    "strptime($2, \"Jan _2 15:04:05.000 MST\")\n",
    "settime(int($1))\n",
    "f = timestamp()\n",
    "f = strtol($1, len($2))\n",
    "stop\n",
    "/(a|aa)+$/ {\n",
    "/((x+)+y)+/ {\n",
    "/(?i)[^b]{1,50}c{0,40}/ {\n",
    "$2 =~ /(.*)(.*)(.*)x/ {\n",
    "$1 !~ /^\\pL+$/ {\n",
    "P {\n",
    "@d {\n",
    "otherwise {\n",
    "g[$1] > 2 || c == 3 {\n",
    "}\n",
    "} else {\n",
];

/// The program that bytes stand for, with as many braces closed as were opened.
fn program(bytes: &[u8]) -> String {
    let mut text = HEAD.to_owned();
    let mut depth = 1;
    for byte in bytes.iter().take(200) {
        let piece = PIECES[usize::from(*byte) % PIECES.len()];
        match piece {
            "}\n" | "} else {\n" if depth == 1 => continue,
            "}\n" => depth -= 1,
            "} else {\n" => {}
            piece if piece.ends_with("{\n") => depth += 1,
            _ => {}
        }
        text += piece;
    }
    text + &"}\n".repeat(depth)
}

fuzz_target!(|input: (Vec<u8>, Vec<Vec<u8>>, bool)| {
    let (bytes, lines, strict) = input;
    let options = if strict {
        Options::strict()
    } else {
        Options::default()
    };
    let Ok(compiled) = compile("p.mtail", &program(&bytes), &options) else {
        return;
    };
    let program = Arc::new(compiled.program);
    let Ok(matcher) = RegexMatcher::new(&program.patterns) else {
        return;
    };
    let mut memory = Memory::new(&program);
    let settings = Settings {
        strict,
        ..Settings::default()
    };
    let mut script = Script::new(program, matcher, settings);
    for (number, text) in lines.iter().enumerate() {
        let read = Time::from_seconds(number as i64);
        memory.advance(read);
        let line = Line {
            text,
            source: "x",
            read,
        };
        let started = Instant::now();
        let _ = script.run(&line, &mut memory);
        assert!(
            started.elapsed() < TIME_MAX,
            "a line takes {:?}",
            started.elapsed()
        );
    }
    memory.sweep(Time::from_seconds(1 << 40));
    let page = memory.exposition(ExpositionOptions {
        has_program: true,
        has_time: true,
    });
    assert!(page.lines().filter(|line| line.starts_with("g{")).count() <= 3 || strict);
});
