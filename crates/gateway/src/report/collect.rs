//! Lines in, sums out: what one thread makes of its lines.

use std::hash::{Hash, Hasher};
use std::mem;
use std::sync::Arc;

use hashbrown::HashMap;

use super::in_order::{InOrder, STRETCH_BITS, Stretch};
use super::model::{Report, SingleRequest, finish};
use super::name_table::{NAMES_MAX, NONE_INDEX, USERS_MAX};
use super::per::{Cells, Now, Per};
use super::period::Period;
use super::sums::Sums;
use super::totals::Figures;
use logmetrics_core::engine::extract::{Dimension, Extractor, NameId, Reading, Request};
use logmetrics_core::pipeline::{warn_of_cuts, warn_of_incomplete_record};
use logmetrics_follow::line::multiline::Cuts;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::PartSink;

/// With more different combinations of names they are added up by single names.
const LEAVES_MAX: usize = 4096;

/// A name that was not looked up yet.
const UNKNOWN: u32 = u32::MAX;

/// A user that the report is not about.
const UNWANTED: u32 = u32::MAX - 1;

/// What all threads of a report share.
#[derive(Debug)]
pub struct Plan {
    pub(super) extractor: Extractor,
    pub(super) whole: InOrder,
    pub(super) names_max: [usize; Dimension::COUNT],
    /// Which dimensions the rules say anything of.
    pub(super) says: [bool; Dimension::COUNT],
    pub(super) period: Period,
    /// Of which months or days there are sums of their own.
    pub(super) per: Option<Per>,
    /// The only user that counts; letters may be large or small.
    pub(super) user: Option<String>,
    /// How many single requests are kept of that user.
    pub(super) requests_max: usize,
    /// The bytes of a stretch, as a power of two.
    pub(super) stretch_bits: u32,
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
        let names_max = Dimension::ALL.map(|dimension| match dimension {
            Dimension::User => USERS_MAX,
            _ => NAMES_MAX,
        });
        Plan {
            says: Dimension::ALL.map(|dimension| extractor.has(dimension)),
            extractor,
            whole: InOrder::new(names_max),
            names_max,
            period,
            per: None,
            user,
            requests_max,
            stretch_bits: STRETCH_BITS,
        }
    }

    /// The same with sums of each month or day.
    pub fn per(self, per: Option<Per>) -> Plan {
        Plan { per, ..self }
    }

    /// The report that comes of what all threads' collectors gave, which are finished.
    pub fn report(&self) -> Report {
        finish(self, self.whole.finish())
    }
}

/// The numbers of a request's names within the reading, or [`UNKNOWN`] for one that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Names([u32; Dimension::COUNT]);

impl Names {
    fn of(request: &Request) -> Names {
        Names(request.names.map(|id| id.map_or(UNKNOWN, |id| id.0)))
    }
}

impl Hash for Names {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Two at once.
        for pair in self.0.chunks(2) {
            let pair = pair.iter().fold(0, |all, id| all << 32 | u64::from(*id));
            state.write_u64(pair);
        }
    }
}

/// The sums of the requests with one combination of names.
#[derive(Debug)]
struct Leaf {
    /// The numbers of the names among the sums.
    key: [u32; Dimension::COUNT],
    /// Whether they are errors of the client, and of the server.
    errors: (bool, bool),
    figures: Figures,
}

/// Counts the requests among lines, for one thread.
#[derive(Debug)]
pub struct Collector {
    plan: Arc<Plan>,
    reading: Reading,
    generation: u64,
    /// The number among the sums of each name of the reading, by dimension.
    numbers: [Vec<u32>; Dimension::COUNT],
    /// The place of the leaf of each combination of names.
    leaves: HashMap<Names, u32, foldhash::fast::RandomState>,
    leaf_figures: Vec<Leaf>,
    /// What the slot of the last line has, not yet among the sums.
    slot: Figures,
    /// When that slot began and ends, in seconds since 1970.
    slot_ends: (f64, f64),
    /// When its first and its last request were made.
    slot_times: (f64, f64),
    /// The month or day of the last line.
    now: Now,
    stretch: Stretch,
    part: u64,
    /// Parts that have ended and were not handed over.
    ended: Vec<u64>,
    lines: u64,
    sums: Sums,
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
            slot_times: (0.0, 0.0),
            now: Now::default(),
            stretch: Stretch {
                input: Arc::from(""),
                number: 0,
                first_part: 0,
            },
            part: 0,
            ended: Vec::new(),
            lines: 0,
            sums: Sums::default(),
        }
    }

    /// Gives all that was counted to the plan.
    pub fn finish(mut self) {
        self.hand_over();
    }

    /// Gives the sums of the stretch to the plan, and begins with none.
    #[cold]
    fn hand_over(&mut self) {
        if self.sums.lines == 0 && self.ended.is_empty() {
            self.stretch.first_part = self.part;
            return;
        }
        self.fold();
        self.end_slot();
        let mut sums = mem::take(&mut self.sums);
        if self.plan.user.is_some() {
            sums.keep_last(self.plan.requests_max);
        }
        // Names have other numbers from here on.
        self.numbers.iter_mut().for_each(Vec::clear);
        let ended = self.ended.drain(..);
        self.plan.whole.hand_over(&self.stretch, sums, ended);
        self.slot_ends = (0.0, 0.0);
        self.stretch.first_part = self.part;
    }

    /// Forgets what is known of names that have other numbers by now.
    #[inline]
    fn follow_generation(&mut self) {
        if self.generation != self.reading.generation() {
            self.generation = self.reading.generation();
            self.numbers.iter_mut().for_each(Vec::clear);
            self.leaves.clear();
        }
    }

    fn numbers(&mut self, request: &Request) -> [u32; Dimension::COUNT] {
        let mut key = [NONE_INDEX; Dimension::COUNT];
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
        let wanted = self.plan.user.as_deref();
        let number = match wanted.filter(|_| dimension == Dimension::User) {
            Some(wanted) if self.is_unwanted(name) => {
                // To say who there is where the wanted one is not.
                self.sums.strangers.add(name, wanted);
                UNWANTED
            }
            _ => self.sums.groups[dimension as usize].number(name),
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

    /// Makes a leaf for names that have none, and says its place.
    #[cold]
    fn new_leaf(&mut self, request: &Request, key: [u32; Dimension::COUNT]) -> u32 {
        if self.leaf_figures.len() >= LEAVES_MAX {
            self.fold();
        }
        let place = self.leaf_figures.len() as u32;
        self.leaf_figures.push(Leaf {
            key,
            errors: self.errors(request),
            figures: Figures::default(),
        });
        self.leaves.insert(Names::of(request), place);
        place
    }

    /// Adds the combinations of names up by single names.
    fn fold(&mut self) {
        self.leaves.clear();
        for Leaf { key, figures, .. } in self.leaf_figures.drain(..) {
            self.sums.all.merge(&figures);
            for (place, number) in key.into_iter().enumerate() {
                let item = &mut self.sums.groups[place].items[number as usize];
                item.figures.merge(&figures);
                for (other, linked) in key.into_iter().enumerate() {
                    if other != place && self.plan.says[other] {
                        item.links.add(other, linked, figures.requests);
                    }
                }
            }
        }
    }

    fn add_time(&mut self, request: &Request, errors: (bool, bool)) {
        let Some(seconds) = request.time_seconds else {
            self.sums.without_time += 1;
            return;
        };
        // Lines of one slot follow one another: most need no division.
        if !(self.slot_ends.0..self.slot_ends.1).contains(&seconds) {
            self.end_slot();
            let length = self.sums.timeline.slot_seconds();
            let start = (seconds / length).floor() * length;
            self.slot_ends = (start, start + length);
            self.slot_times = (seconds, seconds);
        }
        self.slot_times.0 = self.slot_times.0.min(seconds);
        self.slot_times.1 = self.slot_times.1.max(seconds);
        add(&mut self.slot, request, errors);
    }

    #[inline]
    fn add_period(
        &mut self,
        request: &Request,
        key: [u32; Dimension::COUNT],
        errors: (bool, bool),
    ) {
        if let Some(per) = &self.plan.per {
            let period = self.now.period(request.time_seconds, per);
            let cells = self
                .sums
                .cells
                .get_or_insert_with(|| (per.by, Cells::default()));
            add_counts(cells.1.at(period, key[per.by as usize]), request, errors);
        }
    }

    fn end_slot(&mut self) {
        let figures = mem::take(&mut self.slot);
        self.sums.timeline.add(self.slot_times, &figures);
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
        self.sums.requests.push(single);
        if self.sums.requests.len() > 2 * self.plan.requests_max + 64 {
            self.sums.keep_last(self.plan.requests_max);
        }
    }
}

impl PartSink for Collector {
    /// Of two requests of the same time the one in the later part is the later one.
    fn begin(&mut self, part: u64, origin: &Origin) {
        self.part = part;
        self.lines = 0;
        if !Arc::ptr_eq(&self.stretch.input, &origin.file) {
            self.hand_over();
            self.stretch.input = Arc::clone(&origin.file);
            self.stretch.number = 0;
        }
    }

    fn incomplete_record(&mut self, origin: &Origin) {
        warn_of_incomplete_record(origin);
    }

    fn records_cut(&mut self, origin: &Origin, cuts: Cuts) {
        warn_of_cuts(origin, cuts);
    }

    fn end(&mut self, _oversized: u64) -> bool {
        self.ended.push(self.part);
        true
    }

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        let stretch = offset >> self.plan.stretch_bits;
        if stretch != self.stretch.number {
            self.hand_over();
            self.stretch.number = stretch;
        }
        self.lines += 1;
        self.sums.lines += 1;
        let Some(request) = self.plan.extractor.read(line, &mut self.reading) else {
            return;
        };
        self.follow_generation();
        let known = self.leaves.get(&Names::of(&request)).copied();
        let new = match known {
            Some(_) => [UNWANTED; Dimension::COUNT],
            None => self.numbers(&request),
        };
        if known.is_none() && new[0] == UNWANTED {
            return;
        }
        let period = self.plan.period;
        if period.is_bounded() {
            match request.time_seconds {
                None => {
                    self.sums.left_out += 1;
                    return;
                }
                Some(seconds) if !period.contains(seconds) => {
                    self.sums.outside += 1;
                    return;
                }
                Some(_) => {}
            }
        }
        let place = known.unwrap_or_else(|| self.new_leaf(&request, new));
        let Leaf {
            key,
            errors,
            ref mut figures,
        } = self.leaf_figures[place as usize];
        add(figures, &request, errors);
        self.add_time(&request, errors);
        self.add_period(&request, key, errors);
        if self.plan.user.is_some() {
            self.add_single(&request, line);
        }
    }
}

fn add(figures: &mut Figures, request: &Request, errors: (bool, bool)) {
    add_counts(figures, request, errors);
    if let Some(duration) = request.duration_seconds {
        figures.durations.add(duration);
    }
}

/// All but the duration.
fn add_counts(figures: &mut Figures, request: &Request, errors: (bool, bool)) {
    figures.requests += 1;
    figures.errors_4xx += u64::from(errors.0);
    figures.errors_5xx += u64::from(errors.1);
    figures.tokens_input = figures.tokens_input.saturating_add(request.tokens_input);
    figures.tokens_output = figures.tokens_output.saturating_add(request.tokens_output);
    if let Some(cost) = request.cost_usd {
        figures.add_cost(cost);
    }
    figures.unpriced += u64::from(request.has_no_price);
}
