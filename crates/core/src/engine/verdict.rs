//! What each rule says of one line, and why: for `explain` and the status page.

use std::fmt;

use regex_syntax::ast::{Ast, parse::Parser};

use super::counts::{Counts, FieldError, FieldErrorKind};
pub use super::rule::factor::NoFactor;
use super::rule::field::Context;
use super::rule::pattern::Pattern;
use super::rule::{ActionProgram, Mismatch, Program, Scratch, Skipped};
use super::script::ScriptOutcome;
use super::{Engine, Unit};
use crate::metrics::batch::{Batch, LabelHasher};
use logmetrics_follow::line::Line;
use logmetrics_scan::json;

/// What one rule says of one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub rule: Box<str>,
    pub outcome: Outcome,
}

/// Whether a rule matched, and what it did.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The pattern is not found on the line. `almost` says how far it came.
    PatternNotFound {
        /// The regex as it is in the rule.
        pattern: String,
        /// The longest beginning of the pattern that is found, and what comes next in it.
        almost: Option<Almost>,
    },
    /// A pattern that must not be on the line is found.
    Unless { pattern: String },
    /// The line has no fields of the kind that the rule reads.
    NoFields,
    /// The line begins as JSON and breaks, at so many bytes. It counts as unreadable and not as a
    /// match.
    Unreadable { line_end: usize },
    /// The line names the columns of a table.
    Header,
    /// The line is no record of the table, and why. It counts as unreadable and not as a match.
    OtherTable(Box<str>),
    /// A field of a line of JSON does not match this pattern, so the line is of another kind.
    OtherJson { name: Box<str>, pattern: String },
    /// A final rule, of this name, matched before: the line is not seen.
    AfterFinal(Box<str>),
    /// A script stopped half-way, for this reason.
    ScriptFailed(Box<str>),
    /// A script had nothing to do with the line.
    ScriptIdle,
    /// A script did something: what held on the line, and its updates, in words.
    ScriptMatched {
        held: Vec<Box<str>>,
        updates: Vec<Box<str>>,
    },
    /// The rule matched; each of its metrics in the order of the file.
    Matched(Vec<Update>),
}

/// Why the line is no match, in words that follow "no match: ".
impl Outcome {
    /// Whether the line counts as matched.
    pub fn is_match(&self) -> bool {
        matches!(self, Outcome::Matched(_) | Outcome::ScriptMatched { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::PatternNotFound {
                pattern,
                almost: None,
            } => write!(f, "not even the beginning of `{pattern}` is on the line"),
            Outcome::PatternNotFound {
                almost: Some(almost),
                ..
            } => write!(
                f,
                "`{}` is found (up to byte {}), but no `{}` after it",
                almost.found, almost.line_end, almost.missing
            ),
            Outcome::Unless { pattern } => {
                write!(f, "`unless` asks that `{pattern}` is not on the line")
            }
            Outcome::NoFields => f.write_str("the line has no fields to read"),
            Outcome::Header => f.write_str("the line is the header, which names the columns"),
            Outcome::OtherTable(why) => f.write_str(why),
            Outcome::Unreadable { line_end } => write!(
                f,
                "the line cannot be read, as its JSON breaks at byte {line_end}"
            ),
            Outcome::OtherJson { name, pattern } => {
                write!(f, "`match_json` asks that `{name}` is `{pattern}`")
            }
            Outcome::AfterFinal(rule) => write!(
                f,
                "it is another rule's turn: `{rule}` is `final`, so that later ones do not see the line"
            ),
            Outcome::ScriptFailed(why) => write!(f, "the program stopped: {why}"),
            Outcome::ScriptIdle => f.write_str("no condition of the program holds"),
            Outcome::Matched(_) | Outcome::ScriptMatched { .. } => Ok(()),
        }
    }
}

/// How far a pattern came on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Almost {
    /// The beginning of the pattern that is found.
    pub found: String,
    /// Where on the line that match ends, in bytes.
    pub line_end: usize,
    /// The part of the pattern that is not found after it.
    pub missing: String,
}

/// What became of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub metric: Box<str>,
    /// The labels' text and the value, or why there was no update.
    pub result: Result<(String, f64), SkipReason>,
}

/// Why a metric was not updated.
#[derive(Debug, Clone, PartialEq)]
pub enum SkipReason {
    /// A `where` does not hold.
    Where {
        /// The label or field that it looks at.
        name: Box<str>,
        pattern: String,
    },
    /// A label has neither value nor default.
    MissingLabel { label: Box<str> },
    /// The value is missing or ambiguous.
    Value(FieldError),
    /// The value is no number that the metric can take.
    BadValue {
        field: Box<str>,
        /// As it is on the line.
        text: Vec<u8>,
        /// Why, in words that follow `which`.
        why: String,
    },
    /// A table has no number by which the value is multiplied.
    NoFactor(NoFactor),
    /// It is no metric, but the time of the line, which cannot be read.
    UnreadableTime { text: Vec<u8> },
}

pub(super) fn explain(number: usize, unit: &Unit, engine: &Engine, line: &Line) -> Verdict {
    let context = Context {
        text: line.text,
        line,
    };
    let outcome = match unit {
        Unit::Rule(program) | Unit::SpecialRule(program) => {
            rule_outcome(number, program, engine, &context)
        }
        Unit::Script(unit) => {
            let mut batch = Batch::new(LabelHasher::default());
            let mut runner = unit.script.runner();
            match unit.run(runner.as_mut(), line, &mut batch) {
                ScriptOutcome::Failed(why) => Outcome::ScriptFailed(why),
                ScriptOutcome::NotMatched => Outcome::ScriptIdle,
                ScriptOutcome::Matched => Outcome::ScriptMatched {
                    held: runner.held(),
                    updates: unit.describe(&batch),
                },
            }
        }
    };
    Verdict {
        rule: unit.name().into(),
        outcome,
    }
}

fn rule_outcome(
    number: usize,
    program: &Program,
    engine: &Engine,
    context: &Context<'_>,
) -> Outcome {
    let mut scratch = Scratch::default();
    match program.matches(number, context, &mut scratch) {
        Err(Mismatch::Pattern) => not_found(program.pattern.as_ref(), context),
        Err(Mismatch::Also(place)) => {
            let also = program
                .further_patterns()
                .and_then(|all| all.also.get(place));
            not_found(also.map(|one| &one.pattern), context)
        }
        Err(Mismatch::Unless(place)) => {
            let unless = program
                .further_patterns()
                .and_then(|all| all.unless.get(place));
            let pattern = unless.map_or("", |one| one.pattern.as_str());
            Outcome::Unless {
                pattern: pattern.to_owned(),
            }
        }
        Err(Mismatch::Fields) => Outcome::NoFields,
        Err(Mismatch::Header) => Outcome::Header,
        Err(Mismatch::Unreadable | Mismatch::OtherHeader) => {
            unreadable(program, context, &mut scratch)
        }
        Err(Mismatch::Json(number)) => {
            let condition = &program.json_conditions[number];
            Outcome::OtherJson {
                name: condition.name.clone(),
                pattern: plain_pattern(condition.test.as_str()),
            }
        }
        Ok(()) => {
            let mut all = Vec::new();
            program.each_match(context, &mut scratch, |context, scratch| {
                all.extend(updates(program, engine, context, scratch));
            });
            Outcome::Matched(all)
        }
    }
}

fn unreadable(program: &Program, context: &Context<'_>, scratch: &mut Scratch) -> Outcome {
    program.with_text(context, scratch, |context, _| {
        match program.why_no_record(context.text) {
            Some(why) => Outcome::OtherTable(why.into()),
            None => Outcome::Unreadable {
                line_end: broken_at(context.text),
            },
        }
    })
}

/// Where the JSON of a line breaks, which may come after other text.
fn broken_at(text: &[u8]) -> usize {
    let is_whole = text.trim_ascii_start().starts_with(b"{");
    let start = json::first_brace(text).filter(|_| !is_whole);
    json::broken_at(text, start.map_or(0, |(start, _)| start)).unwrap_or(text.len())
}

fn not_found(pattern: Option<&Pattern>, context: &Context<'_>) -> Outcome {
    let pattern = pattern.map_or("", Pattern::as_str).to_owned();
    let almost = almost(&pattern, &String::from_utf8_lossy(context.text));
    Outcome::PatternNotFound { pattern, almost }
}

fn updates(
    program: &Program,
    engine: &Engine,
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> Vec<Update> {
    let mut counts = Counts::new(engine.units.len(), engine.field_errors.len());
    let update = |action: &ActionProgram| {
        // Each update has a batch of its own, to which nothing of the one before belongs.
        program.begin(scratch);
        let mut batch = Batch::new(LabelHasher::default());
        let result = program.update(action, context, scratch, &mut batch, &mut counts);
        let metric = action.metric_name.clone();
        let result = match (result, batch.updates().first()) {
            (Ok(value), Some(update)) => {
                let labels = String::from_utf8_lossy(batch.labels_of(update)).into_owned();
                Ok((labels, value))
            }
            (Ok(value), None) => Ok((String::new(), value)),
            (Err(skipped), _) => Err(skip_reason(
                skipped,
                action,
                (program, engine),
                context,
                scratch,
            )),
        };
        Update { metric, result }
    };
    let mut updates: Vec<Update> = program.actions.iter().map(update).collect();
    let mut counts = Counts::new(engine.units.len(), engine.field_errors.len());
    let time = program.count_time(context, scratch, &mut counts);
    updates.extend(time.map(|text| Update {
        metric: "_time".into(),
        result: Err(SkipReason::UnreadableTime { text }),
    }));
    updates
}

fn skip_reason(
    skipped: Skipped,
    action: &ActionProgram,
    (program, engine): (&Program, &Engine),
    context: &Context<'_>,
    scratch: &mut Scratch,
) -> SkipReason {
    match skipped {
        Skipped::Condition(number) => {
            let condition = &program.conditions[number];
            SkipReason::Where {
                name: condition.name.clone(),
                pattern: plain_pattern(condition.test.as_str()),
            }
        }
        Skipped::Label(label) => SkipReason::MissingLabel {
            label: program.labels[label].name.clone(),
        },
        Skipped::Value(number) => {
            let error = &engine.field_errors[number];
            let is_bad = error.kind == FieldErrorKind::BadValue;
            if error.kind == FieldErrorKind::LookupMiss
                && let Some(missed) = action.amount.no_factor(context, scratch, &program.times)
            {
                return SkipReason::NoFactor(missed);
            }
            let bad = is_bad.then(|| action.amount.why_bad(context, scratch, &program.times));
            match bad.flatten() {
                Some((text, why)) => SkipReason::BadValue {
                    field: error.field.clone(),
                    text,
                    why,
                },
                None => SkipReason::Value(error.clone()),
            }
        }
    }
}

/// The pattern as it is in the rule, without what makes it match the whole value.
fn plain_pattern(pattern: &str) -> String {
    pattern
        .strip_prefix("^(?:")
        .and_then(|inner| inner.strip_suffix(")$"))
        .unwrap_or(pattern)
        .to_owned()
}

/// How far a pattern comes on a text.
pub fn almost_on(pattern: &str, text: &str) -> Option<Almost> {
    almost(pattern, text)
}

/// Finds the longest beginning of `pattern`, or of one of its alternatives, that is found in `text`.
///
/// A pattern is cut only between the pieces of its outermost sequence, so every beginning is a
/// pattern itself. Slow, and only for people.
fn almost(pattern: &str, text: &str) -> Option<Almost> {
    let beginnings = alternatives(pattern)?
        .into_iter()
        .filter_map(|alternative| {
            let pieces = pieces(&alternative)?;
            pieces.iter().rev().find_map(|&(start, end)| {
                let beginning = &alternative[..start];
                let found = regex::Regex::new(beginning).ok()?.find(text)?;
                // Before the first piece, and at a bare anchor, everything is found.
                (found.end() > found.start()).then(|| Almost {
                    found: beginning.to_owned(),
                    line_end: found.end(),
                    missing: alternative[start..end].to_owned(),
                })
            })
        });
    beginnings.max_by_key(|almost| almost.line_end)
}

/// The outermost alternatives of a pattern; the pattern itself where it has none.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    match Parser::new().parse(pattern).ok()? {
        Ast::Alternation(ref alternation) => Some(
            alternation
                .asts
                .iter()
                .map(|ast| pattern[ast.span().start.offset..ast.span().end.offset].to_owned())
                .collect(),
        ),
        _ => Some(vec![pattern.to_owned()]),
    }
}

/// The byte ranges of the outermost pieces of a pattern; neighbouring literals are one piece.
fn pieces(pattern: &str) -> Option<Vec<(usize, usize)>> {
    let ast = Parser::new().parse(pattern).ok()?;
    let Ast::Concat(concat) = &ast else {
        return None;
    };
    let mut pieces: Vec<(usize, usize, bool)> = Vec::new();
    for ast in &concat.asts {
        let span = ast.span();
        let literal = matches!(ast, Ast::Literal(_));
        match pieces.last_mut() {
            Some(last) if literal && last.2 => last.1 = span.end.offset,
            _ => pieces.push((span.start.offset, span.end.offset, literal)),
        }
    }
    Some(
        pieces
            .into_iter()
            .map(|(start, end, _)| (start, end))
            .collect(),
    )
}
