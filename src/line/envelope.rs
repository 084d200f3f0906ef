//! What wraps a line is taken off.
