//! Who has scraped, and what each of them has seen, so that a new series begins at zero for it.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use logmetrics_core::checkpoint::NoteSource;

/// Keeps the notes of scrapers apart from others.
pub const PREFIX: &str = "scrapers";

/// More scrapers than anybody has. Beyond it the one that came longest ago is forgotten, and sees
/// true values at its next visit, as at its first.
const SCRAPERS_MAX: usize = 256;

/// The scrapers by their addresses.
#[derive(Debug, Default)]
pub struct Scrapers {
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    seen: HashMap<IpAddr, ScraperRecord>,
    /// Not noted yet.
    changed: HashSet<IpAddr>,
}

#[derive(Debug, Clone, Copy)]
struct ScraperRecord {
    births: u64,
    at_ms: u64,
}

impl Scrapers {
    /// Notes that a scraper is shown a page on which the store has borne `births` series; gives how
    /// many it had borne on this scraper's page before, if there was one.
    pub fn visit(&self, scraper: IpAddr, births: u64, now_ms: u64) -> Option<u64> {
        let mut all = self.lock();
        let All { seen, changed } = &mut *all;
        changed.insert(scraper);
        let before = seen.insert(
            scraper,
            ScraperRecord {
                births,
                at_ms: now_ms,
            },
        );
        if seen.len() > SCRAPERS_MAX
            && let Some(oldest) = seen
                .iter()
                .min_by_key(|(_, seen)| seen.at_ms)
                .map(|(ip, _)| *ip)
        {
            seen.remove(&oldest);
            changed.insert(oldest);
        }
        before.map(|seen| seen.births)
    }

    /// Those that were noted before a restart. What is no such note is passed over.
    pub fn restored(notes: &[(Vec<u8>, Vec<u8>)]) -> Scrapers {
        let seen = notes.iter().filter_map(|(key, value)| {
            let address = str::from_utf8(key).ok()?.parse().ok()?;
            let ([births, at_ms], []) = value.as_chunks::<8>() else {
                return None;
            };
            let seen = ScraperRecord {
                births: u64::from_be_bytes(*births),
                at_ms: u64::from_be_bytes(*at_ms),
            };
            Some((address, seen))
        });
        let all = All {
            seen: seen.collect(),
            changed: HashSet::new(),
        };
        Scrapers {
            all: Mutex::new(all),
        }
    }

    /// Their notes: so a series that is born after the last scrape is shown at zero first, though
    /// there was a restart between.
    pub fn notes(self: &Arc<Self>) -> NoteSource {
        let scrapers = Arc::clone(self);
        NoteSource {
            prefix: PREFIX,
            changes: Box::new(move || scrapers.changes()),
        }
    }

    fn changes(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        let mut all = self.lock();
        let All { seen, changed } = &mut *all;
        let note = |address: IpAddr| {
            let numbers = seen.get(&address).map(|seen| [seen.births, seen.at_ms]);
            let value = numbers.map(|numbers| numbers.map(u64::to_be_bytes).concat());
            (address.to_string().into_bytes(), value)
        };
        changed.drain().map(note).collect()
    }

    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_survive_a_restart() {
        let scrapers = Scrapers::default();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        scrapers.visit(address(1), 5, 7);
        let notes = scrapers.changes();
        assert!(scrapers.changes().is_empty());
        let notes = notes.into_iter().map(|(key, value)| (key, value.unwrap()));
        let notes: Vec<_> = notes.chain([(b"x".to_vec(), vec![1])]).collect();
        let restored = Scrapers::restored(&notes);
        assert_eq!(restored.visit(address(1), 9, 8), Some(5));
        assert_eq!(restored.visit(address(2), 9, 8), None);
    }

    #[test]
    fn each_scraper_has_its_own_past() {
        let scrapers = Scrapers::default();
        let address = |n: u32| IpAddr::from(n.to_be_bytes());
        assert_eq!(scrapers.visit(address(1), 5, 0), None);
        assert_eq!(scrapers.visit(address(2), 7, 1), None);
        assert_eq!(scrapers.visit(address(1), 9, 2), Some(5));
        assert_eq!(scrapers.visit(address(1), 9, 3), Some(9));
        for n in 10..10 + SCRAPERS_MAX as u32 {
            scrapers.visit(address(n), 9, u64::from(n));
        }
        assert_eq!(scrapers.visit(address(2), 9, 1000), None);
        assert_eq!(scrapers.visit(address(265), 9, 1001), Some(9));
    }
}
