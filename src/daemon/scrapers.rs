//! Who has scraped, and what each of them has seen, so that a new series begins at zero for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// More scrapers than anybody has. Beyond it the one that came longest ago is forgotten, and sees
/// true values at its next visit, as at its first.
const SCRAPERS_MAX: usize = 256;

/// The scrapers by their addresses.
#[derive(Debug, Default)]
pub struct Scrapers {
    seen: Mutex<HashMap<IpAddr, Seen>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    births: u64,
    at_ms: u64,
}

impl Scrapers {
    /// Notes that a scraper is shown a page on which the store has borne `births` series; gives how
    /// many it had borne on this scraper's page before, if there was one.
    pub fn visit(&self, scraper: IpAddr, births: u64, now_ms: u64) -> Option<u64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.insert(
            scraper,
            Seen {
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
        }
        before.map(|seen| seen.births)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
