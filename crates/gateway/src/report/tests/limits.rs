//! More names than are distinguished: the busiest stay, the bound holds, and threads do not show.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::report::in_order::InOrder;
use crate::report::{Limited, NAMES_MAX, OTHER, USERS_MAX};

/// A plan with little room: so many users, in stretches of so many bytes.
fn narrow(users_max: usize, stretch_bits: u32, user: Option<&str>) -> Arc<Plan> {
    let plan = Arc::into_inner(plan(Period::default(), user)).unwrap();
    let mut names_max = [NAMES_MAX; Dimension::COUNT];
    names_max[0] = users_max;
    Arc::new(Plan {
        names_max,
        whole: InOrder::new(names_max),
        stretch_bits,
        ..plan
    })
}

fn request(user: u32) -> String {
    format!(
        "request gateway=g route=r{} http.status=200 user.email=u{user}",
        user % 3
    )
}

/// Reads requests of users by `threads` threads, cut into parts of `per_part` lines; each line has 16
/// bytes, as far as offsets are concerned.
fn read(plan: &Arc<Plan>, users: &[u32], threads: usize, per_part: usize) -> Report {
    let origin = origin();
    let mut collectors: Vec<Collector> = (0..threads)
        .map(|_| Collector::new(Arc::clone(plan)))
        .collect();
    for (part, users) in users.chunks(per_part).enumerate() {
        // Not in turn: one thread may be slow.
        let collector = &mut collectors[(part * part + part / 3) % threads];
        collector.begin(part as u64, &origin);
        for (place, user) in users.iter().enumerate() {
            let offset = 16 * (part * per_part + place) as u64;
            collector.line(offset, &line(&request(*user), &origin));
        }
        collector.end(0);
    }
    collectors.into_iter().for_each(Collector::finish);
    plan.report()
}

/// All that a report says of users and routes.
fn said(report: &Report) -> String {
    let json = render(report, Format::Json, &OPTIONS);
    String::from_utf8(json).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_bound_holds_and_threads_and_parts_do_not_show(
        seeds in prop::collection::vec((0_u32..8, 0_u32..200), 1..800),
        users_max in 5_usize..20,
        threads in 2_usize..5,
        per_part in 1_usize..90,
    ) {
        // A few users make many requests, many make one.
        let users: Vec<u32> = seeds.iter().map(|(kind, user)| match kind {
            0..4 => user % 4,
            _ => *user,
        }).collect();
        let one = read(&narrow(users_max, 9, None), &users, 1, 50);
        let other = read(&narrow(users_max, 9, None), &users, threads, per_part);
        prop_assert_eq!(said(&one), said(&other));

        let mut exact: HashMap<String, u64> = HashMap::new();
        for user in &users {
            *exact.entry(format!("u{user}")).or_default() += 1;
        }
        let entries = one.entries(Dimension::User);
        let total: u64 = entries.iter().map(|entry| entry.figures.requests).sum();
        prop_assert_eq!(total, users.len() as u64);
        prop_assert!(entries.len() <= users_max + 1);
        let missed = one.limited.first().map_or(0, |limited| limited.missed);
        prop_assert!(missed <= users.len() as u64 / (users_max as u64 + 1));
        prop_assert_eq!(missed == 0, exact.len() <= users_max);
        for (user, requests) in exact {
            let shown = entries.iter().find(|entry| entry.name == user);
            let shown = shown.map_or(0, |entry| entry.figures.requests);
            prop_assert!(shown <= requests && requests <= shown + missed, "{} {} {}", user, shown, requests);
        }
    }
}

#[test]
fn whoever_comes_late_and_is_the_busiest_is_the_first() {
    // Thirty thousand users with one request each, and then five thousand of one.
    let users: Vec<u32> = (0..30_000).chain([99_999; 5_000]).collect();
    let report = read(&plan(Period::default(), None), &users, 2, 1000);
    let entries = report.entries(Dimension::User);
    assert_eq!(entries.len(), 30_001);
    assert_eq!(
        (entries[0].name.as_str(), entries[0].figures.requests),
        ("u99999", 5_000)
    );
    assert_eq!(report.limited, []);
    // Also where there is room for a thousand.
    let report = read(&narrow(1000, 12, None), &users, 2, 1000);
    let entries = report.entries(Dimension::User);
    assert_eq!(entries[0].name, OTHER);
    assert_eq!(entries[1].name, "u99999");
    let [
        Limited {
            missed,
            names_max: 1000,
            ..
        },
    ] = report.limited[..]
    else {
        panic!("{:?}", report.limited);
    };
    assert!(missed <= 34 && entries[1].figures.requests + missed >= 5_000);
    let table = String::from_utf8(render(&report, Format::Table, &OPTIONS)).unwrap();
    assert!(
        table.contains("more than 1 000 users: the busiest are kept"),
        "{table}"
    );
    // What one name has to do with is limited, too, and adds up.
    for route in report.entries(Dimension::Route) {
        let users = &route.links[Dimension::User as usize];
        assert!(users.len() <= 202, "{}", users.len());
        assert_eq!(
            users.iter().map(|(_, requests)| requests).sum::<u64>(),
            route.figures.requests
        );
    }
}

#[test]
fn one_user_is_exact_however_many_there_are() {
    let users: Vec<u32> = (0..5_000).chain([4_999, 17]).collect();
    let report = read(&narrow(5, 10, Some("U4999")), &users, 3, 100);
    assert_eq!(report.total.requests, 2);
    assert_eq!(report.entries(Dimension::User)[0].name, "u4999");
    let report = read(&narrow(5, 10, Some("u49999")), &users, 3, 100);
    assert_eq!(report.total.requests, 0);
    assert_eq!(report.others, Some(5_000));
    assert_eq!(report.nearest, Some((1, "u4999".to_owned())));
}

#[test]
fn the_limits_are_as_the_help_says() {
    assert_eq!((USERS_MAX, NAMES_MAX), (1_000_000, 100_000));
}
