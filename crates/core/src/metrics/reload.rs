//! A store for other definitions that begins with what the old one counted for those that are the
//! same metric.

use std::sync::Mutex;

use super::definition::Definition;
use super::family::{Family, Moment};
use super::store::{Families, Store};

/// What a reload makes of metrics, by their names in the order of the definitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// They have the values they had.
    pub kept: Vec<String>,
    /// They start again. One whose type, buckets or labels changed is here and in `gone`.
    pub new: Vec<String>,
    /// Their values are forgotten.
    pub gone: Vec<String>,
}

impl Change {
    /// What becomes of metrics that are defined so, when they are to be defined otherwise.
    pub fn between(old: &[Definition], new: &[Definition]) -> Change {
        let names = |some: &[Definition], others: &[Definition], is_in: bool| {
            let some = some.iter();
            some.filter(|one| others.iter().any(|other| other.is_same_metric(one)) == is_in)
                .map(|one| one.name.clone())
                .collect()
        };
        Change {
            kept: names(new, old, true),
            new: names(new, old, false),
            gone: names(old, new, false),
        }
    }
}

impl Store {
    /// A store for other definitions. Metrics that are the same have their series, values and
    /// exemplars here too, with the limits, help and expiry of their new definition; series are
    /// counted on where this store is. This store stays as it is, for pages that are being made
    /// of it; what it is given afterwards is in no other.
    ///
    /// Copies little: chunks of values are shared until they are written.
    pub fn reload(&self, definitions: Vec<Definition>, now_ms: u64) -> Store {
        let mut old = self.lock();
        let mut moment = Moment::new(now_ms, old.series_created);
        let mut list = Vec::with_capacity(definitions.len());
        for definition in &definitions {
            let mut same = old.list.iter_mut();
            let same = same.find(|family| family.definition.is_same_metric(definition));
            list.push(match same {
                Some(family) => family.redefined(definition),
                None => Family::new(definition, self.hasher(), &mut moment),
            });
        }
        let families = Families {
            list,
            series_created: moment.series_created,
            expired_s: old.expired_s,
            unshown: old.unshown,
        };
        Store {
            definitions: definitions.into(),
            hasher: self.hasher(),
            families: Mutex::new(families),
        }
    }
}

#[cfg(test)]
mod tests;
