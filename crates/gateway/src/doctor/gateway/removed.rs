//! Keys that `accessLog.remove` takes from the lines, and what then is not known.

use crate::doctor::State;

/// What is lost with a key that the gateway writes by itself; nothing where no rule reads it.
/// `user_keys` are those that the rules read the user from.
pub(super) fn loss(key: &str, user_keys: &[String]) -> Option<(State, &'static str)> {
    Some(match key {
        "http.status" => (
            State::Failed,
            "every request has status `none`, and no error counts",
        ),
        "route" => (State::Failed, "every request has route `none`"),
        "duration" => (
            State::Failed,
            "no durations, and in the text log nothing says where what clients write ends",
        ),
        "protocol" => (
            State::Failed,
            "models, tools and plain HTTP are not told apart, and in the text log nothing says where what clients write begins",
        ),
        "gen_ai.request.model" | "gen_ai.response.model" => (State::Warning, "no model"),
        "gen_ai.provider.name" => (State::Warning, "no provider in reports"),
        "reason" | "endpoint" | "error" => (State::Warning, "no reasons of errors"),
        "gen_ai.tool.name" => (State::Warning, "no tool in calls of tools"),
        "trace.id" => (State::Warning, "no way from a metric to a trace"),
        "grpc.status" => (State::Warning, "no errors of gRPC"),
        key if key.starts_with("gen_ai.usage.") => (State::Warning, "no such tokens"),
        key if key.starts_with("agw.ai.usage.cost.") => (State::Warning, "no cost"),
        key if key.starts_with("mcp.") => (State::Warning, "no calls or errors of tools"),
        key if key.starts_with("a2a.") => (State::Warning, "no errors of agents"),
        key if user_keys.iter().any(|user| user == key) => {
            (State::Warning, "no user where only this key names one")
        }
        _ => return None,
    })
}
