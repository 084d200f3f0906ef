//! What a thread remembers of whole lines: for the raw values of all of a rule's labels, which of
//! its metrics are updated and which series those updates are of.
//!
//! Lines of one user, route and status come again and again. All that follows from their labels is
//! then one look, and only values and conditions on fields are left to do. It is remembered only
//! where labels are neither ambiguous nor missing, so that there is nothing to count but updates.
//! Bounded; where values hardly come again it is not tried for a while.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::field::Value;
use super::memo::RAW_BYTES_MAX;
use crate::metrics::batch::SeriesId;

/// With more, all are forgotten.
const RECIPES_MAX: usize = 16_384;

/// The same, for the bytes of the values.
const KEY_BYTES_MAX: usize = 4 << 20;

/// Where fewer lines than so many for each recipe were known, remembering costs more than it saves.
const LINES_PER_RECIPE_MIN: u64 = 4;

/// How many lines pass then before it is tried again.
const PAUSE_LINES: u64 = 1 << 18;

/// The length that stands for a value that is not there.
const ABSENT: u16 = u16::MAX;

/// What comes of one action of the rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Whether the conditions on labels hold.
    pub(super) fires: bool,
    /// The series, once there was an update of it.
    pub(super) series: Option<SeriesId>,
}

/// Where a recipe's steps begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps(u32);

#[derive(Debug)]
struct Recipe {
    hash: u64,
    key_start: u32,
    key_end: u32,
    /// None where labels are missing: the plain way counts that.
    steps: Option<Steps>,
}

/// All recipes of one thread.
#[derive(Debug)]
pub(super) struct Recipes {
    hasher: foldhash::fast::RandomState,
    table: HashTable<Recipe>,
    keys: Vec<u8>,
    steps: Vec<Step>,
    /// The batch's memory that the series' numbers belong to.
    batch_memory: u64,
    /// The rule and the values of the line at hand.
    key: Vec<u8>,
    key_hash: u64,
    lines: u64,
    /// Lines that are still to pass without a look.
    pause: u64,
    recipes_max: usize,
}

impl Default for Recipes {
    fn default() -> Recipes {
        Recipes::with_max(RECIPES_MAX)
    }
}

/// What is known for a line.
pub(super) enum Known {
    /// Its steps.
    Steps(Steps),
    /// Nothing yet.
    New,
    /// That it has to go the plain way.
    Plain,
}

impl Recipes {
    /// Remembers at most so many. With 0 every line goes the plain way, which all must equal.
    pub(super) fn with_max(recipes_max: usize) -> Recipes {
        Recipes {
            hasher: foldhash::fast::RandomState::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            steps: Vec::new(),
            batch_memory: 0,
            key: Vec::new(),
            key_hash: 0,
            lines: 0,
            pause: if recipes_max == 0 { u64::MAX } else { 0 },
            recipes_max,
        }
    }

    /// Begins the key of a line; `false` where the line goes the plain way.
    pub(super) fn begin(&mut self, rule: u32, batch_memory: u64) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        if self.batch_memory != batch_memory {
            self.forget();
            self.batch_memory = batch_memory;
        }
        self.lines += 1;
        self.key.clear();
        self.key.extend_from_slice(&rule.to_le_bytes());
        true
    }

    /// Adds the next label's value to the key; `false` where the line goes the plain way.
    #[inline]
    pub(super) fn add(&mut self, value: Value<'_>) -> bool {
        let (length, bytes) = match value {
            Value::Ambiguous => return false,
            Value::Absent => (ABSENT, &b""[..]),
            Value::Bytes(bytes) if bytes.len() > RAW_BYTES_MAX => return false,
            Value::Bytes(bytes) => (bytes.len() as u16, bytes),
        };
        self.key.extend_from_slice(&length.to_le_bytes());
        self.key.extend_from_slice(bytes);
        true
    }

    /// What is known for the values that were added.
    pub(super) fn find(&mut self) -> Known {
        self.key_hash = self.hasher.hash_one(&self.key[..]);
        let hash = self.key_hash;
        let is_it = |recipe: &Recipe| {
            recipe.hash == hash
                && self.keys[recipe.key_start as usize..recipe.key_end as usize] == self.key[..]
        };
        match self.table.find(hash, is_it) {
            Some(recipe) => recipe.steps.map_or(Known::Plain, Known::Steps),
            None => Known::New,
        }
    }

    /// Remembers what comes of the values that were added: for each action of the rule whether it
    /// fires, or nothing where labels are missing.
    pub(super) fn insert(&mut self, fires: Option<impl Iterator<Item = bool>>) -> Option<Steps> {
        if self.table.len() >= self.recipes_max || self.keys.len() > KEY_BYTES_MAX {
            if self.lines < LINES_PER_RECIPE_MIN * self.table.len() as u64 {
                self.pause = PAUSE_LINES;
            }
            self.forget();
        }
        let key_start = self.keys.len() as u32;
        self.keys.extend_from_slice(&self.key);
        let steps = fires.map(|fires| {
            let start = Steps(self.steps.len() as u32);
            self.steps.extend(fires.map(|fires| Step {
                fires,
                series: None,
            }));
            start
        });
        let recipe = Recipe {
            hash: self.key_hash,
            key_start,
            key_end: self.keys.len() as u32,
            steps,
        };
        self.table
            .insert_unique(self.key_hash, recipe, |recipe| recipe.hash);
        steps
    }

    /// The step for the action with this number within its rule.
    #[inline]
    pub(super) fn step(&mut self, steps: Steps, action: usize) -> &mut Step {
        &mut self.steps[steps.0 as usize + action]
    }

    fn forget(&mut self) {
        self.table.clear();
        self.keys.clear();
        self.steps.clear();
        self.lines = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(recipes: &mut Recipes, values: &[Value<'_>]) -> bool {
        recipes.begin(7, 1) && values.iter().all(|value| recipes.add(*value))
    }

    #[test]
    fn values_are_told_apart() {
        let mut recipes = Recipes::default();
        let values: [&[Value<'_>]; 5] = [
            &[Value::Bytes(b"ab"), Value::Bytes(b"c")],
            &[Value::Bytes(b"a"), Value::Bytes(b"bc")],
            &[Value::Absent, Value::Bytes(b"abc")],
            &[Value::Bytes(b""), Value::Bytes(b"abc")],
            &[Value::Bytes(b"abc"), Value::Absent],
        ];
        for values in values {
            assert!(key(&mut recipes, values));
            assert!(matches!(recipes.find(), Known::New), "{values:?}");
            recipes.insert(Some([true].into_iter()));
            assert!(matches!(recipes.find(), Known::Steps(_)));
        }
        assert!(!key(&mut recipes, &[Value::Ambiguous]));
    }

    #[test]
    fn values_that_hardly_come_again_are_left_alone_for_a_while() {
        let mut recipes = Recipes::with_max(10);
        let mut looked = 0;
        for number in 0..PAUSE_LINES {
            let text = number.to_string();
            if key(&mut recipes, &[Value::Bytes(text.as_bytes())]) {
                looked += 1;
                assert!(matches!(recipes.find(), Known::New));
                recipes.insert(Some([true].into_iter()));
            }
        }
        assert!(looked <= 11, "{looked}");
    }
}
