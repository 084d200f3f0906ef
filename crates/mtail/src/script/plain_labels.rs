//! Labels that are parts of the line or of the program, as most are: they are not copied.

use super::code::{Int, Target, Text};
use super::matcher::Matcher;
use super::run::{Outcome, Run};
use super::vars::{Change, Labels, Metrics, Number};
use crate::number;

/// More labels are copied.
const LABELS_MAX: usize = 8;

/// The values of a target's labels, in their order.
pub(super) struct PlainLabels<'t> {
    /// Whole characters.
    values: [&'t [u8]; LABELS_MAX],
    count: usize,
}

impl<'t> PlainLabels<'t> {
    fn values(&self) -> &[&'t [u8]] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

impl<'r, M: Matcher, S: Metrics> Run<'r, M, S> {
    /// The labels of a target; none where one of them has to be worked out, or cannot be had.
    #[inline]
    pub(super) fn plain_labels<'t>(&self, target: &'t Target) -> Option<PlainLabels<'t>>
    where
        'r: 't,
    {
        let count = target.labels.len();
        let mut values: [&[u8]; LABELS_MAX] = [b""; LABELS_MAX];
        let line = self.line.as_bytes();
        for (label, value) in target.labels.iter().zip(values.get_mut(..count)?) {
            let (group, is_number) = match label {
                Text::Capture(group) => (group, false),
                Text::OfInt(value) => match &**value {
                    Int::Capture(group) => (group, true),
                    _ => return None,
                },
                Text::Literal(text) => {
                    *value = text.as_bytes();
                    continue;
                }
                _ => return None,
            };
            let (start, end) = self.span_of_line(*group)??;
            *value = line.get(start..end)?;
            if is_number && !number::is_printed_int(value) {
                return None;
            }
        }
        Some(PlainLabels { values, count })
    }

    /// Changes a series that is known; false where nothing was done.
    #[inline]
    pub(super) fn change_known(
        &mut self,
        metric: usize,
        labels: &PlainLabels<'_>,
        change: (Change, Number),
    ) -> bool {
        let time = self.time();
        self.metrics
            .change_known(metric, labels.values(), change, time)
    }

    /// Does something with the labels.
    pub(super) fn with_plain_labels<T>(
        &mut self,
        plain: &PlainLabels<'_>,
        act: impl FnOnce(&mut Self, &Labels) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut labels = self.state.take_labels();
        for value in plain.values() {
            labels.push(str::from_utf8(value).unwrap_or_default());
        }
        let outcome = act(self, &labels);
        self.state.give_labels(labels);
        outcome
    }
}
