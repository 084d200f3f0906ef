//! Tests of the logfmt reader: [`cases`] by hand, [`laws`] against the plain [`reference`].

use crate::keys::{Form, Keys, Matches, Span};
use crate::slots::{FieldSlot, Slots};
use crate::untrusted::UntrustedRange;

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
    UntrustedRange::new(["protocol"], "duration", [])
}

/// One that several keys begin, the first of which is raw.
fn several() -> UntrustedRange {
    let from = ["raw", "protocol", "b", "gen.*"];
    UntrustedRange::new(from, "duration", [("raw", "protocol")])
}

/// What [`super::read`] says and finds.
fn read(line: &[u8], keys: &Keys, untrusted: Option<&UntrustedRange>) -> (bool, Vec<FieldSlot>) {
    let mut slots = Slots::default();
    slots.clear(keys);
    let any = super::read(line, keys, untrusted, &mut slots);
    (any, slots.all())
}
