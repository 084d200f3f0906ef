//! Tests of the logfmt reader: [`cases`] by hand, [`laws`] against the plain [`reference`].

use crate::keys::{Form, Keys, Matches, Span, UntrustedRange};
use crate::slots::{FieldSlot, Slots};

mod cases;
mod laws;
mod reference;

fn keys(names: &[&str]) -> Keys {
    let mut keys = Keys::default();
    for name in names {
        keys.add(name);
    }
    keys
}

fn untrusted() -> UntrustedRange {
    UntrustedRange {
        from: "protocol".into(),
        to: "duration".into(),
    }
}

/// What [`super::read`] says and finds.
fn read(line: &[u8], keys: &Keys, untrusted: Option<&UntrustedRange>) -> (bool, Vec<FieldSlot>) {
    let mut slots = Slots::default();
    slots.clear(keys);
    let any = super::read(line, keys, untrusted, &mut slots);
    (any, slots.all())
}
