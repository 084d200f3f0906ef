//! The pages of mtail other than `/metrics`, made of the same snapshot.

use std::fmt::Write;

use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::kind::Reading;
use logmetrics_core::metrics::snapshot::{FamilySnapshot, Series, Snapshot};

use crate::number::{float_text, write_float};
use crate::script::code::{Definition, ValueType};
use crate::unit::{Metric, ProgramScript};

mod json;
pub mod push;
#[cfg(test)]
mod tests;

pub use json::{json, one_shot_json};

/// A metric of a program with its series.
struct Shown<'s> {
    program: &'s str,
    metric: &'s Metric,
    family: &'s FamilySnapshot,
}

impl Shown<'_> {
    fn code(&self) -> &Definition {
        &self.metric.code
    }
}

/// All metrics that programs show, sorted by name.
fn shown<'s>(engine: &'s Engine, snapshot: &'s Snapshot) -> Vec<Shown<'s>> {
    let mut all = Vec::new();
    for (script, numbers) in engine.scripts_with_metrics() {
        let Some(script) = ProgramScript::of(script) else {
            continue;
        };
        let families = snapshot.families.get(numbers).unwrap_or_default();
        for metric in script.metrics() {
            let family = metric.exported.and_then(|n| families.get(n as usize));
            if let Some(family) = family {
                all.push(Shown {
                    program: &script.program().name,
                    metric,
                    family,
                });
            }
        }
    }
    all.sort_by(|a, b| (&a.code().name, a.program).cmp(&(&b.code().name, b.program)));
    all
}

/// The value of a series as mtail writes it: of a histogram the sum.
fn value(code: &Definition, series: &Series<'_>) -> String {
    match series.reading() {
        Reading::Number(value) if code.value == ValueType::Float => float_text(value),
        Reading::Number(value) => format!("{}", value as i64),
        Reading::Distribution(distribution) => float_text(distribution.sum),
        Reading::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}

/// `/varz`: a sample a line. `instance` is the name of this machine.
pub fn varz(engine: &Engine, snapshot: &Snapshot, instance: &str) -> String {
    let mut out = String::new();
    for one in shown(engine, snapshot) {
        let code = one.code();
        for series in one.family.series() {
            let _ = write!(out, "{}{{", code.name);
            let labels = one.metric.read_labels(series.labels());
            for (name, value) in code.labels.iter().zip(labels.values()) {
                let _ = write!(out, "{name}={},", value.replace(['\n', '\r'], " "));
            }
            let _ = write!(out, "prog={},instance={instance}", one.program);
            let _ = writeln!(out, "}} {}", value(code, &series));
        }
    }
    out
}

/// `/graphite`: the plain text protocol.
pub fn graphite(engine: &Engine, snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for one in shown(engine, snapshot) {
        for series in one.family.series() {
            let path = push::path(one.metric, &series, '.', '.');
            let path = format!("{}.{path}", one.program);
            let seconds = series.time_ms().unwrap_or_default().div_euclid(1000);
            out += &push::graphite(&path, &value(one.code(), &series), seconds, &series);
        }
    }
    out
}

/// `/progz`: the programs, as links.
pub fn programs(engine: &Engine) -> String {
    let mut out = String::from("<ul>");
    for (script, _) in engine.scripts_with_metrics() {
        let name = escape(script.name());
        let _ = write!(out, "<li><a href=\"?prog={name}\">{name}</a></li>");
    }
    out.push_str("</ul>\n");
    out
}

/// `/progz?prog=…`: what one program is made of.
pub fn program(engine: &Engine, name: &str) -> Option<String> {
    let mut scripts = engine.scripts_with_metrics();
    let (script, _) = scripts.find(|(script, _)| script.name() == name)?;
    let script = ProgramScript::of(script)?;
    let mut out = format!("Prog: {name}\nMetrics\n");
    for (number, metric) in script.metrics().iter().enumerate() {
        let code = &metric.code;
        let _ = writeln!(
            out,
            "{number:>9} {} {} type={:?} hidden={} keys=[{}] source={} remembered={}",
            code.kind.keyword(),
            code.name,
            code.value,
            code.hidden,
            code.labels.join(" "),
            source(name, code),
            metric.is_remembered,
        );
    }
    out.push_str("Regexps\n");
    for (number, pattern) in script.program().patterns.iter().enumerate() {
        let _ = writeln!(out, "{number:>9} /{}/", pattern.regex);
    }
    let _ = writeln!(out, "Runtime errors: {}", script.runtime_errors());
    Some(out)
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Where a metric is declared.
fn source(program: &str, code: &Definition) -> String {
    let position = code.position;
    let mut out = format!("{program}:{}:{}", position.line, position.column);
    if position.end_column > position.column {
        let _ = write!(out, "-{}", position.end_column);
    }
    out
}

/// A bound of a bucket as a text.
fn bound(value: f64) -> String {
    let mut out = String::new();
    write_float(&mut out, value);
    out
}
