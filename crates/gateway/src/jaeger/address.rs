//! Where Jaeger is: its URL, taken apart so that no credentials in it are ever printed.

use std::fmt;

/// A URL of Jaeger's query service without credentials, its base path included.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `http://host:16686/base`, without a slash at its end.
    base: String,
    user: Option<(String, String)>,
}

/// A URL that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a URL such as `http://jaeger:16686`, but found `{found}`: {reason}")]
pub struct AddressError {
    found: String,
    reason: &'static str,
}

impl Address {
    /// Reads a URL as users copy it: with or without scheme, a base path, the UI's `/search`, a
    /// query, and `user:password@`.
    ///
    /// # Errors
    /// Another scheme than http and https, or no host.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['?', '#']).unwrap_or(rest.len());
        let rest = &rest[..end];
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let wrong = |reason| AddressError {
            found: format!("{scheme}://{host}{path}")
                .escape_debug()
                .to_string(),
            reason,
        };
        if scheme != "http" && scheme != "https" {
            return Err(wrong("only http and https can be asked"));
        }
        if host.is_empty() || host.starts_with(':') {
            return Err(wrong("it names no host"));
        }
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c);
        if !host.chars().all(is_plain) || !path.chars().all(is_plain) {
            return Err(wrong("it holds characters that no URL may hold"));
        }
        let mut path = path.trim_end_matches('/');
        // What a browser shows, copied.
        for page in [
            "/search",
            "/api/traces",
            "/api/v3/traces",
            "/api/v3",
            "/api",
        ] {
            path = path.strip_suffix(page).unwrap_or(path);
        }
        let user = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decoded(name), decoded(password))
        });
        Ok(Address {
            base: format!("{scheme}://{host}{path}"),
            user,
        })
    }

    /// The URL of a path under the base path.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The name and the password that stood in the URL.
    pub fn user(&self) -> Option<(&str, &str)> {
        let (name, password) = self.user.as_ref()?;
        Some((name, password))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// `%40` becomes `@`; what is no escape stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        out.push(escape.unwrap_or(byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `text` as it may be in a query: everything but letters, digits and `-._~` escaped.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_users_copy_them() {
        for (text, base) in [
            ("http://jaeger:16686", "http://jaeger:16686"),
            ("jaeger:16686/", "http://jaeger:16686"),
            (
                "HTTPS://j.example/jaeger/ui/",
                "https://j.example/jaeger/ui",
            ),
            (
                "http://j/jaeger/search?service=a&limit=20",
                "http://j/jaeger",
            ),
            ("http://j/api/traces#x", "http://j"),
            ("http://[::1]:16686/a", "http://[::1]:16686/a"),
            ("http://u:p@j/a", "http://j/a"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), base, "{text}");
        }
    }

    #[test]
    fn credentials_are_taken_and_never_shown() {
        let address = Address::parse("http://ann:p%40ss:x%zz@j:1/a").unwrap();
        assert_eq!(address.user(), Some(("ann", "p@ss:x%zz")));
        assert!(!format!("{address} {address:?}").contains("ann"));
        let error = Address::parse("ftp://ann:secret@j/")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("secret"), "{error}");
        let error = Address::parse("http://ann:secret@")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no host") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn texts_survive_a_query() {
        assert_eq!(encoded("a b&c=d/é"), "a%20b%26c%3Dd%2F%C3%A9");
        assert_eq!(decoded(&encoded("a b&c=d/é")), "a b&c=d/é");
    }
}
