//! Whether the numbers in a rule's own tests look like the unit that its metric's name ends in.

use std::sync::Arc;

use super::rule::field::Context;
use super::{Engine, Secret, Unit};
use crate::engine::counts::Counts;
use crate::engine::rule::Scratch;
use crate::metrics::batch::{Batch, LabelHasher};
use crate::number;
use crate::rules::{Loaded, Problem, UnitQuestion};
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// From here on a number of seconds is hours, which hardly anything takes that is written without a unit.
const SECONDS_MAX: f64 = 1e4;

/// Advice on metrics of seconds and bytes, by the lines of `[[test]]`.
pub fn of_tests(loaded: &Loaded) -> Vec<Problem> {
    if loaded.unit_questions.is_empty() || loaded.cases.is_empty() {
        return Vec::new();
    }
    // Any secret does: no label is looked at.
    let Ok(secret) = Secret::new(&[b'0'; 32]) else {
        return Vec::new();
    };
    let Ok(engine) = Engine::new(&loaded.set, Some(&secret)) else {
        return Vec::new();
    };
    let mut advice = Vec::new();
    for question in &loaded.unit_questions {
        let mut samples = samples(&engine, question, loaded);
        let unit = match question.in_seconds {
            true => time_unit(&mut samples),
            false => samples
                .iter()
                .any(|size| size.fract() != 0.0)
                .then_some("kB"),
        };
        let found = question.advice.iter().find(|(name, _)| Some(*name) == unit);
        advice.extend(found.map(|(_, problem)| problem.clone()));
    }
    advice
}

/// The numbers without a unit that an action updates its metric with.
fn samples(engine: &Engine, question: &UnitQuestion, loaded: &Loaded) -> Vec<f64> {
    let Some(Unit::Rule(program) | Unit::SpecialRule(program)) = engine.units.get(question.rule)
    else {
        return Vec::new();
    };
    let Some(action) = program.actions.get(question.action) else {
        return Vec::new();
    };
    let mut scratch = Scratch::default();
    let mut counts = Counts::new(engine.units.len(), engine.field_errors.len());
    let name: Arc<str> = Arc::from("test");
    let origin = Origin {
        source: name.clone(),
        file: name,
    };
    let mut samples = Vec::new();
    for text in loaded.cases.iter().flat_map(|(_, case)| &case.lines) {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        let context = Context {
            text: line.text,
            line: &line,
        };
        if program
            .matches(question.rule, &context, &mut scratch)
            .is_err()
        {
            continue;
        }
        program.with_text(&context, &mut scratch, |context, scratch| {
            program.begin(scratch);
            let mut batch = Batch::new(LabelHasher::default());
            let update = program.update(action, context, scratch, &mut batch, &mut counts);
            if update.is_ok()
                && let Some(text) = action.amount.text(context, scratch, &program.times)
            {
                samples.extend(number::plain_number(text.trim_ascii()));
            }
        });
    }
    samples
}

/// The unit that numbers are likely to be in, where they are hardly seconds.
fn time_unit(samples: &mut [f64]) -> Option<&'static str> {
    samples.sort_by(f64::total_cmp);
    let median = *samples.get(samples.len() / 2)?;
    match median {
        // Seconds since 1970, and milliseconds and so on.
        1e8..1e10 => None,
        1e11..1e13 => Some("ms"),
        1e14..1e16 => Some("us"),
        1e17..1e19 => Some("ns"),
        SECONDS_MAX..1e7 => Some("ms"),
        1e7..1e8 => Some("us"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{SourceText, load_text};

    fn advice(metric: &str, lines: &str) -> String {
        let text = format!(
            "[[rule]]\nfields = 'logfmt'\n[[rule.metric]]\n{metric}\n[[test]]\nlines = {lines}\nexpect = []\n"
        );
        let path = "rules.toml".into();
        let loaded = load_text(vec![SourceText { path, text }]).unwrap_or_else(|e| panic!("{e}"));
        assert!(loaded.advice.is_empty(), "{:?}", loaded.advice);
        let problems = of_tests(&loaded);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_that_are_hardly_seconds() {
        let metric = "histogram = 'took_seconds'\nvalue = 't'";
        let said = advice(metric, "['t=15230', 't=48000']");
        assert!(
            said.contains("look like ms") && said.contains("rules.toml:5:9"),
            "{said}"
        );
        for lines in [
            "['t=12', 't=48']",
            "['t=15230ms']",
            "['x=1']",
            "['t=1772359200']",
        ] {
            assert_eq!(advice(metric, lines), "", "{lines}");
        }
        let said = advice("gauge = 'last_seconds'\nvalue = 't'", "'t=1772359200123'");
        assert!(said.contains("unit = \"ms\""), "{said}");
        let said = advice("counter = 'sent_bytes_total'\nvalue = 't'", "'t=12.5'");
        assert!(said.contains("look like kB"), "{said}");
        assert_eq!(
            advice("counter = 'sent_bytes_total'\nvalue = 't'", "'t=1250'"),
            ""
        );
        let time = "gauge = 'last_seconds'\nvalue = '_time'";
        assert_eq!(advice(time, "'1772359200123 t=1'"), "");
        let unit = "histogram = 'took_seconds'\nvalue = { from = 't', unit = 's' }";
        assert_eq!(advice(unit, "'t=15230'"), "");
    }
}
