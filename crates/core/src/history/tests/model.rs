//! Random logs, replayed in every way, saved and killed at any moment.

use proptest::prelude::*;

use super::*;

/// One run of the program.
#[derive(Debug, Clone)]
struct Plan {
    /// What the containers write before it, as `(container, line)`.
    written: Vec<(usize, u8)>,
    /// From which line on each container's log is printed, in parts of 255 of what was counted.
    from: [u8; 3],
    /// In which order the containers' lines come.
    order: Vec<u8>,
    /// After how many lines it saves; the last save is what the next run knows.
    saves: Vec<u8>,
    /// Whether it comes to its end and saves then, or is killed.
    ends: bool,
}

fn plan(alphabet: u8) -> impl Strategy<Value = Plan> {
    (
        proptest::collection::vec((0..3usize, 0..alphabet), 0..60),
        any::<[u8; 3]>().prop_map(|parts| parts.map(|part| if part < 120 { 0 } else { part })),
        proptest::collection::vec(any::<u8>(), 200),
        proptest::collection::vec(any::<u8>(), 0..4),
        any::<bool>(),
    )
        .prop_map(|(written, from, order, saves, ends)| Plan {
            written,
            from,
            order,
            saves,
            ends,
        })
}

/// What a container has written.
#[derive(Debug, Clone, Default)]
struct Container {
    log: Vec<String>,
    /// What was counted when the state was saved last.
    history: Vec<String>,
}

/// The containers' lines in some order, each with its container.
fn interleaved(logs: &[Vec<String>], order: &[u8]) -> Vec<(usize, String)> {
    let mut rest: Vec<_> = logs.iter().map(|log| log.iter()).collect();
    let mut lines = Vec::new();
    for turn in order.iter().cycle() {
        if rest.iter().all(|rest| rest.len() == 0) {
            break;
        }
        let container = usize::from(*turn) % rest.len();
        if let Some(line) = rest[container].next() {
            lines.push((container, line.clone()));
        }
    }
    lines
}

/// What one container counted since the last save and since the run began.
#[derive(Debug, Clone, Default)]
struct Now {
    unsaved: Vec<String>,
    all: Vec<String>,
}

/// A save: what was counted so far belongs to the history from now on.
fn keep(
    recognizer: &mut Recognizer,
    rows: &mut Rows,
    now: &mut [Now],
    containers: &mut [Container],
) {
    save(recognizer, rows);
    for (now, one) in now.iter_mut().zip(containers) {
        one.history.append(&mut now.unsaved);
    }
}

/// The log from a place on that was counted. A wrong guess at what equal lines are may have made
/// the history longer than the log.
fn printed(one: &Container, part: u8) -> Vec<String> {
    let counted = one.history.len().min(one.log.len());
    one.log[counted * usize::from(part) / 256..].to_vec()
}

/// Runs one plan; what it counts to its end must be what the plain meaning counts.
fn run_plan(
    plan: &Plan,
    sizes: Sizes,
    unique: bool,
    rows: &mut Rows,
    containers: &mut [Container],
) {
    for (number, (container, letter)) in plan.written.iter().enumerate() {
        let log = &mut containers[*container].log;
        log.push(match unique || number % 7 == 0 {
            true => format!("{letter} at {}", log.len()),
            false => letter.to_string(),
        });
    }
    let logs: Vec<_> = (containers.iter().zip(plan.from))
        .map(|(one, part)| printed(one, part))
        .collect();
    let expected: Vec<_> = (containers.iter().zip(&logs))
        .map(|(one, log)| log[reference::new_from(&one.history, log)..].to_vec())
        .collect();
    let mut recognizer = restore(rows, sizes, HELD);
    let mut now = vec![Now::default(); containers.len()];
    let count = |raw: &[u8], now: &mut [Now]| {
        let line = text(raw);
        let (container, line) = line[2..].split_once("  | ").unwrap();
        let now = &mut now[container.parse::<usize>().unwrap()];
        now.unsaved.push(line.to_owned());
        now.all.push(line.to_owned());
    };
    for (number, (container, line)) in interleaved(&logs, &plan.order).iter().enumerate() {
        if plan.saves.iter().any(|save| usize::from(*save) == number) {
            keep(&mut recognizer, rows, &mut now, containers);
        }
        let raw = format!("c-{container}  | {line}");
        recognizer.offer(0, raw.as_bytes(), |raw| count(raw, &mut now));
    }
    if !plan.ends {
        return;
    }
    recognizer.finish(|raw| count(raw, &mut now));
    keep(&mut recognizer, rows, &mut now, containers);
    for (expected, now) in expected.iter().zip(&now) {
        assert_eq!(&now.all, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Few different lines, so that many places are possible: the longest overlap counts.
    #[test]
    fn it_is_what_trying_every_place_gives(plans in proptest::collection::vec(plan(2), 1..8)) {
        let mut containers = vec![Container::default(); 3];
        let mut rows = Rows::new();
        for plan in &plans {
            run_plan(plan, Sizes::default(), false, &mut rows, &mut containers);
        }
    }

    /// Lines that tell the place, and a memory that is much shorter than the log: each line counts
    /// once, whatever was printed again and whenever the program was killed.
    #[test]
    fn each_line_counts_once(plans in proptest::collection::vec(plan(9), 1..12)) {
        let mut containers = vec![Container::default(); 3];
        let mut rows = Rows::new();
        for plan in &plans {
            run_plan(plan, SMALL, true, &mut rows, &mut containers);
            for one in &containers {
                prop_assert_eq!(&one.history[..], &one.log[..one.history.len()]);
            }
        }
        let last = Plan {
            written: Vec::new(),
            from: [0; 3],
            order: vec![2, 0, 1, 1],
            saves: Vec::new(),
            ends: true,
        };
        run_plan(&last, SMALL, true, &mut rows, &mut containers);
        for one in &containers {
            prop_assert_eq!(&one.history, &one.log);
        }
    }
}
