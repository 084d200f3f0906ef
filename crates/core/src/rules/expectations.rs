//! The samples that a `[[test]]` expects, written into its file: only what differs is changed, and comments and
//! the form of the list stay.
//!
//! Works on the text by the places that the TOML reader gives, one change at a time, as `check --fix` does: an editor
//! for TOML (toml_edit) would be a second reader of the language, with a tree of its own. No case is run here.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The text of a rules file, or of a file of cases for a program, in which the case of this number expects
/// `wanted`, samples in the order of the page. Samples whose series are there already stay where they are. `None`
/// where the text has no such case, or one that does not expect `before`.
pub fn with_expectation(
    text: &str,
    case: usize,
    before: &[String],
    wanted: &[&str],
) -> Option<String> {
    let list = List::of(text, case)?;
    let same = |(item, sample): (&Item, &String)| item.value == *sample;
    if list.items.len() != before.len() || !list.items.iter().zip(before).all(same) {
        return None;
    }
    let mut text = text.to_owned();
    let changes = changes(before, wanted);
    if before.is_empty() {
        let samples: String = wanted
            .iter()
            .map(|sample| format!("\n  {},", literal(sample, false)))
            .collect();
        text.insert_str(list.place.start + 1, &format!("{samples}\n"));
        return Some(text);
    }
    // From the end on, so that the numbers of the others stay.
    for (number, change) in changes.iter().enumerate().rev() {
        for sample in change.after.iter().rev() {
            text = List::of(&text, case)?.with_after(&text, number, sample)?;
        }
        let list = List::of(&text, case)?;
        match change.becomes {
            Becomes::Same => {}
            Becomes::Other(sample) => {
                let item = list.items.get(number)?;
                let is_basic = text.get(item.place.clone())?.starts_with('"');
                text.replace_range(item.place.clone(), &literal(sample, is_basic));
            }
            Becomes::Nothing => text = list.without(&text, number)?,
        }
    }
    Some(text)
}

/// What becomes of a sample, and what comes after it.
struct Change<'w> {
    becomes: Becomes<'w>,
    after: Vec<&'w str>,
}

enum Becomes<'w> {
    Same,
    Other(&'w str),
    Nothing,
}

fn changes<'w>(before: &[String], wanted: &[&'w str]) -> Vec<Change<'w>> {
    let mut left: Vec<&'w str> = wanted.to_vec();
    let mut changes: Vec<Change<'w>> = Vec::new();
    for sample in before {
        let place = left
            .iter()
            .position(|one| series(one) == series(sample.trim()));
        let becomes = match place.map(|place| left.remove(place)) {
            Some(one) if one == sample.trim() => Becomes::Same,
            Some(one) => Becomes::Other(one),
            None => Becomes::Nothing,
        };
        changes.push(Change {
            becomes,
            after: Vec::new(),
        });
    }
    for sample in left {
        let same_name = |one: &String| name(one.trim()) == name(sample);
        let place = before.iter().rposition(same_name);
        let place = place.unwrap_or(changes.len().saturating_sub(1));
        if let Some(change) = changes.get_mut(place) {
            change.after.push(sample);
        }
    }
    changes
}

/// A sample without its value.
pub fn series(sample: &str) -> &str {
    sample.rsplit_once(' ').map_or(sample, |(series, _)| series)
}

/// The metric's name of a sample.
pub fn name(sample: &str) -> &str {
    let end = sample.find(['{', ' ']).unwrap_or(sample.len());
    sample.get(..end).unwrap_or_default()
}

/// A list of strings in a text.
struct List {
    place: Range<usize>,
    items: Vec<Item>,
}

struct Item {
    place: Range<usize>,
    value: String,
}

impl List {
    /// What the case of this number expects.
    fn of(text: &str, case: usize) -> Option<List> {
        let document = DeTable::parse(text).ok()?;
        let tests = value(document.get_ref(), "test")?;
        let DeValue::Array(tests) = tests.get_ref() else {
            return None;
        };
        let DeValue::Table(test) = tests.get(case)?.get_ref() else {
            return None;
        };
        let expect = value(test, "expect")?;
        let DeValue::Array(array) = expect.get_ref() else {
            return None;
        };
        let item = |one: &toml::Spanned<DeValue<'_>>| match one.get_ref() {
            DeValue::String(text) => Some(Item {
                place: one.span(),
                value: text.to_string(),
            }),
            _ => None,
        };
        Some(List {
            place: expect.span(),
            items: array.iter().map(item).collect::<Option<_>>()?,
        })
    }

    /// With another sample after the one of this number: on a line of its own where that one is.
    fn with_after(&self, text: &str, number: usize, sample: &str) -> Option<String> {
        let place = self.items.get(number)?.place.clone();
        let is_basic = text.get(place.clone())?.starts_with('"');
        let sample = literal(sample, is_basic);
        let indent = indent_before(text, place.start)?;
        let mut out = text.to_owned();
        let comma = comma_after(text, place.end)?;
        if comma.is_none() {
            out.insert(place.end, ',');
        }
        let after_comma = comma.unwrap_or(place.end) + 1;
        let ending = if comma.is_some() { "," } else { "" };
        let line_end = end_of_line(&out, after_comma);
        let rest = out.get(after_comma..line_end)?.trim();
        match indent.filter(|_| rest.is_empty() || rest.starts_with('#')) {
            Some(indent) => {
                let indent = indent.to_owned();
                out.insert_str(line_end, &format!("\n{indent}{sample}{ending}"));
            }
            None => out.insert_str(after_comma, &format!(" {sample}{ending}")),
        }
        Some(out)
    }

    /// Without the sample of this number, and without its line where nothing else is on it.
    fn without(&self, text: &str, number: usize) -> Option<String> {
        let place = self.items.get(number)?.place.clone();
        let comma = comma_after(text, place.end)?;
        let end = comma.map_or(place.end, |comma| comma + 1);
        let line_end = end_of_line(text, end);
        let is_one_line = !text.get(place.start..end)?.contains('\n');
        let rest = text.get(end..line_end)?.trim();
        let is_alone = is_one_line && (rest.is_empty() || rest.starts_with('#'));
        let mut out = text.to_owned();
        if let Some(indent) = indent_before(text, place.start)?.filter(|_| is_alone) {
            let next_line = (line_end + 1).min(text.len());
            out.replace_range(place.start - indent.len()..next_line, "");
            return Some(out);
        }
        let next = self.items.get(number + 1).map(|next| next.place.start);
        let before = number.checked_sub(1).and_then(|it| self.items.get(it));
        let removed = match (next, before) {
            (Some(next), _) => place.start..next,
            (None, Some(before)) => before.place.end..place.end,
            (None, None) => place.start..end,
        };
        out.replace_range(removed, "");
        Some(out)
    }
}

fn value<'d>(table: &'d DeTable<'_>, key: &str) -> Option<&'d toml::Spanned<DeValue<'d>>> {
    let mut entries = table.iter();
    entries
        .find(|(name, _)| name.get_ref() == key)
        .map(|(_, value)| value)
}

/// The blanks before a place, where nothing else is before it on its line.
fn indent_before(text: &str, place: usize) -> Option<Option<&str>> {
    let before = text.get(..place)?;
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = before.get(line..)?;
    Some(indent.trim().is_empty().then_some(indent))
}

/// Where the comma is that follows this place, after blanks, line ends and comments.
fn comma_after(text: &str, place: usize) -> Option<Option<usize>> {
    let mut is_comment = false;
    for (at, character) in text.get(place..)?.char_indices() {
        match character {
            '\n' => is_comment = false,
            _ if is_comment => {}
            '#' => is_comment = true,
            ',' => return Some(Some(place + at)),
            _ if character.is_whitespace() => {}
            _ => break,
        }
    }
    Some(None)
}

/// Where the line ends that has this place, before its line end.
fn end_of_line(text: &str, place: usize) -> usize {
    let rest = text.get(place..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |at| place + at);
    match text.get(place..end) {
        Some(line) if line.ends_with('\r') => end - 1,
        _ => end,
    }
}

/// A sample as a string of TOML; between double quotes where `is_basic` or where it must be.
fn literal(sample: &str, is_basic: bool) -> String {
    let is_plain = !sample.contains('\'') && !sample.chars().any(char::is_control);
    let needs_escapes = sample.contains(['"', '\\']);
    if is_plain && (needs_escapes || !is_basic) {
        return format!("'{sample}'");
    }
    let mut out = String::from("\"");
    for character in sample.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            other if other.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(list: &str, wanted: &[&str]) -> String {
        let text = format!("# top\n[[test]]\nlines = 'x'\nexpect = {list}\n# end\n");
        let before: Vec<String> = List::of(&text, 0)
            .unwrap()
            .items
            .into_iter()
            .map(|item| item.value)
            .collect();
        let updated = with_expectation(&text, 0, &before, wanted).unwrap();
        let now: Vec<String> = List::of(&updated, 0)
            .unwrap_or_else(|| panic!("{updated}"))
            .items
            .into_iter()
            .map(|item| item.value)
            .collect();
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        let wanted = wanted.iter().map(|one| (*one).to_owned()).collect();
        assert_eq!(sorted(now), sorted(wanted), "{updated}");
        let list = updated.strip_prefix("# top\n[[test]]\nlines = 'x'\nexpect = ");
        list.and_then(|list| list.strip_suffix("\n# end\n"))
            .unwrap_or_else(|| panic!("{updated}"))
            .to_owned()
    }

    #[test]
    fn lists_keep_their_form_and_comments() {
        assert_eq!(updated("['a 1']", &["a 2"]), "['a 2']");
        assert_eq!(updated("[\"a 1\"]", &["a 2"]), "[\"a 2\"]");
        assert_eq!(
            updated("[\"a 1\"]", &["a 1", "a{b=\"c\"} 2"]),
            "[\"a 1\", 'a{b=\"c\"} 2']"
        );
        assert_eq!(updated("['a 1', 'b 1', 'c 1']", &["a 1"]), "['a 1']");
        assert_eq!(updated("['a 1', 'b 1', 'c 1']", &["c 2"]), "['c 2']");
        assert_eq!(updated("[]", &["a 1"]), "[\n  'a 1',\n]");
        let list = "[\n  'a{x=\"1\"} 1', # first\n  # about b\n  'b 1',\n  'c 1'  # last\n]";
        assert_eq!(
            updated(
                list,
                &["a{x=\"1\"} 3", "a{x=\"2\"} 4", "b 1", "c 2", "c{y=\"\"} 1"]
            ),
            "[\n  'a{x=\"1\"} 3', # first\n  'a{x=\"2\"} 4',\n  # about b\n  'b 1',\n  'c 2',  # last\n  'c{y=\"\"} 1'\n]"
        );
        assert_eq!(
            updated(list, &["a{x=\"1\"} 1", "b 1"]),
            "[\n  'a{x=\"1\"} 1', # first\n  # about b\n  'b 1',\n]"
        );
        assert_eq!(
            updated(list, &["c 1"]),
            "[\n  # about b\n  'c 1'  # last\n]"
        );
    }

    #[test]
    fn what_quotes_and_escapes_need_is_written() {
        assert_eq!(
            updated("['a 1']", &["a{x=\"it's\"} 1"]),
            "[\"a{x=\\\"it's\\\"} 1\"]"
        );
        assert_eq!(
            updated("['a 1']", &["a{x=\"\\\\\"} 1"]),
            "['a{x=\"\\\\\"} 1']"
        );
        // Twice the same series: the second has nothing left to say.
        assert_eq!(updated("['a 1', 'a 2']", &["a 3"]), "['a 3']");
    }

    #[test]
    fn other_files_are_left_alone() {
        let text = "[[test]]\nlines = 'x'\nexpect = ['a 1']\n";
        assert_eq!(with_expectation(text, 0, &["b 1".into()], &["a 2"]), None);
        assert_eq!(with_expectation(text, 1, &["a 1".into()], &["a 2"]), None);
        assert_eq!(with_expectation("x = [", 0, &[], &["a 2"]), None);
        // A case in another form of TOML, and the second of several.
        let text = "test = [{ lines = 'x', expect = [] }, { lines = 'x', expect = ['a 1'] }]\r\n";
        assert_eq!(
            with_expectation(text, 1, &["a 1".into()], &["a 2"]).as_deref(),
            Some("test = [{ lines = 'x', expect = [] }, { lines = 'x', expect = ['a 2'] }]\r\n")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_list_becomes_any_other(
            before in proptest::collection::vec("[ab](\\{x=\"['\\\\#,]\"\\})? [0-9]", 1..5),
            wanted in proptest::collection::btree_set("[abc](\\{x=\"['\\\\#,]\"\\})?", 1..5),
            form in 0..4_u8,
        ) {
            let item = |sample: &String| literal(sample, false);
            let items: Vec<String> = before.iter().map(item).collect();
            let list = match form {
                0 => format!("[{}]", items.join(", ")),
                1 => format!("[\n  {},\n]", items.join(",\n  ")),
                2 => format!("[ {} # ],'\n]", items.join(" # ],'\n , ")),
                _ => format!("[{}\n,]", items.join(",\n")),
            };
            let wanted: Vec<String> = wanted.iter().map(|series| format!("{series} 1")).collect();
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            updated(&list, &wanted);
        }
    }
}
