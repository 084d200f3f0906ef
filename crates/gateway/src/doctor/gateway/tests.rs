//! Configurations of the gateway, right and wrong.

use super::*;

fn keys() -> Vec<String> {
    [
        "http.header.x-user-email",
        "http.header.x-openwebui-user-email",
        "user.email",
        "jwt.email",
        "jwt.sub",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[track_caller]
fn judged(text: &str, header: Option<&str>, traces: bool) -> Vec<(LinkState, String)> {
    let keys = keys();
    let known = KnownHeaders {
        header,
        keys: &keys,
        traces,
    };
    let findings = examine("config.yaml", text, known);
    findings
        .into_iter()
        .map(|finding| (finding.state, finding.saw))
        .collect()
}

#[test]
fn our_own_example_is_right() {
    let text = include_str!("../../../../../examples/compose/agentgateway.yaml");
    for header in [None, Some("X-OpenWebUI-User-Email")] {
        let judged = judged(text, header, true);
        assert!(
            judged.iter().all(|(state, _)| *state == LinkState::Ok),
            "{judged:?}"
        );
        assert_eq!(judged.len(), 3, "{judged:?}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let log = |add: &str| format!("frontendPolicies:\n  accessLog:\n    add: {{{add}}}\n");
    for (text, header, saw) in [
        ("a: [", None, "is no YAML"),
        ("binds: []", None, "nothing is added to the access log"),
        (
            &log("ua: 'request.headers[\"user-agent\"]'"),
            None,
            "holds a user",
        ),
        (
            &log("who: 'request.headers[\"x-user-email\"]'"),
            None,
            "as `who` (request.headers[\"x-user-email\"]), which the rules do not read",
        ),
        (
            &log("http.header.x-user-email: 'request.headers[\"x-user-email\"]'"),
            Some("X-OpenWebUI-User-Email"),
            "never holds the header `X-OpenWebUI-User-Email`",
        ),
        (
            "config: {logging: {fields: {add: {a: b}}}}\nfrontendPolicies: {accessLog: {add: {a: b}}}",
            None,
            "refuses to start so",
        ),
    ] {
        let judged = judged(text, header, false);
        assert_eq!(judged[0].0, LinkState::Failed, "{text}: {judged:?}");
        assert!(judged[0].1.contains(saw), "{text}: {judged:?}");
    }
}

#[test]
fn filters_and_sampling_leave_requests_out() {
    let text = "frontendPolicies:\n  accessLog:\n    filter: response.code >= 400\n    add:\n      jwt.email: jwt.email\n  \
                tracing: {host: 'jaeger:4318', randomSampling: 0.1, attributes: {}}\n";
    let judged = judged(text, None, true);
    let warnings: Vec<_> = judged
        .iter()
        .filter(|(state, _)| *state == LinkState::Warning)
        .collect();
    assert_eq!(warnings.len(), 2, "{judged:?}");
    assert!(warnings[0].1.contains("response.code >= 400"), "{judged:?}");
    assert!(
        warnings[1].1.contains("randomSampling is 0.1"),
        "{judged:?}"
    );
}

/// The one finding that is not well, and what it says.
#[track_caller]
fn the_fault(text: &str) -> (LinkState, String) {
    let faults: Vec<_> = judged(text, None, false)
        .into_iter()
        .filter(|(state, _)| *state != LinkState::Ok)
        .collect();
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    faults.into_iter().next().unwrap()
}

#[test]
fn every_form_of_a_right_configuration_is_well() {
    for text in [
        // Another name of accessLog.
        "frontendPolicies:\n  logging:\n    add:\n      user.email: 'request.headers[\"x-openwebui-user-email\"]'\n\
         llm: {port: 4000, models: []}\n",
        // The form before 0.11.
        "config: {logging: {fields: {add: {user.email: 'request.headers[\"x-user-email\"]'}}}}\nbinds: []\n",
        // Kubernetes, after another resource.
        "apiVersion: v1\nkind: Service\nmetadata: {name: gw}\n---\n\
         apiVersion: agentgateway.dev/v1alpha1\nkind: AgentgatewayPolicy\nspec:\n  frontend:\n    accessLog:\n      \
         attributes:\n        add:\n        - {name: user.email, expression: 'request.headers[\"x-user-email\"]'}\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  config.yaml: |\n    frontendPolicies:\n      accessLog:\n        \
         add: {user.email: jwt.email}\n",
        // Users that authentication found out.
        "frontendPolicies: {accessLog: {add: {user.email: 'jwt[\"preferred_username\"]'}}}",
        "frontendPolicies: {accessLog: {add: {user.email: basicAuth.username}}}",
        // A key that the rules read is the user, whatever gives it.
        "frontendPolicies: {accessLog: {add: {user.email: 'string(variables().who)'}}}",
        "config: {logging: {level: 'warn,request=info'}}\nfrontendPolicies: {accessLog: {add: {jwt.email: jwt.email}}}",
    ] {
        let judged = judged(text, None, false);
        assert!(judged.len() >= 2, "{text}: {judged:?}");
        assert!(
            judged.iter().all(|(state, _)| *state == LinkState::Ok),
            "{text}: {judged:?}"
        );
    }
}

#[test]
fn what_keeps_lines_or_their_parts_away_is_said() {
    let user = "user.email: jwt.email";
    for level in ["warn", "ERROR", "'off'", "[warn, 'proxy=debug']"] {
        let text = format!(
            "config: {{logging: {{level: {level}}}}}\nfrontendPolicies: {{accessLog: {{add: {{{user}}}}}}}"
        );
        let (state, saw) = the_fault(&text);
        assert_eq!(state, LinkState::Failed, "{level}");
        assert!(saw.contains("there is no line of any"), "{saw}");
    }
    let text = format!(
        "frontendPolicies: {{accessLog: {{remove: [http.status, route, duration, protocol, src.addr], add: {{{user}}}}}}}"
    );
    let (state, saw) = the_fault(&text);
    assert_eq!(state, LinkState::Failed);
    for key in [
        "`http.status` (",
        "`route` (",
        "`duration` (",
        "`protocol` (",
    ] {
        assert!(saw.contains(key), "{saw}");
    }
    assert!(!saw.contains("src.addr"), "{saw}");
    let text = format!("frontendPolicies: {{accessLog: {{remove: [trace.id], add: {{{user}}}}}}}");
    assert_eq!(the_fault(&text).0, LinkState::Warning);
    let text = format!("frontendPolicies: {{accessLog: {{remove: [src.addr], add: {{{user}}}}}}}");
    let well = judged(&text, None, false);
    assert!(
        well.iter().all(|(state, _)| *state == LinkState::Ok),
        "{well:?}"
    );
}

#[test]
fn what_the_gateway_refuses_to_start_with_is_said_and_nothing_else() {
    let policies =
        "frontendPolicies: {accessLog: {add: {user.email: jwt.email}}, tracing: {host: 'j:4318'}}";
    for (config, count) in [
        ("config: {logging: {filter: 'response.code >= 400'}}", 1),
        ("config: {logging: {fields: {remove: [src.addr]}}}", 1),
        (
            "config: {logging: {filter: 'true'}, tracing: {otlpEndpoint: 'http://j:4317'}}",
            2,
        ),
    ] {
        let judged = judged(&format!("{config}\n{policies}"), None, true);
        assert_eq!(judged.len(), count, "{config}: {judged:?}");
        for (state, saw) in judged {
            assert_eq!(state, LinkState::Failed);
            assert!(saw.contains("refuses to start"), "{saw}");
        }
    }
    let beside = "config: {logging: {format: json, level: info}}";
    let judged = judged(&format!("{beside}\n{policies}"), None, false);
    assert!(
        judged.iter().all(|(state, _)| *state == LinkState::Ok),
        "{judged:?}"
    );
}

#[test]
fn models_by_llm_have_one_route_and_that_is_said() {
    let text =
        "llm: {models: [{name: a}]}\nfrontendPolicies: {accessLog: {add: {user.email: jwt.email}}}";
    let judged = judged(text, None, false);
    let said = judged
        .iter()
        .any(|(_, saw)| saw.contains("internal/llm:request"));
    assert!(said, "{judged:?}");
}

#[test]
fn a_verified_token_names_its_subject_without_being_asked() {
    let text = "binds: [{listeners: [{routes: [{policies: {jwtAuth: {issuer: a}}}]}]}]";
    let (state, saw) = the_fault(text);
    assert_eq!(state, LinkState::Warning);
    assert!(saw.contains("`jwt.sub` names the user"), "{saw}");
    let (state, _) = the_fault("metadata: {}\nspec: {}\n");
    assert_eq!(state, LinkState::Failed, "it is none of agentgateway's");
}

#[test]
fn an_example_is_in_the_form_of_the_file_and_under_a_key_that_is_read() {
    let policy = "kind: AgentgatewayPolicy\nspec: {frontend: {accessLog: {}}}\n";
    let keys = keys();
    let known = KnownHeaders {
        header: Some("X-Mail"),
        keys: &keys,
        traces: true,
    };
    let next: Vec<String> = examine("p.yaml", policy, known)
        .into_iter()
        .filter_map(|finding| finding.next)
        .collect();
    let item = "- {name: user.email, expression: 'request.headers[\"x-mail\"]'}";
    assert_eq!(
        next.iter().filter(|next| next.contains(item)).count(),
        2,
        "{next:?}"
    );
}
