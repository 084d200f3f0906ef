//! Tests of the JSON reader: [`cases`] by hand, [`laws`] against `serde_json`.

use crate::keys::{Form, Keys};
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

/// What [`super::read`] finds; `None` if the line is no object.
fn read(line: &[u8], keys: &Keys) -> Option<Vec<FieldSlot>> {
    let mut slots = Slots::default();
    slots.clear(keys);
    let object = super::read(line, keys, &mut slots);
    if !object {
        assert!(slots.all().iter().all(|slot| *slot == FieldSlot::default()));
    }
    object.then(|| slots.all())
}
