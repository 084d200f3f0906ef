//! The line's own time: where it is, how it is read, and what is counted where it cannot be.

use super::field::{Context, Found, ValueSource};
use super::{Program, Scratch, found};
use crate::clock::Clock;
use crate::engine::counts::Counts;
use crate::engine::timestamp::{self, Recent, TimeReading};

/// Where the line's own time is found, and how it is read.
#[derive(Debug, Default)]
pub(in crate::engine) struct Times {
    pub(in crate::engine) slot: Option<usize>,
    pub(in crate::engine) group: Option<usize>,
    pub(in crate::engine) reading: TimeReading,
    /// Tells the year of times that do not write it.
    pub(in crate::engine) clock: Clock,
    /// What a time is counted as that is there and cannot be read, where the rule names its field.
    pub(in crate::engine) error_unreadable: Option<usize>,
    /// Whether nothing else of the rule reads the time on each line, so that it is read to be counted.
    pub(in crate::engine) is_checked: bool,
}

impl Times {
    /// The line's own time as it is: the rule's field, else what begins the line, else what the
    /// wrapping says.
    pub(in crate::engine) fn text<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'a>,
    ) -> Option<&'a [u8]> {
        let text = context.text;
        let seen = self.slot.and_then(|slot| found.slots.matches(slot, false));
        let own = seen.map(|seen| seen.first.bytes(text));
        let group = self
            .group
            .and_then(|group| ValueSource::Group(group).bytes(context, found));
        own.or(group)
            .or_else(|| timestamp::at_line_start(context.line.text))
            .or(context.line.wrapping.time)
            .or(context.line.wrapping.header_time)
    }

    /// The line's own time in seconds since 1970.
    pub(in crate::engine) fn seconds(
        &self,
        context: &Context<'_>,
        found: &Found<'_>,
        recent: &mut Recent,
    ) -> Option<f64> {
        recent.seconds(self.text(context, found)?, &self.reading, &self.clock)
    }
}

impl Program {
    /// Counts the line where its time cannot be read.
    pub(super) fn check_time(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) {
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let seconds = self.times.seconds(context, &found, &mut scratch.recent);
        if seconds.is_none() {
            self.count_time(context, scratch, counts);
        }
    }

    /// The text of a time that is there and cannot be read; its error is counted.
    #[cold]
    pub(in crate::engine) fn count_time(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Option<Vec<u8>> {
        let error = self.times.error_unreadable?;
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let text = self.times.text(context, &found);
        let text = text.filter(|text| !text.is_empty())?;
        if self
            .times
            .seconds(context, &found, &mut scratch.recent)
            .is_some()
        {
            return None;
        }
        counts.field_error(error);
        Some(text.to_vec())
    }
}
