//! Snapshots in, bytes out: text, OpenMetrics, protobuf, and JSON for `--once`.
//!
//! Pure: no lock, no store, no HTTP. A page is rendered a piece at a time, as the client reads it, so
//! that no scrape holds a whole page.

use bytes::Bytes;
use prometheus::proto::MetricFamily;

use crate::metrics::definition::{Definition, Kind, NumberForm};
use crate::metrics::self_metrics;
use crate::metrics::snapshot::{FamilySnapshot, Snapshot};

pub mod content_encoding;
pub mod json;
mod negotiate;
mod number;
mod openmetrics;
mod protobuf;
mod text;

pub use negotiate::negotiate;

/// A piece ends after the first series that makes it at least so long, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// A form of the metrics page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Prometheus text 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus protobuf, delimited.
    Protobuf,
}

impl Format {
    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
        }
    }
}

/// A number as pages write it.
pub fn number_text(value: f64) -> String {
    let mut text = Vec::new();
    number::write(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// One page, in pieces of about 64 KiB. Families are sorted by name, series by their labels' values.
pub struct Exposition {
    families: std::vec::IntoIter<FamilySnapshot>,
    current: Option<Current>,
    /// The name of the family that was begun last.
    last_name: String,
    format: Format,
    ended: bool,
}

/// The family at hand.
struct Current {
    family: FamilySnapshot,
    /// The number of the series that comes next.
    next: usize,
    /// `le="0.5"` for each bucket of a histogram.
    bounds: Vec<Vec<u8>>,
}

impl Exposition {
    /// A page of the rules' metrics and the program's own.
    pub fn new(snapshot: Snapshot, own: Vec<MetricFamily>, format: Format) -> Exposition {
        let is_shown = |family: &FamilySnapshot| {
            family.is_shown() && family.definition.kind.is_in_prometheus()
        };
        let own = own.iter().filter_map(self_metrics::as_snapshot);
        let all = snapshot.families.into_iter().chain(own);
        let mut families: Vec<FamilySnapshot> = all.filter(is_shown).collect();
        families.sort_by(|a, b| a.definition.name.cmp(&b.definition.name));
        Exposition {
            families: families.into_iter(),
            current: None,
            last_name: String::new(),
            format,
            ended: false,
        }
    }

    /// The whole page at once.
    pub fn into_bytes(self) -> Vec<u8> {
        self.fold(Vec::new(), |mut page, piece| {
            page.extend_from_slice(&piece);
            page
        })
    }

    fn begin(&mut self, family: FamilySnapshot, out: &mut Vec<u8>) {
        let definition = &family.definition;
        // Metrics of one name, which several programs may have, are one family for the outside.
        let is_continued = self.last_name == definition.name;
        self.last_name.clone_from(&definition.name);
        let bounds = match self.format {
            Format::Text => {
                if !is_continued {
                    text::header(definition, out);
                }
                bounds(definition, text_bound(definition))
            }
            Format::OpenMetrics => {
                if !is_continued {
                    openmetrics::header(definition, out);
                }
                bounds(definition, number::write_canonical)
            }
            Format::Protobuf => {
                protobuf::header(&family, out);
                Vec::new()
            }
        };
        self.current = Some(Current {
            family,
            next: 0,
            bounds,
        });
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.format == Format::OpenMetrics {
            out.extend_from_slice(b"# EOF\n");
        }
        self.ended = true;
    }
}

impl Current {
    /// Writes series until the piece is long enough; gives whether all are written.
    fn write(&mut self, format: Format, out: &mut Vec<u8>) -> bool {
        let definition = &self.family.definition;
        for series in self.family.series_from(self.next) {
            match format {
                Format::Text => text::series(definition, &self.bounds, &series, out),
                Format::OpenMetrics => openmetrics::series(definition, &self.bounds, &series, out),
                Format::Protobuf => protobuf::series(definition.kind, &series, out),
            }
            self.next += 1;
            if out.len() >= PIECE_BYTES {
                return false;
            }
        }
        true
    }
}

impl Iterator for Exposition {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        // Most series are shorter than the eighth that is added.
        let mut out = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        while out.len() < PIECE_BYTES && !self.ended {
            if let Some(current) = &mut self.current {
                if current.write(self.format, &mut out) {
                    self.current = None;
                }
            } else {
                match self.families.next() {
                    Some(family) => self.begin(family, &mut out),
                    None => self.end(&mut out),
                }
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

/// How the text format writes the bounds of a metric's buckets.
fn text_bound(definition: &Definition) -> fn(f64, &mut Vec<u8>) {
    match definition.options.number_form {
        NumberForm::Decimal => number::write,
        NumberForm::General => number::write_general,
    }
}

/// `le="0.5"` for each bucket of a histogram, `+Inf` last.
fn bounds(definition: &Definition, write: impl Fn(f64, &mut Vec<u8>)) -> Vec<Vec<u8>> {
    if definition.kind != Kind::Histogram {
        return Vec::new();
    }
    let bound = |value: f64| {
        let mut text = b"le=\"".to_vec();
        write(value, &mut text);
        text.push(b'"');
        text
    };
    let bounds = definition.buckets.iter().copied().chain([f64::INFINITY]);
    bounds.map(bound).collect()
}

#[cfg(test)]
mod tests;
