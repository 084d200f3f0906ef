//! Open WebUI's environment: whether its requests say who asks.
//!
//! The names and defaults are those of Open WebUI's `env.py` and `utils/headers.py`.

use std::collections::BTreeMap;

use super::{Finding, Link, WEBUI_HEADER};

/// What an environment file says of the user's headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Webui {
    /// The header that carries the address; none where no header does.
    pub header: Option<String>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Judges the text of an environment file: `KEY=value` lines, as docker and shells read them.
pub fn examine(name: &str, text: &str) -> Webui {
    let variables = variables(text);
    let get = |key: &str| {
        variables
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let mut findings = Vec::new();
    if get("CUSTOM_REQUEST_HEADERS").is_some() {
        findings.push(Finding::warning(
            Link::Webui,
            format!("{name}: CUSTOM_REQUEST_HEADERS is set, which Open WebUI does not know"),
            "take it out; headers of your own are set for each connection: Admin, Connections, Headers",
        ));
    }
    // Open WebUI compares the lower-cased text with `true`; 1 and yes are not it.
    let forwards = get("ENABLE_FORWARD_USER_INFO_HEADERS");
    match forwards {
        Some(value) if value.eq_ignore_ascii_case("true") => {}
        Some(value) => {
            findings.push(Finding::failed(
                Link::Webui,
                format!(
                    "{name}: ENABLE_FORWARD_USER_INFO_HEADERS is `{value}`; only `true` counts"
                ),
                "set ENABLE_FORWARD_USER_INFO_HEADERS=true and restart Open WebUI",
            ));
        }
        None => {
            findings.push(Finding::failed(
                Link::Webui,
                format!(
                    "{name}: ENABLE_FORWARD_USER_INFO_HEADERS is not set, so no request says who asks"
                ),
                "set ENABLE_FORWARD_USER_INFO_HEADERS=true and restart Open WebUI",
            ));
        }
    }
    if !forwards.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Webui {
            header: None,
            findings,
        };
    }
    if get("FORWARD_USER_INFO_HEADER_JWT_SECRET").is_some() {
        let token = get("FORWARD_USER_INFO_HEADER_JWT").unwrap_or("X-OpenWebUI-User-Jwt");
        findings.push(signed(name, token));
        return Webui {
            header: None,
            findings,
        };
    }
    let header = get("FORWARD_USER_INFO_HEADER_USER_EMAIL").unwrap_or(WEBUI_HEADER);
    findings.push(Finding::ok(
        Link::Webui,
        format!("{name}: users are sent in the header `{header}`"),
    ));
    Webui {
        header: Some(header.to_owned()),
        findings,
    }
}

/// Users come in a token that is signed with a shared secret.
fn signed(name: &str, token: &str) -> Finding {
    let header = token.to_ascii_lowercase();
    Finding::warning(
        Link::Webui,
        format!(
            "{name}: users are sent in a signed token, `{token}`, and in no header of their own"
        ),
        format!(
            "let the gateway read that token; jwtAuth cannot check it (HS256, without a `kid`). Unverified, as good as a header:\n\
             \x20 frontendPolicies:\n    accessLog:\n      add:\n        \
             user.email: 'unvalidatedJwtPayload(request.headers[\"{header}\"]).email'\n\
             where it must be proof, let a service of yours check it (extAuthz) and log what that says"
        ),
    )
}

fn variables(text: &str) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim();
        // A list in a compose file begins its entries with a dash.
        let line = line.strip_prefix("- ").unwrap_or(line).trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        let key = key.trim().trim_matches(['"', '\'']);
        variables.insert(key.to_owned(), plain(value.trim()).to_owned());
    }
    variables
}

/// A value without its quotes, or without the comment after it.
fn plain(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    let value = value.split(" #").next().unwrap_or(value).trim_end();
    value.trim_end_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{LinkState, worst};

    #[test]
    fn only_true_is_true() {
        for (text, state) in [
            ("", LinkState::Failed),
            ("ENABLE_FORWARD_USER_INFO_HEADERS=1", LinkState::Failed),
            ("# ENABLE_FORWARD_USER_INFO_HEADERS=true", LinkState::Failed),
            ("ENABLE_FORWARD_USER_INFO_HEADERS=false", LinkState::Failed),
            ("ENABLE_FORWARD_USER_INFO_HEADERS=True", LinkState::Ok),
            (
                "export ENABLE_FORWARD_USER_INFO_HEADERS=\"true\"",
                LinkState::Ok,
            ),
            (
                "ENABLE_FORWARD_USER_INFO_HEADERS=true # who asks",
                LinkState::Ok,
            ),
            (
                "      - ENABLE_FORWARD_USER_INFO_HEADERS=true",
                LinkState::Ok,
            ),
            (
                "      ENABLE_FORWARD_USER_INFO_HEADERS: \"true\"",
                LinkState::Ok,
            ),
            (
                "ENABLE_FORWARD_USER_INFO_HEADERS=true\nCUSTOM_REQUEST_HEADERS={}",
                LinkState::Warning,
            ),
        ] {
            let webui = examine(".env", text);
            assert_eq!(worst(&webui.findings), state, "{text}: {webui:?}");
            assert_eq!(webui.header.is_some(), state != LinkState::Failed, "{text}");
        }
    }

    #[test]
    fn headers_may_have_other_names_and_tokens_take_their_place() {
        let on = "ENABLE_FORWARD_USER_INFO_HEADERS=true\n";
        let renamed = examine(
            ".env",
            &format!("{on}FORWARD_USER_INFO_HEADER_USER_EMAIL=X-Mail"),
        );
        assert_eq!(renamed.header.as_deref(), Some("X-Mail"));
        let signed = examine(
            ".env",
            &format!("{on}FORWARD_USER_INFO_HEADER_JWT_SECRET=very-secret"),
        );
        assert_eq!(signed.header, None);
        assert_eq!(worst(&signed.findings), LinkState::Warning);
        let said = format!("{signed:?}");
        assert!(!said.contains("very-secret"));
        // Such a token is signed with a shared secret: no set of public keys can check it.
        assert!(!said.contains("(jwtAuth)"), "{said}");
        assert!(
            said.contains(
                "unvalidatedJwtPayload(request.headers[\\\"x-openwebui-user-jwt\\\"]).email"
            ),
            "{said}"
        );
        assert!(said.contains("extAuthz"), "{said}");
    }
}
