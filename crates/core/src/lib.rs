//! What logmetrics is made of between a line and a page: rules, the engine that runs them, the store
//! of series, its pages and its checkpoint, and the pipeline that joins them.

pub mod checkpoint;
pub mod clock;
pub mod did_you_mean;
pub mod engine;
pub mod exposition;
pub mod history;
pub mod lineage;
pub mod metrics;
pub mod number;
pub mod pipeline;
pub mod program_files;
pub mod rate_limit;
pub mod recognise;
pub mod rules;
pub mod times;
pub mod unknown_prefix;
pub mod why;
