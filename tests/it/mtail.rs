//! Programs of mtail, and mtail's own command line.

mod cases;
mod command;
mod deviations;
mod rules;
