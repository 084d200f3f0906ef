//! Names of users, routes, models and so on, each once and numbered, shared by all threads.
//!
//! There are only so many: a name that comes later is [`OTHER`] for every thread, so that what is
//! said of a name is all there is of it, and totals stay right.

use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

use logmetrics_core::engine::extract::Dimension;

/// Most users that are told apart.
pub const USERS_MAX: usize = 10_000;

/// Most routes, models, providers and statuses, each, that are told apart.
pub const NAMES_MAX: usize = 1_000;

/// Where the rest is added up.
pub const OTHER: &str = "__other__";

/// What is on no line.
const NONE: &str = "none";

/// The number of [`NONE`].
pub(super) const NONE_INDEX: u32 = 0;

/// The number of [`OTHER`].
pub(super) const OTHER_INDEX: u32 = 1;

/// The names of every dimension.
#[derive(Debug)]
pub(super) struct Names {
    tables: [Mutex<NameTable>; 5],
}

#[derive(Debug)]
struct NameTable {
    numbers: HashMap<Box<str>, u32>,
    list: Vec<Box<str>>,
    names_max: usize,
}

impl Names {
    pub(super) fn new() -> Names {
        let table = |dimension| {
            let names_max = match dimension {
                Dimension::User => USERS_MAX,
                _ => NAMES_MAX,
            };
            let list: Vec<Box<str>> = vec![NONE.into(), OTHER.into()];
            let numbers = list.iter().cloned().zip(0..).collect();
            Mutex::new(NameTable {
                numbers,
                list,
                names_max: names_max + 2,
            })
        };
        Names {
            tables: Dimension::ALL.map(table),
        }
    }

    /// The number of a name, or [`OTHER_INDEX`] where it is one too many.
    pub(super) fn number(&self, dimension: Dimension, name: &str) -> u32 {
        let table = &mut *self.tables[dimension as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = table.numbers.get(name) {
            return *number;
        }
        if table.list.len() >= table.names_max {
            return OTHER_INDEX;
        }
        let number = table.list.len() as u32;
        table.list.push(name.into());
        table.numbers.insert(name.into(), number);
        number
    }

    /// All names by their number.
    pub(super) fn list(&self, dimension: Dimension) -> Vec<Box<str>> {
        let table = self.tables[dimension as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        table.list.clone()
    }
}
