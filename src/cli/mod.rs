//! The command line.

pub mod exit;
pub mod healthcheck;
pub mod check;
