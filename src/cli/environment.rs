//! Environment variables as settings, the same for every subcommand: an empty one is unset, one that
//! Kubernetes makes for a service is passed over, and a name that is no setting is warned of.

use logmetrics_core::did_you_mean;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::Command;
use clap::builder::Resettable;
use logmetrics_core::rules::shipped;

const PREFIX: &str = "LOGMETRICS_";

/// Variables that no option has.
const WITHOUT_OPTION: [&str; 10] = [
    "LOGMETRICS_LOGS",
    "LOGMETRICS_RULES",
    "LOGMETRICS_ROTATED_DIR",
    "LOGMETRICS_BEARER_TOKEN",
    "LOGMETRICS_PSEUDONYM_SECRET",
    "LOGMETRICS_JAEGER_PASSWORD",
    "LOGMETRICS_JAEGER_TOKEN",
    "LOGMETRICS_PROMETHEUS_TOKEN",
    // What the program was built with.
    "LOGMETRICS_REVISION",
    "LOGMETRICS_RUSTC",
];

/// Takes variables without a value from the options of a command and its subcommands.
pub fn without_unset(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_env().and_then(std::env::var_os);
        match value {
            Some(value) if is_unset(&value) => argument.env(Resettable::Reset),
            _ => argument,
        }
    });
    command.mut_subcommands(without_unset)
}

/// Compose files leave a variable empty where it is not set. Kubernetes gives each container the
/// address of every service: of one named `logmetrics`, `LOGMETRICS_PORT=tcp://10.0.0.1:3903`.
fn is_unset(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    value.is_empty() || value.starts_with("tcp://") || value.starts_with("udp://")
}

/// The rules that were named, otherwise those of the environment.
pub fn rules(named: Vec<PathBuf>) -> Vec<PathBuf> {
    match named.is_empty() {
        true => with_prefixes(paths("LOGMETRICS_RULES")),
        false => named,
    }
}

/// Puts together what was separated in `builtin:nginx`, as the separator of PATH is a colon.
fn with_prefixes(paths: Vec<String>) -> Vec<PathBuf> {
    let prefix = shipped::PREFIX.trim_end_matches(':');
    let mut paths = paths.into_iter();
    let mut whole = Vec::new();
    while let Some(path) = paths.next() {
        let name = (path == prefix).then(|| paths.next()).flatten();
        let path = name.map_or(path, |name| format!("{}{name}", shipped::PREFIX));
        whole.push(PathBuf::from(path));
    }
    whole
}

/// The folders of rotated logs that were named, otherwise those of the environment.
pub fn rotated_dirs(named: Vec<PathBuf>) -> Vec<PathBuf> {
    or_of_variable(named, "LOGMETRICS_ROTATED_DIR")
}

fn or_of_variable(named: Vec<PathBuf>, name: &str) -> Vec<PathBuf> {
    if named.is_empty() {
        return paths(name).into_iter().map(PathBuf::from).collect();
    }
    named
}

/// The logs that were named, otherwise those of the environment.
pub fn logs(named: Vec<String>) -> Vec<String> {
    if named.is_empty() {
        return paths("LOGMETRICS_LOGS");
    }
    named
}

/// A list of paths in a variable, separated as in PATH (`:`; on Windows `;`).
fn paths(name: &str) -> Vec<String> {
    let value = std::env::var_os(name).unwrap_or_default();
    let parts = std::env::split_paths(&value);
    joined_addresses(parts.map(|path| path.to_string_lossy().into_owned()))
}

/// Puts addresses of sockets together again, in which the separator has another meaning:
/// `tcp://127.0.0.1:514`.
fn joined_addresses(parts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let is_port = part.bytes().all(|byte| byte.is_ascii_digit());
        let goes_on = |last: &&mut String| match last.as_str() {
            "unix" | "unixgram" | "tcp" | "udp" => part.starts_with("//"),
            last => {
                let host = last.strip_prefix("tcp://").or(last.strip_prefix("udp://"));
                is_port && host.is_some_and(|host| !host.contains(':'))
            }
        };
        match all.last_mut().filter(goes_on) {
            Some(last) => {
                last.push(':');
                last.push_str(&part);
            }
            None => all.push(part),
        }
    }
    all
}

/// What is to be warned of: variables that look like settings and are none.
pub fn mistyped(command: &Command) -> Vec<String> {
    let mut known: BTreeSet<String> = WITHOUT_OPTION.map(str::to_owned).into();
    collect(command, &mut known);
    let set = std::env::vars_os();
    mistyped_among(set.map(|(name, value)| (text(name), text(value))), &known)
}

fn text(text: OsString) -> String {
    text.to_string_lossy().into_owned()
}

fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(clap::Arg::get_env);
    known.extend(variables.map(|name| name.to_string_lossy().into_owned()));
    command
        .get_subcommands()
        .for_each(|command| collect(command, known));
}

fn mistyped_among(
    set: impl Iterator<Item = (String, String)>,
    known: &BTreeSet<String>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, value) in set {
        if !name.starts_with(PREFIX) || known.contains(&name) || is_of_kubernetes(&name, &value) {
            continue;
        }
        let nearest = did_you_mean::nearest(&name, known.iter().map(String::as_str));
        warnings.push(match nearest {
            Some(nearest) => format!("`{name}` is no setting; did you mean `{nearest}`?"),
            None => format!("`{name}` is no setting; `logmetrics --help` lists them all"),
        });
    }
    warnings
}

/// `…_SERVICE_HOST`, `…_SERVICE_PORT_HTTP`, `…_PORT_3903_TCP_ADDR` and so on.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_port = name.rsplit_once("_PORT_").is_some_and(|(_, rest)| {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < rest.len() && (digits.starts_with("_TCP") || digits.starts_with("_UDP"))
    });
    let is_service = name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    is_port || is_service || (name.ends_with("_PORT") && is_unset(OsStr::new(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_rules_are_named_in_a_list_that_colons_separate() {
        let paths = ["a.toml", "builtin", "nginx", "b", "builtin"].map(str::to_owned);
        let whole = ["a.toml", "builtin:nginx", "b", "builtin"].map(PathBuf::from);
        assert_eq!(with_prefixes(paths.into()), whole);
    }

    #[test]
    fn names_that_are_no_settings_are_told_with_what_was_meant() {
        let known = ["LOGMETRICS_LISTEN", "LOGMETRICS_PORT"].map(str::to_owned);
        let set = [
            ("LOGMETRICS_LISTEN", "x"),
            ("LOGMETRICS_LISTN", "x"),
            ("LOGMETRICS_SOMETHING_ELSE", "x"),
            ("LOGMETRICS_SERVICE_HOST", "10.0.0.1"),
            ("LOGMETRICS_SERVICE_PORT_METRICS", "3903"),
            ("LOGMETRICS_PORT_3903_TCP", "tcp://10.0.0.1:3903"),
            ("LOGMETRICS_PORT_3903_TCP_ADDR", "10.0.0.1"),
            ("LOGMETRICS_STATE_PORT", "tcp://10.0.0.1:3903"),
            ("OTHER", "x"),
        ];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            mistyped_among(set.into_iter(), &known.into()),
            [
                "`LOGMETRICS_LISTN` is no setting; did you mean `LOGMETRICS_LISTEN`?",
                "`LOGMETRICS_SOMETHING_ELSE` is no setting; `logmetrics --help` lists them all",
            ]
        );
    }

    #[test]
    fn addresses_of_sockets_stay_whole() {
        let split = "a.log:unix:///run/x.sock:tcp://127.0.0.1:514:udp://h:7:/b:unix";
        let parts = split.split(':').map(str::to_owned);
        assert_eq!(
            joined_addresses(parts),
            [
                "a.log",
                "unix:///run/x.sock",
                "tcp://127.0.0.1:514",
                "udp://h:7",
                "/b",
                "unix"
            ]
        );
    }
}
