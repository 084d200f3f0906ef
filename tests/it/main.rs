//! The built binary, driven as its users drive it. One file for each thing they do.
