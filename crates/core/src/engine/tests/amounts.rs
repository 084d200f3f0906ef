//! Numbers with what rules say of them: units, forms, maps, constants, and what gauges do with them.

use super::*;

/// The samples of one metric, and the bad values of the lines.
#[track_caller]
fn samples(metric: &str, lines: &[&str]) -> String {
    let rules = format!("[[rule]]\nfields = 'logfmt'\ntime = 'at'\n[[rule.metric]]\n{metric}\n");
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    let outcome = run(&rules, &lines);
    let errors = outcome.field_errors.iter();
    let errors: String = errors
        .map(|(field, kind, count)| format!("{field} {kind:?} {count}\n"))
        .collect();
    outcome.samples + &errors
}

#[test]
fn units_lead_to_base_units() {
    let lines = ["took=12", "took=48", "took=3s", "took=5MB", "took=x"];
    let metric = "counter = 'c_seconds'\nvalue = { from = 'took', unit = 'ms' }";
    assert_eq!(samples(metric, &lines), "c_seconds 3.06\ntook BadValue 2\n");
    let metric =
        "counter = 'c'\nvalue = { from = 'took', unit = 'ms', scale = 1000, take = 'first' }";
    assert_eq!(samples(metric, &lines[..2]), "c 60\n");
    let metric = "gauge = 'g'\nvalue = { from = 'took', invert = true, scale = 0.5 }";
    assert_eq!(
        samples(metric, &["took=4", "took=0"]),
        "g 0.5\ntook BadValue 1\n"
    );
}

#[test]
fn forms_of_numbers() {
    for (number, text, expected) in [
        ("{ decimal = ',', group = '.' }", "1.234,5", "1234.5"),
        ("{ decimal = ',' }", "3,14", "3.14"),
        ("{ group = ',' }", "1,234,567", "1.234567e+06"),
        ("'hex'", "0x1F", "31"),
        ("{ hexadecimal = true }", "ff", "255"),
        ("'si'", "12K", "12000"),
        ("'binary'", "12K", "12288"),
    ] {
        let metric = format!("gauge = 'g'\nvalue = {{ from = 'n', number = {number} }}");
        let samples = samples(&metric, &[&format!("n={text}")]);
        let value = samples.trim().strip_prefix("g ").unwrap();
        let same = value.parse::<f64>().unwrap() == expected.parse::<f64>().unwrap();
        assert!(same, "{number}: {samples}");
    }
}

#[test]
fn constants_and_maps() {
    assert_eq!(samples("gauge = 'g'\nset = 1", &["a=1"]), "g 1\n");
    assert_eq!(
        samples("counter = 'c'\nvalue = 2.5", &["a=1", "a=2"]),
        "c 5\n"
    );
    let map =
        "gauge = 'g'\nvalue = { from = 'state', map = { up = 1, 'down|off' = 0, '.*ing' = 0.5 } }";
    assert_eq!(samples(map, &["state=up"]), "g 1\n");
    assert_eq!(samples(map, &["state=up", "state=off"]), "g 0\n");
    assert_eq!(
        samples(map, &["state=flapping", "b=1"]),
        "g 0.5\nstate Missing 1\n"
    );
    assert_eq!(
        samples(map, &["state=up", "state=1"]),
        "g 1\nstate BadValue 1\n"
    );
}

#[test]
fn a_label_is_a_value_where_no_field_has_its_name() {
    let rules = "[[rule]]\nmatch = 'link (?P<state>up|down|odd)'\n\
        [rule.labels]\nup = { from = 'state', map = { up = '1', down = '0' } }\n\
        [[rule.metric]]\ngauge = 'link_up'\nvalue = 'up'\n";
    assert_eq!(run(rules, &[b"link up"]).samples, "link_up 1\n");
    assert_eq!(
        run(rules, &[b"link up", b"link down"]).samples,
        "link_up 0\n"
    );
    let odd = run(rules, &[b"link up", b"link odd"]);
    assert_eq!(odd.samples, "link_up 1\n");
    let error = ("state".to_owned(), FieldErrorKind::BadValue, 1);
    assert_eq!(odd.field_errors, [error]);
}

#[test]
fn gauges_go_up_and_down() {
    let rules = "[[rule]]\nmatch = 'open (?P<size>\\d+)'\n\
        metric = [{ gauge = 'connections', add = 1 }, { gauge = 'bytes', add = 'size' }]\n\
        [[rule]]\nmatch = 'close (?P<size>\\d+)'\n\
        metric = [{ gauge = 'connections', subtract = 1 }, { gauge = 'bytes', subtract = { from = 'size', unit = 'kB' } }]\n\
        [[rule]]\nmatch = 'reset'\nmetric = [{ gauge = 'connections', set = 0 }]\n";
    let lines: [&[u8]; 4] = [b"open 3000", b"open 500", b"close 3", b"open 1"];
    assert_eq!(run(rules, &lines).samples, "bytes 501\nconnections 2\n");
    let lines: [&[u8]; 3] = [b"close 1", b"reset", b"open 7"];
    assert_eq!(run(rules, &lines).samples, "bytes -993\nconnections 1\n");
}

#[test]
fn the_lines_time_is_a_value() {
    let last = |value: &str| format!("gauge = 'last_seconds'\nvalue = {value}");
    let lines = ["at=1970-01-01T00:00:12.5Z"];
    for value in ["'_time'", "'at'", "['missing', '_time']"] {
        assert_eq!(
            samples(&last(value), &lines),
            "last_seconds 12.5\n",
            "{value}"
        );
    }
    let scaled = last("{ from = '_time', scale = 1000 }");
    assert_eq!(samples(&scaled, &lines), "last_seconds 12500\n");
    // Milliseconds become seconds, as the rule says that it is a time.
    let lines = ["at=1772359200123"];
    assert_eq!(
        samples(&last("'at'"), &lines),
        "last_seconds 1772359200.123\n"
    );
    // What says how a number is read wins.
    let plain = last("{ from = 'at', unit = 'ratio' }");
    assert_eq!(samples(&plain, &lines), "last_seconds 1772359200123\n");
    let bad = samples(&last("'_time'"), &["at=yesterday", "b=1"]);
    assert_eq!(
        bad,
        "_time Missing 1\n_time BadValue 1\nat UnreadableTime 1\n"
    );
}

#[test]
fn the_first_that_is_there_has_its_own_unit() {
    let metric = "counter = 'c'\nvalue = ['took', { from = 'took_ms', unit = 'ms' }, { from = ['us', 'micros'], unit = 'us' }]";
    let lines = ["took=1", "took_ms=500", "micros=250000", "took=1 took_ms=9"];
    assert_eq!(samples(metric, &lines), "c 2.75\n");
    assert_eq!(samples(metric, &["x=1"]), "c 0\ntook Missing 1\n");
}

#[test]
fn explain_says_why_a_value_is_bad() {
    let rules = "[[rule]]\nfields = 'logfmt'\nmetric = [{ gauge = 'g', value = 'v' },\n\
        { gauge = 'h', value = { from = 'v', map = { up = 1 } } }, { counter = 'c', value = 'w' }]\n";
    let (engine, _) = engine(rules);
    let origin = Origin {
        source: Arc::from("a"),
        file: Arc::from("a"),
    };
    let line = Line {
        text: b"v=0x1F w=-5",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let verdicts = engine.explain(&line);
    let text = format!("{verdicts:?}");
    for part in [
        "number = \\\"hex\\\"",
        "matches no pattern of `map`",
        "only goes up",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
