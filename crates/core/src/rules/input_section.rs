//! `[input]`: how logs are read before rules see their lines. That is, which lines are one record.

use std::sync::Arc;
use std::time::Duration;

use logmetrics_follow::FilePattern;
use logmetrics_follow::line::LINE_BYTES_MAX;
use logmetrics_follow::line::multiline::{LINES_MAX, Matching, Multiline, MultilineByFile, WAIT};
use regex::bytes::{Regex, RegexBuilder};

use super::duration;
use super::keys::{self, PRESETS};
use super::load::SourceText;
use super::problem::{At, Draft, ProblemPlace, messages};
use super::raw_rules::FileSpec;
use super::rule_patterns;
use super::toml_table::{Reader, Table, TomlValue};

/// The patterns of [`PRESETS`], in their order.
const PRESET_PATTERNS: [(Matching, &str); PRESETS.len()] = [
    (
        Matching::Continues,
        r"^\s|^(?:Caused by|Suppressed): |^\.{3} \d+ (?:more|common)|^(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)[\w$]*(?:: |$)",
    ),
    (
        Matching::Continues,
        r"^\s|^$|^Traceback \(most recent call last\):|^(?:[\w]+\.)*\w*(?:Error|Exception|Warning|Interrupt|Exit|StopIteration|ExceptionGroup)(?:: |$)|^During handling of the above exception|^The above exception was the direct cause",
    ),
    // The details of a message come after it, each with the prefix of the message: words with a blank between
    // them, whereas two blanks come after the level of a message.
    (
        Matching::Continues,
        r"^\t|^(?:\S+ ){0,12}(?:DETAIL|HINT|QUERY|CONTEXT|STATEMENT|LOCATION|BACKTRACE):  ",
    ),
    (
        Matching::Begins,
        r"^[\[(<\x22]?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.](?:\d{1,2}|[A-Z][a-z]{2})[-/.]\d{2,4}|\d{1,2}:\d\d:\d\d|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d[, ]|\d{10}(?:\d{3})?(?:[.\s]|$)|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|PANIC)\b)",
    ),
];

/// The shortest time that a record may wait.
const WAIT_MIN: Duration = Duration::from_millis(10);

/// The most memory one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 4 << 20;

/// How the lines of some files are joined, and in which rules file that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct MultilineSection {
    /// The number of the rules file.
    pub file: usize,
    /// For all files where there is none.
    pub files: Option<FilePattern>,
    pub settings: Arc<Multiline>,
}

/// How the lines of a file's own cases are joined: as its first section says, and others for the same logs.
pub fn multiline_of_cases(sections: &[MultilineSection], file: usize) -> Option<Arc<Multiline>> {
    let of_file = || sections.iter().filter(|section| section.file == file);
    let first = of_file().next()?;
    let same = of_file().filter(|section| section.files == first.files);
    let same = same.map(|section| (None, Arc::clone(&section.settings)));
    MultilineByFile::new(same.collect()).first().cloned()
}

/// All sections, for whoever reads logs.
pub fn multiline_by_file(sections: &[MultilineSection]) -> MultilineByFile {
    let each = sections.iter();
    let each = each.map(|one| (one.files.clone(), Arc::clone(&one.settings)));
    MultilineByFile::new(each.collect())
}

/// Records that begin with lines that match, of all inputs.
///
/// # Errors
/// What is wrong with the pattern, for people.
pub fn multiline_start(pattern: &str) -> Result<MultilineByFile, String> {
    let compiled = build(pattern).map_err(|error| {
        // Its other lines show the pattern again.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    })?;
    if compiled.is_match(b"") {
        return Err("it matches every line, also an empty one".to_owned());
    }
    Ok(MultilineByFile::everywhere(Multiline::beginning_with(
        compiled,
    )))
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
}

/// A section as it was written.
#[derive(Debug)]
pub(super) struct MultilineSpec {
    place: ProblemPlace,
    patterns: Vec<(ProblemPlace, &'static str, At<String>)>,
    files: Vec<At<String>>,
    lines_max: Option<usize>,
    bytes_max: Option<usize>,
    wait: Option<Duration>,
}

/// Reads `[input]`.
pub(super) fn read(value: Option<TomlValue<'_>>, reader: &mut Reader) -> Vec<MultilineSpec> {
    let input = value.and_then(|value| value.table("a table", &keys::INPUT, reader));
    let Some(mut input) = input else {
        return Vec::new();
    };
    let sections = match input.take("multiline") {
        None => Vec::new(),
        Some(value) => read_multiline(&value, reader),
    };
    input.finish(reader);
    sections
}

const EXPECTED: &str = "the name of a preset, or a table";

fn read_multiline(value: &TomlValue<'_>, reader: &mut Reader) -> Vec<MultilineSpec> {
    if value.is_text() {
        let preset = read_preset(value, reader);
        let patterns = preset.map(|preset| (value.place, "preset", preset));
        let spec = patterns.map(|pattern| MultilineSpec {
            place: value.place,
            patterns: vec![pattern],
            files: Vec::new(),
            lines_max: None,
            bytes_max: None,
            wait: None,
        });
        return spec.into_iter().collect();
    }
    let values = match value.is_list() {
        true => value.list(EXPECTED, reader).unwrap_or_default(),
        false => vec![value.clone()],
    };
    let tables: Vec<Table<'_>> = values
        .iter()
        .filter_map(|value| value.table(EXPECTED, &keys::MULTILINE, reader))
        .collect();
    let sections = tables.into_iter();
    sections
        .filter_map(|table| read_table(table, reader))
        .collect()
}

fn read_preset(value: &TomlValue<'_>, reader: &mut Reader) -> Option<At<String>> {
    let word = value.text(reader)?;
    if PRESETS.contains(&word.value.as_str()) {
        return Some(word);
    }
    reader.note(messages::unknown_choice(&word, &PRESETS));
    None
}

/// Whether a preset says which lines begin a record.
fn preset_begins(name: &str) -> bool {
    preset(name).is_some_and(|(matching, _)| matching == Matching::Begins)
}

fn preset(name: &str) -> Option<(Matching, &'static str)> {
    let mut named = PRESETS.iter().zip(PRESET_PATTERNS);
    named.find_map(|(known, preset)| (*known == name).then_some(preset))
}

fn read_table(mut table: Table<'_>, reader: &mut Reader) -> Option<MultilineSpec> {
    let before = reader.drafts.len();
    let place = table.place;
    let mut patterns = Vec::new();
    for key in ["start", "continue", "preset"] {
        let Some((place, value)) = table.take_entry(key) else {
            continue;
        };
        let text = match key {
            "preset" => read_preset(&value, reader),
            _ => value.text(reader),
        };
        patterns.extend(text.map(|text| (place, key, text)));
    }
    let files = table
        .take("files")
        .and_then(|value| value.text_or_texts(reader));
    let lines_max = table
        .take("lines_max")
        .and_then(|value| value.count(2, reader));
    let bytes_max = table
        .take("bytes_max")
        .and_then(|value| value.count(1, reader));
    if let Some(bytes) = bytes_max
        .as_ref()
        .filter(|bytes| bytes.value > LINE_BYTES_MAX)
    {
        reader.note(messages::at_most(bytes.place, "bytes_max", LINE_BYTES_MAX));
    }
    let wait = table
        .take("wait")
        .and_then(|value| read_wait(&value, reader));
    table.finish(reader);
    let of = |wanted: &str| patterns.iter().find(|(_, key, _)| *key == wanted);
    match (of("start"), of("continue"), of("preset")) {
        (_, Some(first), Some(second)) => {
            reader.note(messages::multiline_patterns(second.0, first.0));
        }
        (Some(start), None, Some(preset)) if preset_begins(&preset.2.value) => {
            reader.note(messages::preset_begins(start.0, preset.0, &preset.2.value));
        }
        (None, None, None) if reader.drafts.len() == before => {
            reader.note(messages::multiline_without_pattern(place));
        }
        _ => {}
    }
    Some(MultilineSpec {
        place: patterns.first().map_or(place, |pattern| pattern.0),
        patterns,
        files: files.unwrap_or_default(),
        lines_max: lines_max.map(|lines| lines.value),
        bytes_max: bytes_max.map(|bytes| bytes.value),
        wait,
    })
}

fn read_wait(value: &TomlValue<'_>, reader: &mut Reader) -> Option<Duration> {
    let text = value.text(reader)?;
    match duration::parse(&text.value) {
        Some(wait) if wait >= WAIT_MIN => Some(wait),
        Some(_) => {
            reader.note(messages::wait_too_short(&text));
            None
        }
        None => {
            reader.note(messages::not_a_duration(&text));
            None
        }
    }
}

/// The sections of all files; notes what is wrong with their patterns, and where two contradict each other.
pub(super) fn compile(
    specs: &[FileSpec],
    sources: &[SourceText],
    drafts: &mut Vec<Draft>,
) -> Vec<MultilineSection> {
    let mut sections: Vec<(ProblemPlace, MultilineSection)> = Vec::new();
    for (file, spec) in specs.iter().enumerate() {
        for one in &spec.multiline {
            let Some(settings) = settings(one, sources, drafts).map(Arc::new) else {
                continue;
            };
            let patterns = file_patterns(one, drafts);
            for files in patterns {
                // Those with a `start` are for their own records alone.
                let other = sections.iter().find(|(_, other)| {
                    let is_same = other.settings == settings && other.file != file;
                    let is_for_all = |one: &Multiline| one.start.is_none();
                    let are_for_all = is_for_all(&other.settings) && is_for_all(&settings);
                    other.files == files && are_for_all && !is_same
                });
                if let Some((first, _)) = other {
                    let files = files.as_ref().map(FilePattern::as_str);
                    drafts.push(messages::multiline_differs(one.place, *first, files));
                    continue;
                }
                let settings = Arc::clone(&settings);
                let section = MultilineSection {
                    file,
                    files,
                    settings,
                };
                sections.push((one.place, section));
            }
        }
    }
    sections.into_iter().map(|(_, section)| section).collect()
}

/// What the section is for, in each case one pattern; none of them is all files.
fn file_patterns(spec: &MultilineSpec, drafts: &mut Vec<Draft>) -> Vec<Option<FilePattern>> {
    if spec.files.is_empty() {
        return vec![None];
    }
    let mut patterns = Vec::new();
    for text in &spec.files {
        match FilePattern::parse(&text.value) {
            Ok(pattern) => patterns.push(Some(pattern)),
            Err(why) => drafts.push(messages::no_file_pattern(text, &why)),
        }
    }
    patterns
}

fn settings(
    spec: &MultilineSpec,
    sources: &[SourceText],
    drafts: &mut Vec<Draft>,
) -> Option<Multiline> {
    let written = |wanted: &str| spec.patterns.iter().find(|(_, key, _)| *key == wanted);
    let mut compiled = |wanted: &str| -> Option<Result<Regex, ()>> {
        let (_, key, text) = written(wanted)?;
        let pattern = compile_pattern(key, text, sources);
        Some(pattern.map_err(|draft| drafts.push(draft)))
    };
    let start = compiled("start").transpose().ok()?;
    let further = compiled("continue").transpose().ok()?;
    let preset = written("preset").and_then(|(_, _, text)| preset(&text.value));
    let preset = preset.and_then(|(matching, text)| Some((matching, build(text).ok()?)));
    let further = further.map(|pattern| (Matching::Continues, pattern));
    let (start, (matching, pattern)) = match (start, further.or(preset)) {
        (start, Some(further)) => (start, further),
        (Some(start), None) => (None, (Matching::Begins, start)),
        (None, None) => return None,
    };
    Some(Multiline {
        start,
        pattern,
        matching,
        lines_max: spec.lines_max.unwrap_or(LINES_MAX),
        bytes_max: spec.bytes_max.unwrap_or(LINE_BYTES_MAX),
        wait: spec.wait.unwrap_or(WAIT),
        others: None,
    })
}

/// The pattern of `start` or `continue`, or what is wrong with it.
fn compile_pattern(key: &str, text: &At<String>, sources: &[SourceText]) -> Result<Regex, Draft> {
    let expanded = rule_patterns::anywhere(text, sources)?;
    let matches_all = || messages::multiline_matches_all(text, key);
    // As a pattern of a rule it was compiled just now.
    let pattern = build(expanded.as_str()).map_err(|_| matches_all())?;
    match pattern.is_match(b"") {
        true => Err(matches_all()),
        false => Ok(pattern),
    }
}
