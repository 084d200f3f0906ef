//! Conditions that compare, and rules that keep a line to themselves.

use super::*;

fn counted(rule: &str, condition: &str, lines: &[&str]) -> String {
    let rules =
        format!("[[rule]]\n{rule}\n[[rule.metric]]\ncounter = 'c'\nwhere = {{ {condition} }}\n");
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    run(&rules, &lines).samples
}

#[test]
fn fields_and_labels_are_compared() {
    let logfmt = "fields = 'logfmt'";
    let lines = [
        "s=499 u=ann",
        "s=500 u=anonymous",
        "s=503",
        "s=x u=bob",
        "u=eve",
    ];
    assert_eq!(counted(logfmt, "s = '>= 500'", &lines), "c 2\n");
    assert_eq!(
        counted(logfmt, "s = '>= 500', u = '!= anonymous'", &lines),
        "c 0\n"
    );
    assert_eq!(counted(logfmt, "u = '!= anonymous'", &lines), "c 3\n");
    assert_eq!(counted(logfmt, "s = '== 503.0'", &lines), "c 1\n");
    let label = "fields = 'logfmt'\nlabels.code = { from = 's', default = '0' }";
    assert_eq!(counted(label, "code = '< 500'", &lines), "c 2\n");
    let json = "fields = 'json'";
    let lines = ["{\"d\":\"1.5s\"}", "{\"d\":0.5}", "{\"d\":2}", "{\"e\":9}"];
    assert_eq!(counted(json, "d = '> 1s'", &lines), "c 2\n");
    let group = "match = 'took (?P<t>\\S+)'";
    let lines = ["took 5ms", "took 900ms", "took 2m"];
    assert_eq!(counted(group, "t = '>= 10ms, < 1s'", &lines), "c 1\n");
}

#[test]
fn a_field_is_compared_as_its_number_is_read() {
    let rules = "[[rule]]\nfields = 'logfmt'\n\
        [[rule.metric]]\ncounter = 'all_seconds'\nvalue = { from = 'd', unit = 'ms' }\nwhere = { d = '> 1s' }\n\
        [[rule.metric]]\ncounter = 'slow'\nwhere = { d = '> 1s' }\n\
        [[rule.metric]]\ncounter = 'raw'\nwhere = { d = '> 1000' }\n\
        [[rule.metric]]\ncounter = 'other'\nwhere = { e = '> 1s' }\n";
    let lines: [&[u8]; 4] = [b"d=1500 e=1500", b"d=999 e=0.5", b"d=2s e=2s", b"d=1000"];
    let samples = run(rules, &lines).samples;
    assert_eq!(samples, "all_seconds 3.5\nother 2\nraw 2\nslow 2\n");
}

#[test]
fn a_final_rule_keeps_its_lines() {
    let rules = |last: &str| {
        format!(
            "[[rule]]\nname = 'first'\nmatch = 'GET'\nmetric = [{{ counter = 'all' }}]\n\
             [[rule]]\nname = 'probe'\nmatch = 'GET /healthz'\n{last}\nmetric = [{{ counter = 'probes' }}]\n\
             [[rule]]\nname = 'rest'\nmatch = 'GET (?P<path>\\S+)'\nmetric = [{{ counter = 'rest', by = ['path'] }}]\n"
        )
    };
    let lines: [&[u8]; 4] = [
        b"GET /healthz",
        b"GET /a",
        b"GET /healthz",
        b"POST /healthz",
    ];
    let plain = run(&rules(""), &lines);
    assert_eq!(
        plain.samples,
        "all 3\nprobes 2\nrest{path=\"/a\"} 1\nrest{path=\"/healthz\"} 2\n"
    );
    let last = run(&rules("final = true"), &lines);
    assert_eq!(last.samples, "all 3\nprobes 2\nrest{path=\"/a\"} 1\n");
    assert_eq!(last.unmatched, plain.unmatched);

    let (engine, _) = engine(&rules("final = true"));
    let origin = Origin {
        source: Arc::from("a"),
        file: Arc::from("a"),
    };
    let line = Line {
        text: b"GET /healthz",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let verdicts = engine.explain(&line);
    assert!(verdicts[0].outcome.is_match() && verdicts[1].outcome.is_match());
    let said = verdicts[2].outcome.to_string();
    assert!(said.contains("another rule's turn: `probe`"), "{said}");
}

#[test]
fn many_rules_with_a_final_one() {
    let mut rules = String::new();
    for number in 0..20 {
        let last = number == 7;
        rules += &format!(
            "[[rule]]\nmatch = 'word{number}x'\nfinal = {last}\nmetric = [{{ counter = 'c{number:02}' }}]\n"
        );
    }
    let lines: [&[u8]; 3] = [b"word3x word7x word9x", b"word9x word11x", b"word7x"];
    let samples = run(&rules, &lines).samples;
    let counted: Vec<&str> = samples
        .lines()
        .filter(|line| !line.ends_with(" 0"))
        .collect();
    assert_eq!(counted, ["c03 1", "c07 2", "c09 1", "c11 1"]);
}
