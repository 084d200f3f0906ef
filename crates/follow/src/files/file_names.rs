//! Which open files have a name that another name may be made of: the few that a small file may be a copy of,
//! however many are open.
//!
//! Names only; no file is read here. The rule is that of `siblings::is_related`.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::Path;

use super::identity::FileId;

/// Open files by their names.
#[derive(Debug, Default)]
pub(crate) struct FileNames {
    whole: Index,
    /// Without the ending.
    stems: Index,
}

type Index = HashMap<Box<[u8]>, BTreeSet<FileId>>;

impl FileNames {
    pub(crate) fn insert(&mut self, id: FileId, path: &Path) {
        let Some((name, stem)) = name_and_stem(path) else {
            return;
        };
        insert(&mut self.whole, name, id);
        insert(&mut self.stems, stem, id);
    }

    /// Takes a file out that has this name and no other one like it.
    pub(crate) fn remove(&mut self, id: FileId, path: &Path) {
        let Some((name, stem)) = name_and_stem(path) else {
            return;
        };
        remove(&mut self.whole, name, id);
        remove(&mut self.stems, stem, id);
    }

    /// The files to one of whose names that of `path` is related.
    pub(crate) fn related(&self, path: &Path) -> BTreeSet<FileId> {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let mut ids = BTreeSet::new();
        // Every part of the name may be the whole name of another file. Where there are fewer names than parts,
        // each of them is looked at.
        if name.len() * name.len() / 2 < self.whole.len() {
            let ends = |start| start + 1..=name.len();
            let parts = (0..name.len()).flat_map(|start| ends(start).map(move |end| (start, end)));
            let parts = parts.filter_map(|(start, end)| self.whole.get(name.get(start..end)?));
            ids.extend(parts.flatten());
        } else {
            let is_part = |whole: &[u8]| memchr::memmem::find(name, whole).is_some();
            let parts = self.whole.iter().filter(|(whole, _)| is_part(whole));
            ids.extend(parts.flat_map(|(_, ids)| ids));
        }
        let ends = (0..name.len()).filter(|end| !name[*end].is_ascii_alphanumeric());
        let stems = ends.filter_map(|end| self.stems.get(name.get(..end)?));
        ids.extend(stems.flatten());
        ids
    }
}

fn name_and_stem(path: &Path) -> Option<(&[u8], &[u8])> {
    let stem = path.file_stem().map(OsStr::as_encoded_bytes);
    Some((path.file_name()?.as_encoded_bytes(), stem?))
}

fn insert(index: &mut Index, name: &[u8], id: FileId) {
    match index.get_mut(name) {
        Some(ids) => _ = ids.insert(id),
        None => _ = index.insert(Box::from(name), BTreeSet::from([id])),
    }
}

fn remove(index: &mut Index, name: &[u8], id: FileId) {
    if let Some(ids) = index.get_mut(name) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recovery::siblings::is_related;

    proptest! {
        /// What is found by the index is what comparing each name finds, with few names and with many.
        #[test]
        fn related_names_are_found(
            names in prop::collection::vec("[ab.-]{1,5}", 1..60),
            asked in "[ab.-]{1,8}",
            taken in 0..60_usize,
        ) {
            let id = |inode: usize| FileId { device: 1, inode: inode as u64 };
            let names: Vec<&String> = names.iter().filter(|name| Path::new(name).file_name().is_some()).collect();
            let mut index = FileNames::default();
            for (number, name) in names.iter().enumerate() {
                index.insert(id(number), Path::new(name));
            }
            if let Some(name) = names.get(taken) {
                index.remove(id(taken), Path::new(name));
            }
            prop_assume!(Path::new(&asked).file_name().is_some());
            let found = index.related(Path::new(&asked));
            for (number, name) in names.iter().enumerate() {
                let expected = number != taken && is_related(asked.as_ref(), name.as_ref());
                prop_assert_eq!(found.contains(&id(number)), expected, "{} {}", asked, name);
            }
            for (number, name) in names.iter().enumerate() {
                index.remove(id(number), Path::new(name));
            }
            prop_assert!(index.whole.is_empty() && index.stems.is_empty());
        }
    }
}
