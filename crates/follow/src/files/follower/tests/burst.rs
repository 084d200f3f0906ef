//! Many rotations in a row in a folder of many files: no line is lost, and the work grows with the
//! rotations, neither with their square nor with the files that nothing happens to.

use std::fs;
use std::time::Duration;

use super::Fixture;
use crate::testing::take_work;

/// How much is looked at for so many rotations, one each millisecond, among so many files.
fn work(argument: &str, files: usize, rotations: usize) -> usize {
    let mut fixture = Fixture::new(&[argument]);
    let mut expected = vec!["last".to_owned()];
    for number in 0..files {
        let text = format!("{number:05} in another file");
        fs::write(
            fixture.path(&format!("f{number:05}.log")),
            format!("{text}\n"),
        )
        .unwrap();
        if argument != "x.log" {
            expected.push(text);
        }
    }
    fixture.append("x.log", "");
    fixture.look();
    take_work();
    for number in 0..rotations {
        // Two rotations between two looks now and then: the first one's file is found by a search.
        for part in 0..=usize::from(number % 10 == 0) {
            let (line, rotated) = (
                format!("{number:05} begins a line of a rotated file, {part}"),
                format!("x.log-20261127-{number:05}{part}"),
            );
            fixture.append("x.log", &format!("{line}\n"));
            expected.push(line);
            fixture.rename("x.log", &rotated);
            fixture.append("x.log", "");
        }
        fixture.waker.now += Duration::from_millis(1);
        let mut names = vec!["x.log".to_owned()];
        for part in 0..=usize::from(number % 10 == 0) {
            names.push(format!("x.log-20261127-{number:05}{part}"));
        }
        if argument != "x.log" {
            // And a file that leaves the glob after a third of a second.
            let new = format!("new {number}.log");
            fixture.append(&new, &format!("{number:05} in a new file\n"));
            expected.push(format!("{number:05} in a new file"));
            names.push(new);
        }
        if let Some(old) = number.checked_sub(300).filter(|_| argument != "x.log") {
            let (from, to) = (format!("new {old}.log"), format!("new {old}.done"));
            fixture.rename(&from, &to);
            names.extend([from, to]);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        fixture.renamed(&names);
    }
    fixture.append("x.log", "last\n");
    fixture.changed(&["x.log"]);
    let work = take_work();
    fixture.pass(Duration::from_secs(1));
    let mut lines = fixture.lines.in_order.clone();
    lines.sort_unstable();
    expected.sort_unstable();
    assert!(
        lines == expected,
        "{argument}: {} of {}",
        lines.len(),
        expected.len()
    );
    work
}

#[test]
fn a_burst_of_rotations_costs_what_its_rotations_cost() {
    for argument in ["x.log", "*.log", "*.log*"] {
        let once = work(argument, 1000, 150);
        let more_files = work(argument, 3000, 150);
        let more_rotations = work(argument, 1000, 450);
        println!(
            "{argument}: {once}, 3 times the files {more_files}, 3 times the rotations {more_rotations}"
        );
        // Each rotation costs some looks, and each millisecond a share of a look into the folder.
        assert!(more_files < once + once / 2 + 30_000, "{argument}");
        assert!(more_rotations < once * 4 + 30_000, "{argument}");
    }
}

/// How much is looked at for the first look at so many files that begin alike, and their copies.
fn first_work(files: usize, line: &str) -> usize {
    let mut fixture = Fixture::new(&["*"]);
    for number in 0..files {
        fixture.append(&format!("f{number:05}.log"), line);
    }
    take_work();
    fixture.look();
    let work = take_work();
    assert_eq!(fixture.lines.in_order.len(), files);
    work
}

#[test]
fn a_start_with_many_small_files_that_are_alike_costs_what_the_files_cost() {
    let header = format!("{}\n", "a header that every file begins with ".repeat(8));
    for line in ["x\n", "a line of twenty-one\n", &header] {
        let once = first_work(300, line);
        let more = first_work(1500, line);
        println!("{line:?}: {once}, with five times the files {more}");
        assert!(more < once * 6 + 1000, "{line:?}: {once}, {more}");
    }
}
