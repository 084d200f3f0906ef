//! `logmetrics check`: rules files are read and judged; no log is opened.

mod fix;
mod format;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::exit::Exit;
use super::{environment, terminal};
use crate::programs::{MtailSettings, Programs};
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::pattern::planned;
use logmetrics_core::engine::unit_advice;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::rules::{
    Action, AmountSource, Field, Loaded, NumberField, NumberSource, Problem, Rule, RuleSet, Take,
    escape,
};
use logmetrics_mtail::source::Checked as CheckedPrograms;

use format::Format;

/// Check rules files and programs of mtail; problems are shown with line and column.
#[derive(Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// Rules files, programs of mtail (.mtail), folders of them, or builtin:NAME; without any, the built-in agentgateway
    /// rules
    pub rules: Vec<PathBuf>,

    /// List each rule with its metrics and labels, and where their values come from.
    #[arg(short, long)]
    pub verbose: bool,

    /// How problems are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Mend in the files what needs no decision: mistyped keys and words, `[rule]` for `[[rule]]`, patterns in double quotes
    #[arg(long)]
    pub fix: bool,
}

/// Checks, and prints what is wrong.
pub fn execute(args: CheckArgs) -> Exit {
    let args = CheckArgs {
        rules: environment::rules(args.rules),
        ..args
    };
    if args.fix
        && let Err(message) = fix::fix(&args.rules)
    {
        return terminal::fail(&message);
    }
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = io::stderr().is_terminal() && !no_color;
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    match check(&args, colour, &mut out, &mut err) {
        Ok(exit) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => terminal::fail(&format_args!("cannot write to standard output: {error}")),
    }
}

fn check(
    args: &CheckArgs,
    colour: bool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<Exit> {
    let programs = Programs::new(&args.rules, &MtailSettings::new(false), &Clock::system());
    match programs.check(programs.gather()) {
        Ok(checked) => {
            let of_rules = checked.toml.iter().flat_map(|loaded| &loaded.advice);
            let of_folders = checked.passed_over.iter();
            let of_tests: Vec<_> = checked
                .toml
                .iter()
                .flat_map(unit_advice::of_tests)
                .collect();
            let advice = of_folders
                .chain(of_rules)
                .chain(&of_tests)
                .chain(&checked.mtail.advice);
            if args.format != Format::Text {
                let advice: Vec<Problem> = advice.cloned().collect();
                out.write_all(format::document(args.format, &advice).as_bytes())?;
                return Ok(Exit::Done);
            }
            for advice in advice {
                writeln!(err, "{}", advice.render(colour))?;
            }
            if let Some(loaded) = &checked.toml {
                summary(loaded, args.verbose, out)?;
            }
            mtail_summary(&checked.mtail, args.verbose, out)?;
            Ok(Exit::Done)
        }
        Err(problems) if args.format != Format::Text => {
            out.write_all(format::document(args.format, &problems.list).as_bytes())?;
            Ok(Exit::Usage)
        }
        Err(problems) => {
            write!(err, "{}", problems.render(colour))?;
            Ok(Exit::Usage)
        }
    }
}

fn summary(loaded: &Loaded, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    let mut rules = loaded.set.rules.iter();
    for file in &loaded.files {
        let count = |count: usize, one: &str| {
            let s = if count == 1 { "" } else { "s" };
            format!("{count} {one}{s}")
        };
        let (rule_count, metrics) = (count(file.rules, "rule"), count(file.metrics, "metric"));
        writeln!(out, "{}: ok, {rule_count}, {metrics}", escape(&file.path))?;
        for rule in rules.by_ref().take(file.rules) {
            if verbose {
                describe(rule, &loaded.set, out)?;
            }
        }
    }
    Ok(())
}

fn mtail_summary(checked: &CheckedPrograms, verbose: bool, out: &mut impl Write) -> io::Result<()> {
    for (file, program) in &checked.programs {
        let count = program.metrics.len();
        let s = if count == 1 { "" } else { "s" };
        writeln!(
            out,
            "{}: ok, 1 program, {count} metric{s}",
            escape(&file.path)
        )?;
        for metric in program.metrics.iter().filter(|_| verbose) {
            let hidden = if metric.hidden { "hidden " } else { "" };
            let by = match metric.labels.is_empty() {
                true => String::new(),
                false => format!(" by {}", metric.labels.join(", ")),
            };
            let (kind, name) = (metric.kind.keyword(), &metric.exported);
            writeln!(out, "  {}", escape(&format!("{hidden}{kind} {name}{by}")))?;
        }
    }
    Ok(())
}

fn describe(rule: &Rule, set: &RuleSet, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  rule {}", escape(&rule.name))?;
    let all = rule.pattern.iter().chain(&rule.also);
    let all = all.map(|pattern| ("match", pattern));
    let none = rule.unless.iter().map(|pattern| ("unless", pattern));
    for (key, pattern) in all.chain(none) {
        let text = match planned(pattern.as_str()) {
            Ok(()) => format!("{key} planned: found by a few searches"),
            Err(why) => format!("{key} not planned, so the regex runs: {why}"),
        };
        writeln!(out, "    {}", escape(&text))?;
    }
    for action in &rule.metrics {
        if let Some(metric) = set.metrics.get(action.metric.0 as usize) {
            writeln!(out, "    {}", escape(&describe_action(action, metric)))?;
        }
    }
    for (name, label) in &rule.labels {
        let mut text = format!("label {name} from {}", describe_field(&label.field));
        if let Some(default) = &label.default {
            text.push_str(&format!(", otherwise \"{default}\""));
        }
        writeln!(out, "    {}", escape(&text))?;
    }
    Ok(())
}

/// Where a number comes from; nothing where it is 1.
fn describe_amount(amount: &AmountSource) -> String {
    let numbers = match amount {
        AmountSource::Constant(1.0) => return String::new(),
        AmountSource::Constant(number) => return format!(", value {number}"),
        AmountSource::Fields(numbers) => numbers,
    };
    let words: Vec<String> = numbers.iter().map(describe_number).collect();
    format!(", value from {}", words.join(", else "))
}

/// A number, and what is added to it.
fn describe_number(number: &NumberField) -> String {
    let words: Vec<String> = std::iter::once(number)
        .chain(&number.plus)
        .map(|number| {
            let from = match &number.source {
                NumberSource::Field(field) => describe_field(field),
                NumberSource::Label(label) => describe_field(&label.field),
                NumberSource::Time => "the line's time".into(),
            };
            let mut text = match number.reading.unit {
                Some(unit) => format!("{from} in {}", unit.name),
                None => from,
            };
            if let Some(factor) = &number.times {
                let table = factor.file.as_deref().unwrap_or("a table");
                text.push_str(&format!(" times {table} by {}", factor.name));
            }
            text
        })
        .collect();
    words.join(" plus ")
}

fn describe_action(action: &Action, metric: &Definition) -> String {
    let kind = metric.kind.word();
    let labels: Vec<String> = metric
        .labels
        .iter()
        .map(|label| match action.constant.get(&label.name) {
            Some(value) => format!("{}=\"{value}\"", label.name),
            None => label.name.clone(),
        })
        .collect();
    let mut text = format!("{kind} {}", metric.name);
    if !labels.is_empty() {
        text.push_str(&format!(" by {}", labels.join(", ")));
    }
    text.push_str(&describe_amount(&action.amount));
    text
}

fn describe_field(field: &Field) -> String {
    let take = match field.take {
        Take::Only => "",
        Take::First => " (the first)",
        Take::Last => " (the last)",
    };
    format!("{}{take}", field.from.join(", "))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Exit code, standard output and standard error, with the folder's name taken out.
    fn run(folder: &Path, rules: &[&str], verbose: bool) -> (u8, String, String) {
        let args = CheckArgs {
            rules: rules.iter().map(|rule| folder.join(rule)).collect(),
            verbose,
            ..CheckArgs::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = super::check(&args, false, &mut out, &mut err)
            .unwrap()
            .code();
        let text = |bytes: Vec<u8>| {
            let prefix = format!("{}/", folder.display());
            String::from_utf8(bytes).unwrap().replace(&prefix, "")
        };
        (code, text(out), text(err))
    }

    #[test]
    fn without_arguments_the_built_in_rules_are_checked() {
        let (code, out, err) = run(Path::new("."), &[], false);
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(out, "built-in agentgateway rules: ok, 1 rule, 8 metrics\n");
    }

    #[test]
    fn every_file_gets_a_line_and_verbose_lists_its_rules() {
        let folder = tempfile::tempdir().unwrap();
        let one = "[[rule]]\nmatch = 'a(?P<x>.)'\nmetric = [{ counter = 'a_total', by = ['x'], constant = { k = 'v' } }]\n";
        let two = "[[rule]]\nname = 'slow'\nfields = 'json'\nlabels.who = { from = ['u', 'v'], take = 'first', default = '-' }\nmetric = [{ histogram = 'h', value = 't', by = ['who'] }, { gauge = 'g', value = { from = 't', take = 'last' } }]\n";
        std::fs::write(folder.path().join("b.toml"), two).unwrap();
        std::fs::write(folder.path().join("a.toml"), one).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "not rules").unwrap();
        let (code, out, err) = run(folder.path(), &["."], true);
        assert_eq!((code, err.as_str()), (0, ""));
        insta::assert_snapshot!(out.replace("./", ""), @r#"
    a.toml: ok, 1 rule, 1 metric
      rule rule-1
        match planned: found by a few searches
        counter a_total by k="v", x
        label x from x
    b.toml: ok, 1 rule, 2 metrics
      rule slow
        histogram h by who, value from t
        gauge g, value from t (the last)
        label who from u, v (the first), otherwise "-"
    "#);
    }

    #[test]
    fn problems_and_advice_go_to_standard_error() {
        let folder = tempfile::tempdir().unwrap();
        let advice = "[[rule]]\nmatch = 'a(?P<x>.)(?P<y>.)'\nmetric = [{ counter = 'a_total', by = ['x'] }]\n";
        std::fs::write(folder.path().join("advice.toml"), advice).unwrap();
        std::fs::write(folder.path().join("wrong.toml"), "[[rule]]\nmatch = 'a'\n").unwrap();
        let (code, out, err) = run(folder.path(), &["advice.toml"], false);
        assert_eq!(
            (code, out.as_str()),
            (0, "advice.toml: ok, 1 rule, 1 metric\n")
        );
        insta::assert_snapshot!(err, @r"
    warning: named group `y` is never used
     --> advice.toml:2:23
      |
    2 | match = 'a(?P<x>.)(?P<y>.)'
      |                       ^
      = hint: add it to `by`, or write `(?:…)` instead of `(?P<y>…)`
    ");
        let (code, out, err) = run(folder.path(), &["advice.toml", "wrong.toml"], false);
        assert_eq!((code, out.as_str()), (2, ""));
        insta::assert_snapshot!(err, @r"
    error: expected a `[[rule.metric]]` in this rule, but found none
     --> wrong.toml:1:1
      |
    1 | [[rule]]
      | ^^^^^^^^

    1 problem in the rules
    ");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        std::fs::write(folder.path().join("latin.toml"), b"# a\n# \xe9\n").unwrap();
        let (code, out, err) = run(folder.path(), &["none.toml", "empty", "latin.toml"], false);
        assert_eq!((code, out.as_str()), (2, ""));
        insta::assert_snapshot!(err, @r"
    error: cannot read `none.toml`: No such file or directory (os error 2)

    error: folder `empty` has no .toml files

    error: expected UTF-8 text in `latin.toml`, but found other bytes in line 2

    3 problems in the rules
    ");
    }
}
