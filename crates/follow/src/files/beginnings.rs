//! Which open files begin alike: the few that a file may be a copy of, however many are open.
//!
//! Hashes only; no file is read here.

use std::collections::{HashMap, HashSet};

use super::identity::{FileId, Fingerprint};

/// So many first bytes are hashed, as far as there are.
const LENGTHS: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// Hashes of the beginnings of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Beginnings {
    hashes: [u64; LENGTHS.len()],
    /// How many of them there are.
    count: usize,
}

impl Beginnings {
    /// Those of a content that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Beginnings {
        let mut beginnings = Beginnings::default();
        for (hash, length) in beginnings.hashes.iter_mut().zip(LENGTHS) {
            let Some(begin) = head.get(..length) else {
                break;
            };
            *hash = Fingerprint::of(begin).hash;
            beginnings.count += 1;
        }
        beginnings
    }

    fn each(&self) -> impl DoubleEndedIterator<Item = Key> {
        let hashes = self.hashes.into_iter().take(self.count).enumerate();
        hashes.map(|(length, hash)| Key { length, hash })
    }
}

/// One beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    /// Its place among the lengths.
    length: usize,
    hash: u64,
}

/// Open files by their beginnings.
#[derive(Debug, Default)]
pub(crate) struct ByBeginning {
    /// Every beginning of every file.
    all: HashMap<Key, HashSet<FileId>>,
    /// The longest beginning of every file.
    longest: HashMap<Key, HashSet<FileId>>,
    /// Files of which less is known.
    unknown: HashSet<FileId>,
}

impl ByBeginning {
    pub(crate) fn insert(&mut self, id: FileId, beginnings: &Beginnings) {
        for key in beginnings.each() {
            self.all.entry(key).or_default().insert(id);
        }
        match beginnings.each().next_back() {
            Some(key) => self.longest.entry(key).or_default().insert(id),
            None => self.unknown.insert(id),
        };
    }

    pub(crate) fn remove(&mut self, id: FileId, beginnings: &Beginnings) {
        for key in beginnings.each() {
            take(&mut self.all, key, id);
        }
        match beginnings.each().next_back() {
            Some(key) => take(&mut self.longest, key, id),
            None => {
                self.unknown.remove(&id);
            }
        }
    }

    /// The files that may begin as a content with these beginnings does, as far as both are known.
    pub(crate) fn alike<'a>(
        &'a self,
        beginnings: &'a Beginnings,
    ) -> impl Iterator<Item = FileId> + 'a {
        self.sets(beginnings).flatten().copied()
    }

    /// How many these are.
    pub(crate) fn count_alike(&self, beginnings: &Beginnings) -> usize {
        self.sets(beginnings).map(HashSet::len).sum()
    }

    fn sets<'a>(
        &'a self,
        beginnings: &'a Beginnings,
    ) -> impl Iterator<Item = &'a HashSet<FileId>> + 'a {
        let mut keys = beginnings.each().rev();
        let whole = keys.next().and_then(|key| self.all.get(&key));
        let shorter = keys.filter_map(|key| self.longest.get(&key));
        whole.into_iter().chain(shorter).chain([&self.unknown])
    }
}

fn take(files: &mut HashMap<Key, HashSet<FileId>>, key: Key, id: FileId) {
    if let Some(ids) = files.get_mut(&key) {
        ids.remove(&id);
        if ids.is_empty() {
            files.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(inode: usize) -> FileId {
        FileId {
            device: 1,
            inode: inode as u64,
        }
    }

    proptest! {
        /// Whatever begins alike is found, and what was taken out is not.
        #[test]
        fn nothing_that_begins_alike_is_missed(
            heads in prop::collection::vec("[ab]{0,5}", 1..20),
            times in 0..90_usize,
            taken in 0..20_usize,
        ) {
            let heads: Vec<String> = heads.iter().map(|head| head.repeat(times)).collect();
            let mut index = ByBeginning::default();
            for (number, head) in heads.iter().enumerate() {
                index.insert(id(number), &Beginnings::of(head.as_bytes()));
            }
            let taken = taken % heads.len();
            index.remove(id(taken), &Beginnings::of(heads[taken].as_bytes()));
            for head in &heads {
                let beginnings = Beginnings::of(head.as_bytes());
                let alike: HashSet<FileId> = index.alike(&beginnings).collect();
                for (number, other) in heads.iter().enumerate() {
                    let is_alike = head.starts_with(&**other) || other.starts_with(&**head);
                    // Nothing begins like an empty file.
                    let is_asked = !head.is_empty() || other.is_empty();
                    let expected = is_alike && is_asked && number != taken;
                    prop_assert!(!expected || alike.contains(&id(number)), "{} {}", head, other);
                }
            }
            for (number, head) in heads.iter().enumerate().filter(|(number, _)| *number != taken) {
                index.remove(id(number), &Beginnings::of(head.as_bytes()));
            }
            prop_assert!(index.all.is_empty() && index.longest.is_empty() && index.unknown.is_empty());
        }
    }
}
