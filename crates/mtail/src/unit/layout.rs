//! How a program's metrics become metrics of the store.

use logmetrics_core::metrics::definition::{
    self, Label, NumberForm, Options, SERIES_MAX, WhenFull,
};
use logmetrics_core::metrics::labels;

use super::PageOptions;
use crate::ast::Kind;
use crate::script::Labels;
use crate::script::code::{Definition, Program};

/// Most series where nothing limits them: their numbers are of 32 bits.
const UNLIMITED: usize = u32::MAX as usize;

/// A metric of a program as the unit sees it.
#[derive(Debug, Clone)]
pub struct Metric {
    pub code: Definition,
    /// Its number among those of the store; none where it is hidden.
    pub exported: Option<u32>,
    /// Most series.
    pub most: usize,
    /// Its labels as they are written, sorted by name.
    labels: Vec<LabelText>,
    /// Whether its values are remembered.
    pub is_remembered: bool,
}

#[derive(Debug, Clone)]
struct LabelText {
    name: String,
    source: LabelSource,
}

#[derive(Debug, Clone)]
enum LabelSource {
    /// The value of the key with this number.
    Key(usize),
    /// Always this text, escaped.
    Fixed(Vec<u8>),
}

impl Metric {
    /// The metrics of a program, and their definitions for the store.
    pub fn all(
        program: &Program,
        remembered: &[bool],
        page: &PageOptions,
    ) -> (Vec<Metric>, Vec<definition::Definition>) {
        let mut definitions = Vec::new();
        let metrics = program.metrics.iter().zip(remembered);
        let metrics = metrics.map(|(code, is_remembered)| {
            let mut metric = Metric {
                code: code.clone(),
                exported: (!code.hidden).then_some(definitions.len() as u32),
                most: most(code, page.strict),
                labels: label_texts(program, code, page),
                is_remembered: *is_remembered,
            };
            if page.strict && *is_remembered {
                // Limits act at a sweep.
                metric.most = UNLIMITED;
            }
            if !code.hidden {
                definitions.push(metric.definition(program, page));
            }
            metric
        });
        (metrics.collect(), definitions)
    }

    fn definition(&self, program: &Program, page: &PageOptions) -> definition::Definition {
        let position = self.code.position;
        let mut help = format!(
            "defined at {}:{}:{}",
            program.name, position.line, position.column
        );
        if position.end_column > position.column {
            help.push_str(&format!("-{}", position.end_column));
        }
        let values_max = UNLIMITED;
        let label = |label: &LabelText| Label {
            name: label.name.clone(),
            values_max,
        };
        let kind = self.kind();
        definition::Definition {
            name: self.code.exported.clone(),
            help,
            kind,
            buckets: match kind {
                definition::Kind::Histogram => self.code.buckets.clone(),
                _ => Vec::new(),
            },
            labels: self.labels.iter().map(label).collect(),
            // What is remembered is kept within its limit by the memory.
            series_max: match self.is_remembered {
                true => UNLIMITED,
                false => self.most,
            },
            expire: None,
            options: Options {
                program: Some(program.name.clone()),
                number_form: match page.is_mtails {
                    true => NumberForm::General,
                    false => NumberForm::Decimal,
                },
                is_hidden: false,
                can_fall: true,
                keeps_time: page.is_mtails || page.shows_time,
                hides_time: !page.shows_time,
                when_full: WhenFull::EvictOldest,
            },
        }
    }

    /// What it is in the store.
    pub fn kind(&self) -> definition::Kind {
        match self.code.kind {
            Kind::Counter => definition::Kind::Counter,
            Kind::Gauge | Kind::Timer => definition::Kind::Gauge,
            Kind::Histogram => definition::Kind::Histogram,
            Kind::Text => definition::Kind::Text,
        }
    }

    /// Writes the labels of a series as the store wants them.
    pub fn write_labels(&self, values: &Labels, out: &mut Vec<u8>) {
        for (number, label) in self.labels.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(label.name.as_bytes());
            out.extend_from_slice(b"=\"");
            match &label.source {
                LabelSource::Fixed(text) => out.extend_from_slice(text),
                LabelSource::Key(key) => {
                    let value = values.values().nth(*key).unwrap_or("");
                    labels::escape(value.as_bytes(), out);
                }
            }
            out.push(b'"');
        }
    }

    /// The values of the keys in a text that [`Metric::write_labels`] wrote.
    pub fn read_labels(&self, text: &[u8]) -> Labels {
        let mut values = vec![String::new(); self.code.labels.len()];
        for (label, (_, value)) in self.labels.iter().zip(labels::pairs(text)) {
            if let LabelSource::Key(key) = label.source
                && let Some(place) = values.get_mut(key)
            {
                *place = String::from_utf8_lossy(&labels::unescape(value)).into_owned();
            }
        }
        let mut labels = Labels::default();
        values.iter().for_each(|value| labels.push(value));
        labels
    }

    /// What it is known by after a reload.
    pub fn identity(&self) -> String {
        let code = &self.code;
        let labels = code.labels.join(",");
        let (kind, name) = (code.kind.keyword(), &code.name);
        format!("{kind} {name} {:?} {} {labels}", code.value, code.hidden)
    }
}

fn most(code: &Definition, strict: bool) -> usize {
    match (strict, code.limit) {
        (true, _) => UNLIMITED,
        (false, Some(limit)) => limit.min(UNLIMITED),
        (false, None) => SERIES_MAX,
    }
}

fn label_texts(program: &Program, code: &Definition, page: &PageOptions) -> Vec<LabelText> {
    let mut labels: Vec<LabelText> = Vec::new();
    for (key, name) in code.labels.iter().enumerate() {
        let mut name = match name.as_str() {
            "prog" if page.has_program => "exported_prog".to_owned(),
            "le" if code.kind == Kind::Histogram => "exported_le".to_owned(),
            name => name.to_owned(),
        };
        while labels.iter().any(|known| known.name == name) {
            name.push('_');
        }
        let source = LabelSource::Key(key);
        labels.push(LabelText { name, source });
    }
    if page.has_program {
        let mut text = Vec::new();
        labels::escape(program.name.as_bytes(), &mut text);
        labels.push(LabelText {
            name: "prog".to_owned(),
            source: LabelSource::Fixed(text),
        });
    }
    labels.sort_by(|a, b| a.name.cmp(&b.name));
    labels
}
