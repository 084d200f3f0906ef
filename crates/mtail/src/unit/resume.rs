//! How a program goes on from the version before it, from what was saved, and from what the store has.

use logmetrics_core::engine::script::{Past, ScriptOutput};
use logmetrics_core::metrics::kind::Reading;
use logmetrics_core::metrics::snapshot::FamilySnapshot;

use super::known_series::KnownSeries;
use super::layout::Metric;
use super::shadow::{Family, Series, Value};
use super::{ProgramScript, Shared, State, notes, updates};
use crate::layout::Time;
use crate::script::code::ValueType;
use crate::script::{Labels, Number};

/// Called once, before any line.
pub fn resume(script: &ProgramScript, past: &Past<'_>, out: &mut ScriptOutput<'_>) {
    let shared = &script.shared;
    let predecessor = past.predecessor.and_then(ProgramScript::of);
    let mut state = script.state();
    if let Some(state) = state.as_deref_mut() {
        let mut is_filled = vec![false; state.families.len()];
        match predecessor {
            Some(old) => take_over(shared, state, old, &mut is_filled),
            None => read_notes(shared, state, past.notes, &mut is_filled),
        }
        let metrics = shared.metrics.iter().zip(&mut state.families);
        for ((metric, family), _) in metrics.zip(&is_filled).filter(|(_, filled)| !**filled) {
            let kept = metric.exported.and_then(|n| past.families.get(n as usize));
            if let (Some(family), Some(kept)) = (family, kept) {
                read_store(metric, family, kept, shared.now());
            }
        }
    }
    let read = shared.now();
    let is_same = predecessor.is_some_and(|old| *old.program() == *script.program());
    let mut own;
    let (interpreter, families) = match state.as_deref_mut() {
        Some(state) => (&mut state.interpreter, &mut state.families[..]),
        None => {
            own = shared.interpreter();
            (&mut own, &mut [][..])
        }
    };
    let mut known = KnownSeries::default();
    let mut updates = updates(shared, families, out, (read, &mut known));
    for (number, metric) in shared.metrics.iter().enumerate() {
        if metric.code.is_born_at_load() {
            updates.create(number, &Labels::default(), Time::default());
        }
        updates.tell_all_expiries(number);
    }
    if !is_same && let Err(error) = interpreter.begin(read, &mut updates) {
        shared.failed(&error, b"");
    }
}

/// Takes over what the version before remembers of the metrics that are the same.
fn take_over(shared: &Shared, state: &mut State, old: &ProgramScript, is_filled: &mut [bool]) {
    let Some(mut before) = old.state() else {
        return;
    };
    state
        .interpreter
        .set_times(before.interpreter.times().clone());
    let families = shared.metrics.iter().zip(&mut state.families);
    for ((metric, family), is_filled) in families.zip(is_filled) {
        let Some(family) = family else { continue };
        let identity = metric.identity();
        let mut others = old.shared.metrics.iter().zip(&mut before.families);
        let same = others.find(|(other, _)| other.identity() == identity);
        if let Some((_, Some(same))) = same {
            family.take_over(same);
            *is_filled = true;
        }
    }
}

/// Reads what an earlier run has saved.
fn read_notes(
    shared: &Shared,
    state: &mut State,
    saved: &[(Vec<u8>, Vec<u8>)],
    is_filled: &mut [bool],
) {
    let program = &shared.program.name;
    let identities: Vec<String> = shared.metrics.iter().map(Metric::identity).collect();
    let prefix = notes::prefix(program);
    for (key, value) in saved.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        if let Some(times) = notes::read_times(program, (key, value)) {
            state.interpreter.set_times(times);
            continue;
        }
        let Some((identity, labels)) = notes::read_key(program, key) else {
            continue;
        };
        let Some(number) = identities.iter().position(|known| *known == identity) else {
            continue;
        };
        let Some(Some(family)) = state.families.get_mut(number) else {
            continue;
        };
        if let Some(series) = notes::read_value(value)
            && labels.len()
                == shared
                    .metrics
                    .get(number)
                    .map_or(0, |m| m.code.labels.len())
            && is_of(&series.value, shared.metrics.get(number))
        {
            family.put(labels, series);
            if let Some(place) = is_filled.get_mut(number) {
                *place = true;
            }
        }
    }
}

fn is_of(value: &Value, metric: Option<&Metric>) -> bool {
    let type_of = metric.map(|metric| metric.code.value);
    match value {
        Value::Number(Number::Int(_)) => type_of == Some(ValueType::Int),
        Value::Number(Number::Float(_)) => type_of == Some(ValueType::Float),
        Value::Text(_) => type_of == Some(ValueType::Text),
    }
}

/// Takes the values that the store has kept.
fn read_store(metric: &Metric, family: &mut Family, kept: &FamilySnapshot, now: Time) {
    for series in kept.series() {
        let labels = metric.read_labels(series.labels());
        let value = match (series.reading(), metric.code.value) {
            (Reading::Number(value), ValueType::Int) => Value::Number(Number::Int(value as i64)),
            (Reading::Number(value), ValueType::Float) => Value::Number(Number::Float(value)),
            (Reading::Text(text), _) => Value::Text(String::from_utf8_lossy(text).into_owned()),
            _ => Value::first(&metric.code),
        };
        let time = series.time_ms().map_or(now, |ms| Time {
            seconds: ms.div_euclid(1000),
            nanoseconds: ms.rem_euclid(1000) as u32 * 1_000_000,
        });
        family.put(labels, Series::of(value, time, now, None));
    }
}
