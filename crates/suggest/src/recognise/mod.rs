//! Programs that are known: their rules are shipped, and match their lines.

mod shipped;

use std::sync::LazyLock;

use crate::sample::SampleLine;
use crate::shape::is_continuation;
use crate::trial::Trial;
use logmetrics_core::rules::shipped::Shipped;
pub(crate) use shipped::without_cases;

/// A program whose lines are in the log.
pub(crate) struct Recognised {
    pub program: &'static Shipped,
    /// For each line of the sample, whether its rules match.
    pub matches: Vec<bool>,
    pub count: usize,
}

/// A log has lines of a program when so many in a hundred are its own.
const OWN_PERCENT: usize = 10;

/// The programs that wrote these lines, the one with the most first. Continuations of records count for
/// nobody.
pub(crate) fn recognise(lines: &[SampleLine]) -> Vec<Recognised> {
    let begins = |line: &SampleLine| !is_continuation(&line.text);
    let records = lines.iter().filter(|line| begins(line)).count();
    let mut found: Vec<Recognised> = Vec::new();
    let mut taken = vec![false; lines.len()];
    let all: Vec<Recognised> = PROGRAMS.iter().filter_map(|it| of(it, lines)).collect();
    let mut all: Vec<Option<Recognised>> = all.into_iter().map(Some).collect();
    loop {
        let own = |one: &Recognised| {
            let free = one.matches.iter().zip(&taken);
            free.filter(|(matches, taken)| **matches && !**taken)
                .count()
        };
        // Of equals the first, which is the more special one.
        let best = all
            .iter()
            .enumerate()
            .filter_map(|(number, one)| Some((own(one.as_ref()?), std::cmp::Reverse(number))))
            .max();
        let Some((count, std::cmp::Reverse(number))) = best else {
            break;
        };
        if count == 0 || count * 100 < records * OWN_PERCENT {
            break;
        }
        let Some(mut best) = all.get_mut(number).and_then(Option::take) else {
            break;
        };
        best.count = count;
        for (taken, matches) in taken.iter_mut().zip(&best.matches) {
            *taken |= *matches;
        }
        found.push(best);
    }
    found
}

/// The programs and their rules, compiled once.
static PROGRAMS: LazyLock<Vec<(&'static Shipped, Trial)>> = LazyLock::new(|| {
    // Shipped rules are right; a test loads them all.
    let compiled = |it| Some((it, Trial::of(without_cases(it)).ok()?));
    shipped::programs().filter_map(compiled).collect()
});

fn of((program, trial): &(&'static Shipped, Trial), lines: &[SampleLine]) -> Option<Recognised> {
    // What continues a record is no sign of who wrote it.
    let matches = trial.matches(lines).into_iter().zip(lines);
    let matches = matches.map(|(matches, line)| matches && !is_continuation(&line.text));
    let matches: Vec<bool> = matches.collect();
    let count = matches.iter().filter(|it| **it).count();
    (count > 0).then_some(Recognised {
        program,
        matches,
        count,
    })
}
