//! Sums over some lines, and how the sums of several become one.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashSet;

use super::model::SingleRequest;
use super::name_table::{Group, OTHER_INDEX};
use super::per::{Cells, ROWS_MAX};
use super::timeline::Timeline;
use super::totals::Figures;
use logmetrics_core::engine::extract::Dimension;

/// With more other users than these it is not counted how many there are.
const STRANGERS_MAX: usize = 1_000_000;

/// Sums of some lines.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) all: Figures,
    /// By dimension.
    pub(super) groups: [Group; Dimension::COUNT],
    pub(super) timeline: Timeline,
    pub(super) lines: u64,
    /// Requests without a time.
    pub(super) without_time: u64,
    /// Requests left out, since without a time it is not known whether they belong to the period.
    pub(super) left_out: u64,
    /// Requests before or after the period.
    pub(super) outside: u64,
    /// The last requests of the one user.
    pub(super) requests: Vec<SingleRequest>,
    pub(super) strangers: Strangers,
    /// By month or day, and names of one dimension; nothing where that is not asked.
    pub(super) cells: Option<(Dimension, Cells)>,
}

impl Sums {
    /// Sorts the single requests, oldest first, and keeps the last ones.
    pub(super) fn keep_last(&mut self, requests_max: usize) {
        self.requests.sort_by(SingleRequest::by_time);
        let surplus = self.requests.len().saturating_sub(requests_max);
        self.requests.drain(..surplus);
    }

    /// Adds others. With `links_max` what one name has to do with is limited, which depends on the
    /// order in which sums are added.
    pub(super) fn merge(&mut self, mut other: Sums, links_max: Option<usize>) {
        self.all.merge(&other.all);
        let mut items: [Vec<_>; Dimension::COUNT] = Default::default();
        let mut numbers: [Vec<u32>; Dimension::COUNT] = Default::default();
        for (place, group) in other.groups.iter_mut().enumerate() {
            items[place] = group.drain_into(&mut self.groups[place]);
            numbers[place] = items[place].iter().map(|(number, _)| *number).collect();
        }
        for (group, items) in self.groups.iter_mut().zip(items) {
            for (number, item) in items {
                let own = &mut group.items[number as usize];
                own.merge(&item, &numbers);
                if let Some(links_max) = links_max {
                    own.links.fold(links_max, OTHER_INDEX);
                }
            }
        }
        if let Some((by, cells)) = other.cells {
            let own = self.cells.get_or_insert_with(|| (by, Cells::default()));
            own.1.merge(cells, &numbers[by as usize]);
        }
        self.timeline.merge(&other.timeline);
        self.lines += other.lines;
        self.without_time += other.without_time;
        self.left_out += other.left_out;
        self.outside += other.outside;
        self.requests.append(&mut other.requests);
        self.strangers.merge(other.strangers);
    }

    /// Leaves only so many names in each dimension; where `is_end` is not set, only where there are
    /// many more.
    pub(super) fn fold(&mut self, names_max: [usize; Dimension::COUNT], is_end: bool) {
        for (dimension, names_max) in names_max.into_iter().enumerate() {
            if !is_end && !self.groups[dimension].is_beyond(names_max) {
                continue;
            }
            let Some(numbers) = self.groups[dimension].fold(names_max) else {
                continue;
            };
            for group in &mut self.groups {
                for item in &mut group.items {
                    item.links.renumber(dimension, &numbers);
                }
            }
            if let Some((by, cells)) = &mut self.cells
                && *by as usize == dimension
            {
                cells.renumber(&numbers);
            }
        }
        if let Some((by, cells)) = &mut self.cells
            && (is_end || cells.is_beyond(ROWS_MAX))
        {
            cells.fold(ROWS_MAX, &self.groups[*by as usize]);
        }
    }
}

/// Users whom the report is not about.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    seen: HashSet<u64>,
    /// How many letters it takes to make it the wanted one, and its name.
    nearest: Option<(usize, String)>,
}

impl Strangers {
    /// Takes note of a user that is not `wanted`.
    pub(super) fn add(&mut self, name: &str, wanted: &str) {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        // Whoever is beyond may still be the nearest.
        let is_full = self.seen.len() > STRANGERS_MAX;
        if !is_full && !self.seen.insert(hasher.finish()) {
            return;
        }
        let distance = strsim::osa_distance(&name.to_lowercase(), &wanted.to_lowercase());
        self.keep_nearest((distance, name.to_owned()));
    }

    fn keep_nearest(&mut self, other: (usize, String)) {
        if self.nearest.as_ref().is_none_or(|own| other < *own) {
            self.nearest = Some(other);
        }
    }

    fn merge(&mut self, other: Strangers) {
        if self.seen.len() <= STRANGERS_MAX {
            self.seen.extend(other.seen);
        }
        if let Some(nearest) = other.nearest {
            self.keep_nearest(nearest);
        }
    }

    /// How many there are; none where they are too many to know.
    pub(super) fn count(&self) -> Option<u64> {
        let count = self.seen.len();
        (count <= STRANGERS_MAX).then_some(count as u64)
    }

    /// The one whose name is most like the wanted one's, and how many letters differ.
    pub(super) fn nearest(self) -> Option<(usize, String)> {
        self.nearest
    }
}
