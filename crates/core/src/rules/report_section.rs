//! `[rule.report]`: which of a rule's labels and fields are the user, the route, the status and so
//! on of one request, for `logmetrics report`.
//!
//! What a rule does not say is guessed from the usual names of its labels. Nothing is counted here.

use std::collections::BTreeMap;

use super::amounts::{self, AmountSource};
use super::check_rules::{Scope, label_source};
use super::factors::{label_or_field, plain_name};
use super::problem::{At, messages};
use super::raw_rules::{
    FieldSpec, LabelSpec, RuleSpec, ValueSpec, read_field_table, read_from, read_label, read_value,
    read_value_table,
};
use super::rule_metrics::{condition_field, plain_label};
use super::toml_table::{Reader, Table, TomlValue};
use super::{Condition, ConditionTest, Field, LabelSource, LookupTable, conditions, keys, lookup};
use crate::metrics::kind::Kind;

/// What one request of a report is read from.
#[derive(Debug, Clone, Default)]
pub struct ReportFields {
    pub user: Option<LabelSource>,
    pub route: Option<LabelSource>,
    /// With what result; three digits that begin with 4 or 5 are errors.
    pub status: Option<LabelSource>,
    pub model: Option<LabelSource>,
    pub provider: Option<LabelSource>,
    /// Whose cost it is.
    pub team: Option<LabelSource>,
    /// How long it took, in seconds.
    pub duration: Option<ReportNumber>,
    pub tokens_input: Option<ReportNumber>,
    pub tokens_output: Option<ReportNumber>,
    /// In US dollars.
    pub cost: Option<ReportNumber>,
    /// The id by which the request is found in a tracing system.
    pub trace: Option<Field>,
    /// The labels that conditions of the numbers look at.
    pub labels: BTreeMap<String, LabelSource>,
}

/// A number of a request, and what must hold for it to count.
#[derive(Debug, Clone)]
pub struct ReportNumber {
    pub amount: AmountSource,
    /// All must hold; as in an action.
    pub conditions: Vec<(Condition, ConditionTest)>,
}

/// The names under which labels are looked for where a rule has no `[rule.report]`.
const USERS: [&str; 8] = [
    "user_email",
    "user",
    "email",
    "user_id",
    "username",
    "user_name",
    "remote_user",
    "client",
];
const ROUTES: [&str; 5] = ["route", "route_name", "path", "endpoint", "handler"];
const STATUSES: [&str; 4] = ["status", "status_code", "http_status", "code"];
const MODELS: [&str; 1] = ["model"];
const PROVIDERS: [&str; 1] = ["provider"];
const TEAMS: [&str; 1] = ["team"];

/// A `[rule.report]` as it was written.
#[derive(Debug, Default)]
pub(super) struct ReportSpec {
    pub texts: Vec<LabelSpec>,
    pub numbers: Vec<ReportNumberSpec>,
    pub trace: Option<FieldSpec>,
}

/// A number, and `where`.
#[derive(Debug)]
pub(super) struct ReportNumberSpec {
    pub key: &'static str,
    pub value: ValueSpec,
    pub conditions: Vec<(At<String>, At<String>)>,
}

const TEXT_KEYS: [&str; 6] = ["user", "route", "status", "model", "provider", "team"];
const NUMBER_KEYS: [&str; 4] = ["duration", "tokens_input", "tokens_output", "cost"];

pub(super) fn read(mut table: Table<'_>, reader: &mut Reader) -> ReportSpec {
    let mut spec = ReportSpec::default();
    for key in TEXT_KEYS {
        if let Some((place, value)) = table.take_entry(key) {
            let name = At::new(key.to_owned(), place);
            spec.texts.extend(read_label(name, &value, reader));
        }
    }
    for key in NUMBER_KEYS {
        let value = table.take(key);
        spec.numbers
            .extend(value.and_then(|value| read_number(key, &value, reader)));
    }
    spec.trace = table
        .take("trace")
        .and_then(|value| read_trace(&value, reader));
    table.finish(reader);
    spec
}

fn read_trace(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FieldSpec> {
    if !value.is_table() {
        return read_from(value, reader);
    }
    let mut table = value.table("", &keys::NUMBER, reader)?;
    let conditions = table.take("where").map(|value| value.pairs(reader));
    if let Some((name, _)) = conditions.iter().flatten().next() {
        reader.note(messages::report_trace_where(name));
    }
    let field = read_field_table(&mut table, None, reader);
    table.finish(reader);
    field
}

fn read_number(
    key: &'static str,
    value: &TomlValue<'_>,
    reader: &mut Reader,
) -> Option<ReportNumberSpec> {
    let plain = |value| ReportNumberSpec {
        key,
        value,
        conditions: Vec::new(),
    };
    if !value.is_table() {
        return read_value(value, reader).map(plain);
    }
    let mut table = value.table("", &keys::NUMBER, reader)?;
    let conditions = table.take("where").map(|value| value.pairs(reader));
    let number = read_value_table(&mut table, reader);
    table.finish(reader);
    Some(ReportNumberSpec {
        conditions: conditions.unwrap_or_default(),
        ..plain(number?)
    })
}

impl ReportFields {
    /// Takes the team from a table in which the user is looked up, in whatever case, whatever the rules say of it.
    pub fn look_up_teams(&mut self, teams: &LookupTable, unlisted: &str) {
        let user = self.user.as_ref();
        let teams = teams.lowercased();
        self.team = user.map(|user| user.looked_up(&teams, Some(unlisted), true));
    }
}

impl ReportSpec {
    /// Every field that it reads; a plain name may also be that of a label.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        let texts = self.texts.iter().map(|text| &text.field);
        let numbers = self.numbers.iter().flat_map(|number| number.value.fields());
        texts.chain(numbers).chain(&self.trace)
    }

    /// Whether a text is read from what has this name, which may be a label's.
    pub fn reads(&self, name: &str) -> bool {
        let mut texts = self.texts.iter();
        texts.any(|text| text.field.from.iter().any(|key| key.value == name))
    }

    pub fn conditions(&self) -> impl Iterator<Item = &(At<String>, At<String>)> {
        self.numbers.iter().flat_map(|number| &number.conditions)
    }

    /// Every name that may be a label's.
    pub fn names(&self) -> impl Iterator<Item = &At<String>> {
        let plain = self.texts.iter().filter_map(plain_name);
        let conditions = self.numbers.iter().flat_map(|number| &number.conditions);
        plain.chain(conditions.map(|(name, _)| name))
    }
}

/// What a rule's requests are read from; `None` where it has neither user nor route nor status.
/// `defined` are the labels of `[rule.labels]`, `used` those that metrics have.
pub(super) fn compile(
    defined: &BTreeMap<String, LabelSource>,
    used: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Option<ReportFields> {
    let spec = scope.spec;
    let Some(report) = &spec.report else {
        return guessed(spec, defined, used, scope);
    };
    let mut fields = ReportFields::default();
    for text in &report.texts {
        let source = match plain_name(text) {
            Some(name) => {
                let known = match defined.contains_key(&name.value) {
                    true => defined,
                    false => used,
                };
                label_or_field(name, text, known, scope)
            }
            None => match looked_up(text, defined, used, scope) {
                Some(source) => source,
                None => label_source(text, scope),
            },
        };
        let place = match text.name.value.as_str() {
            "user" => &mut fields.user,
            "route" => &mut fields.route,
            "status" => &mut fields.status,
            "model" => &mut fields.model,
            "team" => &mut fields.team,
            _ => &mut fields.provider,
        };
        *place = Some(source);
    }
    for number in &report.numbers {
        let compiled = compile_number(number, defined, &mut fields.labels, scope);
        let place = match number.key {
            "duration" => &mut fields.duration,
            "tokens_input" => &mut fields.tokens_input,
            "tokens_output" => &mut fields.tokens_output,
            _ => &mut fields.cost,
        };
        *place = Some(compiled);
    }
    let trace = report.trace.as_ref().or(spec.trace.as_ref());
    fields.trace = trace.map(|trace| scope.field(trace));
    fill_in(&mut fields, spec, (defined, used), scope);
    Some(fields)
}

/// A label of the rule that the report looks up in a table, where a text is that.
fn looked_up(
    text: &LabelSpec,
    defined: &BTreeMap<String, LabelSource>,
    used: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Option<LabelSource> {
    let lookup = text.lookup.as_ref()?;
    let rest = LabelSpec {
        lookup: None,
        default: None,
        lowercase: false,
        ..text.clone()
    };
    let name = &plain_name(&rest)?.value;
    let label = defined.get(name).or_else(|| used.get(name))?;
    match lookup::compile(lookup, Some(&text.name.value), scope.sources) {
        Ok(table) => Some(label.looked_up(&table, text.default.as_deref(), text.lowercase)),
        Err(draft) => {
            scope.drafts.push(draft);
            Some(label.clone())
        }
    }
}

fn compile_number(
    number: &ReportNumberSpec,
    defined: &BTreeMap<String, LabelSource>,
    labels: &mut BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> ReportNumber {
    let mut found = Vec::new();
    for (name, text) in &number.conditions {
        scope.check_name(name);
        let condition = match defined.get(&name.value) {
            Some(label) => {
                labels.insert(name.value.clone(), label.clone());
                Condition::Label(name.value.clone())
            }
            None => Condition::Field(condition_field(&name.value, Some(&number.value), scope)),
        };
        let test = conditions::test(name, text, Some(&number.value), scope);
        found.extend(test.map(|test| (condition, test)));
    }
    ReportNumber {
        amount: amounts::source(&number.value, defined, scope),
        conditions: found,
    }
}

/// All from the usual names.
fn guessed(
    spec: &RuleSpec,
    defined: &BTreeMap<String, LabelSource>,
    used: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Option<ReportFields> {
    let mut fields = ReportFields::default();
    fill_in(&mut fields, spec, (defined, used), scope);
    fields.trace = spec
        .trace
        .as_ref()
        .map(|trace| scope.unchecked_field(trace));
    let found = fields.user.is_some() || fields.route.is_some() || fields.status.is_some();
    found.then_some(fields)
}

/// What is not there yet, from the usual names.
fn fill_in(
    fields: &mut ReportFields,
    spec: &RuleSpec,
    (defined, used): (
        &BTreeMap<String, LabelSource>,
        &BTreeMap<String, LabelSource>,
    ),
    scope: &mut Scope<'_>,
) {
    let known = |name: &&str| used.get(*name).or_else(|| defined.get(*name));
    let label = |names: &[&str]| names.iter().find_map(known).cloned();
    fields.user = fields.user.take().or_else(|| label(&USERS));
    fields.route = fields.route.take().or_else(|| label(&ROUTES));
    fields.status = fields.status.take().or_else(|| label(&STATUSES));
    fields.model = fields.model.take().or_else(|| label(&MODELS));
    fields.provider = fields.provider.take().or_else(|| label(&PROVIDERS));
    fields.team = fields.team.take().or_else(|| label(&TEAMS));
    if fields.duration.is_none() {
        let timed = |name: &str| name.contains("duration") || name.contains("latency");
        let histogram = spec
            .metrics
            .iter()
            .find(|metric| metric.kind == Kind::Histogram && timed(&metric.name.value));
        let value = histogram.and_then(|metric| metric.value.as_ref());
        let amount = match value {
            Some(value) => Some(amounts::unchecked(&value.value, defined, scope)),
            None => (spec.fields.is_some() || scope.groups().iter().any(|name| name == "duration"))
                .then(|| AmountSource::of_field(plain_label("duration").field)),
        };
        fields.duration = amount.map(|amount| ReportNumber {
            amount,
            conditions: Vec::new(),
        });
    }
}
