//! The store's page in Prometheus' text format, as mtail writes it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::code::Definition;
use super::memory::{Family, Histogram, Memory, Series, Value};
use crate::ast::Kind;
use crate::number::{float_text, write_float};

/// How the page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpositionOptions {
    /// Whether each series has the label `prog`: `--emit_prog_label`.
    pub has_program: bool,
    /// Whether each sample has the time of its series: `--emit_metric_timestamp`.
    pub has_time: bool,
}

impl Default for ExpositionOptions {
    fn default() -> Self {
        ExpositionOptions {
            has_program: true,
            has_time: false,
        }
    }
}

type Pairs<'m> = Vec<(&'m str, &'m str)>;

impl Memory {
    /// The page.
    pub fn exposition(&self, options: ExpositionOptions) -> String {
        let mut names: BTreeMap<&str, Vec<&Family>> = BTreeMap::new();
        for family in &self.families {
            let definition = &family.definition;
            if !definition.hidden && definition.kind != Kind::Text && !family.series.is_empty() {
                names.entry(&definition.exported).or_default().push(family);
            }
        }
        let mut out = String::new();
        for (name, families) in names {
            self.name(&mut out, name, &families, options);
        }
        out
    }

    fn name(&self, out: &mut String, name: &str, families: &[&Family], options: ExpositionOptions) {
        let Some(first) = families.first() else {
            return;
        };
        let position = first.definition.position;
        let _ = write!(out, "# HELP {name} defined at {}:", self.program);
        let _ = write!(out, "{}:{}", position.line, position.column);
        if position.end_column > position.column {
            let _ = write!(out, "-{}", position.end_column);
        }
        let kind = match first.definition.kind {
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            _ => "gauge",
        };
        let _ = write!(out, "\n# TYPE {name} {kind}\n");
        let mut all: Vec<(Pairs, &Definition, &Series)> = Vec::new();
        for family in families {
            for (labels, series) in &family.series {
                let pairs = self.pairs(&family.definition, labels.values(), options);
                all.push((pairs, &family.definition, series));
            }
        }
        // By the number of labels, then by their values in the order of their names.
        all.sort_by(|(left, ..), (right, ..)| {
            let (mine, its) = (
                left.iter().map(|pair| pair.1),
                right.iter().map(|pair| pair.1),
            );
            left.len().cmp(&right.len()).then_with(|| mine.cmp(its))
        });
        for (pairs, definition, series) in all {
            let mut page = Page {
                out,
                options,
                time: series.time.milliseconds(),
            };
            match &series.value {
                Value::Number(value) => page.sample(name, "", &pairs, None, value.float()),
                // mtail shows a text as this.
                Value::Text(_) => page.sample(name, "", &pairs, None, 0.0),
                Value::Histogram(histogram) => {
                    page.histogram(name, &pairs, &definition.buckets, histogram);
                }
            }
        }
    }

    fn pairs<'m>(
        &'m self,
        definition: &'m Definition,
        values: impl Iterator<Item = &'m str>,
        options: ExpositionOptions,
    ) -> Pairs<'m> {
        let name = |label: &'m String| match label.as_str() {
            "prog" if options.has_program => "exported_prog",
            "le" if definition.kind == Kind::Histogram => "exported_le",
            label => label,
        };
        let mut pairs: Pairs = definition.labels.iter().map(name).zip(values).collect();
        if options.has_program {
            pairs.push(("prog", &self.program));
        }
        pairs.sort_by_key(|(name, _)| *name);
        pairs
    }
}

struct Page<'o> {
    out: &'o mut String,
    options: ExpositionOptions,
    /// In milliseconds.
    time: i64,
}

impl Page<'_> {
    fn histogram(&mut self, name: &str, pairs: &Pairs, bounds: &[f64], histogram: &Histogram) {
        let mut below = 0;
        let ends = bounds.iter().copied().chain([f64::INFINITY]);
        for (bound, count) in ends.zip(&histogram.counts) {
            below += count;
            self.sample(name, "_bucket", pairs, Some(bound), below as f64);
        }
        self.sample(name, "_sum", pairs, None, histogram.sum);
        self.sample(name, "_count", pairs, None, histogram.count as f64);
    }

    fn sample(&mut self, name: &str, ending: &str, pairs: &Pairs, bound: Option<f64>, value: f64) {
        self.out.push_str(name);
        self.out.push_str(ending);
        let bound = bound.map(float_text);
        let bound = bound.as_deref().map(|bound| ("le", bound));
        let mut mark = '{';
        for (name, value) in pairs.iter().copied().chain(bound) {
            self.out.push(mark);
            let _ = write!(self.out, "{name}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
            mark = ',';
        }
        if mark == ',' {
            self.out.push('}');
        }
        self.out.push(' ');
        // Adding 0 makes -0 the 0 that the page shows.
        write_float(self.out, value + 0.0);
        if self.options.has_time {
            let _ = write!(self.out, " {}", self.time);
        }
        self.out.push('\n');
    }
}
