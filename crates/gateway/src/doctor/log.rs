//! The log and the rules against it: is it the gateway's, is it fresh, and does it name users?
//!
//! The rules are run over all of it by the engine that counts; with them a rule of our own, made
//! of the one that knows users, says under which key each line names its user.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use regex::Regex;

use super::{Finding, Link, LinkState, count};
use logmetrics_core::engine::{Engine, FieldErrorKind, Secret};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::{Definition, Kind, MetricId, Options};
use logmetrics_core::metrics::kind::Operation;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{
    Action, AmountSource, Condition, ConditionTest, Field, LabelSource, Rule, RuleSet, Take,
};
use logmetrics_core::unknown_prefix::PrefixSearch;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end;

mod spans;
#[cfg(test)]
mod tests;

/// A log that nobody has written to for so long is suspicious.
const QUIET: Duration = Duration::from_secs(15 * 60);

/// Where fewer of a hundred requests name a user, something is missing for many.
const NAMED_PERCENT_MIN: u64 = 50;

/// Keys that look like users and that no rule reads; more are not listed.
const STRANGERS_MAX: usize = 5;

/// What is known of the logs that are looked at together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Others {
    /// Whether the rules count anything in any of them.
    pub are_counted: bool,
    /// How long ago the last was written to.
    pub quiet: Option<Duration>,
}

/// What was found in a log, in numbers.
#[derive(Debug, Default)]
pub struct LogFindings {
    lines: u64,
    requests: u64,
    /// Requests that were JSON.
    json: u64,
    /// Requests with a user.
    named: u64,
    /// Requests in which a key holds a user, in the order of the rule.
    keys: Vec<(String, u64)>,
    /// Other keys that look like users.
    other_user_keys: BTreeMap<String, u64>,
    /// For each rule: its name and the lines that it matched.
    rules: Vec<(String, u64)>,
    /// Rule, field, what is wrong, and on how many lines.
    troubles: Vec<(String, String, FieldErrorKind, u64)>,
    /// Lines that rules would match without what is before it.
    prefixed: u64,
    /// What is before the first of them.
    first_prefix: String,
    /// The name of the rule that knows users.
    rule: String,
    user_label: String,
}

/// A set of rules, made ready to look at logs.
pub struct Examiner {
    engine: Engine,
    diagnosis: Engine,
    store: Store,
    set: RuleSet,
    user: Option<(String, String)>,
    keys: Vec<String>,
    user_like_key: Option<Regex>,
}

impl Examiner {
    /// Takes checked rules.
    ///
    /// # Errors
    /// When the rules cannot be run.
    pub fn new(set: &RuleSet) -> Result<Examiner, String> {
        // Pseudonyms are made under a key of no meaning: nobody sees them.
        let key = Secret::new(b"doctor only: no secret").ok();
        let engine = Engine::new(set, key.as_ref()).map_err(|error| error.to_string())?;
        let user = user(set);
        let (diagnosis, keys) = diagnosis(user);
        let store = Store::new(diagnosis.metrics.clone(), 0);
        let diagnosis = Engine::new(&diagnosis, None).map_err(|error| error.to_string())?;
        Ok(Examiner {
            engine,
            diagnosis,
            store,
            set: set.clone(),
            user: user.map(|(rule, label, _)| (rule.name.clone(), label.to_owned())),
            keys,
            // A key as logfmt or JSON writes it, with a user in its name.
            user_like_key: Regex::new(r#"(?i)[ "]([a-z0-9_.\-]*(?:user|mail)[a-z0-9_.\-]*)"?[=:]"#)
                .ok(),
        })
    }

    /// The keys that the rules read the user from.
    pub fn user_keys(&self) -> &[String] {
        &self.keys
    }

    /// The first counter of the rules, the one to look for in Prometheus.
    pub fn counter(&self) -> Option<&str> {
        let actions = self.set.rules.iter().flat_map(|rule| &rule.metrics);
        let definitions =
            actions.filter_map(|action| self.set.metrics.get(action.metric.0 as usize));
        definitions
            .filter(|definition| definition.kind == Kind::Counter)
            .map(|definition| definition.name.as_str())
            .next()
    }

    /// Reads a log to its end.
    ///
    /// # Errors
    /// What reading gives.
    pub fn read(
        &self,
        input: impl Read + Send + 'static,
        origin: &Origin,
    ) -> io::Result<LogFindings> {
        let mut runner = self.engine.runner();
        let mut batch = Batch::new(self.store.hasher());
        let mut search = PrefixSearch::new(&self.engine);
        let mut look = self.diagnosis.runner();
        let mut found = Batch::new(self.store.hasher());
        let mut seen = LogFindings {
            keys: self.keys.iter().map(|key| (key.clone(), 0)).collect(),
            ..LogFindings::default()
        };
        to_end::read_lines(origin, input, |_, line| {
            seen.lines += 1;
            let is_match = self.engine.feed(line, &mut runner, &mut batch);
            batch.clear();
            if !is_match && let Some(prefix) = search.find(line) {
                seen.note_prefix(prefix);
            }
            if self.diagnosis.feed(line, &mut look, &mut found) {
                self.note(line, &found, &mut seen);
            }
            found.clear();
            true
        })?;
        let counts = runner.counts();
        let names = self.engine.rule_names().map(str::to_owned);
        seen.rules = names.zip(counts.matches.iter().copied()).collect();
        let troubles = self.engine.field_errors().iter().zip(&counts.field_errors);
        seen.troubles = troubles
            .filter(|(_, lines)| **lines > 0)
            .map(|(error, lines)| {
                let (rule, field) = (error.rule.to_string(), error.field.to_string());
                (rule, field, error.kind, *lines)
            })
            .collect();
        if let Some((rule, label)) = &self.user {
            (seen.rule, seen.user_label) = (rule.clone(), label.clone());
        }
        Ok(seen)
    }

    /// Takes note of a request: the updates of our own rule say which keys it has.
    fn note(&self, line: &Line<'_>, found: &Batch, seen: &mut LogFindings) {
        seen.requests += 1;
        seen.json += u64::from(line.text.first() == Some(&b'{'));
        let mut is_named = false;
        for update in found.updates() {
            let number = found.metric_of(update).0 as usize;
            if let Some((_, lines)) = seen.keys.get_mut(number) {
                *lines += 1;
                is_named = true;
            }
        }
        seen.named += u64::from(is_named);
        if is_named || seen.other_user_keys.len() > 100 {
            return;
        }
        let text = String::from_utf8_lossy(line.text);
        for captures in self
            .user_like_key
            .iter()
            .flat_map(|one| one.captures_iter(&text))
        {
            let key = &captures[1];
            if !key.contains("agent") && !self.keys.iter().any(|known| known == key) {
                *seen.other_user_keys.entry(key.to_owned()).or_default() += 1;
            }
        }
    }
}

/// The first rule with a label that is a user, that label's name, and where it comes from.
fn user(set: &RuleSet) -> Option<(&Rule, &str, &LabelSource)> {
    set.rules.iter().find_map(|rule| {
        let (name, label) = rule
            .labels
            .iter()
            .find(|(name, _)| name.split('_').any(|word| matches!(word, "user" | "email")))?;
        Some((rule, name.as_str(), label))
    })
}

/// Rules with one counter for each key that may hold the user.
fn diagnosis(user: Option<(&Rule, &str, &LabelSource)>) -> (RuleSet, Vec<String>) {
    let Some((rule, _, label)) = user else {
        return (RuleSet::default(), Vec::new());
    };
    let keys = label.field.from.clone();
    let Ok(something) = Regex::new(r"^(?s:.+)$") else {
        return (RuleSet::default(), keys);
    };
    let definition = |number: usize| Definition {
        name: format!("key_{number}"),
        help: String::new(),
        kind: Kind::Counter,
        buckets: Vec::new(),
        labels: Vec::new(),
        series_max: 1,
        expire: None,
        options: Options::default(),
    };
    let action = |(number, key): (usize, &String)| Action {
        metric: MetricId(u32::try_from(number).unwrap_or(u32::MAX)),
        amount: AmountSource::Constant(1.0),
        operation: Operation::Usual,
        constant: BTreeMap::new(),
        conditions: vec![(
            Condition::Field(Field {
                from: vec![key.clone()],
                take: Take::First,
                trusted_only: label.field.trusted_only,
                ..Field::default()
            }),
            ConditionTest::Pattern(something.clone()),
        )],
    };
    let rule = Rule {
        labels: BTreeMap::new(),
        metrics: keys.iter().enumerate().map(action).collect(),
        ..rule.clone()
    };
    let metrics = (0..keys.len()).map(definition).collect();
    let rules = vec![rule];
    (RuleSet { rules, metrics }, keys)
}

impl LogFindings {
    /// Whether the rules count anything in it.
    pub fn is_counted(&self) -> bool {
        self.rules.iter().any(|(_, lines)| *lines > 0)
    }

    /// What there is to say of the log, and of the rules against it. `quiet` is how long ago it was
    /// written to, where that can be told.
    pub fn findings(&self, name: &str, quiet: Option<Duration>, others: Others) -> Vec<Finding> {
        if self.lines == 0 && others.are_counted {
            return vec![Finding::warning(
                Link::Log,
                format!("{name} is empty, other logs are not"),
                "leave it out, if nothing is to be written there",
            )];
        }
        if self.lines == 0 {
            return vec![Finding::failed(
                Link::Log,
                format!("{name} is empty"),
                "send a request through the gateway; if nothing comes, the gateway logs elsewhere:\n  \
                 docker-compose logs agentgateway | logmetrics doctor -",
            )];
        }
        let mut findings = self.log(name);
        findings.extend(self.unknown_prefix(name));
        if !self.is_counted() && others.are_counted {
            findings
                .iter_mut()
                .for_each(|one| one.state = LinkState::Warning);
        }
        if let Some(quiet) = quiet
            && others.quiet.unwrap_or(quiet) > QUIET
        {
            findings.push(Finding::warning(
                Link::Log,
                format!("{name} was last written to {} ago", ago(quiet)),
                "if requests were made since, the gateway logs elsewhere, or this file was rotated away",
            ));
        }
        if self.requests > 0 && !self.rule.is_empty() {
            findings.push(self.users(name));
        }
        findings.extend(self.rules(name));
        findings
    }

    fn note_prefix(&mut self, prefix: &[u8]) {
        if self.prefixed == 0 {
            self.first_prefix = String::from_utf8_lossy(prefix).escape_debug().to_string();
        }
        self.prefixed += 1;
    }

    /// What looks like requests and is not counted because of what is before it.
    fn unknown_prefix(&self, name: &str) -> Option<Finding> {
        let saw = format!(
            "{name}: {} behind an unknown prefix, such as `{}`",
            match self.prefixed {
                0 => return None,
                1 => "1 line looks like a request".to_owned(),
                lines => format!("{lines} lines look like requests"),
            },
            self.first_prefix,
        );
        Some(Finding::failed(
            Link::Log,
            saw,
            "write the log without this prefix; the rules match what comes after it",
        ))
    }

    fn log(&self, name: &str) -> Vec<Finding> {
        let lines = count(self.lines, "line");
        let matched: u64 = self.rules.iter().map(|(_, lines)| lines).sum();
        if matched == 0 {
            return vec![Finding::failed(
                Link::Log,
                format!("{name}: {lines}, and none is what the rules count"),
                format!(
                    "is this the right log? `logmetrics explain {name} | head` says what each line lacks"
                ),
            )];
        }
        if self.rule.is_empty() {
            return vec![Finding::ok(
                Link::Log,
                format!("{name}: {lines}, rules matched {}", count(matched, "time")),
            )];
        }
        let form = match self.json {
            0 => "text",
            json if json == self.requests => "JSON",
            _ => "text and JSON",
        };
        let requests = count(self.requests, "request");
        vec![Finding::ok(
            Link::Log,
            format!("{name}: {lines}, {requests}, {form}"),
        )]
    }

    fn users(&self, name: &str) -> Finding {
        let saw = format!(
            "{name}: {} of {} name a user, under {}",
            self.named,
            count(self.requests, "request"),
            self.named_keys()
        );
        if self.named * 100 >= self.requests * NAMED_PERCENT_MIN {
            return Finding::ok(Link::Log, saw);
        }
        if self.named > 0 {
            return Finding::warning(
                Link::Log,
                saw,
                "the others count for the label's default: do all clients send a user header?",
            );
        }
        let other_user_keys = self.other_user_keys();
        let saw = format!("{name}: no request names a user");
        if !other_user_keys.is_empty() {
            return Finding::failed(
                Link::Log,
                format!("{saw} under a key that the rules read; there is {other_user_keys}"),
                format!(
                    "add the right one to `from` of `{}` in the rules",
                    self.user_label
                ),
            );
        }
        Finding::failed(
            Link::Log,
            saw,
            format!(
                "let the gateway write the header down, and the front end send it:\n  \
                 frontendPolicies:\n    accessLog:\n      add:\n        \
                 http.header.{0}: 'request.headers[\"{0}\"]'\n  \
                 Open WebUI: ENABLE_FORWARD_USER_INFO_HEADERS=true",
                super::WEBUI_HEADER.to_ascii_lowercase()
            ),
        )
    }

    /// The keys that hold users, and on how many requests.
    fn named_keys(&self) -> String {
        let keys = self.keys.iter().filter(|(_, lines)| *lines > 0);
        let keys: Vec<String> = keys
            .map(|(key, lines)| format!("`{key}` ({lines})"))
            .collect();
        keys.join(", ")
    }

    /// Keys that look like users and that no rule reads, most of them first.
    fn other_user_keys(&self) -> String {
        let mut other_user_keys: Vec<_> = self.other_user_keys.iter().collect();
        other_user_keys.sort_by_key(|(_, lines)| std::cmp::Reverse(**lines));
        let other_user_keys: Vec<String> = other_user_keys
            .iter()
            .take(STRANGERS_MAX)
            .map(|(key, lines)| format!("`{key}` ({lines})"))
            .collect();
        other_user_keys.join(", ")
    }

    fn rules(&self, name: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (rule, lines) in &self.rules {
            if *lines > 0 {
                let saw = format!("rule `{rule}` matches {}", count(*lines, "line"));
                findings.push(Finding::ok(Link::Rules, saw));
            }
        }
        findings.extend(self.troubles(&format!("`logmetrics explain {name}`")));
        findings
    }

    /// What the rules could not count; `shown` says where it is shown.
    fn troubles(&self, shown: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (rule, field, trouble, lines) in &self.troubles {
            let what = match trouble {
                FieldErrorKind::Missing => "has neither a value nor a default",
                FieldErrorKind::BadValue => "is no number that the metric can take",
                FieldErrorKind::UnreadableTime => "is no time that can be read",
                FieldErrorKind::Ambiguous => "stands more than once",
                FieldErrorKind::TooMany => "has more matches than are counted of one line",
                FieldErrorKind::LookupMiss => "is not in its table",
            };
            findings.push(Finding::warning(
                Link::Rules,
                format!(
                    "rule `{rule}`: `{field}` {what} on {}",
                    count(*lines, "line")
                ),
                format!("{shown} shows them; `default`, `take` and `where` decide what counts"),
            ));
        }
        findings
    }
}

/// A time span as people say it.
fn ago(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        0..120 => count(minutes, "minute"),
        120..2880 => count(minutes / 60, "hour"),
        _ => count(minutes / 1440, "day"),
    }
}
