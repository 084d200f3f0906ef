//! Reads a text by the pieces of a layout.

use super::Fields;
use super::pieces::{OffsetForm, Padding, Piece};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// What a text says, where all of it fits the pieces.
pub(super) fn fields(pieces: &[Piece], text: &str) -> Option<Fields> {
    let mut reader = Reader { rest: text };
    let mut fields = Fields::default();
    for (number, piece) in pieces.iter().enumerate() {
        let next = pieces.get(number + 1);
        reader.piece(piece, next, &mut fields)?;
    }
    reader.rest.is_empty().then_some(fields)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, length: usize) -> Option<&'t str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn digit(&self, at: usize) -> bool {
        self.rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
    }

    /// One or two digits, or exactly two.
    fn number(&mut self, is_padded: bool) -> Option<i64> {
        if !self.digit(0) || (is_padded && !self.digit(1)) {
            return None;
        }
        let length = if self.digit(1) { 2 } else { 1 };
        self.take(length)?.parse().ok()
    }

    /// Digits, all of `length`.
    fn digits(&mut self, length: usize) -> Option<i64> {
        let taken = self.take(length)?;
        if !taken.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        taken.parse().ok()
    }

    fn skip_blanks(&mut self, most: usize) {
        for _ in 0..most {
            self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
        }
    }

    /// The number of the name that the text begins with, in any case; `length` cuts the names.
    fn name(&mut self, names: &[&str], length: Option<usize>) -> Option<i64> {
        for (number, name) in names.iter().enumerate() {
            let name = length.and_then(|length| name.get(..length)).unwrap_or(name);
            let begin = self.rest.get(..name.len());
            if begin.is_some_and(|begin| begin.eq_ignore_ascii_case(name)) {
                self.take(name.len())?;
                return i64::try_from(number + 1).ok();
            }
        }
        None
    }

    /// A run of blanks in a layout means a run of any length.
    fn literal(&mut self, literal: &str) -> Option<()> {
        let mut literal = literal;
        while let Some(c) = literal.chars().next() {
            if c == ' ' {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return None;
                }
                literal = literal.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
            } else {
                self.rest = self.rest.strip_prefix(c)?;
                literal = literal.get(c.len_utf8()..)?;
            }
        }
        Some(())
    }

    fn piece(&mut self, piece: &Piece, next: Option<&Piece>, fields: &mut Fields) -> Option<()> {
        let within =
            |number: i64, least: i64, most: i64| (least..=most).contains(&number).then_some(number);
        match piece {
            Piece::Literal(literal) => self.literal(literal)?,
            Piece::LongYear => fields.year = self.digits(4)?,
            Piece::ShortYear => {
                let year = self.digits(2)?;
                fields.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Piece::LongMonth => fields.month = Some(self.name(&MONTHS, None)?),
            Piece::ShortMonth => fields.month = Some(self.name(&MONTHS, Some(3))?),
            Piece::Month { padded } => fields.month = Some(within(self.number(*padded)?, 1, 12)?),
            Piece::LongWeekday => drop(self.name(&WEEKDAYS, None)?),
            Piece::ShortWeekday => drop(self.name(&WEEKDAYS, Some(3))?),
            Piece::Day(padding) => {
                self.skip_blanks(if *padding == Padding::Blank { 1 } else { 0 });
                fields.day = Some(self.number(*padding == Padding::Zero)?);
            }
            Piece::DayOfYear(padding) => {
                self.skip_blanks(if *padding == Padding::Blank { 2 } else { 0 });
                fields.day_of_year = Some(self.day_of_year(*padding == Padding::Zero)?);
            }
            Piece::Hour => fields.hour = within(self.number(false)?, 0, 23)?,
            Piece::HalfDayHour { padded } => fields.hour = within(self.number(*padded)?, 0, 12)?,
            Piece::Minute { padded } => fields.minute = within(self.number(*padded)?, 0, 59)?,
            Piece::Second { padded } => {
                fields.second = within(self.number(*padded)?, 0, 59)?;
                let is_awaited = matches!(next, Some(Piece::Fraction(_) | Piece::AnyFraction));
                if !is_awaited {
                    self.any_fraction(fields)?;
                }
            }
            Piece::Afternoon { upper } => {
                let (morning, afternoon) = if *upper { ("AM", "PM") } else { ("am", "pm") };
                let half = self.take(2)?;
                fields.is_afternoon = Some(half == afternoon);
                (half == morning || half == afternoon).then_some(())?;
            }
            Piece::ZoneName => self.zone_name(fields)?,
            Piece::Offset { form, allows_z } => self.offset(*form, *allows_z, fields)?,
            Piece::Fraction(digits) => fields.nanoseconds = self.fraction(*digits)?,
            Piece::AnyFraction => self.any_fraction(fields)?,
        }
        Some(())
    }

    fn day_of_year(&mut self, is_padded: bool) -> Option<i64> {
        let digits = (0..3).take_while(|at| self.digit(*at)).count();
        if digits == 0 || (is_padded && digits != 3) {
            return None;
        }
        self.digits(digits).filter(|day| (1..=366).contains(day))
    }

    /// A mark and digits, in nanoseconds.
    fn fraction(&mut self, digits: usize) -> Option<u32> {
        if !self.rest.starts_with(['.', ',']) {
            return None;
        }
        self.take(1)?;
        let text = self.take(digits)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let nine: String = text.chars().chain(std::iter::repeat('0')).take(9).collect();
        nine.parse().ok()
    }

    /// A fraction where there is one.
    fn any_fraction(&mut self, fields: &mut Fields) -> Option<()> {
        if !self.rest.starts_with(['.', ',']) || !self.digit(1) {
            return Some(());
        }
        let digits = (1..).take_while(|at| self.digit(*at)).count();
        fields.nanoseconds = self.fraction(digits)?;
        Some(())
    }

    fn offset(&mut self, form: OffsetForm, allows_z: bool, fields: &mut Fields) -> Option<()> {
        if allows_z && self.rest.starts_with('Z') {
            self.take(1)?;
            fields.offset = Some(0);
            return Some(());
        }
        let sign = match self.take(1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let hours = self.digits(2)?;
        let mut rest = 0;
        let has_colons = matches!(
            form,
            OffsetForm::HoursColonMinutes | OffsetForm::HoursColonMinutesColonSeconds
        );
        let parts = match form {
            OffsetForm::Hours => 0,
            OffsetForm::HoursMinutes | OffsetForm::HoursColonMinutes => 1,
            _ => 2,
        };
        for seconds in [60, 1].into_iter().take(parts) {
            if has_colons {
                self.rest = self.rest.strip_prefix(':')?;
            }
            rest += self.digits(2).filter(|number| *number <= 60)? * seconds;
        }
        fields.offset = Some(sign * ((hours <= 24).then_some(hours)? * 3600 + rest));
        Some(())
    }

    fn zone_name(&mut self, fields: &mut Fields) -> Option<()> {
        if self.rest.starts_with("UTC") {
            self.take(3)?;
            fields.offset = Some(0);
            return Some(());
        }
        let name = self.take(zone_length(self.rest)?)?;
        fields.zone_name = Some(name.to_owned());
        Some(())
    }
}

/// How long the abbreviation of a zone is that a text begins with.
fn zone_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(rest));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_hours(text)).filter(|length| *length > 0);
    }
    let upper = text
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_uppercase)
        .count();
    let ends_in_t = text.get(..upper).is_some_and(|name| name.ends_with('T'));
    match upper {
        3 => Some(3),
        4 if ends_in_t || text.starts_with("WITA") => Some(4),
        5 if ends_in_t => Some(5),
        _ => None,
    }
}

/// How long a sign and hours below 24 are; 0 where there are none.
fn signed_hours(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['+', '-']) else {
        return 0;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let hours: i64 = rest
        .get(..digits)
        .and_then(|hours| hours.parse().ok())
        .unwrap_or(24);
    if hours < 24 { 1 + digits } else { 0 }
}
