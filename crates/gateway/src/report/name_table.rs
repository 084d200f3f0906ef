//! Names of one dimension, each once and numbered, with the sums of each.
//!
//! There are only so many. Where there are more, those with the fewest requests are added up as
//! [`OTHER`], by the rule of Misra and Gries: whoever made more than a known part of all requests is
//! there, and what was counted before a name was kept is no more than that ([`Group::missed`]).
//! Which names are kept depends on the requests and their order alone, not on numbers or threads.

use hashbrown::HashMap;

use super::links::Links;
use super::totals::Figures;
use logmetrics_core::engine::extract::Dimension;

/// Most users that are distinguished exactly; with all that is written of them they take about 2 GB.
pub const USERS_MAX: usize = 1_000_000;

/// Most routes, models, providers and statuses, each, that are distinguished exactly.
pub const NAMES_MAX: usize = 100_000;

/// Where the rest is added up.
pub const OTHER: &str = "__other__";

/// What is on no line.
pub(super) const NONE: &str = "none";

/// The number of [`NONE`].
pub(super) const NONE_INDEX: u32 = 0;

/// The number of [`OTHER`].
pub(super) const OTHER_INDEX: u32 = 1;

/// Numbers below are those of [`NONE`] and [`OTHER`], which always are.
const FIXED: usize = 2;

/// Most names that are distinguished in what one name has to do with: a user's routes, for example.
pub(super) const LINKS_MAX: usize = 100;

/// Sums of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) figures: Figures,
    /// Requests by the names of the other dimensions.
    pub(super) links: Links,
    /// What was taken off its requests, when it is asked who has the fewest.
    taken: u64,
}

impl Item {
    fn weight(&self) -> u64 {
        self.figures.requests.saturating_sub(self.taken)
    }

    /// Adds those of another; `numbers` has the own number of each name of its links.
    pub(super) fn merge(&mut self, other: &Item, numbers: &[Vec<u32>; Dimension::COUNT]) {
        self.figures.merge(&other.figures);
        for (dimension, number, requests) in other.links.iter() {
            if let Some(number) = numbers[dimension].get(number as usize) {
                self.links.add(dimension, *number, requests);
            }
        }
    }
}

/// All names of one dimension.
#[derive(Debug)]
pub(super) struct Group {
    numbers: HashMap<Box<str>, u32>,
    pub(super) names: Vec<Box<str>>,
    /// By number.
    pub(super) items: Vec<Item>,
    /// The most requests that a name may have had before it was kept, and that a name may have which
    /// is not there: 0 where nothing was left out.
    pub(super) missed: u64,
}

impl Default for Group {
    fn default() -> Group {
        let names: Vec<Box<str>> = vec![NONE.into(), OTHER.into()];
        Group {
            numbers: names.iter().cloned().zip(0..).collect(),
            items: vec![Item::default(); FIXED],
            names,
            missed: 0,
        }
    }
}

impl Group {
    /// The number of a name.
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.numbers.insert(name.into(), number);
        self.items.push(Item::default());
        number
    }

    /// Takes the items out, with the number that each has in `into`.
    pub(super) fn drain_into(&mut self, into: &mut Group) -> Vec<(u32, Item)> {
        let items = std::mem::take(&mut self.items).into_iter();
        let named = items.zip(&self.names);
        named
            .map(|(item, name)| (into.number(name), item))
            .collect()
    }

    /// Whether there are more names than this, with some to spare, so that it is seldom.
    pub(super) fn is_beyond(&self, names_max: usize) -> bool {
        self.names.len() - FIXED > names_max + names_max / 8
    }

    /// Leaves at most `names_max` names, those with the most requests. Gives the new number of each
    /// old one; nothing where there are no more.
    pub(super) fn fold(&mut self, names_max: usize) -> Option<Vec<u32>> {
        if self.names.len() - FIXED <= names_max {
            return None;
        }
        let mut weights: Vec<u64> = self.items[FIXED..].iter().map(Item::weight).collect();
        // As much is taken off each as the first has that is one too many.
        let (_, taken, _) = weights.select_nth_unstable_by(names_max, |a, b| b.cmp(a));
        let taken = *taken;
        self.missed += taken;
        let mut kept = Group {
            missed: self.missed,
            ..Group::default()
        };
        let mut numbers = Vec::with_capacity(self.names.len());
        let items = std::mem::take(&mut self.items).into_iter();
        for (place, (mut item, name)) in items.zip(&self.names).enumerate() {
            let number = match place {
                0..FIXED => place as u32,
                _ if item.weight() > taken => {
                    item.taken += taken;
                    kept.number(name)
                }
                _ => OTHER_INDEX,
            };
            numbers.push(number);
            let into = &mut kept.items[number as usize];
            if number != OTHER_INDEX {
                *into = item;
                continue;
            }
            into.figures.merge(&item.figures);
            for (dimension, number, requests) in item.links.iter() {
                into.links.add(dimension, number, requests);
            }
        }
        // At the end, so that the names' order does not show.
        let other = &mut kept.items[OTHER_INDEX as usize];
        other.links.fold(LINKS_MAX, OTHER_INDEX);
        *self = kept;
        Some(numbers)
    }
}
