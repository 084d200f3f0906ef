//! A line to one request of a report: the labels and numbers that `[rule.report]` names.
//!
//! The same patterns, readers and labels as counting uses, compiled for these fields alone. Adds
//! nothing up and knows no format of output.

use std::collections::BTreeSet;

use super::prefilter::{Candidates, Prefilter};
use super::rule::build::RuleCompiler;
use super::rule::cached::QuickAmount;
use super::rule::field::{Context, Value};
use super::rule::further::number_patterns;
use super::rule::known_values::ValueId;
use super::rule::{Amount, Program, Scratch, found};
use super::{Counts, Secret, SecretMissing};
use crate::metrics::definition::Definition;
use crate::rules::{LabelSource, ReportFields, ReportNumber, Rule, RuleSet};
use logmetrics_follow::line::Line;

mod known_request;

/// What is distinguished by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    User,
    Route,
    Model,
    Provider,
    Status,
    Team,
}

impl Dimension {
    /// How many there are.
    pub const COUNT: usize = 6;

    /// All, in the order of [`Request::names`].
    pub const ALL: [Dimension; Dimension::COUNT] = [
        Dimension::User,
        Dimension::Route,
        Dimension::Model,
        Dimension::Provider,
        Dimension::Status,
        Dimension::Team,
    ];
}

/// What is written in place of a name that a request does not have.
const NONE: &str = "none";

/// Rules in the form that reads requests. Shared by all reading threads.
#[derive(Debug)]
pub struct Extractor {
    programs: Vec<Extraction>,
    prefilter: Prefilter,
}

#[derive(Debug)]
struct Extraction {
    program: Program,
    /// Whether its lines are requests; otherwise they are none, whatever later rules say.
    is_request: bool,
    /// Its place among all.
    number: u32,
    /// The labels, in the order of [`Dimension::ALL`].
    names: [Option<usize>; Dimension::COUNT],
    /// By [`DURATION`] and so on.
    numbers: [Option<Number>; NUMBERS],
}

// The places of a request's numbers.
const DURATION: usize = 0;
const TOKENS_INPUT: usize = 1;
const TOKENS_OUTPUT: usize = 2;
const COST: usize = 3;
const NUMBERS: usize = 4;

/// A number and the conditions that must hold.
#[derive(Debug)]
struct Number {
    amount: Amount,
    conditions: Vec<usize>,
    /// Those of them that look at fields, which are others on each line.
    field_conditions: Vec<usize>,
    /// How it is read on most lines, which answers all `field_conditions` at once.
    quick: QuickAmount,
}

/// Buffers of one thread, and what it remembers from line to line.
#[derive(Debug, Default)]
pub struct Reading {
    scratch: Scratch,
    /// What is odd about a line is no concern of a report; nobody looks at these.
    counts: Counts,
    candidates: Candidates,
    /// The place of the rule that matched last.
    matched: Option<usize>,
}

/// The number of a name in one [`Reading`], until its [`Reading::generation`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NameId(pub u32);

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// In the order of [`Dimension::ALL`]; `None` where the rule does not say or the line has none.
    pub names: [Option<NameId>; Dimension::COUNT],
    /// When, in seconds since 1970.
    pub time_seconds: Option<f64>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<f64>,
    pub tokens_input: u64,
    pub tokens_output: u64,
    /// In US dollars.
    pub cost_usd: Option<f64>,
    /// Whether the cost is not known because a table has no price for it.
    pub has_no_price: bool,
}

impl Extractor {
    /// Compiles the rules that a request can be read from: those with a `[rule.report]` where there
    /// are any, otherwise those whose labels have the usual names. `None`: there are none.
    ///
    /// # Errors
    /// When a label is to be a pseudonym and there is no secret.
    pub fn new(set: &RuleSet, secret: Option<&Secret>) -> Result<Option<Extractor>, SecretMissing> {
        let written = set.rules.iter().any(|rule| rule.report_is_written);
        let mut programs: Vec<Extraction> = Vec::new();
        let bare = RuleSet::default();
        let mut number = 0;
        let nothing = ReportFields::default();
        for rule in &set.rules {
            let report = rule.report.as_ref();
            let report = report.filter(|_| !written || rule.report_is_written);
            // A final rule without a request keeps its lines from those that have one.
            if report.is_none() && !rule.is_final {
                continue;
            }
            let needed = needed_labels(rule, set);
            let fields = report.unwrap_or(&nothing);
            let mut extraction = Extraction::new((rule, needed), fields, &bare, secret)?;
            extraction.is_request = report.is_some();
            extraction.number = programs.len() as u32;
            for label in &mut extraction.program.labels {
                label.number = number;
                number += 1;
            }
            programs.push(extraction);
        }
        number_patterns(programs.iter_mut().map(|one| &mut one.program));
        let patterns = programs.iter().map(|one| one.program.pattern.as_ref());
        let prefilter = Prefilter::new(patterns);
        let any = programs.iter().any(|one| one.is_request);
        Ok(any.then_some(Extractor {
            programs,
            prefilter,
        }))
    }

    /// Whether any rule says what this is.
    pub fn has(&self, dimension: Dimension) -> bool {
        let has = |one: &Extraction| one.names[dimension as usize].is_some();
        self.programs.iter().any(has)
    }

    /// Whether any rule says where the tokens are that went in, and those that came out.
    pub fn has_tokens(&self) -> (bool, bool) {
        let mut programs = self.programs.iter();
        (
            programs
                .clone()
                .any(|one| one.numbers[TOKENS_INPUT].is_some()),
            programs.any(|one| one.numbers[TOKENS_OUTPUT].is_some()),
        )
    }

    /// The team of users that no table of teams has.
    pub fn unlisted_team(&self) -> Option<&str> {
        self.programs.iter().find_map(|one| {
            let team = one.names[Dimension::Team as usize]?;
            let label = one.program.labels.get(team)?;
            label.lookup.as_ref()?;
            Some(label.default.as_deref().unwrap_or(NONE))
        })
    }

    /// The tables of prices that costs come from, by their names in the rules, each once.
    pub fn price_tables(&self) -> Vec<String> {
        let costs = self
            .programs
            .iter()
            .filter_map(|one| one.numbers[COST].as_ref());
        let named = costs.flat_map(|cost| cost.amount.tables());
        let mut tables: Vec<String> = named
            .map(|name| name.split('#').next().unwrap_or(name).to_owned())
            .collect();
        tables.sort();
        tables.dedup();
        tables
    }

    /// The request that a line is. A line that several rules match is one request, that of the first.
    pub fn read(&self, line: &Line<'_>, reading: &mut Reading) -> Option<Request> {
        let context = Context {
            text: line.text,
            line,
        };
        let Reading {
            scratch,
            candidates,
            matched,
            counts,
        } = reading;
        self.prefilter.candidates(line.text, candidates);
        *matched = candidates.iter().find(|&number| {
            let program = &self.programs[number].program;
            program.matches(number, &context, scratch).is_ok()
        });
        let one = &self.programs[(*matched)?];
        if !one.is_request {
            *matched = None;
            return None;
        }
        counts.begin_line();
        let request =
            |context: &Context<'_>, scratch: &mut Scratch| one.request(context, scratch, counts);
        Some(one.program.with_text(&context, scratch, request))
    }

    /// The trace id of a line, which must be the one that was read last.
    pub fn trace(&self, line: &Line<'_>, reading: &mut Reading) -> Option<String> {
        let context = Context {
            text: line.text,
            line,
        };
        let program = &self.programs[reading.matched?].program;
        program.with_text(&context, &mut reading.scratch, |context, scratch| {
            let found = found(&scratch.groups, &scratch.slots, &program.times);
            let trace = program.trace.as_ref()?;
            match trace.value(context, &found, &mut scratch.decoded) {
                Value::Bytes(bytes) if !bytes.is_empty() => {
                    let mut clean = Vec::new();
                    super::rule::label::clean(&bytes[..bytes.len().min(64)], &mut clean);
                    String::from_utf8(clean).ok()
                }
                _ => None,
            }
        })
    }
}

/// The labels of the metrics that every line of a rule updates, as counting asks for them too.
fn needed_labels<'s>(rule: &Rule, set: &'s RuleSet) -> Option<BTreeSet<&'s str>> {
    let always = rule.metrics.iter().filter(|one| one.conditions.is_empty());
    let mut definitions = always.filter_map(|one| set.metrics.get(one.metric.0 as usize));
    let names = |definition: &'s Definition| definition.labels.iter().map(|one| &*one.name);
    let first = definitions.next()?;
    Some(names(first).chain(definitions.flat_map(names)).collect())
}

impl Reading {
    /// One that remembers nothing: the plain way, which every other must equal.
    #[cfg(test)]
    pub(super) fn plain() -> Reading {
        Reading {
            scratch: Scratch::remembering(0),
            ..Reading::default()
        }
    }

    /// Changes when names are forgotten and their numbers given again.
    pub fn generation(&self) -> u64 {
        self.scratch.known.generation()
    }

    /// A name of this generation.
    pub fn name(&self, id: NameId) -> &str {
        str::from_utf8(self.scratch.known.text(ValueId(id.0))).unwrap_or(NONE)
    }
}

impl Extraction {
    /// `needed` are the labels without which a record whose end is missing is no request.
    fn new(
        (rule, needed): (&Rule, Option<BTreeSet<&str>>),
        report: &ReportFields,
        bare: &RuleSet,
        secret: Option<&Secret>,
    ) -> Result<Extraction, SecretMissing> {
        // A label of the rule that a condition looks at can never have such a name.
        let key = |dimension: usize| format!("={dimension}");
        let sources: [&Option<LabelSource>; Dimension::COUNT] = [
            &report.user,
            &report.route,
            &report.model,
            &report.provider,
            &report.status,
            &report.team,
        ];
        let mut labels = report.labels.clone();
        for (dimension, source) in sources.into_iter().enumerate() {
            if let Some(source) = source {
                labels.insert(key(dimension), source.clone());
            }
        }
        // Under names of their own: a report may know a label of the same name from elsewhere.
        let needed_key = |name: &str| format!("+{name}");
        for name in needed.iter().flatten() {
            if let Some(source) = rule.labels.get(*name) {
                labels.insert(needed_key(name), source.clone());
            }
        }
        let rule = Rule {
            labels,
            metrics: Vec::new(),
            trace: report.trace.clone(),
            ..rule.clone()
        };
        let mut errors = Default::default();
        let mut compiler = RuleCompiler::new(&rule, bare, &mut errors, secret);
        let labels = compiler.labels()?;
        let index = |name: &str| labels.iter().position(|label| &*label.name == name);
        let names = std::array::from_fn(|dimension| index(&key(dimension)));
        let mut number = |number: &Option<ReportNumber>| -> Result<Option<Number>, SecretMissing> {
            let Some(number) = number else {
                return Ok(None);
            };
            let (conditions, field_conditions) = compiler.conditions(&number.conditions, &labels);
            let amount = compiler.never_negative(&number.amount)?;
            Ok(Some(Number {
                quick: compiler.quick(&amount, &field_conditions),
                amount,
                conditions,
                field_conditions,
            }))
        };
        let numbers = [
            number(&report.duration)?,
            number(&report.tokens_input)?,
            number(&report.tokens_output)?,
            number(&report.cost)?,
        ];
        let needed = needed.map(|names| {
            let keys = names.iter().map(|name| needed_key(name));
            keys.filter_map(|key| index(&key)).collect()
        });
        let mut program = compiler.finish(labels, Vec::new());
        program.needed_labels = needed;
        program.ask_for(names.into_iter().flatten());
        Ok(Extraction {
            program,
            is_request: true,
            number: 0,
            names,
            numbers,
        })
    }

    fn request(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Request {
        let known = self.known(context, scratch);
        let names = match known {
            Some(known) => known.names,
            None => {
                self.program.begin(scratch);
                self.names.map(|label| {
                    let id = self.program.label(label?, context, scratch, counts);
                    (!scratch.known.is_missing(id)).then_some(NameId(id.0))
                })
            }
        };
        let times = &self.program.times;
        let found_here = found(&scratch.groups, &scratch.slots, times);
        let time_seconds = times.seconds(context, &found_here, &mut scratch.recent);
        let mut number = |place: usize| {
            let number = self.numbers[place].as_ref().ok_or(None)?;
            match known {
                Some(known) if !known.hold[place] => Err(None),
                Some(_) => self.number_of_fields(number, context, scratch, counts),
                None => self.number(number, context, scratch, counts),
            }
        };
        let cost = number(COST);
        let is_unpriced = |error| {
            let amount = self.numbers[COST].as_ref().map(|cost| &cost.amount);
            amount.is_some_and(|amount| amount.is_without_factor(error))
        };
        Request {
            names,
            time_seconds,
            duration_seconds: number(DURATION).ok(),
            // Beyond 2^53 a float is no exact count any more; no answer has so many.
            tokens_input: number(TOKENS_INPUT).map_or(0, |count| count as u64),
            tokens_output: number(TOKENS_OUTPUT).map_or(0, |count| count as u64),
            cost_usd: cost.ok(),
            has_no_price: matches!(cost, Err(Some(error)) if is_unpriced(error)),
        }
    }

    /// [`Extraction::number`] where its conditions on labels hold.
    fn number_of_fields(
        &self,
        number: &Number,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Result<f64, Option<usize>> {
        if let Some(quick) = number.quick.read(context, &scratch.slots) {
            return Ok(quick);
        }
        let times = &self.program.times;
        // Few lines have a cost.
        if let Amount::Field { field, .. } = &number.amount
            && field.is_surely_absent(&found(&scratch.groups, &scratch.slots, times))
        {
            return Err(None);
        }
        let mut conditions = number.field_conditions.iter();
        if !conditions.all(|&one| self.program.holds(one, context, scratch, counts)) {
            return Err(None);
        }
        self.amount(number, context, scratch, counts)
    }

    /// A number that is none, negative, or whose conditions do not hold, is not there; with the error's
    /// number, where there is one.
    fn number(
        &self,
        number: &Number,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Result<f64, Option<usize>> {
        let mut conditions = number.conditions.iter();
        if !conditions.all(|&one| self.program.holds_once(one, context, scratch, counts)) {
            return Err(None);
        }
        self.amount(number, context, scratch, counts)
    }

    /// A number whose conditions hold.
    fn amount(
        &self,
        number: &Number,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Result<f64, Option<usize>> {
        let times = &self.program.times;
        let amount = &number.amount;
        amount.number(context, scratch, times, counts).map_err(Some)
    }
}
