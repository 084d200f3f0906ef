//! Every known prefix before every form of line, alone and in those others that it is found in.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TEXT: &str = "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=default/default route=default/r http.status=200";
const JSON: &str = r#"{"level":"info","time":"2026-11-23T14:51:29.183611Z","scope":"request"}"#;

/// The time of docker, which other prefixes may be around.
const TIME: &str = "2026-11-23T14:51:29.183611123Z";

/// A prefix, its service and its container.
type Named = (&'static str, Option<&'static str>, Option<&'static str>);

/// Those that may be before any text.
const CERTAIN: [Named; 29] = [
    (
        "agentgateway-1  | ",
        Some("agentgateway"),
        Some("agentgateway-1"),
    ),
    (
        "gw_agentgateway.1.abc123def456@node1    | ",
        Some("gw_agentgateway"),
        Some("gw_agentgateway.1.abc123def456"),
    ),
    (
        "gw.1@node-1.example.org         | ",
        Some("gw"),
        Some("gw.1"),
    ),
    (
        "gw.kd8v2mxx.abc123@node1    | ",
        Some("gw"),
        Some("gw.kd8v2mxx.abc123"),
    ),
    (
        "\x1b[1;32m[agentgateway] |\x1b[0m ",
        Some("agentgateway"),
        Some("agentgateway"),
    ),
    (
        "[pod/gw-7d/agentgateway] ",
        Some("agentgateway"),
        Some("gw-7d/agentgateway"),
    ),
    (
        "Nov 26 15:42:14 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov  6 15:42:14 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 6 15:42:14 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 15:42:14 host1 agentgateway: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 15:42:14 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 15:42:14.301078 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 2026 15:42:14 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 15:42:14 host1 daemon.info agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "Thu 2026-11-26 15:42:14 UTC host1 agentgateway.service[6246]: ",
        Some("agentgateway.service"),
        None,
    ),
    (
        "Thu 2026-11-26 15:42:14.301078 CET host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "1764171734.301078 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "[ 1234.567890] host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "[ 1234.567890 <    0.000001 >] host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "<134>Nov 26 15:42:14 host1 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    (
        "<134>Nov 26 15:42:14 host1 agentgateway: ",
        Some("agentgateway"),
        None,
    ),
    (
        "<30>Nov 26 15:42:14 agentgateway[6246]: ",
        Some("agentgateway"),
        None,
    ),
    ("<30>agentgateway[6246]: ", Some("agentgateway"), None),
    ("<134>1 - - - - - - ", None, None),
    ("<6>", None, None),
    ("<0>", None, None),
    ("<191>", None, None),
    (
        "Nov 26 15:42:14 host1 agentgateway[6246]: <6>",
        Some("agentgateway"),
        None,
    ),
    (
        "Nov 26 15:42:14 host1 docker-compose[12]: gw-1  | ",
        Some("gw"),
        Some("gw-1"),
    ),
];

/// Those that have a time, which may be before any text.
const TIMED: [(&str, &str, Option<&str>); 9] = [
    (
        "2026-11-23T14:51:29.183611123Z ",
        "2026-11-23T14:51:29.183611123Z",
        None,
    ),
    (
        "2026-11-23T14:51:29.18361112Z ",
        "2026-11-23T14:51:29.18361112Z",
        None,
    ),
    (
        "2026-11-23T14:51:29.183611123+02:00 ",
        "2026-11-23T14:51:29.183611123+02:00",
        None,
    ),
    (
        "2026-11-26T15:42:14+0000 host1 agentgateway[6246]: ",
        "2026-11-26T15:42:14+0000",
        Some("agentgateway"),
    ),
    (
        "2026-11-26T15:42:14+01:00 host1 agentgateway[6246]: ",
        "2026-11-26T15:42:14+01:00",
        Some("agentgateway"),
    ),
    (
        "2026-11-26T15:42:14.301078+00:00 host1 agentgateway[6246]: ",
        "2026-11-26T15:42:14.301078+00:00",
        Some("agentgateway"),
    ),
    (
        "<134>1 2026-11-26T15:42:14.301078Z host1 agentgateway 6246 - - ",
        "2026-11-26T15:42:14.301078Z",
        Some("agentgateway"),
    ),
    (
        r#"<30>1 2026-11-26T15:42:14Z host1 agentgateway 6246 ID47 [a@1 b="c\]\"d" e="]"][f] "#,
        "2026-11-26T15:42:14Z",
        Some("agentgateway"),
    ),
    (
        "1 2026-11-26T15:42:14.301078Z host1 agentgateway 6246 - - \u{feff}",
        "2026-11-26T15:42:14.301078Z",
        Some("agentgateway"),
    ),
];

/// Those that are taken off where a line surely begins after them.
const LIKELY: [Named; 17] = [
    ("gw agentgateway ", Some("agentgateway"), Some("gw")),
    ("gw-7d agentgateway ", Some("agentgateway"), Some("gw-7d")),
    (
        "agentgateway-6c9f8d7b5-x2x4z agentgateway ",
        Some("agentgateway"),
        Some("agentgateway-6c9f8d7b5-x2x4z"),
    ),
    (
        "ai agentgateway-6c9f8d7b5-xzxwz agentgateway ",
        Some("agentgateway"),
        Some("agentgateway-6c9f8d7b5-xzxwz"),
    ),
    ("gateway gateway ", Some("gateway"), Some("gateway")),
    (
        "\x1b[36mgw-0\x1b[0m \x1b[32magentgateway\x1b[0m ",
        Some("agentgateway"),
        Some("gw-0"),
    ),
    (
        "ai_agentgateway_1 ",
        Some("ai_agentgateway_1"),
        Some("ai_agentgateway_1"),
    ),
    ("0123456789ab ", Some("0123456789ab"), Some("0123456789ab")),
    (
        "[agentgateway]  | ",
        Some("agentgateway"),
        Some("agentgateway"),
    ),
    (" ", None, None),
    (
        "com.docker.compose.service=gw,com.example.x=a%20b,tag=gw-1 ",
        Some("gw"),
        Some("gw-1"),
    ),
    ("tag=gw-1 ", None, Some("gw-1")),
    ("HOST_NAME=a,LOG_FORMAT=json ", None, None),
    ("2026-11-26T15:42:14.301078Z ", None, None),
    ("2026-11-26T15:42:14Z ", None, None),
    (
        "2026-11-26T15:42:14.301078+00:00 host1 agentgateway: ",
        Some("agentgateway"),
        None,
    ),
    ("<30>host1 agentgateway: ", Some("agentgateway"), None),
];

fn owned_by(named: Named, text: &str) -> Owned {
    Owned {
        service: named.1.map(Into::into),
        container: named.2.map(Into::into),
        ..Owned::text(text)
    }
}

#[track_caller]
fn check(line: &str, expected: &Owned) {
    for end in ["", "\r"] {
        let found = unwrapped(&format!("{line}{end}")).map(|found| Owned {
            time: expected.time.is_some().then_some(found.time).flatten(),
            ..found
        });
        assert_eq!(found.as_ref(), Some(expected), "{line:?}");
    }
}

#[test]
fn each_before_each_form_of_line() {
    for text in [
        TEXT,
        JSON,
        "request route=x",
        "",
        "a | b",
        "x: y",
        "gw-1  | x",
    ] {
        for named in CERTAIN {
            check(&format!("{}{text}", named.0), &owned_by(named, text));
        }
        for (prefix, time, service) in TIMED {
            let expected = Owned {
                time: Some(time.into()),
                service: service.map(Into::into),
                ..Owned::text(text)
            };
            check(&format!("{prefix}{text}"), &expected);
        }
    }
    for text in [TEXT, JSON] {
        for named in LIKELY {
            check(&format!("{}{text}", named.0), &owned_by(named, text));
        }
    }
}

#[test]
fn with_timestamps_within() {
    for text in [TEXT, JSON, "request route=x", ""] {
        for prefix in [
            "agentgateway-1  | ",
            "\x1b[1;32m[agentgateway] |\x1b[0m ",
            "[agentgateway] | ",
            "[pod/gw-7d/agentgateway] ",
            "gw-7d agentgateway ",
            "gw_agentgateway_1 ",
            "Nov 26 15:42:14 host1 docker[1]: gw-1  | ",
        ] {
            let found = unwrapped(&format!("{prefix}{TIME} {text}")).unwrap();
            assert_eq!(found.text, text, "{prefix}");
            assert_eq!(found.time.as_deref(), Some(TIME), "{prefix}");
        }
        // Or before the others.
        for within in [
            "gw_agentgateway.1.abc@node1    | ",
            "com.docker.swarm.node.id=a,com.docker.swarm.task.id=b ",
            "gw.1.abc@node1    | com.docker.swarm.node.id=a ",
            "<6>",
            "<134>Nov 26 15:42:14 haproxy[1]: ",
        ] {
            let found = unwrapped(&format!("{TIME} {within}{text}")).unwrap();
            assert_eq!(found.text, text, "{within}");
            assert_eq!(found.time.as_deref(), Some(TIME), "{within}");
        }
    }
    let record = |text: &str| format!(r#"{{"log":"{text}\n","stream":"stdout","time":"t"}}"#);
    assert_eq!(unwrapped(&record("<6>text")), Some(Owned::at("text", "t")));
    assert_eq!(
        unwrapped(&record("<6a>text")),
        Some(Owned::at("<6a>text", "t"))
    );
}

#[test]
fn what_looks_alike_is_left_alone() {
    for line in [
        // Times of programs.
        "2026-11-23T15:18:33.229071Z info request",
        "2026-11-23T15:18:33.229Z  INFO x",
        "2026-11-23T15:18:33.2290712Z x",
        "2026-11-23T15:18:33.229071123Z\tinfo",
        "2026-11-23T15:18:33.229071123Z",
        "2026-11-23T15:18:33Z connection failed: timeout",
        "2026-11-23 15:18:33 host gw[1]: x",
        "1764171734 host gw[1]: x",
        "Nov 26 15:42 x",
        "Nov 26 15:42:14 no header here",
        "Nov 26 15:42:14 a b c: x",
        "Nov 26 15:42:14 {\"a\": 1}",
        "Not 26 15:42:14 host gw[1]: x",
        "Thu 2026-11-26 15:42:14 UTC x y",
        "[ 1234.567890] usb 1-1: new device",
        "[1] x y[1]: z",
        // Names of programs.
        "server started {\"port\":8080}",
        "user-service started {\"port\":8080}",
        "GET /a-1 {\"port\":8080}",
        "started 2026-11-23T15:18:33Z",
        "server started 2026-11-23T15:18:33Z",
        "Server Started {\"level\":1}",
        "retry of {\"a\":1}",
        "[pod/x] text",
        "[pod//x] text",
        "[pod/a/b]text",
        "[main] | text",
        "a@b text",
        "a@b| text",
        "@b  | text",
        // Fields of programs.
        "user=bob {\"a\":1}",
        "user.name=bob {\"a\":1}",
        "a=1,b=2 text",
        "tag=a text",
        "level=info time=2026-11-23T15:18:33Z",
        "TAG=\"a b\" {\"a\":1}",
        "  {\"a\":1}",
        " text",
        // No priorities.
        "<192>x",
        "<06>x",
        "<>x",
        "<6x",
        "<a>x",
        "<1234>x",
        // No RFC 5424.
        "1 2026-11-26T15:42:14Z host gw 1 - x",
        "1 x host gw 1 - - y",
        "1 - - -",
    ] {
        assert_eq!(unwrapped(line), Some(Owned::text(line)), "{line:?}");
    }
}

proptest! {
    #[test]
    fn before_any_text(
        text in "~=[^\r\n\x1b]{0,60}\\.",
        named in select(&CERTAIN[..]),
        timed in select(&TIMED[..]),
    ) {
        prop_assert_eq!(unwrapped(&format!("{}{text}", named.0)), Some(owned_by(named, &text)));
        let found = unwrapped(&format!("{}{text}", timed.0)).unwrap();
        prop_assert_eq!((found.text, found.time.as_deref()), (text, Some(timed.1)));
    }

    /// Names, times and numbers of every kind, before a line of each format.
    #[test]
    fn of_any_names(
        text in select(&[TEXT, JSON][..]),
        name in "[a-z][a-z0-9]{0,12}",
        host in "[a-z][a-z0-9.-]{0,12}",
        hash in "[0-9a-f]{4,9}[0-9]-[bcdfghjklmnpqrstvwxz2456789]{5}",
        month in select(&["Jan", "Feb", "May", "Dec"][..]),
        (day, hour, pid, priority, slot) in (1_u32..32, 0_u32..24, 1_u32..99_999, 0_u32..192, 1_u32..40),
        digits in "[0-9]{9}",
        pad in " {1,9}",
    ) {
        let iso = format!("2026-{:02}-{day:02}T{hour:02}:04:05", 1 + slot % 12);
        for prefix in [
            format!("{name}-{slot}{pad}| "),
            format!("{name}_x.{slot}.{hash}@{host}{pad}| "),
            format!("{iso}.{digits}Z {name}.{slot}@{host}{pad}| "),
            format!("\x1b[1;33m[{name}]{pad}|\x1b[0m "),
            format!("[{name}]{pad}| "),
            format!("[pod/{name}-{hash}/{name}] "),
            format!("{name}-{hash} {name} "),
            format!("{host} {name}-{hash} {name} "),
            format!("{iso}.{digits}Z "),
            format!("{month} {day:2} {hour:02}:04:05 {host} {name}[{pid}]: "),
            format!("{month} {day:02} {hour:02}:04:05 {name}: "),
            format!("<{priority}>{month} {day:2} {hour:02}:04:05 {host} {name}[{pid}]: "),
            format!("<{priority}>1 {iso}.{digits}Z {host} {name} {pid} - - "),
            format!("<{priority}>"),
            format!("{iso}+0100 {host} {name}[{pid}]: "),
            format!("{iso}.{}+01:00 {host} {name}[{pid}]: ", &digits[..6]),
            format!("{iso}.{digits}Z com.docker.swarm.task.id={hash},tag={name} "),
        ] {
            let found = unwrapped(&format!("{prefix}{text}")).unwrap();
            prop_assert_eq!(&found.text, text, "{}", prefix);
            // A time within is the program's own and stays.
            let timed = format!("{prefix}{TIME} {text}");
            let expected = match prefix.contains("Z ") && !prefix.starts_with('<') {
                true => continue,
                false => text,
            };
            let found = unwrapped(&timed).unwrap();
            prop_assert_eq!(&found.text, expected, "{}", timed);
        }
    }
}
