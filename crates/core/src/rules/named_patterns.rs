//! Patterns by name: `%{IP:client}` becomes the pattern of that name, as a group.
//!
//! A name is that of an entry in the file's own `[patterns]`, else one of grok's ([`grok`]). What is
//! written with names is a pattern like any other before it is compiled.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};

use super::grok;
use super::load::SourceText;
use super::problem::{At, Draft, messages};
use super::rule_patterns::inside;

/// The longest pattern that names may lead to, in bytes. Names in names could double it each time.
const EXPANDED_BYTES_MAX: usize = 256 * 1024;

/// What may follow a second colon. Values are read as numbers where they are wanted as such.
const TYPES: [&str; 7] = [
    "int", "long", "float", "double", "string", "bool", "boolean",
];

/// Patterns that a file names itself.
type Own = Vec<(String, String)>;

/// The pattern without names; itself where it has none.
///
/// # Errors
/// Where a name is not known, leads to itself, or its field cannot have the name it is given.
pub(super) fn expand<'p>(
    pattern: &'p At<String>,
    sources: &[SourceText],
) -> Result<Cow<'p, At<String>>, Draft> {
    if Reference::first(&pattern.value).is_none() {
        return Ok(Cow::Borrowed(pattern));
    }
    let source = sources.get(pattern.place.file);
    let own = source.map_or_else(Own::new, |source| own_patterns(&source.text));
    let mut expansion = Expansion {
        own: &own,
        written: pattern,
        sources,
        open: Vec::new(),
        text: String::new(),
        place: (0, 0),
    };
    expansion.add(&pattern.value)?;
    Ok(Cow::Owned(At::new(expansion.text, pattern.place)))
}

/// Whether a group's name is written in a pattern, and not only in one that it names.
pub(super) fn names_group(pattern: &str, group: &str) -> bool {
    let mut rest = pattern;
    while let Some(reference) = Reference::first(rest) {
        if reference
            .field
            .is_some_and(|field| group_name(field) == group)
        {
            return true;
        }
        rest = rest.get(reference.end..).unwrap_or_default();
    }
    pattern.contains(&format!("<{group}>"))
}

/// The patterns of `[patterns]`; those of another shape are told where the file is read.
fn own_patterns(text: &str) -> Own {
    let (document, _) = DeTable::parse_recoverable(text);
    let patterns = document
        .get_ref()
        .get("patterns")
        .map(|value| value.get_ref());
    let Some(DeValue::Table(patterns)) = patterns else {
        return Own::new();
    };
    let entries = patterns.iter().filter_map(|(name, value)| {
        let DeValue::String(pattern) = value.get_ref() else {
            return None;
        };
        Some((name.get_ref().to_string(), pattern.to_string()))
    });
    entries.collect()
}

/// Whether this can be the name of a pattern.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| is_part(c) && !c.is_ascii_digit()) && name.chars().all(is_part)
}

/// `%{NAME}`, `%{NAME:field}` or `%{NAME:field:type}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reference<'t> {
    /// Where its `%` is, and the byte after its brace.
    start: usize,
    end: usize,
    name: &'t str,
    field: Option<&'t str>,
    kind: Option<&'t str>,
}

impl<'t> Reference<'t> {
    /// The first one in a pattern. `%{2}` is a `%` twice, as in any regex.
    fn first(text: &'t str) -> Option<Reference<'t>> {
        let mut from = 0;
        while let Some(at) = text.get(from..)?.find("%{") {
            let start = from + at;
            from = start + 2;
            let inner = text.get(from..)?;
            let length = inner.find('}')?;
            let mut parts = inner.get(..length)?.splitn(3, ':');
            let name = parts.next().filter(|name| is_name(name));
            // A backslash before it makes the percent sign one.
            let before = text.get(..start)?;
            let slashes = before.len() - before.trim_end_matches('\\').len();
            if let Some(name) = name.filter(|_| slashes % 2 == 0) {
                return Some(Reference {
                    start,
                    end: from + length + 1,
                    name,
                    field: parts.next(),
                    kind: parts.next(),
                });
            }
        }
        None
    }
}

/// A pattern that is being written out.
struct Expansion<'e> {
    own: &'e [(String, String)],
    written: &'e At<String>,
    sources: &'e [SourceText],
    /// The names that are being written out, each in the one before.
    open: Vec<String>,
    text: String,
    /// Where in the rule's own pattern the outermost of them is.
    place: (usize, usize),
}

impl Expansion<'_> {
    fn add(&mut self, pattern: &str) -> Result<(), Draft> {
        let mut rest = pattern;
        let mut passed = 0;
        while let Some(reference) = Reference::first(rest) {
            if self.open.is_empty() {
                self.place = (passed + reference.start, passed + reference.end);
            }
            self.push(rest.get(..reference.start).unwrap_or_default())?;
            self.add_named(&reference)?;
            passed += reference.end;
            rest = rest.get(reference.end..).unwrap_or_default();
        }
        self.push(rest)
    }

    fn add_named(&mut self, reference: &Reference<'_>) -> Result<(), Draft> {
        let name = reference.name;
        let Some(pattern) = self.pattern(name) else {
            let own = self.own.iter().map(|(name, _)| name.as_str());
            let known = own.chain(grok::PATTERNS.iter().map(|(name, _)| *name));
            return Err(messages::unknown_pattern(self.here(), name, known));
        };
        if let Some(kind) = reference.kind.filter(|kind| !TYPES.contains(kind)) {
            return Err(messages::unknown_pattern_type(self.here(), kind, &TYPES));
        }
        if let Some(first) = self.open.iter().position(|open| open == name) {
            let mut cycle = self.open.get(first..).unwrap_or_default().to_vec();
            cycle.push(name.to_owned());
            return Err(messages::pattern_in_itself(self.here(), &cycle));
        }
        match reference.field.filter(|field| !field.is_empty()) {
            Some(field) => {
                let group = group_name(field);
                if !is_group(&group) {
                    return Err(messages::pattern_field_name(self.here(), field));
                }
                self.push(&format!("(?P<{group}>"))?;
            }
            None => self.push("(?:")?,
        }
        self.open.push(name.to_owned());
        self.add(&pattern)?;
        self.open.pop();
        self.push(")")
    }

    fn pattern(&self, name: &str) -> Option<String> {
        let own = self.own.iter().find(|(own, _)| own == name);
        let built_in = || grok::PATTERNS.iter().find(|(known, _)| *known == name);
        own.map(|(_, pattern)| pattern.clone())
            .or_else(|| built_in().map(|(_, pattern)| (*pattern).to_owned()))
    }

    fn push(&mut self, text: &str) -> Result<(), Draft> {
        if self.text.len() + text.len() > EXPANDED_BYTES_MAX {
            return Err(messages::pattern_too_long(self.here(), EXPANDED_BYTES_MAX));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn here(&self) -> super::problem::ProblemPlace {
        let (start, end) = self.place;
        inside(self.written, start, end, self.sources)
    }
}

/// The name that the group of a field has: `[http][method]` is `http.method`.
fn group_name(field: &str) -> String {
    let inner = field
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'));
    inner.map_or_else(|| field.to_owned(), |inner| inner.replace("][", "."))
}

/// Whether the `regex` crate takes this as the name of a group, and nobody would misread it.
fn is_group(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::rules::problem::ProblemPlace;

    fn expanded(pattern: &str, file: &str) -> Result<String, String> {
        let place = ProblemPlace {
            file: 0,
            start: 0,
            end: 0,
        };
        let sources = [SourceText {
            path: "a.toml".into(),
            text: file.into(),
        }];
        expand(&At::new(pattern.to_owned(), place), &sources)
            .map(|expanded| expanded.value.clone())
            .map_err(|draft| format!("{draft:?}"))
    }

    fn compiled(pattern: &str) -> Regex {
        Regex::new(&expanded(pattern, "").unwrap()).unwrap()
    }

    /// Whether a name of grok matches a whole text.
    #[track_caller]
    fn whole(name: &str, text: &str, expected: bool) {
        let regex = compiled(&format!("^%{{{name}}}$"));
        assert_eq!(regex.is_match(text), expected, "{name}: {text}");
    }

    #[test]
    fn every_name_compiles_and_is_there_once() {
        for (number, (name, _)) in grok::PATTERNS.iter().enumerate() {
            assert!(is_name(name), "{name}");
            compiled(&format!("%{{{name}}}"));
            let first = grok::PATTERNS.iter().position(|(other, _)| other == name);
            assert_eq!(first, Some(number), "{name}");
        }
    }

    #[test]
    fn names_mean_what_they_say() {
        for (name, right, wrong) in [
            ("IP", "10.1.2.255", "10.1.2.256"),
            ("IP", "2001:db8::1", "x::y"),
            ("IPV6", "::ffff:10.0.0.1", "10.0.0.1"),
            ("IPORHOST", "web-1.example.com", "a b"),
            ("HOSTPORT", "web:8080", "web"),
            ("NUMBER", "-1.5", "1.5.2"),
            ("INT", "+7", "7.0"),
            ("POSINT", "10", "0"),
            ("NONNEGINT", "0", "-1"),
            ("BASE16NUM", "0xDEADbeef", "0xg"),
            ("WORD", "abc_1", "a b"),
            ("UUID", "0f5f3a1e-1d2c-4b5a-9f00-aa11bb22cc33", "0f5f3a1e"),
            ("MAC", "aa:bb:cc:dd:ee:ff", "aa:bb"),
            ("MAC", "aabb.ccdd.eeff", "aabb.ccdd"),
            ("EMAILADDRESS", "ann+x@example.com", "ann"),
            ("QS", r#""a \" b""#, r#""a" b""#),
            ("UNIXPATH", "/var/log/app.log", "var/log"),
            ("WINPATH", r"C:\Users\ann", "C:/x"),
            ("URI", "https://ann:x@example.com:8443/a/b?c=d", "example"),
            ("URIPATHPARAM", "/a/b?c=d&e=[1]", "a"),
            ("MONTH", "November", "Nove"),
            ("DAY", "Thu", "Th"),
            ("TIME", "23:59:60.5", "24:00"),
            ("DATE_US", "11/27/2025", "27/11/2025"),
            ("DATE_EU", "27.11.2025", "11/27/2025"),
            (
                "TIMESTAMP_ISO8601",
                "2025-11-27T10:12:01.5+01:00",
                "2025-11",
            ),
            ("TIMESTAMP_ISO8601", "2025-11-27 10:12:01,123", "10:12"),
            ("HTTPDATE", "27/Nov/2025:10:12:01 +0000", "27/11/2025"),
            ("SYSLOGTIMESTAMP", "Nov  7 10:12:01", "10:12:01"),
            (
                "DATESTAMP_RFC2822",
                "Thu, 27 Nov 2025 10:12:01 +0000",
                "Thu",
            ),
            ("LOGLEVEL", "WARNING", "loud"),
            ("JAVACLASS", "com.example.shop.Order$Item", "1x"),
        ] {
            whole(name, right, true);
            whole(name, wrong, false);
        }
    }

    fn groups(pattern: &str, line: &str) -> Vec<(String, String)> {
        let regex = compiled(pattern);
        let captures = regex.captures(line).unwrap_or_else(|| panic!("{line}"));
        let names = regex.capture_names().flatten();
        names
            .filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned())))
            .collect()
    }

    #[test]
    fn lines_of_servers_have_their_parts() {
        let has = |pattern: &str, line: &str, expected: &[(&str, &str)]| {
            let found = groups(pattern, line);
            for (name, value) in expected {
                let wanted = ((*name).to_owned(), (*value).to_owned());
                assert!(found.contains(&wanted), "{name}: {found:?}");
            }
        };
        has(
            "^%{COMBINEDAPACHELOG}$",
            r#"192.168.1.11 - bob [27/Nov/2025:10:12:02 +0000] "POST /login HTTP/2.0" 302 0 "-" "curl/8.4.0""#,
            &[
                ("clientip", "192.168.1.11"),
                ("auth", "bob"),
                ("verb", "POST"),
                ("request", "/login"),
                ("httpversion", "2.0"),
                ("response", "302"),
                ("bytes", "0"),
                ("agent", "curl/8.4.0"),
            ],
        );
        let haproxy = r#"10.0.1.2:33317 [27/Nov/2025:10:12:01.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1""#;
        let parts = [
            ("client_ip", "10.0.1.2"),
            ("frontend_name", "http-in"),
            ("backend_name", "static"),
            ("server_name", "srv1"),
            ("time_duration", "109"),
            ("http_status_code", "200"),
            ("http_request", "/index.html"),
        ];
        has("^%{HAPROXYHTTP}$", haproxy, &parts);
        let behind = format!("Nov 27 10:12:01 lb1 haproxy[14389]: {haproxy}");
        has("^%{HAPROXYHTTP}$", &behind, &parts);
        has(
            "^%{HTTPD24_ERRORLOG}$",
            "[Thu Nov 27 10:12:03.333333 2025] [php:warn] [pid 1235:tid 139873] [client 10.1.2.3:55012] PHP Warning:  Undefined variable $x",
            &[
                ("module", "php"),
                ("loglevel", "warn"),
                ("pid", "1235"),
                ("clientip", "10.1.2.3"),
            ],
        );
        has(
            "^%{SYSLOGLINE}",
            "Nov 27 10:12:01 web1 sshd[2345]: Failed password for root",
            &[
                ("logsource", "web1"),
                ("program", "sshd"),
                ("pid", "2345"),
                ("message", "Failed password for root"),
            ],
        );
        has(
            "%{JAVASTACKTRACEPART}",
            "\tat com.example.shop.OrderService.place(OrderService.java:88)",
            &[
                ("class", "com.example.shop.OrderService"),
                ("method", "place"),
                ("file", "OrderService.java"),
                ("line", "88"),
            ],
        );
    }

    #[test]
    fn fields_and_own_names() {
        assert_eq!(
            expanded("%{INT:n:int} x", "").as_deref(),
            Ok("(?P<n>[+-]?[0-9]+) x")
        );
        assert_eq!(
            expanded("%{WORD:[http][method]}%{NOTSPACE:source.ip}", "").as_deref(),
            Ok(r"(?P<http.method>\b\w+\b)(?P<source.ip>\S+)")
        );
        assert_eq!(expanded("%{2}a%{1,3}", "").as_deref(), Ok("%{2}a%{1,3}"));
        assert_eq!(expanded(r"\%{INT}", "").as_deref(), Ok(r"\%{INT}"));
        let own = "[patterns]\nID = 'o-%{INT}'\nINT = '\\d'\n";
        assert_eq!(
            expanded("%{ID:id}", own).as_deref(),
            Ok(r"(?P<id>o-(?:\d))")
        );
        let cycle = "[patterns]\nA = '%{B}'\nB = 'x%{C:c}'\nC = '%{B}'\n";
        let said = expanded("%{A}", cycle).unwrap_err();
        assert!(said.contains("`B` → `C` → `B`"), "{said}");
        let doubled: String = (1..64)
            .map(|n| format!("P{n} = '%{{P{}}}%{{P{}}}'\n", n - 1, n - 1))
            .collect();
        let doubled = format!("[patterns]\nP0 = 'xxxx'\n{doubled}");
        assert!(expanded("%{P63}", &doubled).is_err());
        assert!(names_group("%{IP:client} (?P<x>.)", "client"));
        assert!(names_group("%{WORD:[a][b]}", "a.b"));
        assert!(names_group("%{IP:client} (?P<x>.)", "x"));
        assert!(!names_group("%{COMMONAPACHELOG}", "verb"));
    }

    proptest! {
        #[test]
        fn any_pattern_is_survived(pattern in "([%{}:A-Ca.\\[\\]\\\\]|%\\{|INT|\\PC){0,24}") {
            if let Ok(text) = expanded(&pattern, "[patterns]\nA = '%{B}x'\nB = '%{INT:a}'\nC = '%{C}'\n") {
                prop_assert!(Reference::first(&text).is_none(), "{}", text);
            }
        }
    }
}
