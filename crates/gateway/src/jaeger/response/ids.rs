//! Ids and numbers as Jaeger's JSON has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// A number, or a text that holds one: JSON's own numbers are too small for 64 bits.
pub(super) fn number(value: Option<&RawValue>) -> Option<u64> {
    value?.get().trim_matches('"').parse().ok()
}

/// A trace's id: up to 32 hexadecimal digits, or base64 of 16 bytes, as protobuf's JSON has it.
pub(super) fn trace_id(text: &str) -> Option<u128> {
    if text.len() == 24 && text.ends_with("==") {
        let bytes = STANDARD.decode(text).ok()?;
        return Some(u128::from_be_bytes(bytes.try_into().ok()?));
    }
    is_hex(text).then(|| u128::from_str_radix(text, 16).ok())?
}

pub(super) fn span_id(text: &str) -> Option<u64> {
    if text.len() == 12 && text.ends_with('=') {
        let bytes = STANDARD.decode(text).ok()?;
        return Some(u64::from_be_bytes(bytes.try_into().ok()?));
    }
    is_hex(text).then(|| u64::from_str_radix(text, 16).ok())?
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
