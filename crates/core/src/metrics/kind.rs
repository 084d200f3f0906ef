//! The types of metrics. Everything that differs from type to type and is not the syntax of an
//! output format is here: the numbers that a series keeps, what an update does to them, the samples
//! that it is shown as, the names that these take, and the form in which it is saved.

use super::label_text::{TextRange, Texts};

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sum of what is added.
    Counter,
    /// The number that was set last.
    Gauge,
    /// How many observations fell into which bucket, and their sum.
    Histogram,
    /// The text that was set last. Only JSON can show it.
    Text,
}

/// What an update does to its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    /// What a rule does to its metric: [`Kind::usual_operation`].
    Usual,
    /// Adds the value to a counter or gauge.
    Add,
    /// Makes the value that of a gauge, or of a counter where it may.
    Set,
    /// Counts one observation of the value in a histogram.
    Observe,
    /// Makes a text the value.
    SetText,
    /// Forgets the series.
    Delete,
    /// Lets the series expire after so many seconds without an update, whatever its metric says.
    ExpireAfter,
    /// Creates the series where it is not there, and changes nothing otherwise.
    Create,
}

impl Operation {
    #[cfg(test)]
    const ALL: [Operation; 8] = [
        Operation::Usual,
        Operation::Add,
        Operation::Set,
        Operation::Observe,
        Operation::SetText,
        Operation::Delete,
        Operation::ExpireAfter,
        Operation::Create,
    ];

    /// The operation with this number.
    #[inline]
    pub(super) fn of_number(number: u32) -> Operation {
        match number {
            1 => Operation::Add,
            2 => Operation::Set,
            3 => Operation::Observe,
            4 => Operation::SetText,
            5 => Operation::Delete,
            6 => Operation::ExpireAfter,
            7 => Operation::Create,
            _ => Operation::Usual,
        }
    }
}

/// An update that its metric cannot take: a counter would fall or become infinite, or the operation
/// is one of another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// What is shown of a series.
#[derive(Debug, Clone, Copy)]
pub enum Reading<'s> {
    Number(f64),
    Distribution(Distribution<'s>),
    Text(&'s [u8]),
}

/// The value of a histogram.
#[derive(Debug, Clone, Copy)]
pub struct Distribution<'s> {
    /// The upper bounds of all buckets but the last, whose bound is infinite.
    pub bounds: &'s [f64],
    /// How many observations fell into each bucket alone.
    pub counts: &'s [u64],
    pub sum: f64,
}

/// One line of the text formats, without its name and labels.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// What follows the metric's name.
    pub suffix: &'static str,
    /// The number of the bucket that this is about.
    pub bucket: Option<usize>,
    pub value: SampleValue,
    /// The number of its exemplar among those of the series, where it can have one.
    pub exemplar: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SampleValue {
    Number(f64),
    Count(u64),
}

impl Kind {
    /// The types that rules can name.
    pub const IN_RULES: [Kind; 3] = [Kind::Counter, Kind::Gauge, Kind::Histogram];

    const ALL: [Kind; 4] = [Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::Text];

    /// The word for it in rules, pages and saved state.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::Text => "text",
        }
    }

    pub fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What an update of a rule does.
    pub fn usual_operation(self) -> Operation {
        match self {
            Kind::Counter => Operation::Add,
            Kind::Gauge => Operation::Set,
            Kind::Histogram => Operation::Observe,
            Kind::Text => Operation::SetText,
        }
    }

    /// Whether its samples can have exemplars. A counter shows them in protobuf whatever its name.
    pub fn has_exemplars(self) -> bool {
        matches!(self, Kind::Counter | Kind::Histogram)
    }

    /// Whether the Prometheus formats can show it.
    pub fn is_in_prometheus(self) -> bool {
        self != Kind::Text
    }

    /// Whether a series begins at zero: without labels it is there from the start, and a scraper sees
    /// a new one at zero first.
    pub fn begins_at_zero(self) -> bool {
        matches!(self, Kind::Counter | Kind::Histogram)
    }

    /// How many numbers a series keeps. A counter and a gauge: the bits of the value. A histogram: how
    /// many observations fell into each bucket alone, and the bits of their sum. A text: its place.
    pub(super) fn columns(self, bounds: &[f64]) -> usize {
        match self {
            Kind::Counter | Kind::Gauge => 1,
            Kind::Histogram => bounds.len() + 2,
            Kind::Text => 2,
        }
    }

    /// How many exemplars a series can have.
    pub(super) fn exemplars(self, bounds: &[f64]) -> usize {
        match self {
            Kind::Histogram => bounds.len() + 1,
            Kind::Counter | Kind::Gauge | Kind::Text => 1,
        }
    }

    /// Every name under which a metric shows in some format: in OpenMetrics the family of a counter is
    /// called without `_total`, and counters and histograms have a `_created` sample.
    pub fn exposed_names(self, name: &str) -> Vec<String> {
        let suffixes: &[&str] = match self {
            Kind::Gauge | Kind::Text => &[],
            Kind::Histogram => &["_bucket", "_sum", "_count", "_created"],
            Kind::Counter => &["_created"],
        };
        let family = match self {
            Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        let mut exposed = vec![name.to_string()];
        if family != name {
            exposed.push(family.to_string());
            exposed.push(format!("{name}_created"));
        }
        exposed.extend(suffixes.iter().map(|suffix| format!("{family}{suffix}")));
        exposed
    }

    /// Changes the numbers of a series; gives the number of the exemplar that this may have.
    /// `can_fall`: whether a counter may.
    pub(super) fn update(
        self,
        bounds: &[f64],
        can_fall: bool,
        row: &mut [u64],
        (operation, value): (Operation, f64),
    ) -> Result<usize, Refused> {
        let operation = match operation {
            Operation::Usual => self.usual_operation(),
            other => other,
        };
        match (self, operation) {
            (Kind::Gauge, Operation::Set) => {
                row[0] = value.to_bits();
                Ok(0)
            }
            (Kind::Gauge, Operation::Add) => {
                row[0] = (f64::from_bits(row[0]) + value).to_bits();
                Ok(0)
            }
            (Kind::Counter, Operation::Add) => count(&mut row[0], value, can_fall),
            (Kind::Counter, Operation::Set) => {
                let more = value - f64::from_bits(row[0]);
                if !value.is_finite() || (more < 0.0 && !can_fall) {
                    return Err(Refused);
                }
                row[0] = value.to_bits();
                Ok(0)
            }
            (Kind::Histogram, Operation::Observe) => observe(bounds, row, value),
            _ => Err(Refused),
        }
    }

    /// What a row of numbers is shown as. `texts` are those of the metric.
    pub(super) fn reading<'s>(
        self,
        bounds: &'s [f64],
        row: &'s [u64],
        texts: &'s Texts,
    ) -> Reading<'s> {
        match (self, row) {
            (Kind::Counter | Kind::Gauge, &[value]) => Reading::Number(f64::from_bits(value)),
            (Kind::Histogram, [counts @ .., sum]) => Reading::Distribution(Distribution {
                bounds,
                counts,
                sum: f64::from_bits(*sum),
            }),
            (Kind::Text, &[place, length]) => {
                Reading::Text(texts.get(TextRange::of_numbers([place, length])))
            }
            _ => Reading::Number(f64::NAN),
        }
    }

    /// The numbers that are saved for a row: the row itself, or a text's length and bytes.
    pub(super) fn stored(self, row: &[u64], texts: &Texts) -> Option<Vec<u64>> {
        let (Kind::Text, &[place, length]) = (self, row) else {
            return None;
        };
        let text = texts.get(TextRange::of_numbers([place, length]));
        let bytes = text.chunks(8).map(|chunk| {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(eight)
        });
        Some([text.len() as u64].into_iter().chain(bytes).collect())
    }

    /// The row that was saved as these numbers; `None` where no row is saved so.
    pub(super) fn restored(
        self,
        (bounds, can_fall): (&[f64], bool),
        stored: &[u64],
        texts: &mut Texts,
    ) -> Option<Vec<u64>> {
        let is_row = match (self, stored) {
            (Kind::Counter, &[value]) => {
                let value = f64::from_bits(value);
                !value.is_nan() && (can_fall || value >= 0.0)
            }
            (Kind::Gauge, [_]) => true,
            (Kind::Histogram, row) => row.len() == self.columns(bounds),
            (Kind::Text, [length, words @ ..]) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                let text = bytes.get(..usize::try_from(*length).ok()?)?;
                if bytes.len() - text.len() >= 8 || str::from_utf8(text).is_err() {
                    return None;
                }
                return Some(texts.add(text).numbers().to_vec());
            }
            _ => false,
        };
        is_row.then(|| stored.to_vec())
    }
}

/// Adds to a counter.
#[inline(always)]
pub(super) fn count(bits: &mut u64, value: f64, can_fall: bool) -> Result<usize, Refused> {
    let sum = f64::from_bits(*bits) + value;
    // A counter that goes down would look like a restart; one that is infinite counts nothing more.
    let is_usual = value >= 0.0 && sum <= f64::MAX;
    let is_allowed = is_usual || (can_fall && sum.is_finite());
    if !is_allowed {
        return Err(Refused);
    }
    *bits = sum.to_bits();
    Ok(0)
}

/// Counts an observation in a histogram.
#[inline(always)]
pub(super) fn observe(bounds: &[f64], row: &mut [u64], value: f64) -> Result<usize, Refused> {
    let before = f64::from_bits(row[bounds.len() + 1]);
    let sum = before + value;
    // Numbers alone do not make the sum infinite. What is no number, or infinite, is observed as in
    // Prometheus' own libraries: within no finite bound, or above all.
    if !sum.is_finite() && value.is_finite() && before.is_finite() {
        return Err(Refused);
    }
    row[bounds.len() + 1] = sum.to_bits();
    // Bounds go up; to ask all of them takes less time than to stop at one that is another each time.
    let holding = bounds.iter().filter(|bound| value <= **bound).count();
    let bucket = bounds.len() - holding;
    row[bucket] += 1;
    Ok(bucket)
}

impl<'s> Distribution<'s> {
    /// How many observations there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// For each bucket its upper bound and how many observations were not above it.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + use<'s> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let cumulative = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        bounds.zip(cumulative)
    }
}

impl Reading<'_> {
    /// Calls `each` for every sample of the text formats; a text has none.
    #[inline(always)]
    pub fn samples(&self, mut each: impl FnMut(Sample)) {
        let plain = |suffix, value| Sample {
            suffix,
            bucket: None,
            value,
            exemplar: None,
        };
        match self {
            Reading::Number(value) => each(Sample {
                exemplar: Some(0),
                ..plain("", SampleValue::Number(*value))
            }),
            Reading::Distribution(distribution) => {
                let mut count = 0;
                for (bucket, observations) in distribution.counts.iter().enumerate() {
                    count += observations;
                    each(Sample {
                        bucket: Some(bucket),
                        exemplar: Some(bucket),
                        ..plain("_bucket", SampleValue::Count(count))
                    });
                }
                each(plain("_sum", SampleValue::Number(distribution.sum)));
                each(plain("_count", SampleValue::Count(count)));
            }
            Reading::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(kind: Kind, can_fall: bool, updates: &[(Operation, f64)]) -> Result<f64, Refused> {
        let mut row = [0];
        for update in updates {
            kind.update(&[], can_fall, &mut row, *update)?;
        }
        Ok(f64::from_bits(row[0]))
    }

    #[test]
    fn a_counter_falls_only_where_it_may() {
        use Operation::{Add, Observe, Set};
        assert_eq!(
            updated(Kind::Counter, false, &[(Add, 2.0), (Set, 5.0)]),
            Ok(5.0)
        );
        assert_eq!(
            updated(Kind::Counter, false, &[(Set, 5.0), (Set, 4.0)]),
            Err(Refused)
        );
        assert_eq!(updated(Kind::Counter, false, &[(Add, -1.0)]), Err(Refused));
        assert_eq!(
            updated(Kind::Counter, true, &[(Set, 5.0), (Set, 4.0), (Add, -6.0)]),
            Ok(-2.0)
        );
        assert_eq!(
            updated(Kind::Counter, true, &[(Observe, 1.0)]),
            Err(Refused)
        );
        assert_eq!(
            updated(Kind::Gauge, false, &[(Set, 5.0), (Add, -6.0)]),
            Ok(-1.0)
        );
    }

    #[test]
    fn nothing_makes_a_sum_infinite() {
        let largest = (Operation::Add, f64::MAX);
        for can_fall in [false, true] {
            assert_eq!(updated(Kind::Counter, can_fall, &[largest]), Ok(f64::MAX));
            assert_eq!(
                updated(Kind::Counter, can_fall, &[largest, largest]),
                Err(Refused)
            );
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                for operation in [Operation::Add, Operation::Set] {
                    let update = [(operation, value)];
                    assert_eq!(updated(Kind::Counter, can_fall, &update), Err(Refused));
                }
            }
        }
        let mut row = [0; 3];
        let observe = (Operation::Observe, f64::MAX);
        assert_eq!(
            Kind::Histogram.update(&[1.0], false, &mut row, observe),
            Ok(1)
        );
        let before = row;
        assert_eq!(
            Kind::Histogram.update(&[1.0], false, &mut row, observe),
            Err(Refused)
        );
        assert_eq!(row, before);
    }

    #[test]
    fn texts_are_saved_and_restored() {
        for text in [
            "",
            "a",
            "eight by",
            "nine byte",
            "zoë, a text of several words",
        ] {
            let mut texts = Texts::default();
            texts.add(b"another one");
            let row = texts.add(text.as_bytes()).numbers();
            let stored = Kind::Text.stored(&row, &texts).unwrap();
            let mut others = Texts::default();
            let row = Kind::Text
                .restored((&[], false), &stored, &mut others)
                .unwrap();
            let Reading::Text(read) = Kind::Text.reading(&[], &row, &others) else {
                panic!("{row:?}");
            };
            assert_eq!(read, text.as_bytes());
        }
        for broken in [&[][..], &[1], &[9, 0], &[0, 0], &[1, 0xff], &[u64::MAX, 0]] {
            let restored = Kind::Text.restored((&[], false), broken, &mut Texts::default());
            assert_eq!(restored, None, "{broken:?}");
        }
    }

    #[test]
    fn every_word_is_that_of_its_type() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Some(kind));
        }
        for (number, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation as usize, number);
            assert_eq!(Operation::of_number(number as u32), operation);
        }
    }
}
