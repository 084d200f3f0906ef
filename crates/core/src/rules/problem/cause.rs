//! Problems that have one cause, such as a file that several rules name: the first stands for all.

use std::collections::BTreeMap;

use super::super::load::SourceText;
use super::{Draft, ProblemPlace, messages};

/// What several problems may come of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) enum Cause {
    /// A file that cannot be read.
    File(String),
    /// A column that the file does not have; none where it should be named.
    Column(String, Option<String>),
    /// A pattern that has no such name, in this file of rules.
    Pattern(String, usize),
    /// A field or label that the rule at this place does not have; another rule has other fields.
    Name(String, ProblemPlace),
}

/// One problem for each cause: the first, which says where else it shows. The drafts are in the order of the files.
pub(super) fn merged(drafts: Vec<Draft>, sources: &[SourceText]) -> Vec<Draft> {
    let mut firsts: BTreeMap<Box<Cause>, usize> = BTreeMap::new();
    let mut kept: Vec<(Draft, Vec<ProblemPlace>)> = Vec::new();
    for draft in drafts {
        let cause = draft.cause.clone();
        let first = cause.as_ref().and_then(|cause| firsts.get(cause).copied());
        let place = draft.shown.first().map(|(place, _)| *place);
        match first.and_then(|first| kept.get_mut(first)) {
            Some((one, more)) => match (one.shown.is_empty(), place) {
                // That the file cannot be read, and why, was said without a place.
                (true, Some(_)) => {
                    one.shown = draft.shown;
                    one.hint = draft.hint;
                    one.rule = draft.rule;
                }
                (false, Some(place)) => more.push(place),
                (_, None) => {}
            },
            None => {
                if let Some(cause) = cause {
                    firsts.insert(cause, kept.len());
                }
                kept.push((draft, Vec::new()));
            }
        }
    }
    let with_more = |(mut draft, more): (Draft, Vec<ProblemPlace>)| {
        if !more.is_empty() {
            let file = draft.shown.first().map(|(place, _)| place.file);
            let lines = more.iter().map(|place| line_of(*place, file, sources));
            draft.message = messages::also_in(&draft.message, &lines.collect::<Vec<_>>());
        }
        draft
    };
    kept.into_iter().map(with_more).collect()
}

/// The number of a place's line, after its file's name where that is not `file`.
fn line_of(place: ProblemPlace, file: Option<usize>, sources: &[SourceText]) -> String {
    let Some(source) = sources.get(place.file) else {
        return String::new();
    };
    let before = source.text.get(..place.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    match file == Some(place.file) {
        true => line.to_string(),
        false => format!("{}:{line}", source.path),
    }
}
