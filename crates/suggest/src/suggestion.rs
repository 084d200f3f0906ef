//! From a sample to a rules file.

use crate::recognise::{Recognised, recognise, without_cases};
use crate::records;
use crate::sample::{Refusal, Sample, SampleLine};
use crate::shape::{self, Layout, Part, Table};
use crate::trial::Trial;
use crate::write::{self, MetricNames, comment};

/// A rules file, and what was found out on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The rules, as TOML.
    pub rules: String,
    /// Lines that were looked at, or records where the rules join lines.
    pub lines: usize,
    /// How many of them the rules match.
    pub matched: usize,
    /// Whether the rules join lines to records.
    pub joins: bool,
    /// What the lines are, for people.
    pub what: String,
}

/// Lines that no known program wrote get rules where they are more than so many in a hundred.
const OTHERS_PERCENT: usize = 60;

/// Rules for a log of this name, which pass `check` and `test` and count lines of the sample.
///
/// # Errors
/// Why there is nothing to suggest, in words.
pub fn suggest(sample: &Sample, log: &str) -> Result<Suggestion, Refusal> {
    if let Some(refusal) = sample.refusal() {
        return Err(refusal);
    }
    let lines = &sample.lines;
    let known = recognise(lines);
    let mut drafts = Vec::new();
    if let Some(first) = known.first() {
        let is_known = |line: usize| known.iter().any(|one| one.matches.get(line) == Some(&true));
        let others = lines.iter().enumerate();
        let others: Vec<&SampleLine> = others
            .filter(|(number, line)| !is_known(*number) && !shape::is_continuation(&line.text))
            .map(|(_, line)| line)
            .collect();
        if others.len() * 100 > lines.len() * OTHERS_PERCENT {
            drafts.push(of_programs(&known).map(|draft| draft.and(of_shapes(others, log, None))));
        }
        drafts.push(of_programs(&known));
        drafts.push(of_programs(std::slice::from_ref(first)));
    }
    drafts.push(of_records(lines, log));
    drafts.push(of_shapes(lines.iter().collect(), log, None));
    drafts.push(of_anything(lines, log));
    let mut why = "there is no draft".to_owned();
    let mut with_advice = None;
    for draft in drafts.into_iter().flatten() {
        match finish(draft, lines, log) {
            Ok((suggestion, false)) => return Ok(suggestion),
            Ok((suggestion, true)) => with_advice = with_advice.or(Some(suggestion)),
            Err(error) => why = error,
        }
    }
    with_advice.ok_or(Refusal::Failed(why))
}

/// Rules that were not tried yet.
struct Draft {
    /// What the lines are.
    what: String,
    rules: String,
}

impl Draft {
    /// With the rules of another one.
    fn and(self, other: Option<Draft>) -> Draft {
        match other {
            None => self,
            Some(other) => Draft {
                what: format!("{}; {}", self.what, other.what),
                rules: format!("{}\n{}", self.rules, other.rules),
            },
        }
    }
}

/// The shipped rules of these programs.
fn of_programs(known: &[Recognised]) -> Option<Draft> {
    let first = known.first()?;
    let mut rules = String::new();
    let mut what = first.program.about();
    for one in known {
        if one.program.name != first.program.name {
            what = format!("{what}; {}", one.program.about());
            rules.push_str("\n\n");
        }
        let text = without_cases(one.program);
        // Several files may say how their records are joined; one file says it in a list.
        rules.push_str(&match known.len() {
            1 => text.to_owned(),
            _ => text.replace("\n[input.multiline]\n", "\n[[input.multiline]]\n"),
        });
    }
    rules.push('\n');
    Some(Draft { what, rules })
}

/// Rules made of the columns of the first lines of records, where some lines continue others.
fn of_records(lines: &[SampleLine], log: &str) -> Option<Draft> {
    let section = records::section(lines)?;
    let input = format!("[input]\n{section}\n\n");
    // Any rule will do to read what the section says.
    let any = format!("{input}[[rule]]\nmatch = 'x'\nmetric = [{{ counter = \"x_total\" }}]\n");
    let settings = Trial::of(&any).ok()?.multiline?;
    let records = records::records(lines, &settings);
    let first: Vec<SampleLine> = records.iter().map(SampleLine::first_line).collect();
    of_shapes(first.iter().collect(), log, Some(&input))
}

/// Rules made of the lines' own columns. `input` says how lines are joined to records; these are the records'
/// first lines then, and only for lines of text is anything made of them.
fn of_shapes(lines: Vec<&SampleLine>, log: &str, input: Option<&str>) -> Option<Draft> {
    let total = lines.len();
    let mut tables = shape::tables(lines);
    if tables.is_empty() {
        return None;
    }
    if input.is_some() {
        for table in &mut tables {
            match &mut table.layout {
                Layout::Pattern(pattern) => pattern.goes_on = true,
                // The last value of such a line would go on in the lines after it.
                Layout::Json | Layout::Logfmt { .. } | Layout::Csv { .. } => return None,
            }
        }
    }
    let prefix = write::prefix(log);
    let name = prefix.replace('_', "-");
    let mut names = MetricNames::default();
    let rules: Vec<String> = (tables.iter().enumerate())
        .map(|(number, table)| {
            let (name, prefix) = match (&table.part, number) {
                (_, 0) => (name.clone(), prefix.clone()),
                (Part::Without(_), _) => (format!("{name}-other"), format!("{prefix}_other")),
                (_, number) => (
                    format!("{name}-{}", number + 1),
                    format!("{prefix}_{}", number + 1),
                ),
            };
            write::rule(table, (&name, &prefix), total, &mut names)
        })
        .collect();
    let mut what: Vec<&str> = tables.iter().map(Table::what).collect();
    what.dedup();
    Some(Draft {
        what: what.join("; "),
        rules: format!("{}{}", input.unwrap_or_default(), rules.join("\n")),
    })
}

/// A rule for lines in which no form was found: it counts them.
fn of_anything(lines: &[SampleLine], log: &str) -> Option<Draft> {
    let prefix = write::prefix(log);
    let mut rules = comment(
        "No two of these lines have the same form, so this only counts them. To count some of them, write \
         what they have in common into `match`.",
    );
    let name = prefix.replace('_', "-");
    rules.push_str(&format!("[[rule]]\nname = {name:?}\nmatch = '\\S'\n"));
    let has_services = lines.iter().any(|line| line.service().is_some());
    let (help, by) = match has_services {
        true => ("Lines by program.", "by = [\"service\"]\n"),
        false => ("Lines.", ""),
    };
    if has_services {
        let service = "\n[rule.labels]\n# What syslog, journald or compose names.\n\
            service = { from = \"_service\", default = \"none\", max_values = 100 }\n";
        rules.push_str(service);
    }
    rules.push_str(&format!(
        "\n[[rule.metric]]\ncounter = \"{prefix}_lines_total\"\nhelp = {help:?}\n{by}"
    ));
    Some(Draft {
        what: "text".to_owned(),
        rules,
    })
}

/// Tries a draft, and gives it its head and its test. The other value is whether `check` has advice on it.
fn finish(draft: Draft, lines: &[SampleLine], log: &str) -> Result<(Suggestion, bool), String> {
    let trial = Trial::of(&draft.rules)?;
    let read = lines.len();
    let records = (trial.multiline.as_ref()).map(|settings| records::records(lines, settings));
    let lines = records.as_deref().unwrap_or(lines);
    let matches = trial.matches(lines);
    let (mut matched, mut others): (Vec<&SampleLine>, Vec<&SampleLine>) = (Vec::new(), Vec::new());
    for (line, is_match) in lines.iter().zip(&matches) {
        match is_match {
            true => matched.push(line),
            false => others.push(line),
        }
    }
    if matched.is_empty() {
        return Err("no line of the sample matches".to_owned());
    }
    let (are, joins) = match &records {
        Some(records) => (
            format!("{} records in its first {read} lines", records.len()),
            true,
        ),
        None => (format!("its first {read} lines"), false),
    };
    let log = shown(log, 80);
    let mut rules = comment(&format!("Rules for {log}: {}.", draft.what));
    rules.push_str(&comment(&format!(
        "Suggested from {are}, {} of which they match. Read them, change names and labels, then: \
         logmetrics check, logmetrics test, logmetrics --once --rules FILE LOG.",
        matched.len()
    )));
    if let Some(other) = others.first() {
        rules.push_str(&comment(&format!(
            "Not counted: {} {}, such as {}",
            others.len(),
            if joins { "records" } else { "lines" },
            shown(&other.text, 160)
        )));
    }
    rules.push('\n');
    rules.push_str(draft.rules.trim_end());
    rules.push('\n');
    if let Some(case) = write::case(&trial, &log, &matched) {
        rules.push('\n');
        rules.push_str(&case);
    }
    // Whatever came of it: nothing is printed that does not load.
    let has_advice = !Trial::of(&rules)?.advice.is_empty();
    let suggestion = Suggestion {
        lines: lines.len(),
        matched: matched.len(),
        joins,
        what: draft.what,
        rules,
    };
    Ok((suggestion, has_advice))
}

/// The beginning of a text, for a comment.
fn shown(text: &str, characters: usize) -> String {
    let short: String = text.chars().take(characters).collect();
    match short.len() < text.len() {
        true => format!("{short}…"),
        false => short,
    }
}
