//! JSON lines of which only the last `}` is missing, as a crash leaves them.
//!
//! Every member that is there is whole, but more may have been meant to follow. So no default may
//! speak for what is absent: the line counts only where each label of the metrics that every line
//! of the rule updates is there.

use super::field::{Context, Value};
use super::reader::{FieldReader, ReadOutcome};
use super::{Program, Scratch, found};

impl Program {
    /// Reads a line that breaks, if it does so right before its last `}`; whether it can be counted.
    #[cold]
    pub(super) fn read_unclosed(
        &self,
        reader: &FieldReader,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let text = context.text.trim_ascii_end();
        // A number, or a word such as `true`, may have lost its end.
        if !matches!(text.last(), Some(b'"' | b'}' | b']')) {
            return false;
        }
        let mut closed = text.to_vec();
        closed.push(b'}');
        scratch.slots.clear(&reader.keys);
        if reader.read(&closed, &mut scratch.slots) != ReadOutcome::Json {
            return false;
        }
        let is_there = |&label: &usize| self.is_there(label, context, scratch);
        (self.needed_labels.as_ref()).is_some_and(|labels| labels.iter().all(is_there))
    }

    fn is_there(&self, label: usize, context: &Context<'_>, scratch: &mut Scratch) -> bool {
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let field = &self.labels[label].field;
        matches!(
            field.value(context, &found, &mut scratch.decoded),
            Value::Bytes(_)
        )
    }
}
