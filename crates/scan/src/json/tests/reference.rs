//! What is an object, as `serde_json` says it. Read by the tests and by the fuzz target.

use serde::de::IgnoredAny;

/// Whether `serde_json` reads an object here, in values it skips, and how deep they nest.
pub(super) fn accepts(line: &[u8]) -> bool {
    let mut depth = 0_u32;
    let mut deepest = 0;
    let mut bytes = line.iter();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => _ = bytes.next(),
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let object = line.trim_ascii_start().starts_with(b"{");
    object && deepest < 128 && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}
