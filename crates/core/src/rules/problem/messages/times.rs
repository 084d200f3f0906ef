//! What is said of times.

use super::super::{At, Draft, ProblemPlace};
use super::quote;
use crate::times::UnknownZone;

pub fn format_and_unit(format: ProblemPlace, unit: ProblemPlace) -> Draft {
    Draft::error(unit, "a `unit` is of a number, and `format` reads a text")
        .also("", format, "")
        .hint("leave one of them out")
}

pub fn bad_time_format(format: &At<String>, why: &str) -> Draft {
    let found = quote(&format.value);
    Draft::error(
        format.place,
        format!("{found} is no format that a time can be read by: {why}"),
    )
    .hint("as in `strptime`: `%d/%b/%Y:%H:%M:%S %z`; `%.f` is a fraction, if there is one")
}

pub fn unknown_zone(name: &At<String>, unknown: UnknownZone) -> Draft {
    let found = quote(&name.value);
    match unknown {
        UnknownZone::Name => Draft::error(name.place, format!("no time zone {found} is known here"))
            .hint("`Europe/Berlin`, `UTC`, or a fixed offset: `+01:00`"),
        UnknownZone::NoZones => Draft::error(
            name.place,
            format!("{found} is not known here, as no time zones are installed"),
        )
        .hint(
            "a fixed offset always works: `+01:00`; zones are read from /usr/share/zoneinfo, which can be \
             mounted into a container",
        ),
    }
}
