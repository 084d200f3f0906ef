//! What a line looks like: which of the shipped rules would count it, and otherwise of what form it is.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::engine::{Engine, Secret};
use crate::metrics::batch::{Batch, LabelHasher};
use crate::rules::shipped::{PROGRAMS, Shipped};
use crate::rules::{SourceText, load_text};
use crate::why;
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// The shipped rules that have a pattern of their own: those that read every line of JSON recognise
/// nothing.
static ENGINES: LazyLock<Vec<(&'static str, Engine)>> = LazyLock::new(|| {
    let engine = |name: &str, text: &str| {
        let loaded = load_text(vec![SourceText {
            path: name.into(),
            text: text.into(),
        }]);
        let mut set = loaded.ok()?.set;
        set.rules
            .retain(|rule| rule.pattern.is_some() || !rule.json_fields.is_empty());
        let secret = Secret::new(b"recognising only: no secret").ok();
        let engine = Engine::new(&set, secret.as_ref()).ok()?;
        (!set.rules.is_empty()).then_some(engine)
    };
    let programs = PROGRAMS.iter().filter_map(|name| Shipped::named(name));
    let engines = programs.map(|one| Some((one.name, engine(one.name, one.text)?)));
    engines.flatten().collect()
});

/// The name of the shipped rules that count something on this line.
pub fn recognise(text: &[u8]) -> Option<&'static str> {
    let origin = Origin {
        source: Arc::from(""),
        file: Arc::from(""),
    };
    let line = Line {
        text,
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let counts = |engine: &Engine| {
        let mut batch = Batch::new(LabelHasher::default());
        engine.feed(&line, &mut engine.runner(), &mut batch) && !batch.is_empty()
    };
    let found = ENGINES.iter().find(|(_, engine)| counts(engine));
    found.map(|(name, _)| *name)
}

/// Most keys that are named.
const KEYS_SHOWN_MAX: usize = 8;

/// What lines look like, in words that follow "they"; `lines` are some of them.
pub fn looks_like(lines: &[Vec<u8>]) -> String {
    let mut names: HashMap<&str, usize> = HashMap::new();
    for name in lines.iter().filter_map(|line| recognise(line)) {
        *names.entry(name).or_default() += 1;
    }
    let most = names
        .into_iter()
        .max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name)));
    if let Some((name, _)) = most {
        return format!("look like {name}: try `-r builtin:{name}`");
    }
    let Some(first) = lines.first() else {
        return "are empty".to_owned();
    };
    let pairs = why::pairs(first);
    let keys: Vec<String> = (pairs.iter().take(KEYS_SHOWN_MAX))
        .map(|pair| format!("`{}`", pair.key))
        .collect();
    let more = if pairs.len() > keys.len() {
        ", …"
    } else {
        ""
    };
    let is_json = first.trim_ascii_start().starts_with(b"{");
    match (pairs.len(), is_json) {
        (1.., true) => format!("are JSON with the keys {}{more}", keys.join(", ")),
        (2.., false) => format!("have fields: {}{more}", keys.join(", ")),
        _ => format!("look like `{}`", why::shape(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_shipped_rules_are_recognised() {
        let nginx =
            br#"203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 23 "-" "x""#;
        assert_eq!(recognise(nginx), Some("nginx"));
        let gateway = b"request route=a http.status=200 duration=1ms";
        assert_eq!(recognise(gateway), Some("agentgateway"));
        for other in [&b""[..], b"{\"a\":1}", b"a text", b"a=1 b=2"] {
            assert_eq!(recognise(other), None);
        }
        assert_eq!(
            looks_like(&[nginx.to_vec()]),
            "look like nginx: try `-r builtin:nginx`"
        );
        assert_eq!(looks_like(&[b"a=1 b=2".to_vec()]), "have fields: `a`, `b`");
        assert_eq!(
            looks_like(&[b"{\"a\":{\"b\":1}}".to_vec()]),
            "are JSON with the keys `a.b`"
        );
        assert_eq!(looks_like(&[b"GET /x 12".to_vec()]), "look like `GET /x …`");
    }
}
