//! Factors: what a number is multiplied by, as a lookup table says it for a label or field of the line.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check_rules::{Scope, label_source};
use super::lookup::{self, LookupSpec, LookupTable};
use super::raw_rules::{FactorSpec, LabelSpec};
use super::rule_metrics::plain_label;
use super::{LabelSource, problem::At};

/// What a number is multiplied by.
#[derive(Debug, Clone)]
pub struct Factor {
    /// What the key goes by in messages and metrics: the label's name, or the first field's.
    pub name: String,
    /// What is looked up.
    pub key: LabelSource,
    pub table: Arc<LookupTable<f64>>,
    /// How the rule names its table; nothing where it is written in the rule.
    pub file: Option<String>,
    /// For what is not in the table, and for lines without the key.
    pub default: Option<f64>,
}

/// A factor; `labels` are those of the rule. Nothing where the table is wrong.
pub(super) fn compile(
    spec: &FactorSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> Option<Factor> {
    let table = lookup::compile(&spec.lookup, None, scope.sources);
    let table = table.map_err(|draft| scope.drafts.push(draft)).ok()?;
    let key = match plain_name(&spec.key) {
        Some(name) => label_or_field(name, &spec.key, labels, scope),
        None => label_source(&spec.key, scope),
    };
    let name = spec.key.field.from.first();
    Some(Factor {
        name: name.map_or_else(String::new, |name| name.value.clone()),
        key,
        table,
        file: match &spec.lookup {
            LookupSpec::File(name) => Some(name.value.clone()),
            LookupSpec::Inline(_) => None,
        },
        default: spec.default,
    })
}

/// What a plain name means: the rule's label of this name, or else the field.
pub(super) fn label_or_field(
    name: &At<String>,
    spec: &LabelSpec,
    labels: &BTreeMap<String, LabelSource>,
    scope: &mut Scope<'_>,
) -> LabelSource {
    scope.check_name(name);
    let known = labels.get(&name.value).cloned();
    known.unwrap_or_else(|| LabelSource {
        field: scope.unchecked_field(&spec.field),
        ..plain_label(&name.value)
    })
}

/// The one name that a text is, and nothing else.
pub(super) fn plain_name(text: &LabelSpec) -> Option<&At<String>> {
    let plain = text.default.is_none()
        && !text.lowercase
        && !text.integer
        && text.replace.is_empty()
        && text.map.is_empty()
        && text.lookup.is_none()
        && !text.pseudonym
        && text.bytes_max.is_none()
        && text.field.trusted.is_none()
        && text.field.after.is_none()
        && text.field.is_whole();
    match text.field.from.as_slice() {
        [name] if plain => Some(name),
        _ => None,
    }
}
