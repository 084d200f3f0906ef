//! What an expression (CEL) of the gateway's configuration is about.

use regex::Regex;

/// Whether it is about a person: a header with such a name, or what authentication found out.
pub(super) fn names_a_user(expression: &str) -> bool {
    let known = Regex::new(
        r"\b(?:jwt|apiKey|basicAuth|extauthz|oidc)\s*[.\[]|\bunvalidatedJwtPayload\s*\(",
    );
    known.is_ok_and(|known| known.is_match(expression))
        || headers(expression).iter().any(|header| {
            let header = header.to_ascii_lowercase();
            (header.contains("user") && header != "user-agent") || header.contains("mail")
        })
}

/// The headers that an expression reads: `request.headers["x"]`, `request.headers.x`.
pub(super) fn headers(expression: &str) -> Vec<&str> {
    let pattern =
        Regex::new(r#"headers\s*(?:\[\s*["']([^"']+)["']\s*\]|\.\s*([A-Za-z_][A-Za-z0-9_]*))"#);
    let Ok(pattern) = pattern else {
        return Vec::new();
    };
    let found = pattern.captures_iter(expression);
    found
        .filter_map(|captures| Some(captures.get(1).or(captures.get(2))?.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_programs() {
        for (expression, is_user) in [
            ("jwt.email", true),
            ("jwt[\"preferred_username\"]", true),
            ("jwt['email']", true),
            ("has(jwt.email) ? jwt.email : jwt.sub", true),
            ("basicAuth.username", true),
            ("apiKey.name", true),
            ("extauthz.user", true),
            (
                "unvalidatedJwtPayload(request.headers[\"x-token\"]).email",
                true,
            ),
            ("request.headers['X-User-Email']", true),
            ("default(request.headers[\"x-mail\"], \"-\")", true),
            ("request.headers[\"user-agent\"]", false),
            ("request.headers[\"x-team\"]", false),
            ("request.host", false),
            ("source.address", false),
        ] {
            assert_eq!(names_a_user(expression), is_user, "{expression}");
        }
    }
}
