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

#[test]
fn each_thing_that_is_wrong_has_its_next_step() {
    let tracing =
        "attributes:\n                                   http.header.x-openwebui-user-email: ";
    let well = Manner::default;
    for (manner, shown, code, words) in [
        (
            Manner {
                services: &["jaeger", "gateway-2"],
                ..well()
            },
            398,
            1,
            &[
                "does not know the service `agentgateway`, but `jaeger`, `gateway-2`",
                "--jaeger-service NAME",
            ][..],
        ),
        (
            Manner {
                services: &[],
                ..well()
            },
            398,
            1,
            &[
                "it knows no service",
                "randomSampling: \"1.0\"",
                "host: jaeger:4318",
            ],
        ),
        (
            well(),
            0,
            3,
            &[
                "warning  jaeger",
                "no request in the last hour",
                "send a request",
            ],
        ),
        (
            Manner {
                instead: ("\"kind\":2", "\"kind\":3"),
                ..well()
            },
            398,
            1,
            &["398 spans of `agentgateway` in the last hour, but none of the kind `server`"],
        ),
        (
            Manner {
                instead: ("user-email", "nobody"),
                ..well()
            },
            398,
            1,
            &[
                "failed   jaeger",
                "none of 398 requests names a user\n",
                "what the log was told to add is not on the trace",
                tracing,
            ],
        ),
        (
            Manner {
                instead: ("header.x-user-email", "who.mail"),
                ..well()
            },
            398,
            3,
            &["warning  jaeger", "of 398 requests name a user"],
        ),
        (
            Manner {
                base: "/jaeger",
                ..well()
            },
            398,
            0,
            &["the chain is whole"],
        ),
        (
            Manner {
                v3: false,
                v1: false,
                ..well()
            },
            398,
            1,
            &[
                "has neither /api/v3/traces nor /api/traces",
                "with its base path",
            ],
        ),
        (
            Manner {
                authorization: Some("Bearer secret"),
                ..well()
            },
            398,
            1,
            &["answers 401", "--jaeger-token-file"],
        ),
    ] {
        let jaeger = Jaeger::start(manner);
        jaeger.show(shown);
        shows(&doctor(&jaeger).go().code(code).stdout, words);
    }
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
