//! A Jaeger that not everybody reaches: behind passwords, tokens, certificates; slow, busy, or away.

use std::time::{Duration, Instant};

use super::service::{Jaeger, Manner};
use super::{assert_complete, once};
use crate::fixture::{Run, Scratch};

#[test]
fn under_a_base_path_and_behind_a_password() {
    let scratch = Scratch::new();
    let token = scratch.write("token", "secret\n");
    let password = scratch.write("password", "p:w\n");
    let manner = |authorization| Manner {
        base: "/jaeger/ui",
        authorization: Some(authorization),
        ..Manner::default()
    };
    let jaeger = Jaeger::start(manner("Bearer secret"));
    assert_complete(
        once(&jaeger).arg("--jaeger-token-file").arg(&token),
        "a file with a token",
    );
    assert_complete(
        once(&jaeger).variable("LOGMETRICS_JAEGER_TOKEN", "secret"),
        "a variable",
    );

    // ann:p:w
    let jaeger = Jaeger::start(manner("Basic YW5uOnA6dw=="));
    let basic = once(&jaeger)
        .args("--jaeger-user ann --jaeger-password-file")
        .arg(&password);
    assert_complete(basic, "name and password");
    let url = jaeger.url.replace("//", "//ann:p%3Aw@");
    let in_url = Run::new()
        .args("--once --jaeger-since 1h --jaeger")
        .arg(&url);
    assert_complete(in_url, "in the URL");

    let refused = once(&jaeger).go().code(1);
    refused.says(&["401", "--jaeger-user", "--jaeger-token-file"]);
    let wrong = jaeger.url.replace("//", "//ann:hidden@");
    let refused = Run::new()
        .args("--once --jaeger-since 1h --jaeger")
        .arg(&wrong)
        .go()
        .code(1);
    assert!(!refused.stderr.contains("hidden"), "{}", refused.stderr);
}

#[test]
fn by_tls_with_an_authority_of_its_own() {
    let scratch = Scratch::new();
    let (jaeger, authority) = Jaeger::start_closed(Manner {
        base: "/jaeger",
        authorization: Some("Bearer secret"),
        cap: 100,
        ..Manner::default()
    });
    let trusted = scratch.write("ca.pem", authority);
    let run = |run: Run| run.variable("LOGMETRICS_JAEGER_TOKEN", "secret");
    let counted = run(once(&jaeger)).arg("--jaeger-ca").arg(&trusted);
    assert_complete(counted, "the main job");
    let report = Run::new()
        .args("report --since 1h --format json --jaeger")
        .arg(&jaeger.url);
    let report = run(report).arg("--jaeger-ca").arg(&trusted).go().success();
    assert!(
        report.stdout.contains("\"requests\":398"),
        "{}",
        report.stdout
    );
    let doctor = Run::new().args("doctor --jaeger").arg(&jaeger.url);
    let variable = ("LOGMETRICS_JAEGER_CA", &trusted);
    run(doctor).variable(variable.0, variable.1).go().success();

    // Another authority, and the public ones: said at once, with the option that helps.
    let (_, other) = Jaeger::start_closed(Manner::default());
    let other = scratch.write("other.pem", other);
    let asked = jaeger.asked();
    for refused in [
        run(once(&jaeger)).arg("--jaeger-ca").arg(&other),
        run(once(&jaeger)),
    ] {
        refused
            .go()
            .code(1)
            .says(&["certificate", "not trusted", "`--jaeger-ca`"]);
    }
    assert_eq!(jaeger.asked(), asked);
    let empty = scratch.write("empty.pem", "");
    let refused = run(once(&jaeger))
        .arg("--jaeger-ca")
        .arg(&empty)
        .go()
        .code(2);
    refused.says(&["`--jaeger-ca`", "there are none"]);
}

#[test]
fn a_slow_answer_is_not_waited_for_longer_than_was_said() {
    let jaeger = Jaeger::start(Manner {
        delay: Duration::from_secs(20),
        ..Manner::default()
    });
    let began = Instant::now();
    let run = once(&jaeger).args("--jaeger-timeout 100ms").go().code(1);
    run.says(&["cannot ask jaeger at", "timeout"]);
    // Each wait between the five attempts is longer than the one before.
    assert_eq!(jaeger.asked(), 5);
    let took = began.elapsed();
    assert!((7..19).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_busy_server_says_itself_when_to_come_back() {
    let jaeger = Jaeger::start(Manner {
        busy: 2,
        ..Manner::default()
    });
    let began = Instant::now();
    assert_complete(once(&jaeger), "busy at first");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
}

#[test]
fn slow_cut_and_failing_at_once_it_is_complete_all_the_same() {
    for v3 in [true, false] {
        let jaeger = Jaeger::start(Manner {
            v3,
            cap: 150,
            fault_every: 4,
            delay: Duration::from_millis(5),
            ..Manner::default()
        });
        assert_complete(once(&jaeger), "all at once");
    }
}
