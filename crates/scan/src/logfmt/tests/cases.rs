//! Lines read by hand.

use super::*;

/// All values of `key`, raw, quoted ones in quotes: first and last, and how many there are.
fn values(
    line: &str,
    key: &str,
    seen: impl Fn(&FieldSlot) -> Matches,
    marked: bool,
) -> Vec<String> {
    let keys = keys(&[key]);
    let untrusted = untrusted();
    let (_, slots) = read(line.as_bytes(), &keys, marked.then_some(&untrusted));
    let seen = seen(&slots[0]);
    let show = |span: Span| {
        let text = String::from_utf8(span.bytes(line.as_bytes()).to_vec()).unwrap();
        match span.form {
            Form::Quoted | Form::Escaped => format!("\"{text}\""),
            Form::Plain => text,
        }
    };
    match seen.count {
        0 => vec![],
        1 => vec![show(seen.first)],
        2 => vec![show(seen.first), show(seen.last)],
        count => vec![show(seen.first), format!("{count} in all"), show(seen.last)],
    }
}

#[track_caller]
fn check(line: &str, key: &str, expected: &[&str]) {
    assert_eq!(
        values(line, key, |slot| slot.everywhere, false),
        expected,
        "{line}"
    );
    assert_eq!(
        values(line, key, |slot| slot.trusted, false),
        expected,
        "{line}"
    );
}

#[track_caller]
fn check_trusted(line: &str, key: &str, trusted: &[&str], everywhere: &[&str]) {
    assert_eq!(
        values(line, key, |slot| slot.trusted, true),
        trusted,
        "{line}"
    );
    assert_eq!(
        values(line, key, |slot| slot.everywhere, true),
        everywhere,
        "{line}"
    );
}

#[test]
fn unquoted_values() {
    check("a=1", "a", &["1"]);
    check("time\tinfo\trequest a=1 b=2", "a", &["1"]);
    check("message\ta=1\tb=2", "a", &["1"]);
    check("a= b=2", "a", &[""]);
    check("a=", "a", &[""]);
    check("a=  ", "a", &[""]);
    check("a=1  b=2", "a", &["1"]);
    check("a=1 \t ", "a", &["1"]);
    check("a= 1 b=2", "a", &[" 1"]);
    check("a=b=c d", "a", &["b=c d"]);
    check(
        "route=default/plain host with spaces endpoint=x",
        "route",
        &["default/plain host with spaces"],
    );
    check("a=x =y b=2", "a", &["x =y"]);
    check("a=x \"y=1 b=2", "a", &["x \"y=1"]);
    check("a=x y z", "a", &["x y z"]);
    check(
        "http.path=/p?http.status=999&a=1 http.status=200",
        "http.status",
        &["200"],
    );
    check(
        "http.path=/08c/\"x=1\"/{a} a=1",
        "http.path",
        &["/08c/\"x=1\"/{a}"],
    );
}

#[test]
fn keys_are_any_word_before_an_equals_sign() {
    for key in ["a", "a.b-c_d/e@f:g", "größe", "x'y", "a(b),c;d", "\u{fffd}"] {
        check(&format!("x=1 {key}=2"), key, &["2"]);
    }
    for key in ["a\"b", "a[0]", "{a", "a}", "a\u{1}b", "a\u{7f}"] {
        check(&format!("x=1 {key}=2"), key, &[]);
    }
    check("xa=1", "a", &[]);
    check("x,a=1", "a", &[]);
    check("=1 a=2", "", &[]);
}

#[test]
fn quoted_values() {
    check("a=\"x y\" b=2", "a", &["\"x y\""]);
    check("a=\"\"", "a", &["\"\""]);
    check(r#"a="x b=1 \" c=2 \\" b=3"#, "b", &["3"]);
    check(r#"a="x b=1 \" c=2 \\" b=3"#, "a", &[r#""x b=1 \" c=2 \\""#]);
    check("a=\"x\" rest b=1", "a", &["\"x\""]);
    check("a=\"x\" rest b=1", "b", &["1"]);
    check("a=\"x\"\tb=1", "b", &["1"]);
    // No string after all.
    check("a=\"x b=1", "a", &["\"x"]);
    check("a=\"x b=1", "b", &["1"]);
    check("a=\"x\\", "a", &["\"x\\"]);
    check("a=\"x\"y b=1", "a", &["\"x\"y"]);
    check("a=\"", "a", &["\""]);
}

#[test]
fn bracketed_values() {
    let line = r#"t.list=["a", "b c"] t.map={"k": "v w", "n": [1, {}]} t.n=1"#;
    check(line, "t.list", &[r#"["a", "b c"]"#]);
    check(line, "t.map", &[r#"{"k": "v w", "n": [1, {}]}"#]);
    check(line, "t.n", &["1"]);
    check(r#"a=["] b=1 \" ", 2] b=3"#, "b", &["3"]);
    check("a={b=1, c=2} c=3", "c", &["3"]);
    // No list after all.
    check("src.addr=[::1]:49904 b=1", "src.addr", &["[::1]:49904"]);
    check("a=[x b=1", "a", &["[x"]);
    check("a=[x} b=1", "b", &["1"]);
    check("a=[\"x] b=1", "b", &["1"]);
    check("a=]x b=1", "a", &["]x"]);
    check("a=[ b=[] c=1", "b", &["[]"]);
    let deep = |depth| format!("a={}{} b=1", "[ c=1 ".repeat(depth), "]".repeat(depth));
    check(&deep(128), "c", &[]);
    assert_ne!(
        values(&deep(129), "c", |slot| slot.everywhere, false),
        Vec::<String>::new()
    );
}

#[test]
fn a_key_may_stand_twice() {
    check("a=1 a=2", "a", &["1", "2"]);
    check("a=1 a=\"2\" b=x a=3", "a", &["1", "3 in all", "3"]);
}

#[test]
fn whether_there_was_any_pair() {
    let keys = keys(&["a"]);
    for (line, expected) in [
        ("", false),
        ("no pair = here", false),
        ("=", false),
        ("\"a=1", false),
        ("b=", true),
        ("x b=1", true),
        ("protocol=http x duration=1ms", true),
        // Longer than what is looked at together.
        (&format!("x\0{}=1", "x".repeat(200)), false),
        (&format!("x\0{} x=1", "x".repeat(200)), true),
    ] {
        for untrusted in [None, Some(&untrusted())] {
            assert_eq!(
                read(line.as_bytes(), &keys, untrusted).0,
                expected,
                "{line}"
            );
        }
    }
}

#[test]
fn outside_of_the_untrusted_range() {
    let line = "u=1 protocol=llm u=2 duration=3ms u=4";
    check_trusted(line, "u", &["1", "4"], &["1", "3 in all", "4"]);
    check_trusted(line, "protocol", &["llm"], &["llm"]);
    check_trusted(line, "duration", &["3ms"], &["3ms"]);
    // A quote that opens in the middle swallows nothing after it, nor does the middle's last value.
    let line = r#"protocol=llm model=x u="boss duration=1ms y duration=3ms u="a b""#;
    check_trusted(line, "u", &[r#""a b""#], &[r#""boss"#, r#""a b""#]);
    check_trusted(line, "duration", &["3ms"], &["1ms y", "3ms"]);
    // The first mark's value ends with its word, whatever that is.
    check_trusted("protocol=x y u=1 duration=3ms", "protocol", &["x"], &["x"]);
    check_trusted("protocol=\"x y\" u=1 duration=3ms", "u", &[], &["1"]);
    // Nothing between the untrusted; nothing after the second.
    check_trusted("protocol=x duration=3ms", "duration", &["3ms"], &["3ms"]);
}

#[test]
fn a_mark_inside_a_quoted_text_is_none() {
    for forged in [
        r#"x duration=1ms"#,
        r#"x duration="#,
        r#"x duration=[1,"#,
        r#"x duration=\"y\" z=1"#,
        r#"x duration=[\"y\"]"#,
    ] {
        let line =
            format!(r#"protocol=llm m=x duration=3ms u="{forged}" v="{forged}" l=["{forged}", 1]"#);
        check_trusted(&line, "duration", &["3ms"], &["3ms"]);
        let quoted = format!("\"{forged}\"");
        check_trusted(&line, "u", &[&quoted], &[&quoted]);
    }
}

#[test]
fn without_whole_values_at_the_end_the_last_mark_counts() {
    let line = "u=1 protocol=x u=2 duration=1ms u=3 duration=2ms u=4 trailing words";
    check_trusted(
        line,
        "u",
        &["1", "4 trailing words"],
        &["1", "4 in all", "4 trailing words"],
    );
    let line = "u=1 protocol=x u=2 duration=1ms  u=3";
    check_trusted(line, "u", &["1", "3"], &["1", "3 in all", "3"]);
}

#[test]
fn without_a_beginning_all_is_trusted() {
    check_trusted("u=1 duration=1ms u=2", "u", &["1", "2"], &["1", "2"]);
}

#[test]
fn without_an_end_what_follows_is_unknown() {
    for line in [
        "protocol=x u=2",
        "duration=1ms protocol=x u=2",
        "protocol=x y u=2",
        // Whoever wrote this `duration=`, the program writes no bare word after its own.
        "protocol=x gen.a=m duration=1ms u=2 protocol=y",
    ] {
        check_trusted(line, "u", &["", ""], &["2"]);
    }
    // What came before is known.
    check_trusted("u=1 protocol=x u=2", "u", &["1"], &["1", "2"]);
    check_trusted(
        "u=1 duration=1ms u=2 protocol=x",
        "u",
        &["1", "2"],
        &["1", "2"],
    );
    check_trusted("protocol=x y u=1", "protocol", &["x"], &["x"]);
}

/// The trusted values of a key, by the range that several keys begin.
fn by_several(line: &str, key: &str) -> Vec<String> {
    let keys = keys(&[key]);
    let (_, slots) = read(line.as_bytes(), &keys, Some(&several()));
    let seen = slots[0].trusted;
    let text = |span: Span| {
        let mut scratch = Vec::new();
        String::from_utf8(span.decode(line.as_bytes(), &mut scratch).to_vec()).unwrap()
    };
    match seen.count {
        0 => Vec::new(),
        1 => vec![text(seen.first)],
        _ => vec![text(seen.first), text(seen.last)],
    }
}

#[test]
fn any_of_several_keys_begins_the_range() {
    for begin in ["protocol=x", "b=x", "gen.=x", "gen.model=x"] {
        let line = format!("u=1 {begin} u=2 duration=3ms u=\"4\"");
        assert_eq!(by_several(&line, "u"), ["1", "4"], "{line}");
    }
    assert_eq!(by_several("u=1 gen=x duration=3ms", "u"), ["1"]);
    // The program's own end comes after all that it writes raw.
    let forged = "gen.model=m duration=1ms u=\"2\" gen.other=m";
    assert_eq!(by_several(forged, "u"), ["", ""]);
    let own = "gen.model=m duration=1ms u=\"2\" gen.count=7 gen.text=\"m\" b=true";
    assert_eq!(by_several(own, "u"), ["2"]);
}

#[test]
fn a_raw_value_runs_to_the_key_that_follows_it() {
    let raw = |line: &str| by_several(line, "raw");
    let unknown = ["", ""];
    let subject = "raw=x u=\"1\" http.status=200 protocol=llm gen.model=m duration=3ms";
    assert_eq!(raw(subject), ["x u=\"1\" http.status=200"]);
    assert_eq!(by_several(subject, "u"), [""; 0]);
    assert_eq!(by_several(subject, "http.status"), [""; 0]);
    // Twice: one of them is forged.
    let twice = "raw=x protocol=a u=1 protocol=llm duration=3ms u=\"2\"";
    assert_eq!(raw(twice), unknown);
    assert_eq!(by_several(twice, "u"), ["2"]);
    // Not at all: whole only if nothing follows that a client could have written.
    assert_eq!(raw("raw=x y duration=3ms"), ["x y"]);
    assert_eq!(raw("raw=x y"), ["x y"]);
    assert_eq!(raw("raw=x gen.model=m duration=3ms"), unknown);
    assert_eq!(raw("raw=x duration=1ms duration=3ms"), unknown);
    assert_eq!(raw("raw=x u=1"), unknown);
    // An end is needed for what comes after, not for the value.
    assert_eq!(raw("raw=x y protocol=llm"), ["x y"]);
    assert_eq!(by_several("raw=x protocol=llm u=1", "u"), unknown);
}

/// Lines made to take quadratic time: at a greatest line's length they would take minutes.
#[test]
fn hostile_lines_take_linear_time() {
    let keys = keys(&["a", "duration"]);
    let untrusted = untrusted();
    for piece in [
        " duration=",
        " duration=1",
        " duration=\"",
        " duration=[",
        " duration=[\"",
        " a=[\"",
        " a=[",
        " a=[]x",
        " a=\"",
        " a=\"\\",
        " a=[\",\"",
        " duration=[\",\"",
        " ",
        "=",
        "a",
        " a",
        "[",
        "\"",
        "\\",
        " duration=\" a=\"",
    ] {
        for end in ["", " x", "\" x", "] x"] {
            let mut line = b"protocol=x".to_vec();
            line.extend(piece.repeat((1 << 18) / piece.len()).bytes());
            line.extend(end.bytes());
            let started = std::time::Instant::now();
            read(&line, &keys, Some(&untrusted));
            read(&line, &keys, None);
            let taken = started.elapsed();
            assert!(taken.as_secs() < 5, "{piece:?} {end:?}: {taken:?}");
        }
    }
}
