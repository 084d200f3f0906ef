//! Bytes to lines, without copying them.
