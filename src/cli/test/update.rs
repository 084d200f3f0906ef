//! `test --update`: what comes out becomes what is expected, in the files themselves.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Given, Ran};
use crate::cli::fmt;
use logmetrics_core::program_files;
use logmetrics_core::rules::expectations::{name, series, with_expectation};

/// What a case is to expect from now on.
pub(super) struct Wanted<'g> {
    samples: Vec<&'g str>,
    /// Samples whose series does not come out any more, and which stay.
    gone: Vec<&'g str>,
}

impl<'g> Wanted<'g> {
    /// What `expect` becomes; an error says why it stays.
    fn of(given: &'g Given, expect: &'g [String], is_partial: bool) -> Result<Wanted<'g>, String> {
        let expected = || expect.iter().map(|sample| sample.trim());
        let is_named = |sample: &&str| expected().any(|one| name(one) == name(sample));
        let mut gone = Vec::new();
        let samples: Vec<&str> = match (expect.is_empty(), is_partial) {
            (true, _) => given.counted().collect(),
            (false, false) => given.samples.lines().filter(is_named).collect(),
            (false, true) => expected()
                .map(|one| {
                    let now = given.samples.lines().find(|now| series(now) == series(one));
                    if now.is_none() {
                        gone.push(one);
                    }
                    now.unwrap_or(one)
                })
                .collect(),
        };
        if samples.is_empty() || (!gone.is_empty() && gone.len() == expect.len()) {
            return Err(
                "nothing of what it expects comes out any more: mend the rules, or take the case out"
                    .to_owned(),
            );
        }
        Ok(Wanted { samples, gone })
    }
}

/// Writes what comes out into the files of the cases that differ, and notes at each case what became of it.
pub(super) fn update(cases: &mut [Ran]) {
    let mut by_file: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        if case.outcome.has_failed() {
            by_file
                .entry(case.outcome.path.clone())
                .or_default()
                .push(place);
        }
    }
    for (path, places) in by_file {
        let Some(mut of_file) = places
            .iter()
            .map(|place| cases.get(*place))
            .collect::<Option<Vec<&Ran>>>()
        else {
            continue;
        };
        let notes = update_file(Path::new(&path), &mut of_file);
        for (place, note) in places.into_iter().zip(notes) {
            if let Some(case) = cases.get_mut(place) {
                case.outcome.note(note);
            }
        }
    }
}

/// What became of a case that differed.
pub(super) enum Note {
    Updated,
    /// The values were updated, but these samples do not come out any more.
    Gone(String),
    /// It stays as it is.
    Left(String),
}

/// Updates the cases of one file; what became of each.
fn update_file(path: &Path, cases: &mut [&Ran]) -> Vec<Note> {
    let all = |why: &str| cases.iter().map(|_| Note::Left(why.to_owned())).collect();
    let before = match text_of(path) {
        Ok(text) => text,
        Err(why) => return all(&why),
    };
    let mut text = before.clone();
    let notes: Vec<Note> = (cases.iter())
        .map(|case| match updated(&text, case) {
            Ok((new, note)) => {
                text = new;
                note
            }
            Err(why) => Note::Left(why),
        })
        .collect();
    if text == before {
        return notes;
    }
    match fmt::write(path, &text) {
        Ok(()) => notes,
        Err(error) => all(&format!("cannot write `{}`: {error}", path.display())),
    }
}

fn updated(text: &str, case: &Ran) -> Result<(String, Note), String> {
    let given = case.given.as_ref().map_err(Clone::clone)?;
    let wanted = Wanted::of(given, &case.expect, case.is_partial)?;
    let new = with_expectation(text, case.number, &case.expect, &wanted.samples);
    let new = new.ok_or("the file has changed meanwhile: run it again")?;
    if wanted.gone.is_empty() {
        return Ok((new, Note::Updated));
    }
    let why = format!(
        "`{}` does not come out any more, and nothing says what a partial case is to expect instead: change it by \
         hand, or take it out",
        wanted.gone.join("`, `")
    );
    match new == text {
        true => Err(why),
        false => Ok((new, Note::Gone(why))),
    }
}

/// The text of a file that may be written.
fn text_of(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let is_readonly = std::fs::metadata(path).is_ok_and(|it| it.permissions().readonly());
    if is_readonly {
        return Err(format!(
            "cannot write `{shown}`: nobody may write it (`chmod u+w` changes that)"
        ));
    }
    let bytes =
        program_files::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("expected UTF-8 text in `{shown}`"))
}
