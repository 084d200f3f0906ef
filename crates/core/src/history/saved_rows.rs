//! Histories as rows, small ones so that a save writes little.
//!
//! A key is the kind of the row, the number of a chunk (8 bytes, greatest first; 0 for a head) and
//! the container's name. A value ends with the hash of the key and what precedes it. All other
//! numbers have their least byte first:
//!
//! - head: version (1), lines in all (8), recent lines (4), then for each beginning its position
//!   (8), the number of its lines (1) and these (8 each);
//! - recent lines of a chunk: the position of the first (8), the lines (8 each);
//! - landmarks of a chunk: place within the chunk (2) and line (8) of each;
//! - records of several lines that may go on, of all containers: as their joiner writes them.

use std::collections::{BTreeMap, HashMap};

use twox_hash::XxHash3_64;

use super::recent_lines::{Beginning, History, Sizes};

/// A key, and its value; none deletes.
pub(super) type Row = (Vec<u8>, Option<Vec<u8>>);

/// Another form gets another number, and older ones stay readable.
const VERSION: u8 = 1;

const HEAD: u8 = 0;
const RECENT: u8 = 1;
const LANDMARKS: u8 = 2;
const RECORDS: u8 = 3;

/// A key's bytes before the name.
const KEY_BYTES: usize = 9;

/// What rows hold.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) histories: Vec<(Vec<u8>, History)>,
    /// Containers whose rows are not as they were written.
    pub(super) unreadable: Vec<Vec<u8>>,
    /// Keys of rows that belong to no history.
    pub(super) useless: Vec<Vec<u8>>,
    /// What is held of records of several lines.
    pub(super) records: Vec<u8>,
}

/// The rows of one container.
#[derive(Debug, Default)]
struct Parts {
    keys: Vec<Vec<u8>>,
    head: Option<Vec<u8>>,
    recent: BTreeMap<u64, Vec<u8>>,
    landmarks: BTreeMap<u64, Vec<u8>>,
    is_broken: bool,
}

/// Reads rows, in any order and with anything in them.
pub(super) fn read(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>, sizes: Sizes) -> Read {
    let mut read = Read::default();
    let mut containers: HashMap<Vec<u8>, Parts> = HashMap::new();
    for (key, mut value) in rows {
        let Some((&[kind, ref chunk @ ..], name)) = key.split_first_chunk::<KEY_BYTES>() else {
            read.useless.push(key);
            continue;
        };
        if kind == RECORDS {
            match unseal(&key, &mut value) {
                true => read.records = value,
                false => read.useless.push(key),
            }
            continue;
        }
        let chunk = u64::from_be_bytes(*chunk);
        let parts = containers.entry(name.to_vec()).or_default();
        let is_sound = unseal(&key, &mut value);
        match kind {
            HEAD if is_sound && chunk == 0 => parts.head = Some(value),
            RECENT if is_sound => _ = parts.recent.insert(chunk, value),
            LANDMARKS if is_sound => _ = parts.landmarks.insert(chunk, value),
            _ => parts.is_broken = true,
        }
        parts.keys.push(key);
    }
    let mut containers: Vec<_> = containers.into_iter().collect();
    containers.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, parts) in containers {
        match parts.history(sizes) {
            Some(history) => read.histories.push((name, history)),
            None => {
                read.useless.extend(parts.keys);
                read.unreadable.push(name);
            }
        }
    }
    read
}

impl Parts {
    fn history(&self, sizes: Sizes) -> Option<History> {
        if self.is_broken {
            return None;
        }
        let mut head = Bytes(self.head.as_deref()?);
        if head.number::<1>()? != u64::from(VERSION) {
            return None;
        }
        let total = head.number::<8>()?;
        let length = head.number::<4>()?;
        let mut beginnings = Vec::new();
        while !head.0.is_empty() {
            let position = head.number::<8>()?;
            let count = head.number::<1>()?;
            let lines = (0..count).map(|_| head.number::<8>());
            let lines = lines.collect::<Option<Vec<_>>>()?;
            beginnings.push(Beginning { position, lines });
        }
        let mut recent = Vec::new();
        let start = total.checked_sub(length)?;
        for (chunk, value) in &self.recent {
            let mut bytes = Bytes(value);
            let first = bytes.number::<8>()?;
            let is_next = first == start.checked_add(recent.len() as u64)?;
            if !is_next || first / sizes.chunk != *chunk {
                return None;
            }
            while !bytes.0.is_empty() {
                recent.push(bytes.number::<8>()?);
            }
        }
        if recent.len() as u64 != length {
            return None;
        }
        let mut landmarks = BTreeMap::new();
        for (chunk, value) in &self.landmarks {
            let mut bytes = Bytes(value);
            let mut marks = Vec::new();
            while !bytes.0.is_empty() {
                marks.push((bytes.number::<2>()? as u16, bytes.number::<8>()?));
            }
            landmarks.insert(*chunk, marks);
        }
        History::restored(sizes, total, recent, landmarks, beginnings)
    }
}

/// Adds the rows that changed.
pub(super) fn write(name: &[u8], history: &mut History, rows: &mut Vec<Row>) {
    let Some(changes) = history.take_changes() else {
        return;
    };
    rows.push(sealed(key(HEAD, 0, name), Some(head(history))));
    for chunk in changes.recent {
        let value = history.recent_of(chunk).map(|(first, lines)| {
            let mut value = first.to_le_bytes().to_vec();
            value.extend(lines.iter().flat_map(|line| line.to_le_bytes()));
            value
        });
        rows.push(sealed(key(RECENT, chunk, name), value));
    }
    for chunk in changes.landmarks {
        let value = history.landmarks().get(&chunk).map(|marks| {
            let bytes =
                |mark: &(u16, u64)| [&mark.0.to_le_bytes()[..], &mark.1.to_le_bytes()].concat();
            marks.iter().flat_map(bytes).collect()
        });
        rows.push(sealed(key(LANDMARKS, chunk, name), value));
    }
}

/// The row of records of several lines; none is left where nothing is held.
pub(super) fn records(bytes: &[u8]) -> Row {
    let value = (!bytes.is_empty()).then(|| bytes.to_vec());
    sealed(key(RECORDS, 0, b""), value)
}

/// The keys of all rows that a history has.
pub(super) fn keys(name: &[u8], history: &History) -> Vec<Vec<u8>> {
    let chunk = history.sizes.chunk;
    let recent =
        (history.start() / chunk..=history.total() / chunk).map(|at| key(RECENT, at, name));
    let landmarks = history
        .landmarks()
        .keys()
        .map(|at| key(LANDMARKS, *at, name));
    std::iter::once(key(HEAD, 0, name))
        .chain(recent)
        .chain(landmarks)
        .collect()
}

fn key(kind: u8, chunk: u64, name: &[u8]) -> Vec<u8> {
    [&[kind][..], &chunk.to_be_bytes(), name].concat()
}

fn head(history: &History) -> Vec<u8> {
    let mut value = vec![VERSION];
    value.extend(history.total().to_le_bytes());
    value.extend((history.recent().len() as u32).to_le_bytes());
    for one in history.beginnings() {
        value.extend(one.position.to_le_bytes());
        value.push(one.lines.len() as u8);
        value.extend(one.lines.iter().flat_map(|line| line.to_le_bytes()));
    }
    value
}

/// A row with its hash at the end.
fn sealed(key: Vec<u8>, value: Option<Vec<u8>>) -> Row {
    let value = value.map(|mut value| {
        value.extend(seal(&key, &value).to_le_bytes());
        value
    });
    (key, value)
}

/// Takes the hash off; whether it was right.
fn unseal(key: &[u8], value: &mut Vec<u8>) -> bool {
    let Some((text, written)) = value.split_last_chunk::<8>() else {
        return false;
    };
    let (length, is_right) = (text.len(), u64::from_le_bytes(*written) == seal(key, text));
    value.truncate(length);
    is_right
}

fn seal(key: &[u8], value: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(XxHash3_64::oneshot_with_seed(0, key), value)
}

/// Bytes that are read from their start.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn number<const LENGTH: usize>(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk::<LENGTH>()?;
        self.0 = rest;
        let mut number = [0; 8];
        number.get_mut(..LENGTH)?.copy_from_slice(bytes);
        Some(u64::from_le_bytes(number))
    }
}
