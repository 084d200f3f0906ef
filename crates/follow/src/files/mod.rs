//! Log files: which ones the inputs name, which file a path leads to now, and reading what was appended.

pub(crate) mod beginnings;
mod descriptors;
pub(crate) mod discover;
mod discovered_paths;
pub(crate) mod file_names;
pub(crate) mod file_pattern;
pub(crate) mod follower;
mod glob;
pub(crate) mod identity;
pub(crate) mod noted_reader;
mod once;
mod open_errors;
pub(crate) mod open_files;
pub(crate) mod paths;
pub(crate) mod record_waits;
pub(crate) mod records_over_files;
pub(crate) mod socket_address;
pub(crate) mod specification;
pub(crate) mod tail;
