//! Who scrapes, and what each scraper was shown: a new series begins at zero on the page of each, and
//! no series expires before its last value was shown.
//!
//! A scraper is told by its address. Two that share an address are distinguished by their connections, which
//! Prometheus keeps open; of those whose connections are closed, the next one is the one that came
//! longest ago, as scrapers come in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use crate::server::Scraper;
use logmetrics_core::metrics::store::Unshown;

/// Marks the notes of scrapers in the checkpoint.
pub const PREFIX: &str = "scrapers";

/// More scrapers than anybody has. Beyond it the one that came least often is forgotten, so that
/// strangers who come once cannot push out those who come regularly.
const SCRAPERS_MAX: usize = 256;

/// Scrapers that share an address.
const SCRAPERS_OF_ADDRESS_MAX: u8 = 8;

/// A scraper that did not come for so long is not waited for, in milliseconds.
const GONE_MS: u64 = 10 * 60 * 1000;

/// Which of the scrapers that share an address.
pub type ScraperKey = (IpAddr, u8);

/// A row of the checkpoint; without a value it is deleted.
type NoteRow = (Vec<u8>, Option<Vec<u8>>);

#[derive(Debug, Default)]
pub struct Scrapers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: BTreeMap<ScraperKey, ScraperRecord>,
    /// Those who wait for a page of the next save.
    announced: Vec<ScraperKey>,
    /// Not noted in the checkpoint yet.
    changed: BTreeSet<ScraperKey>,
}

#[derive(Debug, Clone, Default)]
struct ScraperRecord {
    /// How many series the store had ever created on the last page.
    series_created: u64,
    /// From this one on they were shown at zero there.
    zero_from: u64,
    at_ms: u64,
    visits: u64,
    connection: Weak<()>,
}

impl ScraperRecord {
    /// The next page. On the first one every series has its value.
    fn advance(&mut self, series_created: u64, now_ms: u64) {
        self.zero_from = if self.visits == 0 {
            series_created
        } else {
            self.series_created
        };
        self.series_created = series_created;
        self.at_ms = now_ms;
        self.visits += 1;
    }
}

impl Scrapers {
    /// A page with `series_created` series is shown to a scraper. Gives the number from which on they are to
    /// be shown at zero.
    pub fn visit(&self, scraper: &Scraper, series_created: u64, now_ms: u64) -> u64 {
        let mut inner = self.lock();
        let key = inner.identify(scraper);
        inner.advance(key, series_created, now_ms);
        inner.zero_from(key).unwrap_or(series_created)
    }

    /// The next save is to hold that this scraper is shown its page.
    pub fn announce(&self, scraper: &Scraper) -> ScraperKey {
        let mut inner = self.lock();
        let key = inner.identify(scraper);
        inner.announced.push(key);
        key
    }

    /// Those who were announced are shown a page with `series_created` series. Gives what changed, for the
    /// checkpoint.
    pub fn take_changes(&self, series_created: u64, now_ms: u64) -> Vec<NoteRow> {
        let mut inner = self.lock();
        for key in std::mem::take(&mut inner.announced) {
            inner.advance(key, series_created, now_ms);
        }
        let Inner {
            records, changed, ..
        } = &mut *inner;
        let changed = std::mem::take(changed).into_iter();
        changed.map(|key| row(key, records.get(&key))).collect()
    }

    /// The number from which on series are shown at zero on this scraper's last page.
    pub fn zero_from(&self, key: ScraperKey) -> Option<u64> {
        self.lock().zero_from(key)
    }

    /// The series that some scraper has not been shown with their last values.
    pub fn unshown(&self, now_ms: u64) -> Unshown {
        let inner = self.lock();
        let active = inner.records.values();
        let active = active.filter(|one| one.visits > 0 && one.at_ms + GONE_MS >= now_ms);
        active.fold(Unshown::default(), |unshown, one| Unshown {
            updated_from_s: unshown.updated_from_s.min(one.at_ms / 1000),
            created_from: unshown.created_from.min(one.zero_from),
            until_s: unshown.until_s.max((one.at_ms + GONE_MS) / 1000),
        })
    }

    /// Those that were noted before a restart. Other rows are passed over.
    ///
    /// Whether the last page that was noted arrived is not known. So what was new on it is shown at
    /// zero once more: its values were on no page yet.
    pub fn restored(notes: &[(Vec<u8>, Vec<u8>)]) -> Scrapers {
        let records = notes.iter().filter_map(|(key, value)| {
            let numbers = value.as_chunks::<8>();
            let numbers: Vec<u64> = match numbers {
                (numbers, []) => numbers.iter().map(|one| u64::from_be_bytes(*one)).collect(),
                _ => return None,
            };
            let (series_created, at_ms, visits) = match numbers[..] {
                [_, at_ms, zero_from, visits] => (zero_from, at_ms, visits),
                // As it was written before 0.1.0.
                [series_created, at_ms] => (series_created, at_ms, 1),
                _ => return None,
            };
            let record = ScraperRecord {
                series_created,
                zero_from: series_created,
                at_ms,
                visits,
                connection: Weak::new(),
            };
            Some((read_key(key)?, record))
        });
        let inner = Inner {
            records: records.collect(),
            ..Inner::default()
        };
        Scrapers {
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn zero_from(&self, key: ScraperKey) -> Option<u64> {
        self.records.get(&key).map(|record| record.zero_from)
    }

    fn advance(&mut self, key: ScraperKey, series_created: u64, now_ms: u64) {
        if let Some(record) = self.records.get_mut(&key) {
            record.advance(series_created, now_ms);
            self.changed.insert(key);
        }
    }

    /// Which scraper this is; a new one where no known one can be it.
    fn identify(&mut self, scraper: &Scraper) -> ScraperKey {
        let address = scraper.address;
        let (mut same, mut closed, mut oldest, mut free) = (None, None, None, 0);
        let behind = self
            .records
            .range((address, 0)..=(address, SCRAPERS_OF_ADDRESS_MAX));
        for (key, record) in behind {
            let age = (record.at_ms, *key);
            let is_open = record.connection.strong_count() > 0;
            if is_open && Weak::ptr_eq(&record.connection, &scraper.connection) {
                same = Some(age);
            }
            if !is_open && closed.is_none_or(|closed| age < closed) {
                closed = Some(age);
            }
            if oldest.is_none_or(|oldest| age < oldest) {
                oldest = Some(age);
            }
            if key.1 == free {
                free += 1;
            }
        }
        let known = match same.or(closed) {
            None if free >= SCRAPERS_OF_ADDRESS_MAX => oldest,
            known => known,
        };
        let key = known.map_or((address, free), |(_, key)| key);
        let record = self.records.entry(key).or_default();
        record.connection = Weak::clone(&scraper.connection);
        self.forget_surplus(key);
        key
    }

    fn forget_surplus(&mut self, new: ScraperKey) {
        if self.records.len() <= SCRAPERS_MAX {
            return;
        }
        let others = self.records.iter().filter(|(key, _)| **key != new);
        let rarest = others.min_by_key(|(_, record)| (record.visits, record.at_ms));
        if let Some(key) = rarest.map(|(key, _)| *key) {
            self.records.remove(&key);
            self.changed.insert(key);
        }
    }
}

fn row(key: ScraperKey, record: Option<&ScraperRecord>) -> NoteRow {
    let (address, number) = key;
    let name = match number {
        0 => address.to_string(),
        number => format!("{address}#{number}"),
    };
    let value = record.map(|one| {
        let numbers = [one.series_created, one.at_ms, one.zero_from, one.visits];
        numbers.map(u64::to_be_bytes).concat()
    });
    (name.into_bytes(), value)
}

fn read_key(bytes: &[u8]) -> Option<ScraperKey> {
    let text = str::from_utf8(bytes).ok()?;
    match text.split_once('#') {
        None => Some((text.parse().ok()?, 0)),
        Some((address, number)) => Some((address.parse().ok()?, number.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A scraper whose connection is closed after each scrape.
    fn scraper(number: u32) -> Scraper {
        Scraper {
            address: IpAddr::from(number.to_be_bytes()),
            connection: Weak::new(),
        }
    }

    fn rows(scrapers: &Scrapers) -> Vec<(Vec<u8>, Vec<u8>)> {
        let changes = scrapers.take_changes(0, 0).into_iter();
        changes.map(|(key, value)| (key, value.unwrap())).collect()
    }

    #[test]
    fn each_scraper_has_its_own_past() {
        let scrapers = Scrapers::default();
        assert_eq!(scrapers.visit(&scraper(1), 5, 0), 5);
        assert_eq!(scrapers.visit(&scraper(2), 7, 1), 7);
        assert_eq!(scrapers.visit(&scraper(1), 9, 2), 5);
        assert_eq!(scrapers.visit(&scraper(1), 9, 3), 9);
    }

    #[test]
    fn strangers_do_not_push_out_those_who_come_again() {
        let scrapers = Scrapers::default();
        scrapers.visit(&scraper(1), 5, 0);
        scrapers.visit(&scraper(1), 6, 1);
        for number in 10..10 + 3 * SCRAPERS_MAX as u32 {
            scrapers.visit(&scraper(number), 9, u64::from(number));
        }
        assert_eq!(scrapers.visit(&scraper(1), 9, 5000), 6);
        assert_eq!(scrapers.lock().records.len(), SCRAPERS_MAX);
    }

    #[test]
    fn two_behind_one_address_are_told_apart_by_their_connections() {
        let scrapers = Scrapers::default();
        let connections = [Arc::new(()), Arc::new(())];
        let by = |which: usize| Scraper {
            connection: Arc::downgrade(&connections[which]),
            ..scraper(1)
        };
        assert_eq!(scrapers.visit(&by(0), 1, 0), 1);
        assert_eq!(scrapers.visit(&by(1), 2, 7), 2);
        assert_eq!(scrapers.visit(&by(0), 3, 15), 1);
        assert_eq!(scrapers.visit(&by(1), 4, 22), 2);
        // Both come by new connections, in turn.
        let restored = Scrapers::restored(&rows(&scrapers));
        assert_eq!(restored.visit(&by(0), 5, 30), 1);
        assert_eq!(restored.visit(&by(1), 6, 37), 2);
        assert_eq!(restored.visit(&by(0), 7, 45), 5);
    }

    #[test]
    fn what_was_new_on_the_last_page_that_was_noted_is_shown_at_zero_again() {
        let scrapers = Scrapers::default();
        for (series_created, zero_from) in [(3, 3), (5, 3), (8, 5)] {
            let key = scrapers.announce(&scraper(1));
            let rows = scrapers.take_changes(series_created, series_created);
            assert_eq!(rows.len(), 1);
            assert_eq!(scrapers.zero_from(key), Some(zero_from));
        }
        let key = scrapers.announce(&scraper(1));
        let saved = scrapers.take_changes(9, 9);
        assert_eq!(scrapers.zero_from(key), Some(8));
        let saved: Vec<_> = saved.into_iter().map(|(k, v)| (k, v.unwrap())).collect();
        let restored = Scrapers::restored(&[&saved[..], &[(b"x".to_vec(), vec![1])]].concat());
        assert_eq!(restored.visit(&scraper(1), 10, 10), 8);
        assert_eq!(restored.visit(&scraper(1), 11, 11), 10);
    }

    #[test]
    fn series_wait_for_the_slowest_scraper_that_still_comes() {
        let scrapers = Scrapers::default();
        assert_eq!(scrapers.unshown(0), Unshown::default());
        scrapers.visit(&scraper(1), 5, 1_000);
        scrapers.visit(&scraper(2), 7, 9_000);
        let unshown = scrapers.unshown(9_000);
        assert_eq!((unshown.updated_from_s, unshown.created_from), (1, 5));
        scrapers.visit(&scraper(1), 8, 16_000);
        let unshown = scrapers.unshown(16_000);
        assert_eq!((unshown.updated_from_s, unshown.created_from), (9, 5));
        let later = GONE_MS + 10_000;
        assert_eq!(scrapers.unshown(later).updated_from_s, 16);
        assert_eq!(unshown.until_s, (16_000 + GONE_MS) / 1_000);
    }
}
