//! Lines in, sums out: what one thread makes of its lines, and how threads' sums become one.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use hashbrown::HashMap;

use super::model::{Report, SingleRequest, finish};
use super::name_table::{NONE_INDEX, Names, OTHER_INDEX};
use super::period::Period;
use super::timeline::Timeline;
use super::totals::Figures;
use logmetrics_core::engine::extract::{Dimension, Extractor, NameId, Reading, Request};
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::PartSink;

/// With more different combinations of names they are added up by single names.
const LEAVES_MAX: usize = 4096;

/// Most names that are told apart in what one name has to do with: a user's routes, for example.
const LINKS_MAX: usize = 100;

/// A name that was not looked up yet.
const UNKNOWN: u32 = u32::MAX;

/// A user that the report is not about.
const UNWANTED: u32 = u32::MAX - 1;

/// What all threads of a report share.
#[derive(Debug)]
pub struct Plan {
    pub(super) extractor: Extractor,
    pub(super) names: Names,
    pub(super) period: Period,
    /// The only user that counts; letters may be large or small.
    pub(super) user: Option<String>,
    /// How many single requests are kept of that user.
    pub(super) requests_max: usize,
}

impl Plan {
    /// A report on what `extractor` reads; with `user` on this one alone, with the last
    /// `requests_max` requests one by one.
    pub fn new(
        extractor: Extractor,
        period: Period,
        user: Option<String>,
        requests_max: usize,
    ) -> Plan {
        Plan {
            extractor,
            names: Names::new(),
            period,
            user,
            requests_max,
        }
    }

    /// The report that comes of all threads' sums.
    pub fn report(&self, totals: Totals) -> Report {
        finish(self, totals)
    }
}

/// Counts the requests among lines, for one thread.
#[derive(Debug)]
pub struct Collector {
    plan: Arc<Plan>,
    reading: Reading,
    generation: u64,
    /// The shared number of each name of the reading, by dimension.
    numbers: [Vec<u32>; 5],
    leaves: HashMap<[u32; 5], u32, foldhash::fast::RandomState>,
    leaf_figures: Vec<([u32; 5], Figures)>,
    /// What the slot of the last line has, not yet among the totals.
    slot: Figures,
    /// When that slot began and ends, in seconds since 1970.
    slot_ends: (f64, f64),
    part: u64,
    lines: u64,
    totals: Totals,
}

/// Sums of some lines.
#[derive(Debug, Default)]
pub struct Totals {
    pub(super) all: Figures,
    /// By dimension and number of the name.
    pub(super) items: [Vec<Item>; 5],
    pub(super) timeline: Timeline,
    pub(super) lines: u64,
    /// Requests without a time.
    pub(super) without_time: u64,
    /// Requests left out, since without a time it is not known whether they belong to the period.
    pub(super) left_out: u64,
    /// Requests before or after the period.
    pub(super) outside: u64,
    pub(super) first_seconds: Option<f64>,
    pub(super) last_seconds: Option<f64>,
    /// The last requests of the one user.
    pub(super) requests: Vec<SingleRequest>,
}

/// Sums of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) figures: Figures,
    /// Requests by the names of the other dimensions.
    pub(super) links: [BTreeMap<u32, u64>; 5],
}

impl Item {
    fn link(&mut self, dimension: usize, number: u32, requests: u64) {
        let links = &mut self.links[dimension];
        let is_full = links.len() >= LINKS_MAX && !links.contains_key(&number);
        let number = if is_full { OTHER_INDEX } else { number };
        *links.entry(number).or_default() += requests;
    }

    fn merge(&mut self, other: &Item) {
        self.figures.merge(&other.figures);
        for (dimension, links) in other.links.iter().enumerate() {
            for (number, requests) in links {
                self.link(dimension, *number, *requests);
            }
        }
    }
}

impl Collector {
    /// A collector for one thread.
    pub fn new(plan: Arc<Plan>) -> Collector {
        Collector {
            plan,
            reading: Reading::default(),
            generation: 0,
            numbers: Default::default(),
            leaves: HashMap::default(),
            leaf_figures: Vec::new(),
            slot: Figures::default(),
            slot_ends: (0.0, 0.0),
            part: 0,
            lines: 0,
            totals: Totals::default(),
        }
    }

    /// All that was counted.
    pub fn finish(mut self) -> Totals {
        self.fold();
        self.end_slot();
        self.totals
    }

    fn numbers(&mut self, request: &Request) -> [u32; 5] {
        if self.generation != self.reading.generation() {
            self.generation = self.reading.generation();
            self.numbers.iter_mut().for_each(Vec::clear);
        }
        let mut key = [NONE_INDEX; 5];
        for (place, dimension) in Dimension::ALL.into_iter().enumerate() {
            key[place] = match request.names[place] {
                Some(id) => {
                    let known = self.numbers[place].get(id.0 as usize).copied();
                    match known {
                        Some(number) if number != UNKNOWN => number,
                        _ => self.look_up(dimension, id),
                    }
                }
                None if dimension == Dimension::User && self.is_unwanted("none") => UNWANTED,
                None => NONE_INDEX,
            };
        }
        key
    }

    #[cold]
    fn look_up(&mut self, dimension: Dimension, id: NameId) -> u32 {
        let name = self.reading.name(id);
        let number = if dimension == Dimension::User && self.is_unwanted(name) {
            // Kept all the same, to say who there is where the wanted one is not.
            self.plan.names.number(dimension, name);
            UNWANTED
        } else {
            self.plan.names.number(dimension, name)
        };
        let numbers = &mut self.numbers[dimension as usize];
        let place = id.0 as usize;
        if numbers.len() <= place {
            numbers.resize(place + 1, UNKNOWN);
        }
        numbers[place] = number;
        number
    }

    fn is_unwanted(&self, user: &str) -> bool {
        let wanted = self.plan.user.as_deref();
        wanted.is_some_and(|wanted| wanted.to_lowercase() != user.to_lowercase())
    }

    /// Whether it is an error of the client, and one of the server.
    fn errors(&self, request: &Request) -> (bool, bool) {
        let status = request.names[Dimension::Status as usize];
        let status = status.map_or("", |id| self.reading.name(id)).as_bytes();
        (
            status.len() == 3 && status[0] == b'4',
            status.len() == 3 && status[0] == b'5',
        )
    }

    fn leaf(&mut self, key: [u32; 5]) -> &mut Figures {
        if self.leaf_figures.len() >= LEAVES_MAX && !self.leaves.contains_key(&key) {
            self.fold();
        }
        let figures = &mut self.leaf_figures;
        let place = *self.leaves.entry(key).or_insert_with(|| {
            figures.push((key, Figures::default()));
            (figures.len() - 1) as u32
        });
        &mut figures[place as usize].1
    }

    /// Adds the combinations of names up by single names.
    fn fold(&mut self) {
        self.leaves.clear();
        for (key, figures) in self.leaf_figures.drain(..) {
            self.totals.all.merge(&figures);
            for (place, number) in key.into_iter().enumerate() {
                let items = &mut self.totals.items[place];
                let number = number as usize;
                if items.len() <= number {
                    items.resize_with(number + 1, Item::default);
                }
                let item = &mut items[number];
                item.figures.merge(&figures);
                for (other, linked) in key.into_iter().enumerate() {
                    if other != place {
                        item.link(other, linked, figures.requests);
                    }
                }
            }
        }
    }

    fn add_time(&mut self, request: &Request, errors: (bool, bool)) {
        let Some(seconds) = request.time_seconds else {
            self.totals.without_time += 1;
            return;
        };
        widen(&mut self.totals.first_seconds, Some(seconds), f64::min);
        widen(&mut self.totals.last_seconds, Some(seconds), f64::max);
        // Lines of one slot follow one another: most need no division.
        if !(self.slot_ends.0..self.slot_ends.1).contains(&seconds) {
            self.end_slot();
            let length = self.totals.timeline.slot_seconds();
            let start = (seconds / length).floor() * length;
            self.slot_ends = (start, start + length);
        }
        add(&mut self.slot, request, errors);
    }

    fn end_slot(&mut self) {
        let figures = mem::take(&mut self.slot);
        self.totals.timeline.add(self.slot_ends.0, &figures);
    }

    #[cold]
    fn add_single(&mut self, request: &Request, line: &Line<'_>) {
        let place = (self.part, self.lines);
        let name = |dimension: Dimension| match request.names[dimension as usize] {
            Some(id) => self.reading.name(id).to_owned(),
            None => "none".to_owned(),
        };
        let mut single = SingleRequest {
            time_seconds: request.time_seconds,
            place,
            route: name(Dimension::Route),
            model: name(Dimension::Model),
            provider: name(Dimension::Provider),
            status: name(Dimension::Status),
            duration_seconds: request.duration_seconds,
            tokens_input: request.tokens_input,
            tokens_output: request.tokens_output,
            cost_usd: request.cost_usd,
            trace: None,
        };
        single.trace = self.plan.extractor.trace(line, &mut self.reading);
        self.totals.requests.push(single);
        if self.totals.requests.len() > 2 * self.plan.requests_max + 64 {
            self.totals.keep_last(self.plan.requests_max);
        }
    }
}

impl PartSink for Collector {
    /// Of two requests of the same time the one in the later part is the later one.
    fn begin(&mut self, part: u64, _origin: &Origin) {
        self.part = part;
        self.lines = 0;
    }

    fn line(&mut self, _offset: u64, line: &Line<'_>) {
        self.lines += 1;
        self.totals.lines += 1;
        let Some(request) = self.plan.extractor.read(line, &mut self.reading) else {
            return;
        };
        let key = self.numbers(&request);
        if key[0] == UNWANTED {
            return;
        }
        let period = self.plan.period;
        if period.is_bounded() {
            match request.time_seconds {
                None => {
                    self.totals.left_out += 1;
                    return;
                }
                Some(seconds) if !period.contains(seconds) => {
                    self.totals.outside += 1;
                    return;
                }
                Some(_) => {}
            }
        }
        let errors = self.errors(&request);
        add(self.leaf(key), &request, errors);
        self.add_time(&request, errors);
        if self.plan.user.is_some() {
            self.add_single(&request, line);
        }
    }
}

fn add(figures: &mut Figures, request: &Request, errors: (bool, bool)) {
    figures.requests += 1;
    figures.errors_4xx += u64::from(errors.0);
    figures.errors_5xx += u64::from(errors.1);
    figures.tokens_input = figures.tokens_input.saturating_add(request.tokens_input);
    figures.tokens_output = figures.tokens_output.saturating_add(request.tokens_output);
    if let Some(cost) = request.cost_usd {
        figures.add_cost(cost);
    }
    if let Some(duration) = request.duration_seconds {
        figures.durations.add(duration);
    }
}

/// Moves a bound to `new` where that is further out.
fn widen(bound: &mut Option<f64>, new: Option<f64>, choose: fn(f64, f64) -> f64) {
    *bound = match (*bound, new) {
        (Some(old), Some(new)) => Some(choose(old, new)),
        (old, new) => old.or(new),
    };
}

impl Totals {
    /// Sorts the single requests, oldest first, and keeps the last ones.
    pub(super) fn keep_last(&mut self, requests_max: usize) {
        self.requests.sort_by(SingleRequest::by_time);
        let surplus = self.requests.len().saturating_sub(requests_max);
        self.requests.drain(..surplus);
    }

    /// Adds another thread's sums.
    pub fn merge(&mut self, other: Totals) {
        self.all.merge(&other.all);
        for (items, others) in self.items.iter_mut().zip(&other.items) {
            if items.len() < others.len() {
                items.resize_with(others.len(), Item::default);
            }
            for (item, other) in items.iter_mut().zip(others) {
                item.merge(other);
            }
        }
        self.timeline.merge(&other.timeline);
        self.lines += other.lines;
        self.without_time += other.without_time;
        self.left_out += other.left_out;
        self.outside += other.outside;
        widen(&mut self.first_seconds, other.first_seconds, f64::min);
        widen(&mut self.last_seconds, other.last_seconds, f64::max);
        self.requests.extend(other.requests);
    }
}
