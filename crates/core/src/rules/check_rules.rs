//! A rule as it was written becomes a rule that can run: patterns compiled, names looked up.
//!
//! What concerns one rule alone is judged here; what concerns metrics that rules share is judged in
//! [`super::metric_definitions`]. No file is read.

use crate::did_you_mean::nearest;
use std::collections::{BTreeMap, HashMap};

use super::load::SourceText;
use super::metric_definitions::MetricUse;
use super::problem::{At, Cause, Draft, ProblemPlace, messages};
use super::raw_rules::{FieldSpec, LabelSpec, RangeSpec, RuleSpec};
use super::report_section;
use super::rule_metrics;
use super::rule_time;
use super::{
    Field, FieldsMode, LABEL_BYTES_MAX, LabelSource, MapTarget, Rule, field_parts, lookup,
    metric_names, reading, rule_patterns,
};
use logmetrics_scan::untrusted::UntrustedRange;

/// A rule, and what its actions say of their metrics, in the order of the actions. The ids of the
/// metrics are not known yet.
pub(super) struct Compiled {
    pub rule: Rule,
    pub uses: Vec<MetricUse>,
}

/// What names mean in one rule.
pub(super) struct Scope<'s> {
    pub spec: &'s RuleSpec,
    pub sources: &'s [SourceText],
    /// The named groups; none where the pattern could not be compiled.
    groups: Option<Vec<String>>,
    /// Those of [`Scope::whole`] by their texts. Conditions ask the same of many metrics, and compiling
    /// is most of what a start takes.
    whole_patterns: HashMap<String, regex::Regex>,
    pub drafts: Vec<Draft>,
}

impl<'s> Scope<'s> {
    pub fn label(&self, name: &str) -> Option<&'s LabelSpec> {
        let labels = &self.spec.labels;
        labels.iter().find(|label| label.name.value == name)
    }

    pub fn groups(&self) -> &[String] {
        self.groups.as_deref().unwrap_or_default()
    }

    /// Whether a name may be a field of a line that this rule matches.
    fn is_field(&self, name: &str) -> bool {
        let special = |name: &str| metric_names::SPECIAL.contains(&name);
        if special(name) || self.groups().iter().any(|group| group == name) {
            return true;
        }
        // Journald and others have fields such as `_PID`, so only what is almost ours is refused.
        let almost = name.starts_with('_') && nearest(name, metric_names::SPECIAL).is_some();
        self.groups.is_none() || (self.spec.fields.is_some() && !almost && self.may_be_column(name))
    }

    /// Whether the columns of CSV are not known, or this is one of them.
    fn may_be_column(&self, name: &str) -> bool {
        let columns = self.spec.columns.as_ref();
        let columns = columns.filter(|_| self.spec.fields == Some(FieldsMode::Csv));
        columns.is_none_or(|columns| columns.iter().any(|column| column.value == name))
    }

    /// Whether a name is that of a label, and can be no field.
    pub fn is_label_only(&self, name: &str) -> bool {
        self.label(name).is_some() && !self.is_field(name)
    }

    /// Notes a key that can be no field.
    pub fn check_key(&mut self, key: &At<String>) {
        if key.value.is_empty() {
            self.drafts.push(messages::empty_field_name(key.place));
        } else if !self.is_field(&key.value) {
            let is_label = self.label(&key.value).is_some();
            let draft = if !self.may_be_column(&key.value) {
                messages::unknown_column(key, self.spec.columns.as_deref().unwrap_or_default())
            } else if key.value.starts_with('_') {
                messages::unknown_special(key)
            } else {
                messages::unknown_field(key, self.groups(), is_label)
            };
            self.note_name(draft, key);
        }
    }

    /// Likewise for a name that may be a label too.
    pub fn check_name(&mut self, name: &At<String>) {
        if self.label(&name.value).is_some() {
            return;
        }
        let is_key = name.value.is_empty() || name.value.starts_with('_');
        if is_key || self.is_field(&name.value) || !self.may_be_column(&name.value) {
            self.check_key(name);
        } else {
            let labels = &self.spec.labels;
            let labels: Vec<&str> = labels
                .iter()
                .map(|label| label.name.value.as_str())
                .collect();
            let draft = messages::unknown_label(name, self.groups(), &labels);
            self.note_name(draft, name);
        }
    }

    /// Notes that the rule has no such name, which may be wanted in several places.
    fn note_name(&mut self, draft: Draft, name: &At<String>) {
        let cause = Cause::Name(name.value.clone(), self.spec.place);
        self.drafts.push(draft.because(cause));
    }

    /// A field, its keys checked.
    pub fn field(&mut self, spec: &FieldSpec) -> Field {
        for key in spec.keys() {
            self.check_key(key);
        }
        self.check_parts(spec);
        self.unchecked_field(spec)
    }

    /// Notes what is wrong with the parts that a field takes.
    pub fn check_parts(&mut self, spec: &FieldSpec) {
        let problems = field_parts::problems(spec, self.sources);
        self.drafts.extend(problems);
    }

    /// A field whose keys are checked elsewhere.
    pub fn unchecked_field(&self, spec: &FieldSpec) -> Field {
        Field {
            from: spec.keys().iter().map(|key| key.value.clone()).collect(),
            take: spec.take,
            trusted_only: spec.trusted.is_some(),
            after: spec.after.as_ref().map(|key| key.value.clone()),
            parts: field_parts::compile(spec, self.sources),
        }
    }

    /// A pattern for parts of a value, each of which has some text.
    pub fn part(&mut self, text: &At<String>) -> Option<regex::Regex> {
        let pattern = rule_patterns::anywhere(text, self.sources);
        let pattern = pattern.map_err(|draft| self.drafts.push(draft)).ok()?;
        if pattern.is_match("") {
            self.drafts.push(messages::replaces_nothing(text));
            return None;
        }
        Some(pattern)
    }

    /// A pattern that must match a whole value.
    pub fn whole(&mut self, text: &At<String>) -> Option<regex::Regex> {
        if let Some(compiled) = self.whole_patterns.get(&text.value) {
            return Some(compiled.clone());
        }
        let compiled = rule_patterns::whole(text, self.sources)
            .map_err(|draft| self.drafts.push(draft))
            .ok()?;
        (self.whole_patterns).insert(text.value.clone(), compiled.clone());
        Some(compiled)
    }
}

/// The patterns that a line must match, and those that it must not; without those that are wrong.
fn patterns(
    spec: &RuleSpec,
    sources: &[SourceText],
    drafts: &mut Vec<Draft>,
) -> (Vec<regex::Regex>, Vec<regex::Regex>) {
    let mut compiled = |text: &At<String>| {
        let pattern = rule_patterns::anywhere(text, sources);
        pattern.map_err(|draft| drafts.push(draft)).ok()
    };
    let patterns: Vec<regex::Regex> = spec.patterns().filter_map(&mut compiled).collect();
    let unless = spec.unless.iter().filter_map(&mut compiled).collect();
    let mut seen: Vec<(&str, &At<String>)> = Vec::new();
    for (pattern, text) in patterns.iter().zip(spec.patterns()) {
        for group in pattern.capture_names().flatten() {
            match seen.iter().find(|(known, _)| *known == group) {
                Some((_, first)) => drafts.push(messages::group_twice(text, group, first.place)),
                None => seen.push((group, text)),
            }
        }
    }
    (patterns, unless)
}

/// Compiles one rule; `name` is the one it goes by.
pub(super) fn rule<'s>(
    spec: &'s RuleSpec,
    name: String,
    sources: &'s [SourceText],
) -> (Compiled, Scope<'s>) {
    let mut drafts = Vec::new();
    let (patterns, unless) = patterns(spec, sources, &mut drafts);
    let groups = named_groups(&patterns);
    let names_known = spec.names_known && spec.patterns().count() == patterns.len();
    let mut scope = Scope {
        spec,
        sources,
        groups: names_known.then_some(groups),
        whole_patterns: HashMap::new(),
        drafts,
    };
    if spec.pattern.is_none() && spec.fields.is_none() && !spec.broken {
        scope.drafts.push(messages::rule_without_source(spec.place));
        // Every name would be unknown, which says the same again.
        scope.groups = None;
    }
    if spec.metrics.is_empty() && !spec.broken {
        scope.drafts.push(messages::rule_without_metric(spec.place));
    }
    let time = rule_time::time_field(&mut scope);
    let trace = spec.trace.as_ref().map(|field| scope.field(field));
    let json_fields = json_fields(&mut scope);
    let inside = reading::inside(&mut scope);
    let each = reading::each(&mut scope);
    let columns = reading::columns(&mut scope);
    let mut labels = BTreeMap::new();
    for label in &spec.labels {
        labels.insert(label.name.value.clone(), label_source(label, &mut scope));
    }
    let untrusted = untrusted_range(&mut scope);
    let defined = labels.clone();
    let (metrics, uses) = rule_metrics::actions(&mut labels, &mut scope);
    let report = report_section::compile(&defined, &labels, &mut scope);
    let mut patterns = patterns.into_iter();
    let rule = Rule {
        name,
        pattern: patterns.next(),
        also: patterns.collect(),
        unless,
        json_fields,
        fields: spec.fields,
        inside,
        each,
        columns,
        untrusted,
        time,
        trace,
        labels,
        metrics,
        report,
        report_is_written: spec.report.is_some(),
        is_final: spec.is_final,
    };
    (Compiled { rule, uses }, scope)
}

fn json_fields(scope: &mut Scope<'_>) -> Vec<(String, regex::Regex)> {
    let spec = scope.spec;
    let mut fields = Vec::new();
    for (name, text) in &spec.json_fields {
        let is_json = matches!(spec.fields, Some(FieldsMode::Json | FieldsMode::Auto));
        if !is_json && spec.names_known {
            scope
                .drafts
                .push(messages::match_json_without_json(name.place));
        }
        fields.extend(
            scope
                .whole(text)
                .map(|pattern| (name.value.clone(), pattern)),
        );
    }
    fields
}

fn named_groups(patterns: &[regex::Regex]) -> Vec<String> {
    let names = patterns.iter().flat_map(regex::Regex::capture_names);
    names.flatten().map(str::to_string).collect()
}

pub(super) fn label_source(spec: &LabelSpec, scope: &mut Scope<'_>) -> LabelSource {
    check_label_name(&spec.name, scope);
    let replace = targets(&spec.replace, scope, Scope::part);
    let map = targets(&spec.map, scope, Scope::whole);
    let lookup = spec.lookup.as_ref();
    let column = Some(spec.name.value.as_str());
    let lookup = lookup.map(|lookup| lookup::compile(lookup, column, scope.sources));
    let lookup = lookup.and_then(|table| table.map_err(|draft| scope.drafts.push(draft)).ok());
    LabelSource {
        field: scope.field(&spec.field),
        default: spec.default.clone(),
        lowercase: spec.lowercase,
        integer: spec.integer,
        replace,
        map,
        lookup,
        pseudonym: spec.pseudonym,
        bytes_max: spec.bytes_max.unwrap_or(LABEL_BYTES_MAX),
    }
}

/// Patterns with what each writes, but for those that are wrong.
fn targets<'s>(
    pairs: &[(At<String>, At<String>)],
    scope: &mut Scope<'s>,
    compile: fn(&mut Scope<'s>, &At<String>) -> Option<regex::Regex>,
) -> Vec<(regex::Regex, MapTarget)> {
    let mut targets = Vec::new();
    for (text, to) in pairs {
        let Some(pattern) = compile(scope, text) else {
            continue;
        };
        match MapTarget::new(to, &pattern) {
            Ok(target) => targets.push((pattern, target)),
            Err(draft) => scope.drafts.push(draft),
        }
    }
    targets
}

/// Notes a name that no label can have.
pub(super) fn check_label_name(name: &At<String>, scope: &mut Scope<'_>) {
    if !metric_names::is_label(&name.value) {
        scope.drafts.push(messages::bad_label_name(name));
    } else if name.value.starts_with("__") {
        scope.drafts.push(messages::reserved_label_name(name));
    }
}

/// The untrusted range that the rule and its fields agree on.
fn untrusted_range(scope: &mut Scope<'_>) -> Option<UntrustedRange> {
    let spec = scope.spec;
    let of_fields = spec.fields().filter_map(|field| field.trusted.as_ref());
    let of_fields = of_fields.filter_map(|At { value, place }| Some((value.as_ref()?, *place)));
    let of_rule = spec.untrusted_between.iter();
    let of_rule = of_rule.map(|At { value, place }| (value, *place));
    let mut ranges: Vec<(&RangeSpec, ProblemPlace)> = of_rule.chain(of_fields).collect();
    ranges.sort_by_key(|(_, place)| *place);
    let first = ranges.first().copied();
    let logfmt = matches!(spec.fields, Some(FieldsMode::Logfmt | FieldsMode::Auto));
    for (other, place) in &ranges {
        if let Some((_, first)) = first.filter(|(range, _)| range != other) {
            scope
                .drafts
                .push(messages::untrusted_differs(*place, first));
        }
    }
    let raw = spec.raw.iter();
    let mut needs = raw.map(|(key, _)| (key.place, "raw")).chain(
        (spec.fields())
            .filter_map(|field| field.trusted.as_ref())
            .map(|trusted| (trusted.place, "trusted")),
    );
    let Some((range, place)) = first else {
        let missing = needs.next();
        scope
            .drafts
            .extend(missing.map(|(at, key)| messages::no_untrusted_range(at, key)));
        return None;
    };
    if !logfmt && spec.names_known {
        scope.drafts.push(messages::untrusted_without_logfmt(place));
    }
    let raw = spec.raw.iter();
    let raw = raw.map(|(key, until)| (key.value.as_str(), until.value.as_str()));
    let from = range.from.iter().map(String::as_str);
    Some(UntrustedRange::new(from, &range.to, raw))
}
