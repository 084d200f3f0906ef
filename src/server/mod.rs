//! HTTP: routes, negotiation, limits.
