//! Declarations of metrics and constants.

use super::scope::Sort;
use super::types::Type;
use super::{Checker, Constant, Metric};
use crate::ast::{Declaration, Expression, Kind, Name};
use crate::problem::{Problem, quote};

impl<'a> Checker<'a> {
    pub(super) fn declare(&mut self, declaration: &'a Declaration) {
        let name = &declaration.name;
        let place = name.span.start;
        if let Some(known) = self.declared.get(&place).copied() {
            self.scopes.declare(Sort::Metric, &name.text, known);
            return;
        }
        let number = self.metrics.len();
        if let Some(known) = self.scopes.declare(Sort::Metric, &name.text, number) {
            let message = format!("the metric {} is declared twice", quote(&name.text));
            let mut problem = Problem::error(name.span, message);
            if let Some(first) = self.metrics.get(known) {
                problem = problem.also(first.declaration.name.span, "first here");
            }
            self.problems
                .push(problem.hint("remove one of the two declarations"));
            return;
        }
        self.declared.insert(place, number);
        let exported = declaration.exported.as_ref().unwrap_or(name);
        let exported = self.exported(exported);
        let labels = self.labels(declaration);
        self.check_buckets(declaration);
        let fixed = match declaration.kind {
            Kind::Text => Some(Type::Text),
            _ if self.wide.contains(&number) => Some(Type::Float),
            _ => None,
        };
        self.variables.add(fixed);
        self.metrics.push(Metric {
            declaration,
            exported,
            labels,
            is_used: false,
        });
    }

    /// A name for the outside: what is not allowed there becomes `_`.
    fn exported(&mut self, name: &Name) -> String {
        let mut exported = String::with_capacity(name.text.len());
        for c in name.text.chars() {
            let is_good = c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
            if exported.is_empty() && c.is_ascii_digit() {
                exported.push('_');
            }
            exported.push(if is_good { c } else { '_' });
        }
        if exported.is_empty() {
            self.error(name.span, "an empty name", "give it a name");
        } else if exported != name.text.replace('-', "_") {
            let message = format!("{} is exported as `{exported}`", quote(&name.text));
            let hint = "older versions of mtail leave this metric out";
            self.warn(name.span, message, hint);
        }
        exported
    }

    fn labels(&mut self, declaration: &Declaration) -> Vec<String> {
        let mut labels: Vec<String> = Vec::new();
        for name in &declaration.labels {
            let label = self.exported(name).replace(':', "_");
            if label == "prog" {
                let message = "a label named `prog` collides with the program's own";
                let hint = "it is exported as `exported_prog`; mtail hangs at the next scrape";
                self.warn(name.span, message, hint);
            }
            if label == "le" && declaration.kind == Kind::Histogram {
                let hint = "it is exported as `exported_le`";
                self.warn(
                    name.span,
                    "a label named `le` collides with that of the buckets",
                    hint,
                );
            }
            if labels.contains(&label) {
                let message = format!("the label `{label}` stands twice");
                self.error(name.span, message, "each label has its own name");
            }
            labels.push(label);
        }
        labels
    }

    fn check_buckets(&mut self, declaration: &Declaration) {
        let is_histogram = declaration.kind == Kind::Histogram;
        let Some((bounds, span)) = &declaration.buckets else {
            if is_histogram {
                let hint = "add them, such as `buckets 0.1, 1, 10`";
                self.error(declaration.name.span, "a histogram needs `buckets`", hint);
            }
            return;
        };
        let is_ascending = bounds
            .windows(2)
            .all(|pair| matches!(pair, [low, high] if low < high));
        if !is_histogram {
            let message = format!("a {} has no buckets", declaration.kind.keyword());
            self.warn(
                *span,
                message,
                "they are ignored: remove them, or declare a `histogram`",
            );
        } else if bounds.len() < 2 {
            self.error(
                *span,
                "a histogram needs two buckets or more",
                "add a bound",
            );
        } else if !is_ascending {
            self.error(
                *span,
                "the bounds of the buckets do not ascend",
                "sort them",
            );
        } else if bounds.first().is_some_and(|first| *first <= 0.0) {
            let message = "the first bound is not above 0, so it is no bucket of its own";
            self.warn(
                *span,
                message,
                "the bound only tells where the first bucket begins",
            );
        }
    }

    pub(super) fn constant(&mut self, name: &'a Name, pattern: &'a Expression) {
        let Some(text) = self.pattern_text(pattern) else {
            let known = self
                .problems
                .iter()
                .any(|problem| problem.span == pattern.span);
            if !known {
                let hint = "a constant is a regex: `const NAME /…/`";
                self.error(pattern.span, "expected a pattern", hint);
            }
            // Its uses are not to blame.
            self.constants.push(Constant {
                name,
                pattern: String::new(),
                is_used: true,
            });
            self.scopes
                .declare(Sort::Constant, &name.text, self.constants.len() - 1);
            return;
        };
        let number = self.constants.len();
        if let Some(known) = self.scopes.declare(Sort::Constant, &name.text, number) {
            let first = self.constants.get(known).map(|constant| constant.name.span);
            // A decorator's constants are seen once for each use.
            if first != Some(name.span) {
                let message = format!("the constant {} is defined twice", quote(&name.text));
                let problem = Problem::error(name.span, message);
                let problem = problem.also(first.unwrap_or(name.span), "first here");
                self.problems.push(problem.hint("remove one of the two"));
            }
            return;
        }
        self.constants.push(Constant {
            name,
            pattern: text,
            is_used: false,
        });
    }
}
