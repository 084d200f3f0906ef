//! `doctor --jaeger`: what is wrong with Jaeger is said, with the next step.

use super::service::{Jaeger, Manner};
use crate::fixture::{Run, Scratch, repository};

fn doctor(jaeger: &Jaeger) -> Run {
    Run::new().args("doctor --jaeger").arg(&jaeger.url)
}

#[track_caller]
fn shows(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "{words}\n{page}");
    }
}

#[test]
fn a_jaeger_with_users_is_well_by_both_interfaces() {
    for (v3, interface) in [(true, "/api/v3"), (false, "the older /api/traces")] {
        let jaeger = Jaeger::start(Manner {
            v3,
            ..Manner::default()
        });
        let run = doctor(&jaeger).go().success().calm();
        let answers = format!(
            "ok       jaeger      {} answers, by {interface}\n",
            jaeger.url
        );
        shows(
            &run.stdout,
            &[
                &answers,
                "it knows the service `agentgateway`\n",
                "398 requests in the last hour\n",
                "328 of 398 requests name a user, under `http.header.x-user-email` (247), `http.header.x-openwebui-user-email` (",
                "the chain is whole, as far as it was looked at",
            ],
        );
        let run = doctor(&jaeger).arg("--json").go().success();
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(document["worst"], "ok");
        assert_eq!(document["findings"].as_array().unwrap().len(), 4);
        assert_eq!(document["findings"][0]["link"], "jaeger");
    }
}

/// How Jaeger behaves, how many spans it shows, the doctor's exit code, and what it says.
type Case = (fn(&mut Manner), usize, i32, &'static [&'static str]);

const ALL: usize = 398;

/// What keeps requests from arriving.
const MISSING: &[Case] = &[
    (
        |manner| manner.services = &["jaeger", "gateway-2"],
        ALL,
        1,
        &[
            "does not know the service `agentgateway`, but `jaeger`, `gateway-2`",
            "--jaeger-service NAME",
        ],
    ),
    (
        |manner| manner.services = &[],
        ALL,
        1,
        &[
            "it knows no service",
            "randomSampling: \"1.0\"",
            "host: jaeger:4318",
        ],
    ),
    (
        |_| (),
        0,
        3,
        &[
            "warning  jaeger",
            "no request in the last hour",
            "send a request",
        ],
    ),
    (
        |manner| manner.instead = ("\"kind\":2", "\"kind\":3"),
        ALL,
        1,
        &["398 spans of `agentgateway` in the last hour, but none of a request"],
    ),
];

/// What keeps their users from being known.
const NAMELESS: &[Case] = &[
    (
        |manner| manner.instead = ("user-email", "nobody"),
        ALL,
        1,
        &[
            "failed   jaeger",
            "none of 398 requests names a user\n",
            "what the log was told to add is not on the trace",
            "attributes:\n                                   http.header.x-openwebui-user-email: ",
        ],
    ),
    (
        |manner| manner.instead = ("header.x-user-email", "who.mail"),
        ALL,
        3,
        &["warning  jaeger", "of 398 requests name a user"],
    ),
];

/// What keeps anybody from asking.
const CLOSED: &[Case] = &[
    (
        |manner| (manner.v3, manner.v1) = (false, false),
        ALL,
        1,
        &[
            "has neither /api/v3/traces nor /api/traces",
            "with its base path",
        ],
    ),
    (
        |manner| manner.authorization = Some("Bearer secret"),
        ALL,
        1,
        &["answers 401", "--jaeger-token-file"],
    ),
];

#[test]
fn each_thing_that_is_wrong_has_its_next_step() {
    for (change, shown, code, words) in [MISSING, NAMELESS, CLOSED].into_iter().flatten() {
        let jaeger = Jaeger::start(Manner::default());
        jaeger.behave(change);
        jaeger.show(*shown);
        shows(&doctor(&jaeger).go().code(*code).stdout, words);
    }
    let based = Jaeger::start(Manner {
        base: "/jaeger",
        ..Manner::default()
    });
    doctor(&based).go().success();
    let nobody = Run::new().args("doctor --jaeger http://127.0.0.1:1").go();
    shows(
        &nobody.code(1).stdout,
        &["cannot ask jaeger at http://127.0.0.1:1", "port 16686"],
    );
}

#[test]
fn it_takes_what_the_other_commands_take() {
    let scratch = Scratch::new();
    let token = scratch.write("token", "secret\n");
    let jaeger = Jaeger::start(Manner {
        authorization: Some("Bearer secret"),
        ..Manner::default()
    });
    let run = doctor(&jaeger).arg("--jaeger-token-file").arg(&token);
    run.go().success();
    let run = doctor(&jaeger).args("--jaeger-ca /nowhere.pem").go();
    run.code(2).says(&["/nowhere.pem"]);
    let other = doctor(&jaeger).args("--service jaeger --jaeger-token-file");
    let run = other.arg(&token).go().code(3);
    shows(
        &run.stdout,
        &[
            "it knows the service `jaeger`",
            "no request in the last hour",
        ],
    );
}

#[test]
fn a_report_says_that_jaeger_has_nothing_of_the_service() {
    let jaeger = Jaeger::start(Manner::default());
    jaeger.behave(|manner| manner.services = &["jaeger"]);
    let report = Run::new().args("report --jaeger").arg(&jaeger.url);
    let run = report.args("--jaeger-service nobody").go().success();
    let run = run.says(&["jaeger has no span of the service `nobody`"]);
    assert!(!run.stderr.contains("the log is empty"), "{}", run.stderr);
}

#[test]
fn with_jaeger_the_gateways_tracing_is_looked_at_too() {
    let jaeger = Jaeger::start(Manner::default());
    let config = repository("examples/compose/agentgateway.yaml");
    let run = doctor(&jaeger).arg("--gateway-config").arg(&config);
    shows(
        &run.go().success().stdout,
        &["the trace holds the user as `"],
    );
    let scratch = Scratch::new();
    let config = scratch.write(
        "config.yaml",
        "frontendPolicies: {accessLog: {add: {jwt.email: jwt.email}}}\n",
    );
    let run = doctor(&jaeger).arg("--gateway-config").arg(&config);
    shows(
        &run.go().code(1).stdout,
        &["tracing is not configured, so Jaeger gets nothing"],
    );
}
