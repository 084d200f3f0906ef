//! Keys that `accessLog.remove` takes from the lines, and what then is not known.

use crate::doctor::LinkState;

/// What is lost with a key that the gateway writes by itself; nothing where no rule reads it.
/// `user_keys` are those that the rules read the user from.
pub(super) fn loss(key: &str, user_keys: &[String]) -> Option<(LinkState, &'static str)> {
    Some(match key {
        "http.status" => (
            LinkState::Failed,
            "every request has status `none`, and no error counts",
        ),
        "route" => (LinkState::Failed, "every request has route `none`"),
        "duration" => (
            LinkState::Failed,
            "no durations, and in the text log nothing says where what clients write ends",
        ),
        "protocol" => (
            LinkState::Failed,
            "models, tools and plain HTTP are not told apart, and in the text log nothing says where what clients write begins",
        ),
        "gen_ai.request.model" | "gen_ai.response.model" => (LinkState::Warning, "no model"),
        "gen_ai.provider.name" => (LinkState::Warning, "no provider in reports"),
        "reason" | "endpoint" | "error" => (LinkState::Warning, "no reasons of errors"),
        "gen_ai.tool.name" => (LinkState::Warning, "no tool in calls of tools"),
        "trace.id" => (LinkState::Warning, "no way from a metric to a trace"),
        "grpc.status" => (LinkState::Warning, "no errors of gRPC"),
        key if key.starts_with("gen_ai.usage.") => (LinkState::Warning, "no such tokens"),
        key if key.starts_with("agw.ai.usage.cost.") => (LinkState::Warning, "no cost"),
        key if key.starts_with("mcp.") => (LinkState::Warning, "no calls or errors of tools"),
        key if key.starts_with("a2a.") => (LinkState::Warning, "no errors of agents"),
        key if user_keys.iter().any(|user| user == key) => {
            (LinkState::Warning, "no user where only this key names one")
        }
        _ => return None,
    })
}
