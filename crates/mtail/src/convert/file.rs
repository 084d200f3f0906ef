//! Updates as the text of a rules file. Each is checked by the reader of rules itself, first alone and
//! then with all others: what it refuses is left out, with its words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use logmetrics_core::rules::{self, Problems, SourceText};

use super::Conversion;
use super::condition::plain_number;
use super::draft::{Amount, Draft, Field, LabelText, Source, Subject};
use super::regex_text::with_names;
use crate::ast::Kind;

/// Updates that one rule makes.
#[derive(Debug, Clone)]
struct Rule {
    drafts: Vec<Draft>,
}

impl Conversion<'_> {
    /// The file, and how many actions it has.
    pub(super) fn file(&mut self, drafts: Vec<Draft>) -> (Option<String>, usize) {
        let mut kept = Vec::new();
        for draft in drafts {
            let line = draft.line;
            let alone = Rule {
                drafts: vec![draft.clone()],
            };
            match check(&self.rule_text(&alone, "rule")) {
                Ok(()) => kept.push(draft),
                Err(problems) => self.refused(line, &problems),
            }
        }
        // A line of the program that is only half there would count too little.
        let lost: BTreeSet<usize> = self.left_out.iter().map(|left| left.line).collect();
        kept.retain(|draft| !lost.contains(&draft.line));
        let mut rules = merged(kept);
        loop {
            if rules.is_empty() {
                return (None, 0);
            }
            let text = self.whole(&rules);
            match check(&text) {
                Ok(()) => {
                    let lines = rules.iter().flat_map(|rule| &rule.drafts);
                    let actions: BTreeSet<usize> = lines.map(|draft| draft.line).collect();
                    return (Some(self.header(actions.len()) + &text), actions.len());
                }
                Err(problems) => {
                    // The last rule is the one that does not go with those before.
                    let names = problems.list.iter().filter_map(|one| one.rule.clone());
                    let place = names.filter_map(|name| rule_place(&name)).max();
                    let place = place.filter(|place| *place < rules.len());
                    let rule = rules.remove(place.unwrap_or(rules.len() - 1));
                    for draft in rule.drafts {
                        self.refused(draft.line, &problems);
                    }
                }
            }
        }
    }

    fn refused(&mut self, line: usize, problems: &Problems) {
        let message = problems.list.first().map_or("", |one| one.message.as_str());
        let left = self.left(line, format!("rules refuse it: {message}"));
        if !self.left_out.contains(&left) {
            self.left_out.push(left);
        }
    }

    fn whole(&self, rules: &[Rule]) -> String {
        let numbered = (1..).zip(rules);
        let texts = numbered.map(|(number, rule)| {
            let name = format!("{}-{number}", self.stem());
            self.rule_text(rule, &name)
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The program's name without its ending.
    fn stem(&self) -> &str {
        let name = &self.program.name;
        name.strip_suffix(".mtail").unwrap_or(name)
    }

    fn header(&self, actions: usize) -> String {
        let mut out = format!(
            "# Written by `logmetrics convert {}`: {actions} {} of the program.\n",
            printable(&self.program.name),
            if actions == 1 { "action" } else { "actions" }
        );
        if self.left_out.is_empty() && self.differences.is_empty() {
            out.push_str(
                "# Whole: the rules count as the program does, save that labels are cut after 256 bytes.\n",
            );
        }
        if !self.differences.is_empty() {
            out.push_str("#\n# What may come out otherwise:\n");
            for difference in &self.differences {
                let _ = writeln!(out, "# - {}", printable(difference));
            }
        }
        if !self.left_out.is_empty() {
            out.push_str("#\n# Not converted:\n");
            for left in &self.left_out {
                let (line, text, why) = (left.line, printable(&left.text), printable(&left.why));
                let _ = writeln!(out, "# - line {line}: {text}\n#   {why}");
            }
        }
        out.push('\n');
        out
    }

    fn rule_text(&self, rule: &Rule, name: &str) -> String {
        let mut out = String::new();
        let lines: BTreeSet<usize> = rule.drafts.iter().map(|draft| draft.line).collect();
        for line in lines {
            let _ = writeln!(out, "# line {line}: {}", self.text(line));
        }
        let names = Names::of(rule, self);
        let _ = writeln!(out, "[[rule]]\nname   = {}", quoted(name));
        let Some(first) = rule.drafts.first() else {
            return out;
        };
        let all = first.patterns.all.iter();
        let all: Vec<String> = all
            .map(|pattern| self.pattern_text(*pattern, &names))
            .collect();
        let all = if all.is_empty() {
            vec![quoted("")]
        } else {
            all
        };
        let _ = writeln!(out, "match  = {}", one_or_list(all));
        let none = first.patterns.none.iter();
        let none: Vec<String> = none
            .map(|pattern| self.pattern_text(*pattern, &names))
            .collect();
        if !none.is_empty() {
            let _ = writeln!(out, "unless = {}", one_or_list(none));
        }
        if !names.labels.is_empty() {
            out.push_str("\n[rule.labels]\n");
            for (name, text) in &names.labels {
                let _ = writeln!(out, "{} = {text}", key(name));
            }
        }
        for draft in &rule.drafts {
            out.push('\n');
            self.metric_text(draft, &names, &mut out);
        }
        out
    }

    fn pattern_text(&self, pattern: usize, names: &Names) -> String {
        let of_pattern = names
            .fields
            .iter()
            .filter(|(field, _)| field.pattern == pattern);
        let of_pattern = of_pattern.map(|(field, name)| (field.group, name.clone()));
        let regex = self
            .program
            .patterns
            .get(pattern)
            .map_or("", |one| one.regex.as_str());
        quoted(&with_names(regex, &of_pattern.collect()))
    }

    fn metric_text(&self, draft: &Draft, names: &Names, out: &mut String) {
        let Some(definition) = self.program.metrics.get(draft.metric) else {
            return;
        };
        let kind = match definition.kind {
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            Kind::Gauge | Kind::Timer | Kind::Text => "gauge",
        };
        let _ = writeln!(
            out,
            "[[rule.metric]]\n{kind} = {}",
            quoted(&definition.exported)
        );
        match &draft.amount {
            Amount::One => {}
            Amount::Constant(key, number) => {
                let _ = writeln!(out, "{key} = {}", toml_number(*number));
            }
            Amount::Field {
                key,
                field,
                unit,
                scale,
            } => {
                let name = names.fields.get(field).map_or("", String::as_str);
                let mut parts = vec![format!("from = {}", quoted(name))];
                parts.extend(unit.map(|unit| format!("unit = {}", quoted(unit))));
                parts.extend(scale.map(|scale| format!("scale = {}", toml_number(scale))));
                let _ = match parts.len() {
                    1 => writeln!(out, "{key} = {}", quoted(name)),
                    _ => writeln!(out, "{key} = {{ {} }}", parts.join(", ")),
                };
            }
        }
        if definition.kind == Kind::Histogram {
            let bounds: Vec<String> = definition
                .buckets
                .iter()
                .copied()
                .map(toml_number)
                .collect();
            let _ = writeln!(out, "buckets = [{}]", bounds.join(", "));
        }
        if !draft.labels.is_empty() {
            let by: Vec<String> = draft.labels.keys().map(|name| quoted(name)).collect();
            let _ = writeln!(out, "by = [{}]", by.join(", "));
        }
        if !draft.constants.is_empty() {
            let constants = draft.constants.iter();
            let constants =
                constants.map(|(name, value)| format!("{} = {}", key(name), quoted(value)));
            let constants: Vec<String> = constants.collect();
            let _ = writeln!(out, "constant = {{ {} }}", constants.join(", "));
        }
        let conditions = names.conditions(draft);
        if !conditions.is_empty() {
            let _ = writeln!(out, "where = {{ {} }}", conditions.join(", "));
        }
        if let Some(limit) = definition.limit {
            let _ = writeln!(out, "limit = {limit}");
        }
        if let Some(expire) = &draft.expire {
            let _ = writeln!(out, "expire = {}", quoted(expire));
        }
    }
}

/// What fields and labels are called in one rule.
#[derive(Default)]
struct Names {
    fields: BTreeMap<Field, String>,
    /// Labels that are not simply the field of their name, as they are written.
    labels: BTreeMap<String, String>,
    /// Where each condition finds what it looks at; those of one draft have names of their own.
    subjects: Vec<(Subject, usize, String)>,
}

impl Names {
    fn of(rule: &Rule, conversion: &Conversion<'_>) -> Names {
        let mut names = Names::default();
        let labels = rule.drafts.iter().flat_map(|draft| &draft.labels);
        let labels: BTreeMap<&String, &LabelText> = labels.collect();
        let mut taken: BTreeSet<String> = labels.keys().map(|name| (*name).clone()).collect();
        taken.extend(
            rule.drafts
                .iter()
                .flat_map(|draft| draft.constants.keys().cloned()),
        );
        for field in rule.drafts.iter().flat_map(Draft::fields) {
            if names.fields.contains_key(&field) {
                continue;
            }
            let is_plain =
                |label: &LabelText| label.source == Source::Field(field) && label.is_plain();
            let label = labels.iter().find(|(_, label)| is_plain(label));
            let facts = conversion.groups.facts(field.pattern, field.group);
            let own = facts
                .and_then(|facts| facts.name.clone())
                .filter(|name| is_name(name));
            let name = match (label, own) {
                // Its own name, where that is the label's too or is free.
                (_, Some(own)) if !taken.contains(&own) => own,
                (Some((label, _)), own) if own.as_ref().is_none_or(|own| own == *label) => {
                    names.fields.insert(field, (*label).clone());
                    continue;
                }
                (_, own) => free(&own.unwrap_or_else(|| "field".to_owned()), &taken),
            };
            taken.insert(name.clone());
            names.fields.insert(field, name);
        }
        for (name, label) in labels {
            names.label(name, label);
        }
        for draft in &rule.drafts {
            names.subjects_of(draft, &mut taken);
        }
        names
    }

    fn source(&self, source: Source) -> &str {
        match source {
            Source::Field(field) => self.fields.get(&field).map_or("", String::as_str),
            Source::Path => "_path",
        }
    }

    fn label(&mut self, name: &str, label: &LabelText) {
        let from = self.source(label.source);
        if from == name && label.is_plain() {
            return;
        }
        let mut text = quoted(from);
        if !label.is_plain() {
            text = format!("{{ from = {text}");
            if label.strips_zeros {
                text.push_str(r", map = { '0*(\d+)' = '$1' }");
            }
            if label.lowercase {
                text.push_str(", lowercase = true");
            }
            if label.may_be_absent {
                text.push_str(", default = ''");
            }
            text.push_str(" }");
        }
        self.labels.insert(name.to_owned(), text);
    }

    /// Finds a name for what each condition of a draft looks at. A table has each key once, so the
    /// second condition on one field gets a label of its own.
    fn subjects_of(&mut self, draft: &Draft, taken: &mut BTreeSet<String>) {
        let mut seen: Vec<&Subject> = Vec::new();
        for (subject, _) in &draft.conditions {
            let count = seen.iter().filter(|one| **one == subject).count();
            seen.push(subject);
            let is_known =
                |(one, number, _): &(Subject, usize, String)| one == subject && *number == count;
            if self.subjects.iter().any(is_known) {
                continue;
            }
            let name = match subject {
                Subject::Text(source) if count == 0 => self.source(*source).to_owned(),
                Subject::Text(source) | Subject::Matches(source, _) => {
                    let from = self.source(*source).to_owned();
                    let base = from.trim_start_matches('_');
                    let (base, text) = match subject {
                        Subject::Text(_) => (format!("{base}_too"), quoted(&from)),
                        Subject::Matches(_, pattern) => (
                            format!("{base}_matches"),
                            format!(
                                "{{ from = {}, max_length = 1048576, map = {{ {} = 'yes', '(?s:.*)' = 'no' }} }}",
                                quoted(&from),
                                quoted(pattern)
                            ),
                        ),
                    };
                    let name = free(&base, taken);
                    taken.insert(name.clone());
                    self.labels.insert(name.clone(), text);
                    name
                }
            };
            self.subjects.push((subject.clone(), count, name));
        }
    }

    fn conditions(&self, draft: &Draft) -> Vec<String> {
        let mut seen: Vec<&Subject> = Vec::new();
        let mut conditions = Vec::new();
        for (subject, test) in &draft.conditions {
            let count = seen.iter().filter(|one| **one == subject).count();
            seen.push(subject);
            let mut subjects = self.subjects.iter();
            let name = subjects.find(|(one, number, _)| one == subject && *number == count);
            let name = name.map_or("", |(.., name)| name.as_str());
            // Where the number of this field is read in a unit, so is the comparison.
            let is_scaled = matches!((&draft.amount, subject),
                (Amount::Field { field, unit, scale, .. }, Subject::Text(Source::Field(one)))
                    if field == one && (unit.is_some() || scale.is_some()));
            let comparison = test.comparison.as_ref().filter(|_| !is_scaled);
            let test = comparison.unwrap_or(&test.pattern);
            conditions.push(format!("{} = {}", key(name), quoted(test)));
        }
        conditions
    }
}

/// Updates of lines that match the same, in one rule. Gauges keep their order, as the last one counts.
fn merged(drafts: Vec<Draft>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for draft in drafts {
        let is_ordered = matches!(draft.amount, Amount::Constant(..) | Amount::Field { .. });
        let fits = |rule: &&mut Rule| {
            let same = rule
                .drafts
                .iter()
                .all(|other| other.patterns == draft.patterns);
            let labels = rule.drafts.iter().flat_map(|other| &other.labels);
            let mut labels =
                labels.filter_map(|(name, text)| Some((text, draft.labels.get(name)?)));
            same && labels.all(|(one, other)| one == other)
        };
        let place = match is_ordered {
            true => rules.last_mut().filter(fits),
            false => rules.iter_mut().find(fits),
        };
        match place {
            Some(rule) => rule.drafts.push(draft),
            None => rules.push(Rule {
                drafts: vec![draft],
            }),
        }
    }
    rules
}

fn check(text: &str) -> Result<(), Problems> {
    let file = SourceText {
        path: "rules.toml".into(),
        text: text.into(),
    };
    rules::load_text(vec![file]).map(|_| ())
}

/// The place of a rule from the number at the end of its name.
fn rule_place(name: &str) -> Option<usize> {
    let (_, number) = name.rsplit_once('-')?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

/// A name that is not taken, alike.
fn free(name: &str, taken: &BTreeSet<String>) -> String {
    let mut names = (1..).map(|number| match number {
        1 => name.to_owned(),
        number => format!("{name}_{number}"),
    });
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// Whether a group of a program may have the same name in a rule.
fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn one_or_list(mut texts: Vec<String>) -> String {
    match texts.len() {
        1 => texts.pop().unwrap_or_default(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

/// A key of a table.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A text as TOML writes it: as it is where that is possible.
fn quoted(text: &str) -> String {
    if !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn toml_number(number: f64) -> String {
    let text = plain_number(number);
    // An exponent of TOML has no point before it that is not followed by digits, as here.
    match number.fract() == 0.0 && text.len() > 18 {
        true => format!("{text}.0"),
        false => text,
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
