//! What a line is: the first one of a record, a further one, or neither.
//!
//! Settings for one log may be several, one after the other ([`Multiline::others`]). Each is a form of records,
//! and has a number.

use std::sync::Arc;

use super::{Matching, Multiline};

/// What came before a line, in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing that may go on.
    Nothing,
    /// A record of the form of this number.
    Form(usize),
    /// A record of a form that is not known any more.
    Unknown,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The first one of a record of the form of this number.
    Begins(usize),
    /// A further one of the record before it.
    Continues,
    /// A record by itself, which nothing continues.
    Alone,
}

impl Multiline {
    /// The forms, in the order of their numbers.
    fn forms(&self) -> impl Iterator<Item = &Multiline> {
        std::iter::successors(Some(self), |form| form.others.as_deref())
    }

    /// The form of this number; the first where it is not known.
    pub(super) fn form(&self, number: Option<usize>) -> &Multiline {
        let found = number.and_then(|number| self.forms().nth(number));
        found.unwrap_or(self)
    }

    /// What a line is that comes after these.
    pub(super) fn role(&self, text: &[u8], after: After) -> Role {
        for (number, form) in self.forms().enumerate() {
            let may_go_on = match after {
                After::Nothing => false,
                After::Form(before) => before == number,
                After::Unknown => true,
            };
            if may_go_on && form.start.is_some() && form.pattern.is_match(text) {
                return Role::Continues;
            }
        }
        for (number, form) in self.forms().enumerate() {
            let begins = match &form.start {
                Some(start) => start.is_match(text),
                None if form.pattern.is_match(text) == (form.matching == Matching::Begins) => true,
                None => return Role::Continues,
            };
            if begins {
                return Role::Begins(number);
            }
        }
        Role::Alone
    }

    /// The form of a record with this first line.
    pub(super) fn form_of(&self, first: &[u8]) -> Option<usize> {
        let is_its = |form: &Multiline| {
            form.start
                .as_ref()
                .is_none_or(|start| start.is_match(first))
        };
        self.forms().position(is_its)
    }
}

/// Settings for the same files as one; `None` where there are none.
pub(super) fn chain(all: Vec<Arc<Multiline>>) -> Option<Arc<Multiline>> {
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.start.is_some());
    let last = others.into_iter().next();
    own.into_iter()
        .rev()
        .fold(last, |others, one| match others {
            None => Some(one),
            Some(_) => Some(Arc::new(Multiline {
                others,
                ..(*one).clone()
            })),
        })
}
