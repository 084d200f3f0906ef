//! What is better than in mtail, and what is the same although it surprises; one program a test.

use std::sync::Arc;

use crate::script::{
    ExpositionOptions, Line, Memory, RegexMatcher, RuntimeError, Script, Settings,
};
use crate::{Options, Time, compile};

/// The samples of a program after lines, without comments and the label `prog`.
fn samples_with(
    source: &str,
    lines: &[&[u8]],
    options: &Options,
) -> (Vec<String>, Vec<RuntimeError>) {
    let compiled = compile("p.mtail", source, options);
    let compiled =
        compiled.unwrap_or_else(|problems| panic!("{}", problems.render("p.mtail", source)));
    let program = Arc::new(compiled.program);
    let matcher = RegexMatcher::new(&program.patterns).unwrap();
    let mut memory = Memory::new(&program);
    let settings = Settings {
        strict: options.strict,
        ..Settings::default()
    };
    let mut script = Script::new(program, matcher, settings);
    let read = Time::from_seconds(1_790_000_000);
    memory.advance(read);
    script.begin(read, &mut memory).unwrap();
    let mut errors = Vec::new();
    for text in lines {
        let line = Line {
            text,
            source: "/var/log/a.log",
            read,
        };
        errors.extend(script.run(&line, &mut memory).err());
    }
    let page = memory.exposition(ExpositionOptions {
        has_program: false,
        has_time: false,
    });
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    (samples.map(str::to_owned).collect(), errors)
}

fn samples(source: &str, lines: &[&str]) -> Vec<String> {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    samples_with(source, &lines, &Options::default()).0
}

#[test]
fn actions_may_stand_on_one_line() {
    let source = "counter c\ncounter d # a comment\n/a/ { c++ }\n/b/ { d++ } else { c += 10 }\n";
    assert_eq!(samples(source, &["a", "b"]), ["c 11", "d 1"]);
}

#[test]
fn comments_and_else_may_stand_where_one_expects_them() {
    let source = "counter c\n/a/ { # why\n  c++ # because\n}\n\n# or\nelse # so\n{\n  c += 5\n}\n";
    assert_eq!(samples(source, &["a", "b"]), ["c 6"]);
}

#[test]
fn a_minus_before_a_digit_subtracts() {
    let source = "gauge g\n/(\\d+)/ {\n  g = $1-1\n  g = g -1\n  g += -5\n}\n";
    assert_eq!(samples(source, &["10"]), ["g 3"]);
}

#[test]
fn conditions_take_several_patterns() {
    let source = "counter c by k\nconst B /b(\\S)/\n/a(\\S)/ && B {\n  c[$1]++\n}\n\
                  B + /x/ || /^q(.)$/ {\n  c[\"or\"]++\n}\n";
    let found = samples(source, &["a1 b2", "bxx", "q1", "a1"]);
    assert_eq!(found, ["c{k=\"2\"} 1", "c{k=\"or\"} 2"]);
}

#[test]
fn newer_words_are_names_where_they_are_used_as_names() {
    let source = "counter begin\ncounter defined\ncounter log_filter\n/a/ {\n  begin++\n  defined++\n\
                  log_filter++\n}\n";
    assert_eq!(
        samples(source, &["a"]),
        ["begin 1", "defined 1", "log_filter 1"]
    );
    let source =
        "gauge g\ncounter c\nbegin {\n  g = 7\n}\n/(a)|(b)/ {\n  defined($2) {\n    c++\n  }\n}\n";
    assert_eq!(samples(source, &["a", "b"]), ["c 1", "g 7"]);
    let source = "counter c\nlog_filter \"/var/log/b.log\", \"other\"\nc++\n";
    assert_eq!(samples(source, &["a"]), ["c 0"]);
    let source = "counter c\nlog_filter \"other\"\nlog_filter \"/var/log/a.log\"\nc++\n";
    assert_eq!(samples(source, &["a"]), ["c 1"]);
}

#[test]
fn a_time_is_read_of_a_number_too() {
    let source = "gauge g\n/^(\\d+)/ {\n  strptime($1, \"20060102\")\n  g = timestamp()\n}\n";
    assert_eq!(samples(source, &["20210304"]), ["g 1.614816e+09"]);
}

#[test]
fn broken_bytes_become_a_character_and_nothing_hangs() {
    let source = "counter c by k\n/^(.*)$/ {\n  c[$1]++\n}\n";
    let lines: [&[u8]; 2] = [b"a\xffb", b"a\xffb"];
    let (found, errors) = samples_with(source, &lines, &Options::default());
    assert_eq!(
        (found, errors),
        (vec!["c{k=\"a\u{fffd}b\"} 2".to_owned()], Vec::new())
    );
}

#[test]
fn a_limit_forgets_the_oldest() {
    let source = "counter g by k limit 2\n/a(\\w)/ {\n  g[$1]++\n}\n";
    assert_eq!(
        samples(source, &["ax", "ay", "az", "aw"]),
        ["g{k=\"w\"} 1", "g{k=\"z\"} 1"]
    );
}

#[test]
fn what_is_deleted_is_gone_at_once_or_after_a_time() {
    let source = "counter g by k\n/a(\\w)/ {\n  g[$1]++\n}\n/d(\\w)/ {\n  del g[$1]\n}\n/e(\\w)/ {\n  del g[$1] after 2s\n}\n";
    let compiled = compile("p.mtail", source, &Options::default()).unwrap();
    let program = Arc::new(compiled.program);
    let matcher = RegexMatcher::new(&program.patterns).unwrap();
    let mut memory = Memory::new(&program);
    let mut script = Script::new(program, matcher, Settings::default());
    let read = Time::from_seconds(100);
    memory.advance(read);
    for text in ["ax", "ay", "az", "dx", "ey", "dq"] {
        let line = Line {
            text: text.as_bytes(),
            source: "",
            read,
        };
        script.run(&line, &mut memory).unwrap();
    }
    assert_eq!(memory.len(), 2);
    memory.sweep(Time::from_seconds(102));
    assert_eq!(memory.len(), 2);
    memory.sweep(Time::from_seconds(103));
    assert_eq!(memory.len(), 1);
}

#[test]
fn an_error_leaves_what_was_done_and_names_its_line() {
    let source =
        "counter c\ngauge g by k\n/(\\S+)/ {\n  c++\n  g[\"a\"] = 10 / int($1)\n  c++\n}\n";
    let (found, errors) = samples_with(source, &[b"0", b"5"], &Options::default());
    assert_eq!(found, ["c 3", "g{k=\"a\"} 2"]);
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "line 5 of the program: a division by zero"
    );
}

#[test]
fn a_decorator_can_use_another_and_is_tried_once_a_line() {
    let source = "counter c by k\ndef a {\n  /^(?P<x>\\w) (?P<rest>.*)/ {\n    next\n  }\n}\n\
                  def b {\n  @a {\n    $rest =~ /(?P<y>\\d)/ {\n      next\n    }\n  }\n}\n\
                  @b {\n  c[$x + $y]++\n}\n@a {\n  c[$rest]++\n}\n";
    assert_eq!(
        samples(source, &["q r7"]),
        ["c{k=\"q7\"} 1", "c{k=\"r7\"} 1"]
    );
    let program = compile("p.mtail", source, &Options::default())
        .unwrap()
        .program;
    assert_eq!(program.patterns.len(), 2);
}

#[test]
fn a_wider_number_is_found_however_late_it_comes() {
    let source = "gauge a\ngauge b\n/i(\\d+)/ {\n  a = $1\n  b = a\n  a++\n}\n/f(\\d+\\.\\d+)/ {\n  a += $1\n}\n";
    assert_eq!(samples(source, &["i5", "f0.5"]), ["a 6.5", "b 5"]);
}

#[test]
fn gos_patterns_mean_what_they_mean_in_go() {
    let source = "counter c by k\n/{\"u\":\"(\\w+)\"}\\s\\Q(\\E/ {\n  c[$1]++\n}\n";
    assert_eq!(
        samples(source, &["{\"u\":\"me\"} (", "{\"u\":\"mé\"} ("]),
        ["c{k=\"me\"} 1"]
    );
}

#[test]
fn operators_do_what_they_do_in_mtail() {
    let source = "gauge g by k\n/(-?\\d+)/ {\n  g[\"rem\"] = $1 % 3\n  g[\"div\"] = $1 / 3\n  g[\"pow\"] = $1 ** 3\n\
                  g[\"neg\"] = 2 ** $1\n  g[\"right\"] = $1 >> 1\n  g[\"left\"] = 1 << 64\n  g[\"not\"] = ~$1\n}\n";
    let expected = [
        "g{k=\"div\"} -1",
        "g{k=\"left\"} 0",
        "g{k=\"neg\"} 0",
        "g{k=\"not\"} 3",
        "g{k=\"pow\"} -64",
        "g{k=\"rem\"} -1",
        "g{k=\"right\"} -2",
    ];
    assert_eq!(samples(source, &["-4"]), expected);
    let source = "counter c\n/(\\d+)/ {\n  $1 + 1 {\n    c++\n  }\n  $1 & 1 && \"x\" {\n    c += 10\n  }\n}\n";
    assert_eq!(samples(source, &["1", "2"]), ["c 12"]);
}

#[test]
fn counting_gives_the_new_value() {
    let source = "counter c\ngauge g\n/a/ {\n  g = c++\n  c++ > 1 {\n    g += 10\n  }\n}\n";
    assert_eq!(samples(source, &["a"]), ["c 2", "g 11"]);
}

#[test]
fn a_decorated_block_sees_named_groups_by_their_names() {
    let source = "counter c by k\ndef d {\n  /^(?P<x>\\w)(\\w)/ {\n    next\n  }\n}\n/(z)/ {\n  @d {\n\
                  c[$x + $1 + $2]++\n  }\n}\n";
    assert_eq!(samples(source, &["abz"]), ["c{k=\"azb\"} 1"]);
}

#[test]
fn any_time_can_be_set() {
    for time in [i64::MIN, i64::MAX] {
        let source = format!(
            "counter c by k\n/a/ {{\n  settime({time})\n  c[\"a\"]++\n  del c[\"a\"] after 1s\n}}\n"
        );
        let program = Arc::new(
            compile("p.mtail", &source, &Options::strict())
                .unwrap()
                .program,
        );
        let matcher = RegexMatcher::new(&program.patterns).unwrap();
        let mut memory = Memory::new(&program).lazy();
        let mut script = Script::new(program, matcher, Settings::default());
        let line = Line {
            text: b"a",
            source: "",
            read: Time::default(),
        };
        script.run(&line, &mut memory).unwrap();
        memory.sweep(Time::default());
        assert_eq!(memory.len(), usize::from(time == i64::MAX));
        memory.exposition(ExpositionOptions {
            has_program: true,
            has_time: true,
        });
    }
}
