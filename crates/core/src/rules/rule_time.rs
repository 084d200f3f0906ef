//! A rule's time: its formats checked, its zone looked up.

use super::TimeField;
use super::check_rules::Scope;
use super::problem::messages;
use crate::times::{TimeReading, check_format, zone_of_rule};

/// The time of a rule, where it says one.
pub(super) fn time_field(scope: &mut Scope<'_>) -> Option<TimeField> {
    let spec = scope.spec.time.as_ref()?;
    let mut reading = TimeReading {
        per_second: spec.per_second,
        unpadded_micros: spec.unpadded_micros,
        ..TimeReading::default()
    };
    for format in &spec.formats {
        match check_format(&format.value) {
            Ok(()) => reading.formats.push(format.value.as_str().into()),
            Err(why) => scope.drafts.push(messages::bad_time_format(format, &why)),
        }
    }
    if let Some(name) = &spec.zone {
        match zone_of_rule(&name.value) {
            Ok(zone) => reading.zone = zone,
            Err(unknown) => scope.drafts.push(messages::unknown_zone(name, unknown)),
        }
    }
    Some(TimeField {
        field: scope.field(&spec.field),
        reading,
    })
}
