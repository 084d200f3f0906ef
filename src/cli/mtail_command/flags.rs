//! mtail's flags: one or two dashes, `=` or a blank before the value; switches take a value only
//! after `=`. The last one counts, but lists add up.

use logmetrics_core::did_you_mean;
use std::time::Duration;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing, or `=true` and `=false`.
    Switch,
    Value,
    /// A switch that means nothing here.
    IgnoredSwitch,
    /// A value that means nothing here.
    Ignored,
}

/// All flags of mtail 3.0 to 3.4 and of its logging library, and what is added to them here.
const FLAGS: &[(&str, Takes)] = &[
    ("progs", Takes::Value),
    ("logs", Takes::Value),
    ("address", Takes::Value),
    ("port", Takes::Value),
    ("unix_socket", Takes::Value),
    ("one_shot", Takes::Switch),
    ("one_shot_format", Takes::Value),
    ("compile_only", Takes::Switch),
    ("emit_prog_label", Takes::Switch),
    ("emit_metric_timestamp", Takes::Switch),
    ("override_timezone", Takes::Value),
    ("syslog_use_current_year", Takes::Switch),
    ("ignore_filename_regex_pattern", Takes::Value),
    ("expired_metrics_gc_interval", Takes::Value),
    ("max_regexp_length", Takes::Value),
    ("max_recursion_depth", Takes::Value),
    ("vm_logs_runtime_errors", Takes::Switch),
    ("http_info_endpoint", Takes::Switch),
    ("collectd_prefix", Takes::Value),
    ("collectd_socketpath", Takes::Value),
    ("graphite_host_port", Takes::Value),
    ("graphite_prefix", Takes::Value),
    ("metric_push_interval", Takes::Value),
    ("metric_push_interval_seconds", Takes::Value),
    ("metric_push_write_deadline", Takes::Value),
    ("statsd_hostport", Takes::Value),
    ("statsd_prefix", Takes::Value),
    ("v", Takes::Value),
    ("version", Takes::Switch),
    ("help", Takes::Switch),
    ("h", Takes::Switch),
    // The log always goes to standard error.
    ("logtostderr", Takes::Switch),
    ("alsologtostderr", Takes::Switch),
    // Beyond mtail.
    ("mtail-strict", Takes::Switch),
    ("zero-start", Takes::Switch),
    ("from", Takes::Value),
    ("state", Takes::Value),
    ("state-interval", Takes::Value),
    // Without meaning here.
    ("block_profile_rate", Takes::Ignored),
    ("disable_fsnotify", Takes::IgnoredSwitch),
    ("dump_ast", Takes::IgnoredSwitch),
    ("dump_ast_types", Takes::IgnoredSwitch),
    ("dump_bytecode", Takes::IgnoredSwitch),
    ("http_debugging_endpoint", Takes::IgnoredSwitch),
    ("jaeger_endpoint", Takes::Ignored),
    ("log_backtrace_at", Takes::Ignored),
    ("log_dir", Takes::Ignored),
    ("log_link", Takes::Ignored),
    ("logbuflevel", Takes::Ignored),
    ("mtailDebug", Takes::Ignored),
    ("mutex_profile_fraction", Takes::Ignored),
    ("poll_interval", Takes::Ignored),
    ("poll_log_interval", Takes::Ignored),
    ("stale_log_gc_interval", Takes::Ignored),
    ("stderrthreshold", Takes::Ignored),
    ("trace_sample_period", Takes::Ignored),
    ("vmodule", Takes::Ignored),
];

/// The flags that were typed.
#[derive(Debug, Default)]
pub struct Flags {
    /// Name and value, in order.
    typed: Vec<(&'static str, String)>,
}

/// Whether these arguments are mtail's: programs are named as only mtail names them.
pub fn are_mtails(arguments: &[String]) -> bool {
    let mut all = arguments.iter().take_while(|argument| *argument != "--");
    all.any(|argument| name_of(argument).is_some_and(|(name, _)| name == "progs"))
}

/// The name of a flag, and the value after its `=`.
fn name_of(argument: &str) -> Option<(&str, Option<&str>)> {
    let name = argument.strip_prefix('-')?;
    let name = name.strip_prefix('-').unwrap_or(name);
    match name.split_once('=') {
        Some((name, value)) => Some((name, Some(value))),
        None => Some((name, None)),
    }
}

impl Flags {
    /// Reads arguments.
    ///
    /// # Errors
    /// When one is no flag of mtail, or its value is missing.
    pub fn parse(arguments: &[String]) -> Result<Flags, String> {
        let mut flags = Flags::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some((typed, value)) = name_of(argument) else {
                return Err(format!(
                    "`{argument}` is no flag; logs are named with -logs, which may be repeated"
                ));
            };
            let known = FLAGS.iter().find(|(name, _)| *name == typed);
            let Some((name, takes)) = known else {
                return Err(unknown(argument, typed));
            };
            let value = match (takes, value) {
                (Takes::Switch | Takes::IgnoredSwitch, value) => {
                    let value = value.unwrap_or("true");
                    let value = boolean(value).ok_or_else(|| {
                        format!("-{name}: expected true or false, but found `{value}`")
                    })?;
                    value.to_string()
                }
                (_, Some(value)) => value.to_owned(),
                (_, None) => rest
                    .next()
                    .ok_or_else(|| format!("-{name}: a value is missing"))?
                    .clone(),
            };
            flags.typed.push((name, value));
        }
        Ok(flags)
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        let mut typed = self.typed.iter().rev();
        let found = typed.find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    pub fn values(&self, name: &str) -> Vec<&str> {
        let typed = self.typed.iter().filter(|(known, _)| *known == name);
        typed.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a switch was turned on.
    pub fn is_set(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    /// Whether a switch was turned off.
    pub fn is_unset(&self, name: &str) -> bool {
        self.value(name) == Some("false")
    }

    pub fn number(&self, name: &str) -> Result<Option<usize>, String> {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| format!("-{name}: expected a number, but found `{text}`"))
        };
        self.value(name).map(number).transpose()
    }

    /// A time as Go writes it: `1h30m`, `90s`, `1.5h`.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>, String> {
        let duration = |text: &str| {
            go_duration(text).ok_or_else(|| {
                format!("-{name}: expected a time such as `90s` or `1h30m`, but found `{text}`")
            })
        };
        self.value(name).map(duration).transpose()
    }

    /// The names of flags that were typed and mean nothing here.
    pub fn ignored(&self) -> impl Iterator<Item = &'static str> {
        let is_ignored = |takes: Takes| matches!(takes, Takes::Ignored | Takes::IgnoredSwitch);
        let is_typed = |name: &str| self.typed.iter().any(|(typed, _)| *typed == name);
        let ignored = FLAGS.iter().filter(move |(_, takes)| is_ignored(*takes));
        ignored
            .map(|(name, _)| *name)
            .filter(move |name| is_typed(name))
    }
}

fn unknown(argument: &str, typed: &str) -> String {
    let nearest = did_you_mean::nearest(typed, FLAGS.iter().map(|(name, _)| *name));
    let hint = nearest.map_or(String::new(), |name| format!("; did you mean -{name}?"));
    format!("mtail has no flag `{argument}`{hint}")
}

/// As Go reads it.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn go_duration(mut rest: &str) -> Option<Duration> {
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, others) = rest.split_at_checked(end)?;
        let end = others.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, others) = others.split_at_checked(end.unwrap_or(others.len()))?;
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = others;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&arguments)
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        let flags = parse(
            "-progs p --logs=a,b --logs c -emit_prog_label=false --one_shot -v=2 \
             --expired_metrics_gc_interval=1h30m -poll_interval 250ms -logtostderr",
        )
        .unwrap();
        assert_eq!(flags.value("progs"), Some("p"));
        assert_eq!(flags.values("logs"), ["a,b", "c"]);
        assert!(flags.is_unset("emit_prog_label") && flags.is_set("one_shot"));
        assert!(!flags.is_set("compile_only") && !flags.is_unset("compile_only"));
        let sweep = flags.duration("expired_metrics_gc_interval").unwrap();
        assert_eq!(sweep, Some(Duration::from_secs(5400)));
        assert_eq!(flags.ignored().collect::<Vec<_>>(), ["poll_interval"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, word) in [
            ("-progs p x.log", "x.log"),
            ("-progs", "missing"),
            ("-progs p -log x", "-logs?"),
            ("-one_shot=perhaps", "perhaps"),
        ] {
            let message = parse(line).unwrap_err();
            assert!(message.contains(word), "{message}");
        }
        let flags = parse("-max_regexp_length x -expired_metrics_gc_interval 1d").unwrap();
        assert!(flags.number("max_regexp_length").is_err());
        assert!(flags.duration("expired_metrics_gc_interval").is_err());
    }

    #[test]
    fn only_mtails_arguments_are_mtails() {
        let are = |line: &str| {
            let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            are_mtails(&arguments)
        };
        assert!(are("-logs x -progs p") && are("--progs=p"));
        assert!(!are("-p 3903 -r x.mtail") && !are("x.log -- -progs"));
    }
}
