//! Snapshots in, bytes out: text, OpenMetrics, protobuf, and JSON for `--once`.
//!
//! Pure: no lock, no store, no HTTP. A page is rendered a piece at a time, as the client reads it.

use bytes::Bytes;
use prometheus::proto::MetricFamily;

use crate::metrics::snapshot::{FamilySnapshot, Snapshot};

pub mod json;
mod negotiate;
pub mod number;
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

/// One page, in pieces of about 64 KiB. Families are sorted by name, series by their labels' values.
pub struct Exposition {
    families: std::vec::IntoIter<Family>,
    /// The family at hand, and the number of its next series.
    current: Option<(FamilySnapshot, usize)>,
    format: Format,
    ended: bool,
}

enum Family {
    Rules(FamilySnapshot),
    Own(MetricFamily),
}

impl Family {
    fn name(&self) -> &str {
        match self {
            Family::Rules(family) => &family.definition.name,
            Family::Own(family) => family.name(),
        }
    }
}

impl Exposition {
    /// A page of the rules' metrics and the program's own.
    pub fn new(snapshot: Snapshot, own: Vec<MetricFamily>, format: Format) -> Exposition {
        // A metric without series has nothing to say, not even its type.
        let rules = snapshot
            .families
            .into_iter()
            .filter(|family| !family.is_empty());
        let own = own
            .into_iter()
            .filter(|family| !family.get_metric().is_empty());
        let mut families: Vec<Family> = rules
            .map(Family::Rules)
            .chain(own.map(Family::Own))
            .collect();
        families.sort_by(|a, b| a.name().cmp(b.name()));
        Exposition {
            families: families.into_iter(),
            current: None,
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

    fn begin(&mut self, family: Family, out: &mut Vec<u8>) {
        match (family, self.format) {
            (Family::Own(family), Format::Text) => text::own(&family, out),
            (Family::Own(family), Format::OpenMetrics) => openmetrics::own(&family, out),
            (Family::Own(family), Format::Protobuf) => protobuf::write(&family, out),
            (Family::Rules(family), Format::Protobuf) => {
                protobuf::write(&protobuf::message(&family), out);
            }
            (Family::Rules(family), Format::Text) => {
                text::header(&family.definition, out);
                self.current = Some((family, 0));
            }
            (Family::Rules(family), Format::OpenMetrics) => {
                openmetrics::header(&family.definition, out);
                self.current = Some((family, 0));
            }
        }
    }
}

impl Iterator for Exposition {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8);
        while out.len() < PIECE_BYTES && !self.ended {
            if let Some((family, start)) = &mut self.current {
                let written = match self.format {
                    Format::OpenMetrics => {
                        openmetrics::series(family, *start, PIECE_BYTES, &mut out)
                    }
                    _ => text::series(family, *start, PIECE_BYTES, &mut out),
                };
                *start += written;
                if *start >= family.len() {
                    self.current = None;
                }
                continue;
            }
            match self.families.next() {
                Some(family) => self.begin(family, &mut out),
                None => {
                    if self.format == Format::OpenMetrics {
                        out.extend_from_slice(b"# EOF\n");
                    }
                    self.ended = true;
                }
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

#[cfg(test)]
mod tests;
