//! Which of the texts that a rule requires is searched for.

use std::collections::HashMap;

use logmetrics_scan::plan::Required;
use logmetrics_scan::short_bytes::frequency;

/// A text that more rules than this ask for tells little; another of theirs is searched, if they have one.
const SHARED_MAX: usize = 8;

/// A text must be this long to be searched in place of a longer one, in bytes.
const RARER_BYTES_MIN: usize = 4;

/// By how many rules each text is asked for.
pub(super) fn shares(required: &[Option<Vec<Required>>]) -> HashMap<&[u8], usize> {
    let mut shares = HashMap::new();
    for required in required.iter().flatten() {
        let sets = required.iter().flat_map(|one| &one.all);
        let mut texts: Vec<&[u8]> = sets.flatten().map(Vec::as_slice).collect();
        texts.sort_unstable();
        texts.dedup();
        for text in texts {
            *shares.entry(text).or_insert(0) += 1;
        }
    }
    shares
}

/// The set of texts that is searched for a pattern: the one whose shortest text is longest, of those that
/// few other rules ask for.
pub(super) fn best_set<'r>(
    required: &'r Required,
    shares: &HashMap<&[u8], usize>,
) -> Option<&'r Vec<Vec<u8>>> {
    let shortest = |set: &&Vec<Vec<u8>>| set.iter().map(Vec::len).min().unwrap_or(0);
    let shared = |text: &Vec<u8>| shares.get(text.as_slice()).copied().unwrap_or(0);
    let tells_much = |set: &&Vec<Vec<u8>>| {
        shortest(set) >= RARER_BYTES_MIN && set.iter().all(|text| shared(text) <= SHARED_MAX)
    };
    let sets = required.all.iter();
    sets.max_by_key(|set| (tells_much(set), shortest(set)))
}

/// At least so many bytes of a text are searched, where it has them: enough to tell it from others.
const SEARCHED_BYTES_MIN: usize = 8;

/// How many first bytes of a text the search looks for, before it compares the whole.
const FIRST_BYTES: usize = 4;

/// The text from its rarest bytes on. All keys of some logs begin alike, so that the search would
/// stop at each of them.
pub(super) fn rare_end(mut text: Vec<u8>) -> Vec<u8> {
    let last = text.len().saturating_sub(SEARCHED_BYTES_MIN);
    // One rare byte among them is worth more than several that are less frequent than others.
    let rarity = |start: &usize| -> u32 {
        let first = text.iter().skip(*start).take(FIRST_BYTES);
        first
            .map(|byte| u32::from(u8::MAX - frequency(*byte)).pow(2))
            .sum()
    };
    // Of equals the first, so that texts that begin alike go on doing so.
    let start = (0..=last).rev().max_by_key(rarity).unwrap_or(0);
    text.split_off(start)
}
