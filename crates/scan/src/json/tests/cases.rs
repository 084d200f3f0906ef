//! Lines read by hand.

use super::*;

/// How often `key` is seen, and its first and last value, decoded, strings in quotes.
#[track_caller]
fn check(line: &str, key: &str, count: u32, first: &str, last: &str) {
    let slots = read(line.as_bytes(), &keys(&["other", key])).expect(line);
    let seen = slots[1].everywhere;
    assert_eq!(slots[1].trusted, seen);
    assert_eq!(seen.count, count, "{line}");
    for (span, expected) in [(seen.first, first), (seen.last, last)] {
        let mut scratch = Vec::new();
        let value = span.decode(line.as_bytes(), &mut scratch).to_vec();
        let value = String::from_utf8(value).unwrap();
        let shown = match span.form {
            Form::Quoted | Form::Escaped => format!("\"{value}\""),
            Form::Plain => value,
        };
        assert_eq!(shown, expected, "{line}");
    }
}

#[track_caller]
fn one(line: &str, key: &str, value: &str) {
    check(line, key, 1, value, value);
}

#[track_caller]
fn none(line: &str, key: &str) {
    check(line, key, 0, "", "");
}

#[test]
fn values_as_they_are_written() {
    for value in [
        "200",
        "-0.5e+10",
        "1e999",
        "true",
        "false",
        "[]",
        "{}",
        r#"[1, {"a": "]"}]"#,
        r#"{"b":"}"}"#,
        r#""""#,
        r#""x y""#,
    ] {
        one(&format!(r#"{{"x":0,"a":{value},"y":0}}"#), "a", value);
        one(&format!(" {{ \"a\" :\t{value} \r}}\n"), "a", value);
    }
    one(
        r#"{"a":"q\" \\ \/ \u00e9 \ud83d\ude00 \ud800 \n"}"#,
        "a",
        "\"q\" \\ / é 😀 \u{fffd} \n\"",
    );
}

#[test]
fn flat_keys() {
    one(r#"{"http.status":200}"#, "http.status", "200");
    one(r#"{"http\u002estatu\u0073":200}"#, "http.status", "200");
    one(r#"{"a\"b\\":1}"#, "a\"b\\", "1");
    one(r#"{"":1}"#, "", "1");
    none(
        r#"{"http.statu":1,"http.statuss":2,"HTTP.status":3}"#,
        "http.status",
    );
    none(r#"{"x":{"a":1}}"#, "a");
    none(r#"{"x":[{"a":1}]}"#, "a");
}

#[test]
fn nested_paths() {
    one(r#"{"http":{"status":200}}"#, "http.status", "200");
    one(r#"{"http":{"header.x":1}}"#, "http.header.x", "1");
    one(r#"{"http.header":{"x":1}}"#, "http.header.x", "1");
    one(r#"{"http":{"header":{"x":1}}}"#, "http.header.x", "1");
    one(
        r#"{"ht\u0074p":{"h\u0065ader":{"x":1}}}"#,
        "http.header.x",
        "1",
    );
    one(r#"{"a":{"b":{"c":1}}}"#, "a.b", r#"{"c":1}"#);
    one(r#"{"":{"":1}}"#, ".", "1");
    none(r#"{"http":[{"status":200}]}"#, "http.status");
    none(
        r#"{"http":"status","https":{"status":1},"htt":{"p.status":1}}"#,
        "http.status",
    );
    // An object may be wanted, and something in it too.
    let line = br#"{"a":{"b":1},"a.c":2}"#;
    let slots = read(line, &keys(&["a", "a.b", "a.c"])).unwrap();
    let values = slots.iter().map(|slot| slot.everywhere.first.bytes(line));
    assert_eq!(values.collect::<Vec<_>>(), [&b"{\"b\":1}"[..], b"1", b"2"]);
}

#[test]
fn the_least_nested_value_counts_wherever_it_stands() {
    one(r#"{"a.b":1,"a":{"b":2}}"#, "a.b", "1");
    one(r#"{"a":{"b":2},"a.b":1}"#, "a.b", "1");
    one(r#"{"a":{"b":{"c":3}},"a.b":{"c":2},"x":0}"#, "a.b.c", "2");
    one(r#"{"a":{"b":{"c":3},"b.c":2}}"#, "a.b.c", "2");
}

#[test]
fn a_key_may_stand_twice() {
    check(r#"{"a":1,"a":"2"}"#, "a", 2, "1", "\"2\"");
    check(r#"{"a":1,"\u0061":2,"a":3}"#, "a", 3, "1", "3");
    check(r#"{"a":{"b":1},"a":{"b":2}}"#, "a.b", 2, "1", "2");
    check(r#"{"a.b":{"c":1},"a":{"b.c":2}}"#, "a.b.c", 2, "1", "2");
    check(
        r#"{"a":{"b":0},"a.b":1,"a":{"b":0},"a.b":2}"#,
        "a.b",
        2,
        "1",
        "2",
    );
}

#[test]
fn null_is_as_if_it_were_not_there() {
    none(r#"{"a":null}"#, "a");
    one(r#"{"a":null,"a":1}"#, "a", "1");
    one(r#"{"a.b":null,"a":{"b":1}}"#, "a.b", "1");
}

#[test]
fn what_is_no_object() {
    let keys = keys(&["a"]);
    for line in [
        "",
        " ",
        "a=1",
        "[]",
        "1",
        "null",
        "\"a\"",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1}}",
        "{\"a\":1} x",
        "{\"a\":1}{}",
        "{\"a\":1]",
        "{\"a\":[1,]}",
        "{\"a\":[,]}",
        "{\"a\":[1}",
        "{\"a\":[1 2]}",
        "{\"a\":{\"b\"}}",
        "{\"a\":{\"b\":1,}}",
        "{\"a\":{1}}",
        "{\"a\":[}]}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":0x1}",
        "{\"a\":tru}",
        "{\"a\":truee}",
        "{\"a\":nul}",
        "{\"a\":NaN}",
        "{\"a\":'b'}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u123\"}",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":1\u{a0}}",
        "{\"a\":\"12345678\u{1f}1234567\"}",
        "\u{feff}{}",
        "{}\u{c}",
    ] {
        assert_eq!(read(line.as_bytes(), &keys), None, "{line:?}");
    }
}

#[test]
fn kinder_than_serde_json_to_values() {
    let line = b"{\"x\":\"\xff\\ud800\",\"\xfe\":1e999,\"a\":\"\xff\"}";
    assert!(serde_json::from_slice::<serde_json::Value>(line).is_err());
    let slots = read(line, &keys(&["a"])).unwrap();
    assert_eq!(slots[0].everywhere.first.bytes(line), b"\xff");
}

#[test]
fn nesting_is_bounded_as_in_serde_json() {
    for (open, close) in [
        ("[", "]"),
        (r#"{"a":"#, "}"),
        (r#"{"b":"#, "}"),
        (r#"[{"a":"#, "}]"),
    ] {
        for count in [10, 62, 63, 64, 125, 126, 127, 128, 200, 100_000] {
            let line = format!(r#"{{"a":{}1{}}}"#, open.repeat(count), close.repeat(count));
            let expected = serde_json::from_str::<serde_json::Value>(&line).is_ok();
            // The longest wanted path goes deeper than any line may.
            let path = ["a"; 200].join(".");
            for keys in [keys(&["x"]), keys(&["a"]), keys(&[&path])] {
                assert_eq!(
                    read(line.as_bytes(), &keys).is_some(),
                    expected,
                    "{open} {count}"
                );
            }
        }
    }
}

#[test]
fn elements_of_lists_are_counted_from_zero() {
    let keys = keys(&["roles.0", "roles.2", "e.1.code", "m.0.1", "roles"]);
    let line = br#"{"roles":["a","b\"c"],"e":[{"code":1},{"x":[],"code":"E2"}],"m":[[1,2],[3]]}"#;
    let slots = read(line, &keys).unwrap();
    let shown = |slot: usize| {
        let seen = slots[slot].everywhere;
        (seen.count > 0).then(|| String::from_utf8_lossy(seen.first.bytes(line)).into_owned())
    };
    assert_eq!(shown(0).as_deref(), Some("a"));
    assert_eq!(shown(1), None);
    assert_eq!(shown(2).as_deref(), Some("E2"));
    assert_eq!(shown(3).as_deref(), Some("2"));
    assert_eq!(shown(4).as_deref(), Some(r#"["a","b\"c"]"#));
    // The order of keys that was learned from the first line finds them too.
    let mut warm = Slots::default();
    for _ in 0..2 {
        warm.clear(&keys);
        assert!(super::super::read(line, &keys, &mut warm));
        assert_eq!(warm.all(), slots);
    }
    assert_eq!(read(br#"{"roles":["a",}"#, &keys), None);
    assert_eq!(read(br#"{"roles":[1 2]}"#, &keys), None);
}

#[test]
fn elements_of_lists_are_counted_from_the_end_too() {
    let keys = keys(&[
        "roles.-1",
        "roles.0",
        "roles.-3",
        "e.-1.code",
        "m.-1.-1",
        "m.0.-2",
    ]);
    let line =
        br#"{"roles":["a","b\"c"],"e":[{"code":1},{"x":["]"],"code":"E2"}],"m":[[1,2],[3]]}"#;
    let slots = read(line, &keys).unwrap();
    let shown = |slot: usize| {
        let seen = slots[slot].everywhere;
        (seen.count > 0).then(|| String::from_utf8_lossy(seen.first.bytes(line)).into_owned())
    };
    assert_eq!(shown(0).as_deref(), Some("b\\\"c"));
    assert_eq!(shown(1).as_deref(), Some("a"));
    assert_eq!(shown(2), None);
    assert_eq!(shown(3).as_deref(), Some("E2"));
    assert_eq!(shown(4).as_deref(), Some("3"));
    assert_eq!(shown(5).as_deref(), Some("1"));
    // One element may be the first and the last.
    let line = br#"{"roles":["a"]}"#;
    let slots = read(line, &keys).unwrap();
    assert_eq!(
        (slots[0].everywhere.count, slots[1].everywhere.count),
        (1, 1)
    );
    for broken in [
        &br#"{"roles":["a",}"#[..],
        br#"{"roles":[1 2]}"#,
        br#"{"roles":["a""#,
    ] {
        assert_eq!(read(broken, &keys), None);
    }
    assert!(read(br#"{"roles":[]}"#, &keys).is_some());
}

#[test]
fn an_object_may_stand_behind_other_text() {
    let keys = keys(&["a"]);
    for (line, surely) in [
        (&b"INFO: {\"a\":\"x\"}"[..], true),
        (b"@cee: { \"a\":1 } ", true),
        (b"INFO {}", true),
        (b"INFO {id} {\"a\":1}", false),
        (b"INFO {\"a\":1} more", true),
    ] {
        let (start, seems) = super::super::first_brace(line).unwrap();
        assert_eq!(seems, surely, "{}", line.escape_ascii());
        let mut slots = Slots::default();
        slots.clear(&keys);
        let mut alone = Slots::default();
        alone.clear(&keys);
        let whole = super::super::read_from(line, start, &keys, &mut slots);
        assert_eq!(
            whole,
            super::super::read(&line[start..], &keys, &mut alone),
            "{}",
            line.escape_ascii()
        );
        let found = slots.all()[0].everywhere;
        let expected = alone.all()[0].everywhere;
        assert_eq!(found.count, expected.count);
        assert_eq!(
            found.first.bytes(line),
            expected.first.bytes(&line[start..])
        );
    }
    assert_eq!(super::super::first_brace(b"none"), None);
    assert_eq!(super::super::broken_at(b"INFO: {\"a\":nope}", 6), Some(11));
}
