//! What is about AI gateways rather than about logs: Jaeger's traces, reports of who used what, the
//! doctor that checks the whole chain, and the dashboard.

pub mod dashboard;
pub mod doctor;
pub mod jaeger;
pub mod output_file;
pub mod report;
