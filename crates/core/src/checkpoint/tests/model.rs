//! Random lives of a store, with saves at any moment, some of which fail: what is loaded is what was
//! there at the last save that did not.

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    Update {
        metric: u32,
        labels: [u8; 2],
        value: u8,
    },
    Wait {
        seconds: u64,
    },
    Read {
        inode: u64,
        offset: u64,
    },
    Forget {
        inode: u64,
    },
    Note {
        key: u8,
        value: Option<u8>,
    },
    Save,
    FailToSave,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..4u32, any::<[u8; 2]>(), any::<u8>()).prop_map(|(metric, labels, value)| {
            Act::Update { metric, labels: labels.map(|label| label % 6), value }
        }),
        1 => (0..30u64).prop_map(|seconds| Act::Wait { seconds }),
        1 => (0..4u64, any::<u64>()).prop_map(|(inode, offset)| Act::Read { inode, offset }),
        1 => (0..4u64).prop_map(|inode| Act::Forget { inode }),
        2 => (0..4u8, any::<Option<u8>>()).prop_map(|(key, value)| Act::Note { key, value }),
        2 => Just(Act::Save),
        1 => Just(Act::FailToSave),
        1 => Just(Act::Restart),
    ]
}

/// All that a restart must bring back.
#[derive(Debug, Clone, PartialEq, Default)]
struct Life {
    content: Vec<String>,
    files: BTreeMap<u64, u64>,
    notes: BTreeMap<u8, u8>,
}

struct World {
    path: PathBuf,
    opened: Opened,
    now_ms: u64,
    life: Life,
    saved: Life,
    notes: Vec<(u8, Option<u8>)>,
}

impl World {
    fn cut(&mut self) -> ConsistentSnapshot {
        let files: Vec<_> = self.life.files.iter().map(|(i, o)| file(*i, *o)).collect();
        let mut cut = cut(&self.opened.store, &files);
        let notes = self.notes.drain(..);
        cut.notes = notes
            .map(|(key, value)| (("n".to_owned(), vec![key]), value.map(|value| vec![value])))
            .collect();
        cut
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Update {
                metric,
                labels,
                value,
            } => {
                let labels = labels.map(|label| format!("\"{label}"));
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                let count = self.opened.store.definitions()[metric as usize]
                    .labels
                    .len();
                let mut updates = Updates::new(&self.opened.store);
                updates.push(metric, &labels[..count], f64::from(value) / 10.0);
                updates.apply(self.now_ms);
            }
            Act::Wait { seconds } => self.now_ms += seconds * 1000,
            Act::Read { inode, offset } => _ = self.life.files.insert(inode, offset),
            Act::Forget { inode } => _ = self.life.files.remove(&inode),
            Act::Note { key, value } => {
                self.notes.push((key, value));
                match value {
                    Some(value) => self.life.notes.insert(key, value),
                    None => self.life.notes.remove(&key),
                };
            }
            Act::Save => {
                let cut = self.cut();
                self.opened.saver.save(cut, self.now_ms).unwrap();
                self.life.content = content(&self.opened.store);
                self.saved = self.life.clone();
            }
            Act::FailToSave => {
                let cut = self.cut();
                self.opened.saver.refuse(true);
                assert!(self.opened.saver.save(cut, self.now_ms).is_err());
                self.opened.saver.refuse(false);
            }
            Act::Restart => self.restart(),
        }
    }

    fn restart(&mut self) {
        let (_folder, elsewhere) = scratch();
        // The lock is the process' own: it is given up before the next one opens the file.
        let dummy = open(&elsewhere, definitions(), 0).unwrap();
        drop(std::mem::replace(&mut self.opened, dummy));
        self.opened = open(&self.path, definitions(), self.now_ms).unwrap();
        assert_eq!(self.opened.outcome.damaged, None);
        let files = self.opened.files.iter();
        let notes = self.opened.notes.of("n");
        let life = Life {
            content: content(&self.opened.store),
            files: files
                .map(|f| (f.position.id.inode, f.position.offset))
                .collect(),
            notes: notes.iter().map(|(k, v)| (k[0], v[0])).collect(),
        };
        assert_eq!(life, self.saved);
        self.life = life;
        self.notes.clear();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_restart_goes_on_from_the_last_save(acts in prop::collection::vec(act(), 1..60)) {
        let (_folder, path) = scratch();
        let mut world = World {
            opened: opened(&path),
            path,
            now_ms: 1_000_000,
            life: Life::default(),
            saved: Life::default(),
            notes: Vec::new(),
        };
        world.act(&Act::Save);
        for act in &acts {
            world.act(act);
        }
        world.act(&Act::Save);
        world.restart();
        // What SQLite thinks of it.
        drop(world.opened);
        let connection = Connection::open(&world.path).unwrap();
        let checked: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        prop_assert_eq!(checked, "ok");
    }
}
