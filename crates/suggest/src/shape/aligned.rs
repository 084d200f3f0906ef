//! Lines of a program's own design: what is the same on all of them stays as it is, what differs is a column.

use std::collections::HashMap;

use super::names::{Names, are_statuses};
use super::pattern::{Pattern, request};
use super::tokens::{Class, Token, tokens};
use super::value::{Kind, TIME_FORMS, is_request, kind};
use super::{Table, of_pattern};
use crate::sample::SampleLine;

/// So many lines in a hundred must be alike for the others to be taken for exceptions.
const ALIKE_PERCENT: usize = 70;
/// Where no kind of line is so frequent, the largest must have so many in a hundred.
const KIND_PERCENT: usize = 10;
/// How many lines are compared.
const LINES_MAX: usize = 2000;

/// Pieces that lines share, and the lines that do.
struct Alignment<'t> {
    classes: Vec<Class<'t>>,
    members: Vec<usize>,
    /// The lines end where the pieces do.
    is_closed: bool,
}

/// The largest kind of these lines, and the lines that are not of it.
pub(super) fn table<'s>(lines: &[&'s SampleLine]) -> Option<(Table<'s>, Vec<&'s SampleLine>)> {
    let compared = lines.iter().take(LINES_MAX);
    let texts: Vec<&str> = compared.map(|line| line.text.as_str()).collect();
    let pattern = align(&texts, Names::default())?;
    of_pattern(pattern, lines)
}

/// The pattern of the largest kind of these texts, if they have something in common.
pub(super) fn align(texts: &[&str], names: Names) -> Option<Pattern> {
    let cut: Vec<Vec<Token<'_>>> = texts.iter().map(|text| tokens(text)).collect();
    if cut.is_empty() {
        return None;
    }
    let whole = largest_kind(&cut);
    let is_alike = |alignment: &Alignment<'_>, percent: usize| {
        alignment.members.len() * 100 >= cut.len() * percent
    };
    let alignment = match whole {
        Some(whole) if is_alike(&whole, ALIKE_PERCENT) && has_form(&whole, &cut) => whole,
        whole => beginning(&cut).or_else(|| {
            whole.filter(|whole| {
                let is_kind = whole.members.len() > 1 && is_alike(whole, KIND_PERCENT);
                is_kind && has_form(whole, &cut)
            })
        })?,
    };
    Some(pattern(&alignment, &cut, names))
}

/// Whether lines have more in common than how many words they are.
fn has_form(alignment: &Alignment<'_>, cut: &[Vec<Token<'_>>]) -> bool {
    let mut classes = alignment.classes.iter().enumerate();
    classes.any(|(place, class)| match class {
        Class::Space => false,
        Class::Value => {
            let texts = texts(place, &alignment.members, cut);
            is_fixed(&texts) || is_column(place, &alignment.members, cut)
        }
        _ => true,
    })
}

/// The kind that most lines are of, all pieces compared. Of two that are equal the first.
fn largest_kind<'s>(cut: &[Vec<Token<'s>>]) -> Option<Alignment<'s>> {
    let mut kinds: HashMap<Vec<Class<'s>>, Vec<usize>> = HashMap::new();
    for (number, tokens) in cut.iter().enumerate() {
        let classes = tokens.iter().map(|token| token.class).collect();
        kinds.entry(classes).or_default().push(number);
    }
    let largest = kinds
        .into_iter()
        .max_by_key(|(_, members)| (members.len(), std::cmp::Reverse(members.first().copied())))?;
    Some(Alignment {
        classes: largest.0,
        members: largest.1,
        is_closed: true,
    })
}

/// What most lines begin with, where that says more than words do.
fn beginning<'s>(cut: &[Vec<Token<'s>>]) -> Option<Alignment<'s>> {
    let mut members: Vec<usize> = (0..cut.len()).collect();
    let mut classes: Vec<Class<'s>> = Vec::new();
    loop {
        let class = |number: &usize| {
            let token = cut.get(*number)?.get(classes.len());
            token.map(|token| token.class)
        };
        let mut counts: HashMap<Class<'s>, usize> = HashMap::new();
        for number in &members {
            *counts
                .entry(class(number).unwrap_or(Class::End))
                .or_default() += 1;
        }
        let (most, count) = counts
            .into_iter()
            .max_by_key(|(class, count)| (*count, *class))?;
        let stays = count * 100 >= members.len() * ALIKE_PERCENT
            && count * 100 >= cut.len() * ALIKE_PERCENT;
        if most == Class::End || !stays {
            break;
        }
        members.retain(|number| class(number) == Some(most));
        classes.push(most);
    }
    classes.truncate(text_begins(&classes, &members, cut));
    let says = classes
        .iter()
        .any(|class| !matches!(class, Class::Space | Class::Value));
    says.then_some(Alignment {
        classes,
        members,
        is_closed: false,
    })
}

/// After how many pieces the text begins that is otherwise on each line: after the last piece that is more
/// than a word, and the columns that follow it.
fn text_begins(classes: &[Class<'_>], members: &[usize], cut: &[Vec<Token<'_>>]) -> usize {
    let is_form = |place: usize| match classes.get(place) {
        Some(Class::Value) => {
            let after_key = place > 0 && matches!(classes.get(place - 1), Some(Class::Key(_)));
            let texts = texts(place, members, cut);
            after_key
                || (is_fixed(&texts) && !texts.iter().any(|it| it.contains(char::is_alphabetic)))
        }
        Some(Class::Space | Class::End) | None => false,
        Some(_) => true,
    };
    let last = (0..classes.len()).rev().find(|place| is_form(*place));
    let mut end = last.map_or(0, |last| last + 1);
    for place in end..classes.len() {
        match classes.get(place) {
            Some(Class::Space) => {}
            _ if is_column(place, members, cut) => end = place + 1,
            _ => break,
        }
    }
    end
}

/// Whether a piece has few values, or values of a kind, so that it is no word of a text.
fn is_column(place: usize, members: &[usize], cut: &[Vec<Token<'_>>]) -> bool {
    let texts = texts(place, members, cut);
    let mut distinct = texts.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let is_of_kind = |text: &&str| !matches!(kind(text), Kind::Word | Kind::Nothing);
    texts.iter().all(is_of_kind) || (texts.len() >= 6 && distinct.len() * 3 <= texts.len())
}

fn texts<'t>(place: usize, members: &[usize], cut: &[Vec<Token<'t>>]) -> Vec<&'t str> {
    let token = |number: &usize| Some(cut.get(*number)?.get(place)?.text);
    members.iter().filter_map(token).collect()
}

/// The pattern of an alignment.
fn pattern(alignment: &Alignment<'_>, cut: &[Vec<Token<'_>>], mut names: Names) -> Pattern {
    let mut pattern = Pattern {
        is_closed: alignment.is_closed,
        ..Pattern::default()
    };
    let mut word_before: Option<String> = None;
    let mut key: Option<String> = None;
    let mut is_after_request = false;
    for (place, class) in alignment.classes.iter().enumerate() {
        let texts = texts(place, &alignment.members, cut);
        let first = texts.first().copied().unwrap_or_default();
        match class {
            Class::End => {}
            Class::Space => pattern.same(match texts.iter().all(|text| *text == " ") {
                true => " ",
                false => r"\s+",
            }),
            Class::Mark(mark) => pattern.same(&regex::escape(&mark.to_string())),
            Class::Key(text) => {
                pattern.same(&regex::escape(text));
                key = Some(text.trim_end_matches('=').to_owned());
            }
            Class::Time(form) => {
                let name = names.give(key.take().as_deref(), None, &[first]);
                let form = TIME_FORMS.get(*form).copied().unwrap_or(r"\S+");
                pattern.group(&name, form);
                word_before = None;
            }
            Class::Quoted | Class::Bracketed => {
                let (open, close, inside) = match class {
                    Class::Quoted => ("\"", "\"", quoted(&texts)),
                    _ => (r"\[", r"\]", r"[^\]]*"),
                };
                pattern.same(open);
                if texts.iter().filter(|text| is_request(text)).count() * 2 > texts.len() {
                    request(&mut pattern, &mut names);
                    is_after_request = true;
                } else {
                    // `[4711]` is the number of a process.
                    let is_number = |text: &&str| kind(text) == Kind::Integer;
                    let is_process = *class == Class::Bracketed
                        && texts.iter().all(is_number)
                        && !are_statuses(&texts);
                    let key = key.take().or(is_process.then(|| "pid".to_owned()));
                    let name = names.give(key.as_deref(), word_before.as_deref(), &texts);
                    pattern.group(&name, inside);
                }
                pattern.same(close);
                word_before = None;
            }
            Class::Value if key.is_none() && is_fixed(&texts) => {
                pattern.same(&regex::escape(first));
                word_before = Some(first.to_owned());
            }
            Class::Value => {
                let value = value_until(alignment.classes.get(place + 1));
                let is_status = std::mem::take(&mut is_after_request)
                    && texts.iter().all(|text| kind(text) == Kind::Integer);
                let key = key.take().or(is_status.then(|| "status".to_owned()));
                let name = names.give(key.as_deref(), word_before.as_deref(), &texts);
                pattern.group(&name, &value);
                word_before = None;
            }
        }
    }
    pattern
}

/// What is between quotes: with escapes where there are some.
fn quoted(texts: &[&str]) -> &'static str {
    match texts.iter().any(|text| text.contains('\\')) {
        true => r#"(?:[^"\\]|\\.)*"#,
        false => r#"[^"]*"#,
    }
}

/// A word that is the same on all lines is a part of the form of the line, unless it looks like a value.
fn is_fixed(texts: &[&str]) -> bool {
    let Some(first) = texts.first() else {
        return false;
    };
    let is_plain = first.chars().all(char::is_alphabetic)
        || (*first != "-" && !first.chars().any(char::is_alphanumeric));
    let is_value = matches!(kind(first), Kind::Level | Kind::Method);
    is_plain && !is_value && texts.iter().all(|text| text == first)
}

/// A value up to the piece that follows it.
fn value_until(next: Option<&Class<'_>>) -> String {
    match next {
        Some(Class::Mark(mark)) => {
            let mark = match mark {
                ']' | '[' | '^' | '\\' => format!(r"\{mark}"),
                mark => mark.to_string(),
            };
            format!(r"[^\s{mark}]+")
        }
        Some(Class::Quoted) => r#"[^\s"]+"#.to_owned(),
        Some(Class::Bracketed) => r"[^\s\[]+".to_owned(),
        // The colon at a word's end is a piece of its own.
        Some(Class::Value) => r"[^\s:]+(?::[^\s:]+)*".to_owned(),
        _ => r"\S+".to_owned(),
    }
}
