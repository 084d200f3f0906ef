//! What a metric is: name, type, labels and limits.

use std::borrow::Cow;
use std::time::Duration;

pub use super::kind::Kind;

/// The value that a limit writes in place of one too many, and that of all labels of the overflow
/// series.
pub const OTHER: &str = "__other__";

/// Most series of one metric, unless its rule says otherwise.
pub const SERIES_MAX: usize = 50_000;

/// Most values of one label in one metric, unless its rule says otherwise.
pub const LABEL_VALUES_MAX: usize = 10_000;

/// One label of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub name: String,
    /// Most different values in this metric; a further one is written as [`OTHER`].
    pub values_max: usize,
}

/// A metric as rules define it. Checked: names are valid and clash with nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The name, exposed exactly so in every format.
    pub name: String,
    /// The text after `# HELP`.
    pub help: String,
    pub kind: Kind,
    /// The upper bounds of a histogram's buckets: inclusive, rising, finite. The last bucket, whose
    /// bound is infinite, goes without saying. Empty for other types.
    pub buckets: Vec<f64>,
    /// The labels, sorted by name.
    pub labels: Vec<Label>,
    /// Most series; further label sets share the one whose labels are all [`OTHER`].
    pub series_max: usize,
    /// A series that was not updated for so long is forgotten; never where there is none.
    pub expire: Option<Duration>,
    pub options: Options,
}

/// What no rule asks for, but programs of other languages do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The program whose metric it is: another one may have a metric of the same name.
    pub program: Option<String>,
    /// How its numbers are written in the text format.
    pub number_form: NumberForm,
    /// It is kept and saved, but on no page.
    pub is_hidden: bool,
    /// An update may lower the counter.
    pub can_fall: bool,
    /// Each series keeps the time that its last update says, which a page can show.
    pub keeps_time: bool,
    /// The text format leaves that time out.
    pub hides_time: bool,
    pub when_full: WhenFull,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumberForm {
    /// With all their digits, as far as is readable.
    #[default]
    Decimal,
    /// As C's `%g` and Go write them: with an exponent below 1e-4 and from 1e6 on.
    General,
}

/// What becomes of a new series where there are as many as there may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Its updates go to the series whose labels are all [`OTHER`].
    #[default]
    Overflow,
    /// It takes the place of the one that was not updated for longest.
    EvictOldest,
}

/// The number of a metric: its place in the list of definitions the store was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId(pub u32);

impl Definition {
    /// The name under which it is saved: no other metric has it, whichever program it is of.
    pub fn saved_name(&self) -> Cow<'_, str> {
        match &self.options.program {
            None => Cow::Borrowed(&self.name),
            // No metric's name has a slash.
            Some(program) => Cow::Owned(format!("{program}/{}", self.name)),
        }
    }

    /// Whether values counted under one definition stand for the other too: the same name, type,
    /// buckets and labels. Help, limits and expiry may differ.
    pub fn is_same_metric(&self, other: &Definition) -> bool {
        let names = |definition: &Definition| -> Vec<String> {
            let labels = definition.labels.iter();
            labels.map(|label| label.name.clone()).collect()
        };
        self.name == other.name
            && self.options.program == other.options.program
            && self.kind == other.kind
            && self.buckets == other.buckets
            && names(self) == names(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_the_same_while_its_values_mean_the_same() {
        let definition = Definition {
            name: "seen".to_owned(),
            help: String::new(),
            kind: Kind::Histogram,
            buckets: vec![1.0],
            labels: vec![Label {
                name: "user".to_owned(),
                values_max: 1,
            }],
            series_max: 1,
            expire: None,
            options: Options::default(),
        };
        let mut other = definition.clone();
        other.help = "What was seen.".to_owned();
        other.labels[0].values_max = 2;
        other.series_max = 2;
        other.expire = Some(Duration::from_secs(1));
        assert!(definition.is_same_metric(&other));
        other.buckets = vec![2.0];
        assert!(!definition.is_same_metric(&other));
        other.buckets = definition.buckets.clone();
        other.labels[0].name = "route".to_owned();
        assert!(!definition.is_same_metric(&other));
    }
}
