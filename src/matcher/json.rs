//! JSON lines: flat dotted keys first, then nested paths.
