//! mtail itself, as its package installs it: the same program on the same log must give the same samples.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::deviations::{BETTER, DEVIATIONS};
use crate::fixture::{Run, Scratch, repository};

/// What a run says: how it ended, and the lines of its page, whose order says nothing.
type Outcome = (bool, BTreeSet<String>);

/// Which mtail is installed.
fn version() -> String {
    let output = Command::new("mtail").arg("--version").output();
    let output = output.expect("mtail is not installed");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    text.into_owned()
}

/// Whether it is one of the candidates of 3.0.0, which Debian 12 has: a few things came out otherwise.
fn is_candidate() -> bool {
    version().contains("3.0.0-rc") || version().contains("3.0.0~rc")
}

fn by_mtail(program: &Path, log: &Path, flags: &[String]) -> Outcome {
    let output = Command::new("mtail")
        .arg(format!("-progs={}", program.display()))
        .arg(format!("-logs={}", log.display()))
        .args(["-one_shot", "-one_shot_format=prometheus"])
        // It listens all the same, and tests run side by side.
        .args(["-address=127.0.0.1", "-port=0"])
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), page_lines(&page))
}

fn by_us(program: &Path, log: &Path, flags: &[String]) -> Outcome {
    let mut run = Run::new()
        .arg(format!("-progs={}", program.display()))
        .arg(format!("-logs={}", log.display()))
        .args("-one_shot -one_shot_format=prometheus --mtail-strict");
    for flag in flags {
        run = run.arg(flag);
    }
    let finished = run.go().calm();
    (finished.status == Some(0), page_lines(&finished.stdout))
}

fn page_lines(page: &str) -> BTreeSet<String> {
    // Of a program that is refused a candidate of 3.0.0 prints nothing, later ones an empty line.
    let lines = page
        .split_terminator(['\n', '\r'])
        .filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Only in one, and only in the other.
fn difference(mtail: &Outcome, ours: &Outcome) -> Option<String> {
    if mtail == ours {
        return None;
    }
    let mut text = format!("mtail ends well: {}, logmetrics: {}\n", mtail.0, ours.0);
    for line in mtail.1.difference(&ours.1) {
        text += &format!("- {line}\n");
    }
    for line in ours.1.difference(&mtail.1) {
        text += &format!("+ {line}\n");
    }
    Some(text + "(- mtail has it, + logmetrics has it)")
}

#[derive(Deserialize)]
struct Case {
    name: String,
    program: String,
    log: String,
    flags: Vec<String>,
    /// Where a candidate of 3.0.0 counts otherwise than 3.0.9.
    metrics_rc50: Option<Vec<String>>,
    #[serde(rename = "metrics_3.2.24")]
    metrics_later: Option<Vec<String>>,
}

fn cases() -> Vec<Case> {
    let path = repository("crates/mtail/tests/data/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
#[ignore = "needs mtail"]
fn recorded_cases_come_out_as_the_installed_mtail_has_them() {
    let is_known = |name: &str| DEVIATIONS.iter().any(|one| one.name == name);
    // Where versions differ, the recorded ones say what must come out.
    let differs = |case: &Case| match is_candidate() {
        true => case.metrics_rc50.is_some(),
        false => case.metrics_later.is_some(),
    };
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases()
        .iter()
        .filter(|case| !is_known(&case.name) && !differs(case))
    {
        let scratch = Scratch::new();
        let program = scratch.write("p.mtail", &case.program);
        let log = scratch.write("in.log", &case.log);
        let mtail = by_mtail(&program, &log, &case.flags);
        let ours = by_us(&program, &log, &case.flags);
        compared += 1;
        if let Some(difference) = difference(&mtail, &ours) {
            wrong.push(format!("{}\n{}\n{difference}", case.name, case.program));
        }
    }
    assert!(compared > 140, "only {compared}");
    assert!(
        BETTER
            .iter()
            .all(|one| cases().iter().any(|case| case.name == one.name))
    );
    let count = wrong.len();
    assert!(
        wrong.is_empty(),
        "{count} of {compared} by {}:\n{}",
        version(),
        wrong.join("\n\n")
    );
}

#[test]
#[ignore = "needs mtail"]
fn programs_as_people_write_them_come_out_the_same() {
    let folder = repository("tests/data/mtail/programs");
    let mut programs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "mtail"))
        .collect();
    programs.sort();
    assert!(programs.len() >= 20, "{programs:?}");
    for program in &programs {
        let log = program.with_extension("log");
        let mtail = by_mtail(program, &log, &[]);
        assert!(mtail.0, "mtail refuses {}", program.display());
        let samples = mtail.1.iter().filter(|line| !line.starts_with('#'));
        assert!(samples.count() > 0, "{} counts nothing", program.display());
        let ours = by_us(program, &log, &[]);
        if let Some(difference) = difference(&mtail, &ours) {
            panic!("{}\n{difference}", program.display());
        }
    }
}

mod generated {
    use super::*;

    /// How many programs a run writes; LOGMETRICS_MTAIL_PROGRAMS asks for more.
    const PROGRAMS: u64 = 60;

    /// Numbers that look random, the same for the same seed.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let high = self.0 >> 33;
            high as usize % sides
        }

        fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
            of[self.roll(of.len())]
        }
    }

    const HEAD: &str = "counter c\ncounter s\ncounter k by a\ncounter two by a, b\ngauge g\ngauge f\n\
        gauge gk by a\nhistogram h buckets 1, 5, 100\nhistogram hk by a buckets 2, 8\ntext t\ntimer d by a\n\
        hidden gauge hid by a\nconst P /x.*y/\ndef deco {\n/z/ {\nnext\n}\n}\n\
        /^(?P<w>[a-z]+) (?P<n>\\d+) (?P<f>\\d+\\.\\d+) ?(?P<r>.*)$/ {\n";

    /// Uses every metric, as mtail refuses a program with an unused one.
    const TAIL: &str = "}\n/never ever/ {\n  c++\n  s++\n  k[\"\"]++\n  two[\"\"][\"\"]++\n  g = 1\n  f = 1.5\n  \
        gk[\"\"] = 1\n  h = 1\n  hk[\"\"] = 1\n  t = \"\"\n  d[\"\"] = 1.5\n  hid[\"\"] = 1\n}\nP {\n  @deco {\n    c++\n  }\n}\n";

    const ACTIONS: &[&str] = &[
        "c++",
        "s += $n",
        "s += 3",
        "k[$w]++",
        "k[$n]++",
        "k[$f]++",
        "k[tolower($r)] += 2",
        "k[subst(/[0-9]+/, \"#\", $r)]++",
        "k[subst(\"a\", \"\", $w)]++",
        "two[$w][$r]++",
        "two[$r, \"q\"] += $n",
        "two[$n][string($f)]++",
        "g = $n",
        "g += len($r)",
        "g++",
        "g--",
        "g = $n / 7",
        "g = $n % 7",
        "g = $n ** 2",
        "g = ($n << 2) | 1",
        "g = $n - 1000",
        "f = $f",
        "f = $f * 2.5",
        "f = $n / 7.0",
        "f += $f",
        "gk[$w] = $n",
        "gk[$r] = 7",
        "gk[$w]++",
        "h = $n % 500 + 1",
        "hk[$w] = $n % 50 * 3 + 1",
        "t = $w",
        "d[$w] = $f",
        "hid[$w] = $n",
        "gk[$w] = hid[$w]",
        "g = hid[$w] + 1",
        "del gk[$w]",
        "g = c++",
        "stop",
        "g = strtol($w, 36)",
        "g = int($r)",
        "f = float($r)",
        "settime(1700000000)\n  g = timestamp()",
        "strptime($r, \"2006-01-02\")",
        "settime($n)",
    ];

    const CONDITIONS: &[&str] = &[
        "/a/",
        "/b(?P<q>.)?/",
        "/^z/",
        "/y$/",
        "$n > 5",
        "$n <= 12",
        "$n == 7",
        "$f != 1.5",
        "3 < $n",
        "$w == \"ab\"",
        "$r != \"\"",
        "$w =~ /^a/",
        "$r !~ /x/",
        "$n > 5 && $f < 3.5",
        "$n < 5 || $w == \"b\"",
        "/a/ && $n > 2",
        "c > 2",
        "hid[$w] > 3",
        "~$n != 0",
        "getfilename() =~ /log$/",
    ];

    fn block(dice: &mut Dice, depth: usize, out: &mut String) {
        for _ in 0..1 + dice.roll(3) {
            let indent = "  ".repeat(depth);
            match dice.roll(if depth < 4 { 10 } else { 5 }) {
                0..=4 => *out += &format!("{indent}{}\n", dice.one(ACTIONS)),
                5..=7 => {
                    *out += &format!("{indent}{} {{\n", dice.one(CONDITIONS));
                    block(dice, depth + 1, out);
                    *out += &format!("{indent}}}");
                    if dice.roll(3) == 0 {
                        *out += " else {\n";
                        block(dice, depth + 1, out);
                        *out += &format!("{indent}}}");
                    }
                    *out += "\n";
                }
                8 => {
                    *out += &format!("{indent}otherwise {{\n");
                    block(dice, depth + 1, out);
                    *out += &format!("{indent}}}\n");
                }
                _ => {
                    *out += &format!("{indent}@deco {{\n");
                    block(dice, depth + 1, out);
                    *out += &format!("{indent}}}\n");
                }
            }
        }
    }

    fn program(dice: &mut Dice) -> String {
        let mut text = HEAD.to_owned();
        block(dice, 1, &mut text);
        text + TAIL
    }

    fn log(dice: &mut Dice) -> String {
        let mut text = String::new();
        for _ in 0..dice.roll(30) {
            let rest = [
                "",
                "a",
                "x y",
                "bz",
                "2024-03-01",
                "12",
                "1.5",
                "A-é",
                "zzz",
                "07",
            ];
            let line = match dice.roll(8) {
                0 => dice.one(&["", "x y z", "never", "abc", "z x y"]).to_owned(),
                _ => format!(
                    "{} {} {} {}",
                    dice.one(&["a", "ab", "b", "z", "xy", "zxy"]),
                    dice.one(&[
                        "1",
                        "5",
                        "7",
                        "12",
                        "13",
                        "007",
                        "99999",
                        // Far below the greatest there is: one more than that is negative in mtail, and a float here.
                        "92233720368547758"
                    ]),
                    dice.one(&["0.5", "1.5", "2.25", "10.0", "3.50", "100000.0"]),
                    dice.one(&rest)
                ),
            };
            text += &line;
            text += "\n";
        }
        text
    }

    #[test]
    #[ignore = "needs mtail"]
    fn written_programs_come_out_the_same() {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let count: u64 = number("LOGMETRICS_MTAIL_PROGRAMS").unwrap_or(PROGRAMS);
        let seed: u64 = number("LOGMETRICS_MTAIL_SEED").unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.unwrap().as_secs()
        });
        eprintln!("LOGMETRICS_MTAIL_SEED={seed}");
        let mut accepted = 0;
        for number in 0..count {
            let mut dice = Dice(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let scratch = Scratch::new();
            let (text, lines) = (program(&mut dice), log(&mut dice));
            let program = scratch.write("p.mtail", &text);
            let log = scratch.write("in.log", &lines);
            let mtail = by_mtail(&program, &log, &[]);
            let ours = by_us(&program, &log, &[]);
            accepted += u64::from(mtail.0);
            // What mtail refuses may run here: more is accepted.
            if mtail.0
                && let Some(difference) = difference(&mtail, &ours)
            {
                panic!(
                    "LOGMETRICS_MTAIL_SEED={seed}, program {number}:\n{text}\n{lines}\n{difference}"
                );
            }
        }
        assert!(
            accepted * 2 > count,
            "mtail accepts only {accepted} of {count}"
        );
    }
}
