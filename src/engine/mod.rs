//! The engine: compiled rules. A line in, updates out.
