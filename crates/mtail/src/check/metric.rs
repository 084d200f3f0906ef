//! What is looked at when all uses of the metrics are known.

use std::collections::HashMap;

use super::Checker;
use super::types::Type;
use crate::ast::Kind;
use crate::problem::{Problem, Span, quote};
use logmetrics_core::metrics::kind::Kind as Exposed;
use logmetrics_core::rules::{PARTS, Reserved, is_metric, reserved};

impl Checker<'_> {
    /// Two metrics that would be one for the outside.
    pub(super) fn look_for_collisions(&mut self) {
        let mut seen: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut found = Vec::new();
        for (number, metric) in self.metrics.iter().enumerate() {
            let declaration = metric.declaration;
            if declaration.hidden || declaration.kind == Kind::Text {
                continue;
            }
            let others = seen.entry(&metric.exported).or_default();
            let clash = others
                .iter()
                .filter_map(|other| self.metrics.get(*other))
                .find(|other| {
                    let (mut mine, mut its) = (metric.labels.clone(), other.labels.clone());
                    mine.sort();
                    its.sort();
                    other.declaration.kind != declaration.kind || mine == its
                });
            if let Some(clash) = clash {
                let message = format!("two metrics are exported as {}", quote(&metric.exported));
                let problem = Problem::error(declaration.name.span, message);
                let hint = "mtail's whole page would fail: give one of them another name with `as`";
                let problem = problem.also(clash.declaration.name.span, "the first");
                found.push(problem.hint(hint));
            }
            others.push(number);
        }
        self.problems.extend(found);
    }

    /// Names that do harm on the page or in Prometheus, as rules may not have them. Programs that run in mtail
    /// run here too, but for those that a format cannot carry at all.
    pub(super) fn look_at_names(&mut self) {
        let mut found = Vec::new();
        for metric in &self.metrics {
            let declaration = metric.declaration;
            let exposed = match declaration.kind {
                _ if declaration.hidden => continue,
                Kind::Text => continue,
                Kind::Counter => Exposed::Counter,
                Kind::Gauge | Kind::Timer => Exposed::Gauge,
                Kind::Histogram => Exposed::Histogram,
            };
            let span = declaration.name.span;
            let names = exposed.exposed_names(&metric.exported);
            if names.iter().any(|name| !is_metric(name)) {
                let message = format!("{} has no name in OpenMetrics", quote(&metric.exported));
                let hint = "there a counter's name is followed by `_total`: give it more of a name, with `as`";
                found.push(Problem::error(span, message).hint(hint));
                continue;
            }
            // A counter's family is only its heading in OpenMetrics; no series has that name.
            let is_sample =
                |name: &&String| exposed != Exposed::Counter || name.len() >= metric.exported.len();
            let harm = names
                .iter()
                .filter(is_sample)
                .find_map(|name| Some((name, reserved(name)?)));
            if let Some((name, reserved)) = harm {
                let whose = match reserved {
                    Reserved::Ours(_) => "the program's own metrics begin so",
                    Reserved::Prometheus => {
                        "Prometheus writes that itself, and one overwrites the other"
                    }
                };
                let message = format!("{} is exported: {whose}", quote(name));
                found.push(Problem::warning(span, message).hint("give it another name with `as`"));
            }
            for label in &metric.labels {
                if let Some((part, what)) = PARTS.iter().find(|(part, _)| part == label) {
                    let message =
                        format!("a label named `{part}` is a {what} for whoever reads the page");
                    let hint = "some parsers refuse the whole page: give the label another name";
                    found.push(Problem::warning(span, message).hint(hint));
                }
            }
        }
        self.problems.extend(found);
    }

    /// Types that do not go with the kind of their metric.
    pub(super) fn look_at_types(&mut self) {
        let mut found = Vec::new();
        for (number, metric) in self.metrics.iter().enumerate() {
            let declaration = metric.declaration;
            let is_text = self.settled(number) == Type::Text;
            let name = &declaration.name;
            match declaration.kind {
                Kind::Counter if is_text && metric.labels.is_empty() => {
                    let message = format!("the counter {} is given a String", quote(&name.text));
                    let hint = "use int() or float(), or a group such as `(\\d+)` that only \
                                matches numbers; `(\\d)` is a String";
                    found.push(Problem::error(name.span, message).hint(hint));
                }
                Kind::Counter | Kind::Gauge | Kind::Timer if is_text && !declaration.hidden => {
                    let message = format!(
                        "{} is given a String: its value is always 0",
                        quote(&name.text)
                    );
                    let hint = "use int() or float(), or a group such as `(\\d+)` that only \
                                matches numbers; `(\\d)` is a String";
                    found.push(Problem::warning(name.span, message).hint(hint));
                }
                Kind::Histogram if is_text => {
                    let message = format!("the histogram {} is given a String", quote(&name.text));
                    let hint = if self.options.strict {
                        "every observation fails, as in mtail: use int() or float()"
                    } else {
                        "every observation fails in mtail; here the text is read as a number"
                    };
                    found.push(Problem::warning(name.span, message).hint(hint));
                }
                _ => {}
            }
        }
        self.problems.extend(found);
    }

    /// One warning for all whole numbers that lose their text as labels, and one for all floats.
    pub(super) fn tell_rewritten(&mut self) {
        let mut spans: Vec<Span> = self.rewritten.values().copied().collect();
        spans.sort();
        let Some(first) = spans.first().copied() else {
            return;
        };
        let more = match spans.len() - 1 {
            0 => String::new(),
            1 => ", and one more capture".to_owned(),
            more => format!(", and {more} more captures"),
        };
        let message = format!(
            "a number that is a label is printed anew: `007` becomes `7`, `1.50` becomes `1.5`{more}"
        );
        let hint = "a group that may match something else, such as `(\\d+|)`, keeps its text";
        self.warn(first, message, hint);
    }
}
