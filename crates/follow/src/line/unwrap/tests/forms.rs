//! What is a wrapping, line by line, and what is none.

use super::*;

#[track_caller]
fn check(line: &str, expected: Owned) {
    assert_eq!(unwrapped(line), Some(expected), "{line:?}");
}

/// The line is not wrapped at all.
#[track_caller]
fn plain(line: &str) {
    check(line, Owned::text(line));
}

#[test]
fn compose() {
    let gateway = || Owned::of("text", "agentgateway", "agentgateway-1");
    check("agentgateway-1  | text", gateway());
    check("agentgateway-1 | text", gateway());
    check("agentgateway-1          | text", gateway());
    check(
        "agentgateway_1  | text",
        Owned::of("text", "agentgateway", "agentgateway_1"),
    );
    check(
        "ai_open-webui_12  | text",
        Owned::of("text", "ai_open-webui", "ai_open-webui_12"),
    );
    check(
        "my-gateway  | text",
        Owned::of("text", "my-gateway", "my-gateway"),
    );
    check("gw.v1.2  | text", Owned::of("text", "gw.v1.2", "gw.v1.2"));
    check("2  | text", Owned::of("text", "2", "2"));
    // The text may be empty, may begin with a blank and hold further bars.
    check("name-1  | ", Owned::of("", "name", "name-1"));
    check("name-1  |", Owned::of("", "name", "name-1"));
    check("name-1  |\r", Owned::of("", "name", "name-1"));
    check(
        "name-1  |   a | b\r",
        Owned::of("  a | b", "name", "name-1"),
    );
    check(
        "name-1  | info | b",
        Owned::of("info | b", "name", "name-1"),
    );
}

#[test]
fn compose_in_colour() {
    for line in [
        "\x1b[36magentgateway-1  | \x1b[0mtext",
        "\x1b[36magentgateway-1  |\x1b[0m text",
        "\x1b[36magentgateway-1  \x1b[0m| text",
        "\x1b[36magentgateway-1\x1b[0m  | text",
        "\x1b[36;1magentgateway-1  | \x1b[0mtext",
        "\x1b[38;5;6magentgateway-1 | \x1b[39mtext",
        "\x1b[36magentgateway-1  | \x1b[0m\x1b[32mtext\x1b[0m\r",
        "\x1b[36magentgateway-1  |\x1b[0m \x1b[32mtext\x1b[0m",
    ] {
        check(line, Owned::of("text", "agentgateway", "agentgateway-1"));
    }
    // The colours of the prefix say nothing of the text's.
    check(
        "\x1b[36mgw-1  | \x1b[0mmodel=a\x1b[31mb route=x",
        Owned::of("model=a\x1b[31mb route=x", "gw", "gw-1"),
    );
}

#[test]
fn compose_with_timestamps() {
    for time in [
        "2026-11-23T15:18:32.432956123Z",
        "2026-11-23T15:18:32.432956123+02:00",
    ] {
        for prefix in ["gw-1  | ", "\x1b[36mgw-1  | \x1b[0m"] {
            check(
                &format!("{prefix}{time} text"),
                Owned {
                    time: Some(time.into()),
                    ..Owned::of("text", "gw", "gw-1")
                },
            );
        }
    }
    // The times of the gateway itself, and of others, belong to the text.
    for text in [
        "2026-11-23T15:18:32.432956Z\tinfo\trequest gateway=x",
        "2026-11-23T15:18:32.432956Z info",
        "2026-11-23T15:18:32Z info",
        "2026-11-23T15:18:32.432956123Z\tinfo",
        "2026-11-23T15:18:32.432956123Z",
        "2026-11-23T15:18:32.432956123 x",
    ] {
        check(&format!("gw-1  | {text}"), Owned::of(text, "gw", "gw-1"));
    }
}

#[test]
fn no_compose() {
    for level in [
        "INFO", "WARN", "WARNING", "ERROR", "DEBUG", "TRACE", "FATAL", "NOTICE", "CRITICAL",
    ] {
        plain(&format!("{level}  | text"));
    }
    for line in [
        "",
        "a",
        "a  ",
        "a|b",
        "a\t| b",
        "a  |b",
        "a  b | c",
        "-a  | b",
        ".a  | b",
        "  | b",
        "| b | c",
        "2026-11-23 15:18:32 | INFO | x",
        "[a]  | b",
        "ä-1  | b",
        "{\"a\": 1}  | b",
    ] {
        plain(line);
    }
}

#[test]
fn docker() {
    const TIME: &str = "2016-10-06T00:17:09.669794202Z";
    for (log, text) in [
        (r"text\n", "text"),
        (r"text\r\n", "text"),
        (r"\n", ""),
        (
            r#"user=\"a b\" \u003cx\u003e \ud83d\ude00\t\u001b\n"#,
            "user=\"a b\" <x> 😀\t\u{1b}",
        ),
        (r"half \ud83d pair\n", "half \u{fffd} pair"),
        (r"one\ntwo\n", "one\ntwo"),
    ] {
        for line in [
            format!(r#"{{"log":"{log}","stream":"stdout","time":"{TIME}"}}"#),
            format!(r#"{{"log":"{log}","stream":"stderr","attrs":{{}},"time":"{TIME}"}}"#),
            format!(r#"{{"time":"{TIME}","stream":"stderr","log":"{log}"}}"#),
            format!(r#"{{"log": "{log}", "stream": "stdout", "time": "{TIME}"}}"#) + "\r",
        ] {
            check(&line, Owned::at(text, TIME));
        }
    }
    check(
        r#"{"log":"x\n","stream":"stdout","attrs":{"com.docker.compose.service":"gw","n":"1","tag":"gw-1"},"time":"t"}"#,
        Owned {
            time: Some("t".into()),
            ..Owned::of("x", "gw", "gw-1")
        },
    );
}

#[test]
fn no_docker() {
    for line in [
        "{",
        "{}",
        r#"{"log":"x\n"}"#,
        r#"{"log":"x\n","stream":"stdout"}"#,
        r#"{"log":"x\n","time":"t"}"#,
        r#"{"stream":"stdout","time":"t"}"#,
        r#"{"log":"x\n","stream":"stdin","time":"t"}"#,
        r#"{"log":"x\n","stream":1,"time":"t"}"#,
        r#"{"log":{"level":"info"},"stream":"stdout","time":"t"}"#,
        r#"{"log":"x\n","stream":"stdout","time":"t","level":"info"}"#,
        r#"{"log":"x\n","stream":"stdout","attrs":{"n":1},"time":"t"}"#,
        r#"{"log":"x\n","stream":"stdout","time":"t"} {"#,
        r#"{"log":"x\n","stream":"stdout","time":"t""#,
        r#"{"log":"x\n","stream":"stdout","time":"t"#,
        r#"{"log":"x\"#,
        r#"{"level":"info","time":"2026-11-23T14:58:17.531285Z","scope":"request","http.status":200}"#,
    ] {
        plain(line);
    }
}

#[test]
fn cri() {
    for time in [
        "2016-10-06T00:17:09.669794202Z",
        "2016-10-06T00:17:09.669794202+02:00",
        "2016-10-06T00:17:09.66Z",
        "2016-10-06T00:17:09-11:30",
    ] {
        for stream in ["stdout", "stderr"] {
            for (rest, text) in [
                ("F text", "text"),
                ("F text\r", "text"),
                ("F:tag:more text  ", "text  "),
                ("F  text", " text"),
                ("F ", ""),
                ("F", ""),
                ("F\r", ""),
                ("F:tag", ""),
            ] {
                check(&format!("{time} {stream} {rest}"), Owned::at(text, time));
            }
        }
    }
}

#[test]
fn no_cri() {
    for line in [
        "2016-10-06T00:17:09.669794Z stdin F text",
        "2016-10-06T00:17:09.669794Z stdout X text",
        "2016-10-06T00:17:09.669794Z stdout FP text",
        "2016-10-06T00:17:09.669794Z stdout  F text",
        "2016-10-06T00:17:09.669794Z stdout",
        "2016-10-06T00:17:09.669794Z  stdout F text",
        "2016-10-06T00:17:09.669794 stdout F text",
        "2016-10-06T00:17:09.Z stdout F text",
        "2016-10-06 00:17:09Z stdout F text",
        "2016-10-06T00:17:09+2:00 stdout F text",
        "1 stdout F text",
    ] {
        plain(line);
    }
}

#[test]
fn colours() {
    for (line, text) in [
        ("\x1b[32mINFO\x1b[0m user=\x1b[1ma\x1b[0m", "INFO user=a"),
        (
            "\x1b[2m2026-11-23\x1b[0m\x1b[38;5;208m x\x1b[K\r",
            "2026-11-23 x",
        ),
        ("no equals sign \x1b[31mred\x1b[0m", "no equals sign red"),
        // Only whole control sequences go.
        (
            "\x1b]8;;x\x07 \x1b \x1b[ \x1b[31",
            "\x1b]8;;x\x07 \x1b \x1b[ \x1b[31",
        ),
        ("\x1b\x1b[31mred", "\x1bred"),
        // Behind a `=` an ESC is a client's.
        (
            "model=a\x1b[31mred\x1b[0m x=1",
            "model=a\x1b[31mred\x1b[0m x=1",
        ),
    ] {
        check(line, Owned::text(text));
    }
}

#[test]
fn one_carriage_return_is_taken_off() {
    check("text\r", Owned::text("text"));
    check("te\rxt\r\r", Owned::text("te\rxt\r"));
    check("\r", Owned::text(""));
}

#[test]
fn wrappings_in_each_other() {
    let record = r#"{"log":"2016-10-06T00:17:09.5Z stderr F \u001b[32mtext\u001b[0m\n","stream":"stdout","time":"t"}"#;
    check(record, Owned::at("text", "2016-10-06T00:17:09.5Z"));
    check(
        &format!("gw-1  | 2026-11-23T15:18:32.432956123Z {record}"),
        Owned {
            time: Some("2016-10-06T00:17:09.5Z".into()),
            ..Owned::of("text", "gw", "gw-1")
        },
    );
    check(
        r#"2016-10-06T00:17:09Z stdout F {"log":"a-1  | b\n","stream":"stdout","time":"t"}"#,
        Owned::at("a-1  | b", "t"),
    );
    // No more than two records in each other.
    check(
        "2016-10-06T00:17:09Z stdout F 2016-10-06T00:17:08Z stdout F 2016-10-06T00:17:07Z stdout F x",
        Owned::at("2016-10-06T00:17:07Z stdout F x", "2016-10-06T00:17:08Z"),
    );
}

#[test]
fn lines_of_the_gateway_are_untouched_and_not_copied() {
    for line in access_lines() {
        let mut unwrapper = Unwrapper::default();
        let unwrapped = unwrapper.unwrap(0, line.as_bytes()).unwrap();
        assert_eq!(
            unwrapped.text.as_ptr_range(),
            line.as_bytes().as_ptr_range(),
            "{line}"
        );
        assert_eq!(unwrapped.wrapping, Wrapping::default());
    }
}
