//! What appears, what cannot be opened, what is waited for, and what is said about it.

use std::fs;
use std::time::Duration;

use super::Fixture;

#[test]
fn what_does_not_exist_is_waited_for() {
    let mut fixture = Fixture::new(&["later/deep/x.log", "later/*/y.log"]);
    fixture.look();
    fixture.look();
    assert_eq!(
        fixture.said.take(),
        ["waiting x.log", "waiting y.log", "caught up "]
    );
    assert!(fixture.waker.watched.contains(&fixture.folder));
    fixture.append("later/deep/x.log", "x1\n");
    fixture.append("later/deep/y.log", "y1\n");
    fixture.renamed(&["later"]);
    fixture.expect(&["x1", "y1"]);
    assert!(fixture.waker.watched.contains(&fixture.path("later/deep")));
}

#[test]
fn new_folders_and_files_of_a_glob() {
    let mut fixture = Fixture::new(&["**/gw/*.log"]);
    fixture.append("a/gw/1.log", "a1\n");
    fixture.look();
    fixture.append("b/c/gw/2.log", "b1\n");
    fixture.renamed(&["b"]);
    fixture.append("a/gw/3.log", "c1\n");
    fixture.append("a/gw/3.txt", "no\n");
    fixture.renamed(&["a/gw/3.log", "a/gw/3.txt"]);
    fixture.expect(&["a1", "b1", "c1"]);
    let origins: Vec<_> = fixture
        .lines
        .streams
        .iter()
        .map(|one| one.origin.base_name())
        .collect();
    assert_eq!(origins, ["1.log", "2.log", "3.log"]);
    assert!(
        fixture
            .lines
            .streams
            .iter()
            .all(|one| one.origin.source.ends_with("**/gw/*.log"))
    );
}

#[test]
fn from_end_is_for_what_is_there_at_the_start() {
    let mut fixture = Fixture::from_end(&["*.log"]);
    fixture.append("old.log", "old\nhal");
    fixture.look();
    fixture.append("old.log", "f\n");
    fixture.append("new.log", "new\n");
    fixture.look();
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["half", "new"]);
    assert_eq!(fixture.lines.streams[0].begin, 4, "the start of a line");
}

#[test]
fn packed_files_are_said_once_and_not_read() {
    let mut fixture = Fixture::new(&["*"]);
    fixture.append("x.log", "a1\n");
    fixture.append("x.log.1.gz", "compressed\n");
    fixture.append("x.log.2.zst", "compressed\n");
    fixture.look();
    fixture.look();
    fixture.expect(&["a1"]);
    assert_eq!(
        fixture.said.take(),
        ["ignored x.log.1.gz", "opened x.log", "caught up "]
    );
}

#[test]
fn files_take_turns_and_lag_is_summed_over_a_source() {
    let mut fixture = Fixture::new(&["*.log"]);
    fixture.append("a.log", &"line\n".repeat(100_000));
    fixture.append("b.log", "line\n");
    fixture.append("c.log", &"line\n".repeat(100_000));
    let first = fixture.one_round();
    assert_eq!(first, [52_428, 1, 52_428], "one block of each");
    assert_eq!(fixture.said.lag(), Some(2 * (500_000 - (256 << 10))));
    fixture.look();
    assert_eq!(fixture.said.lag(), Some(0));
    assert_eq!(fixture.lines.all().len(), 200_001);
    assert_eq!(fixture.said.take().last().unwrap(), "caught up ");
}

/// What opening fails with is not always permission, and a test may run as root, so this one
/// takes an obstacle that stops root too: a symlink that leads to itself.
#[cfg(unix)]
#[test]
fn what_cannot_be_opened_is_tried_again_with_back_off_and_said_once() {
    let mut fixture = Fixture::new(&["x.log"]);
    std::os::unix::fs::symlink("x.log", fixture.path("x.log")).unwrap();
    fixture.look();
    let said = fixture.said.take();
    assert_eq!(said, ["unreadable (FilesystemLoop) x.log", "caught up "]);
    let mut delays = Vec::new();
    for _ in 0..9 {
        let delay = fixture.follower.pause(fixture.waker.now);
        delays.push(delay.as_millis());
        fixture.pass(delay);
    }
    assert_eq!(
        delays,
        [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
    );
    assert!(fixture.said.take().is_empty(), "said once");
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.expect(&[]);
    fixture.renamed(&["x.log"]);
    fixture.expect(&["a1"]);
}

#[cfg(unix)]
#[test]
fn from_end_is_not_for_what_takes_the_place_of_an_unreadable_file() {
    let mut fixture = Fixture::from_end(&["x.log"]);
    std::os::unix::fs::symlink("x.log", fixture.path("x.log")).unwrap();
    fixture.look();
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.renamed(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.renamed(&["x.log"]);
    fixture.expect(&["a1"]);
}

/// A stale handle, as a file server gives it: the file is opened again where it was left.
#[test]
fn a_file_that_cannot_be_read_any_more_is_opened_again() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\na2\nha");
    fixture.look();
    fixture.expect(&["a1", "a2"]);
    fixture.fail_reading(std::io::ErrorKind::StaleNetworkFileHandle);
    fixture.append("x.log", "lf\n");
    fixture.changed(&["x.log"]);
    fixture.expect(&["half"]);
    assert_eq!(fixture.lines.streams[1].begin, 6);
    let said = fixture.said.take()[2..].to_vec();
    assert_eq!(
        said,
        ["unreadable (StaleNetworkFileHandle) x.log", "opened x.log"]
    );
}

#[cfg(unix)]
#[test]
fn permission_denied_for_a_while() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::geteuid().is_root() {
        println!("not tested: root may read everything");
        return;
    }
    let mut fixture = Fixture::new(&["x.log", "closed/*.log"]);
    fixture.append("x.log", "a1\n");
    fixture.append("closed/y.log", "b1\n");
    let (file, folder) = (fixture.path("x.log"), fixture.path("closed"));
    let mode = |path: &std::path::Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&file, 0);
    mode(&folder, 0);
    fixture.look();
    fixture.look();
    let said = fixture.said.take();
    assert_eq!(
        said.iter()
            .filter(|text| text.starts_with("unreadable"))
            .count(),
        2,
        "{said:?}"
    );
    mode(&file, 0o644);
    fixture.changed(&["x.log"]);
    fixture.expect(&["a1"]);
    mode(&folder, 0o755);
    fixture.changed(&["closed"]);
    fixture.expect(&["b1"]);
}

#[cfg(unix)]
#[test]
fn a_folder_or_fifo_that_takes_a_name_is_no_file() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.look();
    fs::create_dir(fixture.path("x.log")).unwrap();
    fixture.look();
    fs::remove_dir(fixture.path("x.log")).unwrap();
    crate::testing::make_fifo(&fixture.path("x.log"));
    fixture.pass(Duration::from_secs(1));
    let said = fixture.said.take();
    assert_eq!(
        said,
        [
            "waiting x.log",
            "caught up ",
            "unreadable (InvalidInput) x.log"
        ]
    );
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.append("x.log", "a1\n");
    fixture.renamed(&["x.log"]);
    fixture.expect(&["a1"]);
}

#[test]
fn a_long_line_is_not_offered_until_there_is_something_to_take() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "one\n");
    fixture.look();
    let offered = fixture.lines.offered;
    for _ in 0..200 {
        fixture.append("x.log", &"x".repeat(1000));
        fixture.changed(&["x.log"]);
    }
    assert_eq!(fixture.lines.offered, offered);
    fixture.append("x.log", "\n");
    fixture.changed(&["x.log"]);
    assert_eq!(fixture.lines.offered, offered + 200_001);
    assert_eq!(fixture.lines.all().last().unwrap().len(), 200_000);
}

#[test]
fn a_line_longer_than_any_may_be() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", &("x".repeat(3_000_000) + "\ntwo\nthr"));
    fixture.look();
    fixture.append("x.log", "ee\n");
    fixture.look();
    let lengths: Vec<_> = fixture.lines.all().iter().map(|line| line.len()).collect();
    assert_eq!(lengths, [1 << 20, 3, 5]);
}
