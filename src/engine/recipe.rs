//! What a thread remembers of whole lines: for the raw values of all of a rule's labels, which of
//! its metrics are updated and which series those updates are of.
//!
//! Lines of one user, route and status come again and again. All that follows from their labels is
//! then one look, and only values and conditions on fields are left to do. It is remembered only
//! where labels are neither ambiguous nor missing, so that there is nothing to count but updates.
//! Bounded; where values hardly come again it is not tried for a while.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

use super::field::Value;
use super::memo::RAW_BYTES_MAX;
use crate::matcher::bytes::begins;
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
    rule: u32,
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
    /// The hash of the values that were looked for last.
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
            key_hash: 0,
            lines: 0,
            pause: if recipes_max == 0 { u64::MAX } else { 0 },
            recipes_max,
        }
    }

    /// Whether a line is looked for at all, for a batch with this memory.
    #[inline]
    pub(super) fn begin(&mut self, batch_memory: u64) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        if self.batch_memory != batch_memory {
            self.forget();
            self.batch_memory = batch_memory;
        }
        self.lines += 1;
        true
    }

    /// What is known for a line of this rule with these labels' values.
    #[inline]
    pub(super) fn find(&mut self, rule: u32, values: &[Value<'_>]) -> Known {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(rule);
        for value in values {
            match value {
                Value::Bytes(bytes) if bytes.len() <= RAW_BYTES_MAX => hasher.write(bytes),
                Value::Absent => hasher.write_u32(u32::from(ABSENT)),
                Value::Bytes(_) | Value::Ambiguous => return Known::Plain,
            }
        }
        let hash = hasher.finish();
        self.key_hash = hash;
        let is_it = |recipe: &Recipe| {
            recipe.hash == hash && recipe.rule == rule && {
                let key = self
                    .keys
                    .get(recipe.key_start as usize..recipe.key_end as usize);
                key.is_some_and(|key| is_key_of(key, values))
            }
        };
        match self.table.find(hash, is_it) {
            Some(recipe) => recipe.steps.map_or(Known::Plain, Known::Steps),
            None => Known::New,
        }
    }

    /// Remembers what comes of the values that were not found just now: for each action of the rule
    /// whether it fires, or nothing where labels are missing.
    pub(super) fn insert(
        &mut self,
        rule: u32,
        values: &[Value<'_>],
        fires: Option<impl Iterator<Item = bool>>,
    ) -> Option<Steps> {
        if self.table.len() >= self.recipes_max || self.keys.len() > KEY_BYTES_MAX {
            if self.lines < LINES_PER_RECIPE_MIN * self.table.len() as u64 {
                self.pause = PAUSE_LINES;
            }
            self.forget();
        }
        let key_start = self.keys.len() as u32;
        for value in values {
            let (length, bytes) = as_key(*value);
            self.keys.extend_from_slice(&length);
            self.keys.extend_from_slice(bytes);
        }
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
            rule,
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

/// A value as it stands in a key: its length, and its bytes.
#[inline(always)]
fn as_key<'v>(value: Value<'v>) -> ([u8; 2], &'v [u8]) {
    match value {
        Value::Bytes(bytes) => ((bytes.len() as u16).to_le_bytes(), bytes),
        Value::Absent | Value::Ambiguous => (ABSENT.to_le_bytes(), b""),
    }
}

/// Whether a key is that of these values.
#[inline(always)]
fn is_key_of(mut key: &[u8], values: &[Value<'_>]) -> bool {
    for value in values {
        let (length, bytes) = as_key(*value);
        let Some((known_length, rest)) = key.split_first_chunk::<2>() else {
            return false;
        };
        if *known_length != length || !begins(rest, bytes) {
            return false;
        }
        key = &rest[bytes.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(recipes.begin(1));
            assert!(matches!(recipes.find(7, values), Known::New), "{values:?}");
            recipes.insert(7, values, Some([true].into_iter()));
            assert!(matches!(recipes.find(7, values), Known::Steps(_)));
            assert!(matches!(recipes.find(8, values), Known::New));
        }
        assert!(matches!(recipes.find(7, &[Value::Ambiguous]), Known::Plain));
        let long = [b'x'; RAW_BYTES_MAX + 1];
        assert!(matches!(
            recipes.find(7, &[Value::Bytes(&long)]),
            Known::Plain
        ));
    }

    #[test]
    fn values_that_hardly_come_again_are_left_alone_for_a_while() {
        let mut recipes = Recipes::with_max(10);
        let mut looked = 0;
        for number in 0..PAUSE_LINES {
            let text = number.to_string();
            let values = [Value::Bytes(text.as_bytes())];
            if recipes.begin(1) {
                looked += 1;
                assert!(matches!(recipes.find(7, &values), Known::New));
                recipes.insert(7, &values, Some([true].into_iter()));
            }
        }
        assert!(looked <= 11, "{looked}");
    }
}
