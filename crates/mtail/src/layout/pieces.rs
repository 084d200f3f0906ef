//! A layout taken apart.

/// One part of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    LongYear,
    ShortYear,
    LongMonth,
    ShortMonth,
    Month {
        padded: bool,
    },
    LongWeekday,
    ShortWeekday,
    Day(Padding),
    DayOfYear(Padding),
    Hour,
    HalfDayHour {
        padded: bool,
    },
    Minute {
        padded: bool,
    },
    Second {
        padded: bool,
    },
    Afternoon {
        upper: bool,
    },
    ZoneName,
    Offset {
        form: OffsetForm,
        allows_z: bool,
    },
    /// So many digits after a mark.
    Fraction(usize),
    AnyFraction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    None,
    Blank,
    Zero,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetForm {
    Hours,
    HoursMinutes,
    HoursColonMinutes,
    HoursMinutesSeconds,
    HoursColonMinutesColonSeconds,
}

/// Texts with one meaning, a longer one before those that begin it.
const FIXED: &[(&str, Piece)] = &[
    ("January", Piece::LongMonth),
    ("Monday", Piece::LongWeekday),
    ("MST", Piece::ZoneName),
    ("002", Piece::DayOfYear(Padding::Zero)),
    ("01", Piece::Month { padded: true }),
    ("02", Piece::Day(Padding::Zero)),
    ("03", Piece::HalfDayHour { padded: true }),
    ("04", Piece::Minute { padded: true }),
    ("05", Piece::Second { padded: true }),
    ("06", Piece::ShortYear),
    ("15", Piece::Hour),
    ("1", Piece::Month { padded: false }),
    ("2006", Piece::LongYear),
    ("2", Piece::Day(Padding::None)),
    ("__2", Piece::DayOfYear(Padding::Blank)),
    ("3", Piece::HalfDayHour { padded: false }),
    ("4", Piece::Minute { padded: false }),
    ("5", Piece::Second { padded: false }),
    ("PM", Piece::Afternoon { upper: true }),
    ("pm", Piece::Afternoon { upper: false }),
];

const OFFSETS: &[(&str, OffsetForm)] = &[
    ("070000", OffsetForm::HoursMinutesSeconds),
    ("07:00:00", OffsetForm::HoursColonMinutesColonSeconds),
    ("0700", OffsetForm::HoursMinutes),
    ("07:00", OffsetForm::HoursColonMinutes),
    ("07", OffsetForm::Hours),
];

pub fn split(layout: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = layout;
    while let Some(c) = rest.chars().next() {
        if let Some((piece, length)) = piece(rest) {
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(piece);
            rest = rest.get(length..).unwrap_or("");
        } else {
            literal.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// The piece that a text begins with, and its length.
fn piece(rest: &str) -> Option<(Piece, usize)> {
    // A fixed text that is no part of a word: `Janet` is not January.
    for (short, piece) in [("Jan", Piece::ShortMonth), ("Mon", Piece::ShortWeekday)] {
        let Some(after) = rest.strip_prefix(short) else {
            continue;
        };
        let is_long = rest.starts_with("January") || rest.starts_with("Monday");
        if is_long || after.starts_with(|c: char| c.is_ascii_lowercase()) {
            break;
        }
        return Some((piece, short.len()));
    }
    if let Some((text, piece)) = FIXED.iter().find(|(text, _)| rest.starts_with(text)) {
        return Some((piece.clone(), text.len()));
    }
    // `_2006` is a `_` and the year.
    if rest.starts_with("_2") && !rest.starts_with("_2006") {
        return Some((Piece::Day(Padding::Blank), 2));
    }
    if let Some(after) = rest.strip_prefix(['-', 'Z']) {
        let allows_z = rest.starts_with('Z');
        let (text, form) = OFFSETS.iter().find(|(text, _)| after.starts_with(text))?;
        return Some((
            Piece::Offset {
                form: *form,
                allows_z,
            },
            1 + text.len(),
        ));
    }
    let after = rest.strip_prefix(['.', ','])?;
    let digit = after.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = after.len() - after.trim_start_matches(digit).len();
    let is_whole = !after
        .get(digits..)?
        .starts_with(|c: char| c.is_ascii_digit());
    let piece = if digit == '0' {
        Piece::Fraction(digits)
    } else {
        Piece::AnyFraction
    };
    is_whole.then_some((piece, 1 + digits))
}
