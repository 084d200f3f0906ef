//! Rules files in one form: spacing, quotes, blank lines and the order of keys. Values and comments stay.
//!
//! The tokens of the file are read as items (`items`), put into order (`order`) and printed (`print`). What comes out is
//! read again and compared with what went in, so that a mistake here cannot change what a file counts.

mod items;
mod order;
mod print;
#[cfg(test)]
mod tests;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::SourceText;
use super::problem::{Problems, messages};
use super::raw_rules;
use super::toml_table::Reader;

/// Why a file was not formatted.
#[derive(Debug)]
pub enum FormatError {
    /// It is no TOML.
    Invalid(Problems),
    /// The formatted text would mean something else. It should never happen.
    Differs,
}

/// The file in its form.
///
/// # Errors
/// Where it is no TOML, with the place.
pub fn format(file: SourceText) -> Result<String, FormatError> {
    let mut reader = Reader {
        file: 0,
        drafts: Vec::new(),
    };
    raw_rules::parse(&file.text, &mut reader);
    if !reader.drafts.is_empty() {
        return Err(FormatError::Invalid(Problems::new(reader.drafts, &[file])));
    }
    let Some(before) = meaning(&file.text) else {
        // All that the other reader takes this one takes.
        let draft = messages::invalid_toml(reader.place(0..0), "it cannot be read", false);
        return Err(FormatError::Invalid(Problems::new(vec![draft], &[file])));
    };
    let formatted = formatted(&file.text).ok_or(FormatError::Differs)?;
    let is_same =
        meaning(&formatted) == Some(before) && comments(&formatted) == comments(&file.text);
    match is_same {
        true => Ok(formatted),
        false => Err(FormatError::Differs),
    }
}

fn formatted(text: &str) -> Option<String> {
    let mut items = items::read(text)?;
    order::sort(&mut items);
    let source = Source::new(text);
    let mut tokens = source.lex();
    // One in a string is a part of the string.
    let first = tokens.find(|token| token.kind() == TokenKind::Newline);
    let end = match first.and_then(|token| source.get(token)) {
        Some(raw) if raw.as_str() == "\r\n" => "\r\n",
        _ => "\n",
    };
    let mark = if text.starts_with('\u{feff}') {
        "\u{feff}"
    } else {
        ""
    };
    Some(format!("{mark}{}", print::text(&items, end)))
}

/// What a file says, in a form that can be compared: one of no number, too, is equal to itself.
fn meaning(text: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    Some(format!("{table:?}"))
}

/// All comments, sorted.
fn comments(text: &str) -> Vec<&str> {
    let source = Source::new(text);
    let tokens = source
        .lex()
        .filter(|token| token.kind() == TokenKind::Comment);
    let texts = tokens.filter_map(|token| source.get(token));
    let mut comments: Vec<&str> = texts.map(|raw| raw.as_str().trim_end()).collect();
    comments.sort_unstable();
    comments
}
