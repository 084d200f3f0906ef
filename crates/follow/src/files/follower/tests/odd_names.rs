//! Rotated while down under names of any scheme, compressed or not: the content says what a file is.

use std::fs::File;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::Fixture;

/// What rotation puts into a name.
#[derive(Debug, Clone, Copy)]
enum Stamp {
    DayMonthYear,
    MonthDayYear,
    Date,
    DateAfterOne,
    ShortDate,
    MonthDay,
    DayOfYear,
    Week,
    YearAndWeek,
    DayAndName,
    Seconds,
    Count,
    OldCount,
    Old,
    Bak,
    Hash,
}

const STAMPS: [Stamp; 16] = [
    Stamp::DayMonthYear,
    Stamp::MonthDayYear,
    Stamp::Date,
    Stamp::DateAfterOne,
    Stamp::ShortDate,
    Stamp::MonthDay,
    Stamp::DayOfYear,
    Stamp::Week,
    Stamp::YearAndWeek,
    Stamp::DayAndName,
    Stamp::Seconds,
    Stamp::Count,
    Stamp::OldCount,
    Stamp::Old,
    Stamp::Bak,
    Stamp::Hash,
];

impl Stamp {
    /// The stamp of the rotation with this number, of so many.
    fn text(self, number: usize, of: usize) -> String {
        // From the last days of a November into December.
        let (month, day) = if number < 2 {
            (11, 29 + number)
        } else {
            (12, number - 1)
        };
        let name = ["Sunday", "Monday", "Tuesday", "Wednesday"][number];
        match self {
            Stamp::DayMonthYear => format!("{day:02}{month}2026"),
            Stamp::MonthDayYear => format!("{month}{day:02}2026"),
            Stamp::Date => format!("2026-{month}-{day:02}"),
            Stamp::DateAfterOne => format!("1.2026-{month}-{day:02}"),
            Stamp::ShortDate => format!("26{month}{day:02}"),
            Stamp::MonthDay => format!("{month}{day:02}"),
            Stamp::DayOfYear => format!("{}", 333 + number),
            Stamp::Week => format!("W{}", 48 + number),
            Stamp::YearAndWeek => format!("2026W{}", 48 + number),
            Stamp::DayAndName => format!("{name}-{day}{}", if month == 11 { "Nov" } else { "Dec" }),
            Stamp::Seconds => format!("{}", 1_796_000_000 + number * 86_400),
            Stamp::Count => format!("{}", of - number),
            Stamp::OldCount => format!("old.{}", of - number),
            Stamp::Old => "old".to_owned(),
            Stamp::Bak => "bak".to_owned(),
            Stamp::Hash => format!(
                "{:08x}",
                0xdead_beef_u32.wrapping_mul(7919 * (number as u32 + 3))
            ),
        }
    }

    /// Whether nothing in the names says that two of them are of one scheme.
    fn names_one(self) -> bool {
        matches!(self, Stamp::Old | Stamp::Bak | Stamp::Hash)
    }
}

/// How a rotated file is named.
#[derive(Debug, Clone)]
struct Scheme {
    stamp: Stamp,
    mark: &'static str,
    /// Before the name, before its ending, or after it.
    place: usize,
    ending: &'static str,
    /// Whether the name tells of the compression.
    is_named: bool,
}

impl Scheme {
    fn name(&self, number: usize, of: usize) -> String {
        let (stamp, mark) = (self.stamp.text(number, of), self.mark);
        match self.place {
            0 => format!("{stamp}{mark}gateway.log"),
            1 => format!("gateway{mark}{stamp}.log"),
            _ => format!("gateway.log{mark}{stamp}"),
        }
    }
}

fn scheme() -> impl Strategy<Value = Scheme> {
    let marks = ["-", ".", "_", "~", " ", "@", "--"];
    (
        prop::sample::select(STAMPS.to_vec()),
        prop::sample::select(marks.to_vec()),
        0..3_usize,
        prop::sample::select(vec!["", ".gz", ".zst", ".xz", ".bz2"]),
        prop::bool::weighted(0.8),
    )
        .prop_map(|(stamp, mark, place, ending, is_named)| Scheme {
            stamp,
            mark,
            place,
            ending,
            is_named,
        })
}

/// `gateway.log` under the next odd name.
fn rotate(fixture: &Fixture, scheme: &Scheme, number: usize, of: usize) {
    let name = scheme.name(number, of);
    fixture.rename("gateway.log", &name);
    if scheme.ending.is_empty() {
        return;
    }
    fixture.pack_as(&name, scheme.ending);
    if !scheme.is_named {
        fixture.rename(&format!("{name}{}", scheme.ending), &name);
    }
}

fn run(
    scheme: &Scheme,
    rotations: usize,
    has_next: bool,
    was_read: bool,
) -> Result<(), TestCaseError> {
    let mut fixture = Fixture::new(&["gateway.log"]);
    let of = rotations + 1;
    // Rotated before anybody looked, and written long before.
    if !scheme.stamp.names_one() {
        fixture.append("gateway.log", "long ago\n");
        let long_ago = SystemTime::now() - Duration::from_secs(90_000);
        let file = File::options()
            .append(true)
            .open(fixture.path("gateway.log"))
            .unwrap();
        file.set_modified(long_ago).unwrap();
        rotate(&fixture, scheme, 0, of);
    }
    let mut lines = Vec::new();
    let mut write = |fixture: &Fixture, text: String| {
        fixture.append("gateway.log", &format!("{text}\n"));
        lines.push(text);
    };
    fixture.append("gateway.log", "");
    if was_read {
        write(&fixture, "read before".to_owned());
    }
    fixture.look();
    let saved = fixture.save();
    for rotation in 1..=rotations {
        write(&fixture, format!("rotation {rotation}"));
        rotate(&fixture, scheme, rotation, of);
    }
    if has_next {
        write(&fixture, "last".to_owned());
    }
    // Another program's logs, which nobody asked for.
    fixture.append("other.log", "of another program\n");
    fixture.append("other.log.1", "of another program, rotated\n");
    for _ in 0..2 {
        fixture.restart(saved.clone());
        fixture.look();
        fixture.pass(Duration::from_secs(31));
        let mut counted = fixture.lines.in_order.clone();
        counted.sort_unstable();
        lines.sort_unstable();
        prop_assert_eq!(&counted, &lines, "{:?}", fixture.said.take());
    }
    Ok(())
}

// PROPTEST_CASES=5000 looks longer.
proptest! {
    #[test]
    fn content_decides_whatever_a_rotated_file_is_called(
        scheme in scheme(),
        rotations in 1..4_usize,
        has_next in any::<bool>(),
        was_read in prop::bool::weighted(0.8),
    ) {
        // Of names that say nothing, one is known by its content.
        let rotations = if scheme.stamp.names_one() { 1 } else { rotations };
        run(&scheme, rotations, has_next, was_read)?;
    }
}
