//! Damage, other programs' files, and failing disks: never a panic, never a wrong value.

use proptest::test_runner::{RngAlgorithm, TestRng};
use rusqlite::Connection;

use super::super::open::companion;
use super::*;

use proptest::prelude::Rng;

/// Every state that was ever saved by [`filled`], and the empty one.
fn known_states() -> Vec<Vec<String>> {
    let mut states = vec![content(&Store::new(definitions(), 1_000_000))];
    for rounds in 1..=3 {
        let (_folder, path) = scratch();
        states.push(super::filled_for(&path, rounds));
    }
    states
}

#[test]
fn damage_is_noticed_or_does_no_harm() {
    let (_folder, path) = scratch();
    filled(&path);
    // Once as a crash leaves it, once with the log merged.
    let as_crashed = [&path, &companion(&path, "-wal")].map(|path| std::fs::read(path).unwrap());
    Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let merged = [std::fs::read(&path).unwrap(), Vec::new()];
    assert!(merged[0].len() > as_crashed[0].len() / 2 && as_crashed[1].len() > 1000);
    let states = known_states();
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let (mut set_aside, mut exact) = (0, 0);
    for turn in 0..400 {
        let (folder, path) = scratch();
        let mut files = if turn % 2 == 0 {
            merged.clone()
        } else {
            as_crashed.clone()
        };
        let lengths = files.each_ref().map(Vec::len);
        for _ in 0..1 + random.next_u32() % 3 {
            let place = random.next_u64() as usize % (lengths[0] + lengths[1]);
            // Every second one among the bytes that say most.
            let place = if random.next_u32().is_multiple_of(2) {
                place
            } else {
                place % 200
            };
            let byte = match place.checked_sub(lengths[0]) {
                None => &mut files[0][place],
                Some(place) => &mut files[1][place],
            };
            *byte = random.next_u32() as u8;
        }
        std::fs::write(&path, &files[0]).unwrap();
        if !files[1].is_empty() {
            std::fs::write(companion(&path, "-wal"), &files[1]).unwrap();
        }
        let Opened {
            store,
            mut saver,
            outcome,
            ..
        } = match open(&path, definitions(), 1_000_000) {
            Ok(opened) => opened,
            // Where both marks of the file are gone it is not ours to touch.
            Err(OpenError::Foreign(_)) => continue,
            Err(error) => panic!("turn {turn}: {error}"),
        };
        if let Some((why, aside)) = outcome.damaged {
            set_aside += 1;
            assert_eq!(content(&store), states[0], "turn {turn}: {why}");
            assert_eq!(std::fs::read(&aside).unwrap(), files[0], "turn {turn}");
        } else {
            exact += 1;
            assert!(states.contains(&content(&store)), "turn {turn}");
        }
        // What comes next is saved and found again.
        Updates::new(&store).apply(0);
        let mut updates = Updates::new(&store);
        updates.push(3, &[], 1.0);
        updates.apply(1_000_000);
        let expected = content(&store);
        saver.save(cut(&store, &[]), 1_000_001).unwrap();
        drop(saver);
        assert_eq!(content(&opened(&path).store), expected, "turn {turn}");
        drop(folder);
    }
    assert!(set_aside > 50 && exact > 20, "{set_aside} {exact}");
}

#[test]
fn what_is_cut_off_is_set_aside() {
    let (_folder, path) = scratch();
    filled(&path);
    let whole = std::fs::read(&path).unwrap();
    let empty = content(&Store::new(definitions(), 1_000_000));
    for length in [1, 99, 512, 4096, 9000, whole.len() - 1] {
        let (_folder, path) = scratch();
        std::fs::write(&path, &whole[..length]).unwrap();
        match open(&path, definitions(), 1_000_000) {
            Ok(opened) => {
                // The last byte may be one that nothing is in.
                let is_noticed = opened.outcome.damaged.is_some();
                assert!(is_noticed || length == whole.len() - 1, "{length}");
                assert_eq!(content(&opened.store), empty, "{length}");
            }
            Err(error) => assert!(matches!(error, OpenError::Foreign(_)), "{length}: {error}"),
        }
    }
}

#[test]
fn an_empty_file_is_new_only_without_a_log() {
    let (_folder, path) = scratch();
    std::fs::write(&path, b"").unwrap();
    assert_eq!(open(&path, definitions(), 0).unwrap().outcome.damaged, None);

    let (_folder, path) = scratch();
    filled(&path);
    let log = std::fs::read(companion(&path, "-wal")).unwrap();
    std::fs::write(&path, b"").unwrap();
    let opened = open(&path, definitions(), 1_000_000).unwrap();
    let (why, aside) = opened.outcome.damaged.unwrap();
    assert_eq!(why, "it is empty, but its log is not");
    // The log is kept too: it may hold the whole state.
    assert_eq!(std::fs::read(companion(&aside, "-wal")).unwrap(), log);
    let empty = content(&Store::new(definitions(), 1_000_000));
    assert_eq!(content(&opened.store), empty);
}

#[test]
fn a_file_of_zeros_is_damage() {
    let (_folder, path) = scratch();
    std::fs::write(&path, [0; 8192]).unwrap();
    let opened = open(&path, definitions(), 1_000_000_000_000).unwrap();
    let (_, aside) = opened.outcome.damaged.unwrap();
    let name = aside.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(name, "state.db.damaged-20010909T014640Z");
}

#[test]
fn what_others_own_is_left_alone() {
    let (_folder, path) = scratch();
    std::fs::write(&path, "a log line\n").unwrap();
    let error = open(&path, definitions(), 0).unwrap_err();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"a log line\n");

    let (_folder, path) = scratch();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute("CREATE TABLE music (title TEXT)", [])
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let error = open(&path, definitions(), 0).unwrap_err();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn only_a_confirmed_version_is_a_newer_one() {
    let newer = |confirm: bool| {
        let (folder, path) = scratch();
        filled(&path);
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 2).unwrap();
        if confirm {
            let check = super::super::schema::version_check(2);
            connection
                .execute("UPDATE meta SET version = 2, version_check = ?", [check])
                .unwrap();
        }
        drop(connection);
        (folder, open(&path, definitions(), 0))
    };
    let (_folder, confirmed) = newer(true);
    let error = confirmed.unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { version: 2, .. }),
        "{error}"
    );
    let (_folder, damaged) = newer(false);
    assert!(damaged.unwrap().outcome.damaged.is_some());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (folder, _) = scratch();
    let path = folder.path().join("missing").join("state.db");
    let error = open(&path, definitions(), 0).unwrap_err().to_string();
    assert!(error.contains("missing` does not exist"), "{error}");
}

#[test]
fn a_file_that_was_removed_is_put_back() {
    let (_folder, path) = scratch();
    filled(&path);
    let Opened {
        store, mut saver, ..
    } = opened(&path);
    std::fs::remove_file(&path).unwrap();
    let mut updates = Updates::new(&store);
    updates.push(3, &[], 1.0);
    updates.apply(1_000_010);
    saver.save(cut(&store, &[]), 1_000_010).unwrap();
    let expected = content(&store);
    drop(saver);
    let again = opened(&path);
    assert_eq!(content(&again.store), expected);
    assert_eq!(again.notes.of("jaeger").len(), 1);
}
