//! One column of a log: what its values are, over all lines of the sample.

use std::collections::BTreeMap;

use logmetrics_core::number;

use super::value::{Kind, kind};

/// So many different values are told apart.
const VALUES_MAX: usize = 500;
/// A value is looked at up to so many bytes.
const VALUE_BYTES_MAX: usize = 200;

/// What a field holds, line for line.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The field's name in a rule: a key, a path of keys, or a named group.
    pub key: String,
    /// How many lines of the table there are.
    pub lines: usize,
    /// On how many of them it has a value.
    pub present: usize,
    values: BTreeMap<String, usize>,
    /// There are more different values than are told apart.
    is_many: bool,
    kinds: BTreeMap<Kind, usize>,
    /// The numbers among the values, units taken off: the smallest above zero, and the ends.
    pub numbers: Option<Numbers>,
}

/// Numbers of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numbers {
    pub least: f64,
    pub most: f64,
    /// The smallest above zero.
    pub least_positive: Option<f64>,
}

impl Numbers {
    fn with(this: Option<Numbers>, number: f64) -> Numbers {
        let positive = (number > 0.0).then_some(number);
        let Some(this) = this else {
            return Numbers {
                least: number,
                most: number,
                least_positive: positive,
            };
        };
        Numbers {
            least: this.least.min(number),
            most: this.most.max(number),
            least_positive: match (this.least_positive, positive) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// The same in another unit.
    pub fn times(self, factor: f64) -> Numbers {
        Numbers {
            least: self.least * factor,
            most: self.most * factor,
            least_positive: self.least_positive.map(|it| it * factor),
        }
    }
}

impl Column {
    pub fn new(key: &str) -> Column {
        Column {
            key: key.to_owned(),
            lines: 0,
            present: 0,
            values: BTreeMap::new(),
            is_many: false,
            kinds: BTreeMap::new(),
            numbers: None,
        }
    }

    /// A line has this value.
    pub fn add(&mut self, value: &str) {
        let kind = kind(value);
        if kind == Kind::Nothing {
            return;
        }
        self.present += 1;
        *self.kinds.entry(kind).or_default() += 1;
        if kind.is_number()
            && let Some(read) = number::number(value.as_bytes())
        {
            self.numbers = Some(Numbers::with(self.numbers, read));
        }
        let value = value.trim();
        let short = value
            .char_indices()
            .nth(VALUE_BYTES_MAX)
            .map_or(value, |(end, _)| &value[..end]);
        if let Some(count) = self.values.get_mut(short) {
            *count += 1;
        } else if self.values.len() < VALUES_MAX {
            self.values.insert(short.to_owned(), 1);
        } else {
            self.is_many = true;
        }
    }

    /// How many different values there are, as far as they are told apart.
    pub fn distinct(&self) -> usize {
        self.values.len() + usize::from(self.is_many)
    }

    /// Every value, while they are few.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether nearly all values are of these kinds.
    pub fn is_mostly(&self, wanted: impl Fn(Kind) -> bool) -> bool {
        let fitting: usize = (self.kinds.iter())
            .filter(|(kind, _)| wanted(**kind))
            .map(|(_, count)| count)
            .sum();
        self.present > 0 && fitting * 20 >= self.present * 19
    }

    pub fn has(&self, wanted: Kind) -> bool {
        self.kinds.contains_key(&wanted)
    }

    /// Every line has a number here.
    pub fn is_number_on_all_lines(&self) -> bool {
        let numbers: usize = (self.kinds.iter())
            .filter(|(kind, _)| kind.is_number())
            .map(|(_, count)| count)
            .sum();
        numbers == self.lines
    }

    /// The words of its name, without case: `responseTimeMs` and `response_time.ms` have the same.
    pub fn words(&self) -> Vec<String> {
        words(&self.key)
    }
}

/// The words of a name, in lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let starts = character.is_uppercase() && before.is_lowercase();
        if starts || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for (name, expected) in [
            ("responseTimeMs", "response time ms"),
            ("http.response_status-code", "http response status code"),
            ("DownstreamStatus", "downstream status"),
            ("latency_us", "latency us"),
            ("@timestamp", "timestamp"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }
}
