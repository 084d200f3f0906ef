//! What one name has to do with: requests by the names of the other dimensions.

use logmetrics_core::engine::extract::Dimension;

/// Requests by dimension and number of a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    /// By number, then by dimension: numbers are given in order, so most new ones come last.
    list: Vec<(u64, u64)>,
}

fn key(dimension: usize, number: u32) -> u64 {
    u64::from(number) << 3 | dimension as u64
}

fn parts(key: u64) -> (usize, u32) {
    ((key & 7) as usize, (key >> 3) as u32)
}

impl Links {
    /// Adds requests that have this name, too.
    pub(super) fn add(&mut self, dimension: usize, number: u32, requests: u64) {
        let key = key(dimension, number);
        match self.list.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => self.list[place].1 += requests,
            Err(place) => self.list.insert(place, (key, requests)),
        }
    }

    /// Dimension, number and requests of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u32, u64)> {
        self.list.iter().map(|(key, requests)| {
            let (dimension, number) = parts(*key);
            (dimension, number, *requests)
        })
    }

    /// Gives the names of one dimension other numbers; `numbers` has the new one of each.
    pub(super) fn renumber(&mut self, dimension: usize, numbers: &[u32]) {
        let is_hit = self.iter().any(|(own, _, _)| own == dimension);
        if !is_hit {
            return;
        }
        let mut new = Links::default();
        for (own, number, requests) in self.iter() {
            let number = match own == dimension {
                true => numbers.get(number as usize).copied().unwrap_or(number),
                false => number,
            };
            new.add(own, number, requests);
        }
        *self = new;
    }

    /// Adds up under the number `other` what has few requests, where there are more than twice
    /// `names_max` of a dimension. Which ones does not depend on their numbers.
    pub(super) fn fold(&mut self, names_max: usize, other: u32) {
        if self.list.len() <= 2 * names_max {
            return;
        }
        for dimension in 0..Dimension::COUNT {
            let own = self
                .iter()
                .filter(|link| link.0 == dimension && link.1 != other);
            let mut counts: Vec<u64> = own.map(|link| link.2).collect();
            if counts.len() <= 2 * names_max {
                continue;
            }
            let (_, limit, _) = counts.select_nth_unstable_by(names_max, |a, b| b.cmp(a));
            let limit = *limit;
            let mut folded = 0;
            self.list.retain(|(key, requests)| {
                let (own, number) = parts(*key);
                let is_small = own == dimension && number != other && *requests <= limit;
                folded += u64::from(is_small) * requests;
                !is_small
            });
            self.add(dimension, other, folded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_many_small_ones_become_one_and_nothing_is_lost() {
        let mut links = Links::default();
        for number in 2..100 {
            links.add(1, number, if number == 50 { 9 } else { 1 });
            links.add(0, 7, 1);
        }
        links.fold(10, 1);
        let all: Vec<_> = links.iter().collect();
        assert_eq!(all, [(1, 1, 97), (0, 7, 98), (1, 50, 9)]);
        let mut numbers: Vec<u32> = (0..100).collect();
        numbers[50] = 1;
        links.renumber(1, &numbers);
        assert_eq!(links.iter().collect::<Vec<_>>(), [(1, 1, 106), (0, 7, 98)]);
    }
}
