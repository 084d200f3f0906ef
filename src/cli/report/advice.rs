//! What is said on standard error of a report: why there is less in it than there may have been expected.

use std::io::Read;

use super::{FormatArg, ReportArgs, terminal};
use logmetrics_core::recognise;
use logmetrics_gateway::report::render::{without_price, without_team};
use logmetrics_gateway::report::{Period, Report};

/// Says why there is less in the report than there may have been expected.
pub(super) fn advise(report: &Report, period: Period, args: &ReportArgs) {
    let requests = |count: u64| counted(count, "request");
    let said = |message: &dyn std::fmt::Display| terminal::say(&format_args!("note: {message}"));
    if report.left_out > 0 {
        let (have, their) = match report.left_out {
            1 => ("has no time on its line and is left out", "it counts"),
            _ => ("have no time on their lines and are left out", "they count"),
        };
        said(&format_args!(
            "{} {have}; without --since and --until {their}",
            requests(report.left_out)
        ));
    }
    // The other forms say so themselves.
    if matches!(args.format, FormatArg::Csv | FormatArg::Json) {
        let remarks = [without_price(report), without_team(report)];
        remarks.iter().flatten().for_each(|one| said(one));
    }
    if report.total.requests > 0 {
        return;
    }
    if report.lines == 0 && args.logs.is_empty() && args.jaeger.is_given() {
        said(&format_args!(
            "jaeger has no span of the service `{}` in that time; `logmetrics doctor` with the same --jaeger options says which services it knows",
            args.jaeger.service()
        ));
    } else if report.lines == 0 {
        said(&"the log is empty");
    } else if period.is_bounded() && report.outside > 0 {
        said(&format_args!(
            "outside of the period: {}, which is all there is",
            requests(report.outside)
        ));
    } else if let Some(user) = &report.user {
        let user = terminal::harmless(user.as_bytes());
        match (&report.nearest, report.others) {
            (Some((distance, name)), _) if *distance <= user.len() / 2 => said(&format_args!(
                "no request of `{user}`; did you mean `{}`?",
                terminal::harmless(name.as_bytes())
            )),
            (_, Some(0)) => said(&format_args!(
                "no request of `{user}`, nor of anybody else, among {}",
                counted(report.lines, "line")
            )),
            (_, Some(others)) => said(&format_args!(
                "no request of `{user}`, but of {}",
                counted(others, "other user")
            )),
            (_, None) => said(&format_args!(
                "no request of `{user}`, but of more than a million other users"
            )),
        }
    } else if report.left_out == 0 {
        let looks = looks_like(args).map_or(String::new(), |looks| format!("; they {looks}"));
        said(&format_args!(
            "no request among {}{looks} (`logmetrics explain` says of each line why)",
            counted(report.lines, "line")
        ));
    }
}

/// How much of a log is looked at to tell whose it is, in bytes.
const LOOK_BYTES: u64 = 16 << 10;

/// What the first log looks like, where the built-in rules were to read it and it is a file.
fn looks_like(args: &ReportArgs) -> Option<String> {
    let path = args.logs.first().filter(|_| args.rules.is_empty())?;
    // Opening a fifo would wait for its writer.
    std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    let mut head = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(LOOK_BYTES).read_to_end(&mut head).ok()?;
    let lines: Vec<Vec<u8>> = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let whole = lines
        .split_last()
        .map(|(_, whole)| whole)
        .filter(|whole| !whole.is_empty())?;
    Some(terminal::harmless(recognise::looks_like(whole).as_bytes()))
}

/// `1 line`, `2 lines`.
fn counted(count: u64, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}
