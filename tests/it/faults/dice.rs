//! Chance that can be had again: the same seed gives each actor the same choices.

use std::ops::Range;
use std::time::Duration;

/// The seed of this run: `LOGMETRICS_FAULT_SEED`, otherwise a new one each time.
pub fn seed() -> u64 {
    match std::env::var("LOGMETRICS_FAULT_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap();
            now.as_micros() as u64 % 1_000_000_000
        }
    }
}

/// One actor's choices.
pub struct Dice(u64);

impl Dice {
    /// Each actor has its own, so that none changes what another one gets.
    pub fn new(seed: u64, actor: &str) -> Dice {
        let salted = actor.bytes().fold(seed, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Dice(salted)
    }

    fn next(&mut self) -> u64 {
        // splitmix64, by Sebastiano Vigna.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `range`; its begin where that is empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        let width = range.end.saturating_sub(range.start).max(1);
        range.start + self.next() % width
    }

    /// A time of so many milliseconds.
    pub fn ms(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// Whether the one case in `number` is here.
    pub fn one_in(&mut self, number: u64) -> bool {
        self.next().is_multiple_of(number)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.within(0..among.len() as u64) as usize]
    }
}
