//! Reports: who asked what, with what result, how slowly, from the lines of a log.
//!
//! A [`Collector`] takes lines from whatever reads them; requests are told from other lines by the
//! rules; a finished [`Report`] is plain data that `render` writes in one of several formats.
//! Nothing here prints, and no number depends on the order in which threads read.

mod collect;
mod duration_histogram;
mod in_order;
mod links;
mod model;
mod name_table;
mod per;
mod period;
pub mod render;
mod sums;
#[cfg(test)]
mod tests;
mod timeline;
mod totals;

pub use collect::{Collector, Plan};
pub use model::{Entry, Limited, Report, Says, SingleRequest};
pub use name_table::{NAMES_MAX, OTHER, USERS_MAX};
pub use per::{Per, PerRow, PerRows, PeriodLength, ROWS_MAX};
pub use period::{Period, PeriodError, moment};
pub use timeline::Outliers;
pub use totals::{Durations, Figures, RELATIVE_ERROR};
