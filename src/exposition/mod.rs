//! Snapshots in, bytes out: text, OpenMetrics, protobuf.
