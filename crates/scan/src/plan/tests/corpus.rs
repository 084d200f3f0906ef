//! Patterns and lines as they are met: here a plan must not only be right but sure, or the fast way
//! is one on paper.

use regex::Regex;

use super::super::{Hint, Outcome, Plan};
use super::check;

/// Lines of one kind of log, patterns for it, and how many of the lines each pattern matches.
struct Kind {
    lines: &'static [&'static str],
    patterns: &'static [(&'static str, usize)],
}

const AGENTGATEWAY: Kind = Kind {
    lines: &[
        concat!(
            "2026-04-09T15:18:33.229071Z\tinfo\trequest gateway=default/default listener=llm ",
            "route=default/anthropic-claude endpoint=127.0.0.1:9001 src.addr=127.0.0.1:36792 ",
            "http.method=POST http.host=127.0.0.1 http.path=/anthropic/v1/messages ",
            "http.version=HTTP/1.1 http.status=200 protocol=llm gen_ai.operation.name=chat ",
            "gen_ai.usage.input_tokens=336 gen_ai.usage.output_tokens=78 duration=409ms ",
            "http.header.x-user-email=\"alice@example.com\" http.header.x-user-id=\"u-1001\" ",
            "http.header.x-user-name=\"Alice Example\" http.header.user-agent=\"curl/7.88.1\"",
        ),
        concat!(
            "2026-04-09T15:18:34.1Z\tinfo\trequest gateway=default/default listener=llm ",
            "src.addr=[::1]:49904 http.method=GET http.path=/nope?route=x&duration=1ms ",
            "http.version=HTTP/1.1 http.status=404 protocol=http error=\"route not found\" ",
            "reason=NotFound duration=0ms http.header.x-user-email=\"\" ",
            "http.header.user-agent=\"Mozilla/5.0 (X11) \\\"quoted\\\" a=b\"",
        ),
        "2026-04-09T15:18:35.000001Z\twarn\tproxy::gateway\tproxy error: invalid URI src.addr=[::1]:1",
        "version: {",
        "{\"level\":\"info\",\"time\":\"2026-04-09T15:18:33Z\",\"scope\":\"request\",\"http.status\":200}",
        "",
    ],
    patterns: &[
        (
            r#"^(?:\S+[\t ]+[A-Za-z]+[\t ]+)?request[\t ]|^\{.*"scope":"request""#,
            3,
        ),
        (r"\brequest\b", 3),
        (
            r#" route=(?P<route>\S+) .* http\.status=(?P<status>\d+) .* duration=(?P<duration>\d+)ms"#,
            1,
        ),
        (
            r#" http\.status=(\d{3}) .*?duration=(\d+)ms http\.header\.x-user-email="([^"]*)""#,
            2,
        ),
        (
            r#"^(\S+)\t(\w+)\trequest .*gen_ai\.usage\.output_tokens=(\d+)"#,
            1,
        ),
        (r"src\.addr=(\S+):(\d+)", 3),
        (r"(\d+)ms", 2),
        (r#"error="(?P<error>[^"]*)" reason=(?P<reason>\w+)"#, 1),
    ],
};

const NGINX: Kind = Kind {
    lines: &[
        concat!(
            "192.0.2.7 - frank [10/Oct/2025:13:55:36 +0200] \"GET /a?b=c HTTP/1.1\" 200 2326 ",
            "\"https://example.com/start\" \"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\"",
        ),
        "2001:db8::1 - - [10/Oct/2025:13:55:37 +0200] \"POST /api/v1 HTTP/2.0\" 503 0 \"-\" \"-\"",
        "192.0.2.7 - - [10/Oct/2025:13:55:38 +0200] \"\\x16\\x03\" 400 157 \"-\" \"Zoë/1\"",
        "2025/10/10 13:55:39 [error] 31#31: *5 open() \"/x\" failed, client: 192.0.2.9, server: _",
    ],
    patterns: &[
        (
            concat!(
                r#"^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) "#,
                r#"(?P<path>[^ "]+) [^"]+" (?P<status>\d{3}) (?P<bytes>\d+) "(?P<referer>[^"]*)" "#,
                r#""(?P<agent>[^"]*)"$"#,
            ),
            2,
        ),
        (r#"^(\S+) - (\S+) \[([^\]]*)\] "(.*?)" (\d+) (\d+)"#, 3),
        (r#"" ([45])\d\d "#, 2),
        (
            r#""(GET|POST|PUT|DELETE) ([^ ]+) HTTP/(\d\.\d)" (\d{3})"#,
            2,
        ),
        (
            r"\[error\] \d+#\d+: (?:\*\d+ )?(?P<message>.*), client: (?P<client>[^,]+)",
            1,
        ),
    ],
};

const APACHE: Kind = Kind {
    lines: &[
        "[Wed Oct 11 14:32:52.123456 2025] [core:error] [pid 35708:tid 4328636416] [client 192.0.2.1:52131] File does not exist: /usr/local/x",
        "[Wed Oct 11 14:32:53.123456 2025] [mpm_event:notice] [pid 1] AH00489: Apache/2.4.62 configured",
    ],
    patterns: &[
        (
            r"^\[([^\]]+)\] \[(\w+):(\w+)\] \[pid (\d+)(?::tid \d+)?\] (?:\[client (\S+):(\d+)\] )?(.*)$",
            2,
        ),
        (r"\[(?P<module>[^:\]]+):(?P<level>[a-z]+)\]", 2),
    ],
};

const HAPROXY: Kind = Kind {
    lines: &[
        concat!(
            "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2025:12:14:14.655] ",
            "http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} ",
            "\"GET /index.html HTTP/1.1\"",
        ),
        "Feb  6 12:14:15 localhost haproxy[14389]: Server static/srv1 is DOWN, reason: Layer4 timeout",
    ],
    patterns: &[
        (
            concat!(
                r"^\w{3} +\d+ [\d:]+ \S+ haproxy\[\d+\]: (\S+):(\d+) \[[^\]]+\] (?P<front>\S+) ",
                r"(?P<back>[^/]+)/(?P<server>\S+) (\d+)/(\d+)/(\d+)/(\d+)/(\d+) (?P<status>\d+) (\d+)",
            ),
            1,
        ),
        (r"haproxy\[\d+\]: Server (\S+) is (UP|DOWN)", 1),
        (r#" (\d+) \d+ .*"(\S+) (\S+) HTTP/[\d.]+"$"#, 1),
    ],
};

const SSHD: Kind = Kind {
    lines: &[
        "Jan 12 03:04:05 host sshd[4242]: Failed password for invalid user admin from 203.0.113.9 port 51234 ssh2",
        "Jan 12 03:04:06 host sshd[4242]: Failed password for root from 203.0.113.9 port 51235 ssh2",
        "Jan 12 03:04:07 host sshd[4243]: Accepted publickey for deploy from 198.51.100.3 port 40022 ssh2: ED25519 SHA256:abc",
        "Jan 12 03:04:07 host CRON[4243]: pam_unix(cron:session): session opened for user root",
    ],
    patterns: &[
        (
            r"^\w{3} +\d+ \S+ (\S+) sshd\[\d+\]: Failed password for (?:invalid user )?(\S+) from (\S+) port (\d+)",
            2,
        ),
        (
            r"sshd\[\d+\]: (?P<result>Accepted|Failed) (?P<method>\S+) for .*from (?P<ip>(?:\d{1,3}\.){3}\d{1,3})",
            3,
        ),
        (r"session opened for user (.+)$", 1),
    ],
};

const KINDS: &[Kind] = &[AGENTGATEWAY, NGINX, APACHE, HAPROXY, SSHD];

#[test]
fn real_patterns_are_planned_and_sure_on_real_lines() {
    for kind in KINDS {
        for (pattern, meant) in kind.patterns {
            let regex = Regex::new(pattern).unwrap();
            let plan = Plan::new(pattern).unwrap_or_else(|refusal| panic!("{pattern}: {refusal}"));
            let mut matches = 0;
            for line in kind.lines {
                let outcome = check(pattern, &regex, &plan, line.as_bytes());
                assert_ne!(outcome, Outcome::Unsure, "{pattern} on {line}");
                let sure = plan.is_match(line.as_bytes(), &mut Hint::default());
                assert_ne!(sure, Outcome::Unsure, "{pattern} on {line}");
                matches += usize::from(outcome == Outcome::Match);
            }
            assert_eq!(matches, *meant, "lines that match {pattern}");
        }
    }
}

/// Every pattern on every line of every kind: mostly misses.
#[test]
fn patterns_are_right_on_lines_of_other_logs() {
    for (pattern, _) in KINDS.iter().flat_map(|kind| kind.patterns) {
        let regex = Regex::new(pattern).unwrap();
        let plan = Plan::new(pattern).unwrap();
        for line in KINDS.iter().flat_map(|kind| kind.lines) {
            check(pattern, &regex, &plan, line.as_bytes());
            // Cut at any byte, also inside a character or a pattern's text.
            for end in 0..line.len() {
                check(pattern, &regex, &plan, &line.as_bytes()[..end]);
            }
        }
    }
}
