//! The ways from a user to the traces of that user in Jaeger.
//!
//! Jaeger compares a tag exactly, and a label is not always what a tag says: it may come from one of
//! several, and may have been made lower-case. So there is a link for each tag, which says so.

use super::Options;
use super::panel::Links;
use logmetrics_core::rules::{LabelSource, RuleSet};

/// Most links of one label.
const LINKS_MAX: usize = 10;

/// The links of a label that holds users; none where Jaeger is not known, and where no value of the
/// label can be one of a tag.
pub(super) fn links<'l>(set: &RuleSet, label: &'l str, options: &Options) -> Option<Links<'l>> {
    let base = options.jaeger.as_ref()?.trim_end_matches('/');
    let sources: Vec<&LabelSource> = set
        .rules
        .iter()
        .filter_map(|rule| rule.labels.get(label))
        .collect();
    if sources
        .iter()
        .any(|source| source.pseudonym || !source.map.is_empty())
    {
        return None;
    }
    let tags: Vec<&str> = match &options.jaeger_tag {
        Some(tag) => vec![tag],
        None => tags(label, &sources),
    };
    let service = escape(&options.jaeger_service);
    let links = tags.iter().map(|tag| {
        let title = format!("traces in Jaeger with this `{tag}`");
        // A value that holds a quote finds nothing: Grafana has no way to write it as JSON.
        let tags = format!(
            "%7B%22{}%22%3A%22${{__value.raw:percentencode}}%22%7D",
            escape(tag)
        );
        let window = "start=${__from}000&end=${__to}000";
        (
            title,
            format!("{base}/search?service={service}&tags={tags}&{window}"),
        )
    });
    let is_lower = sources.iter().any(|source| source.lowercase);
    Some(Links {
        label,
        links: links.collect(),
        note: note(label, tags.len(), is_lower, base),
    })
}

/// The fields that a label is read from, in the order of the rules.
fn tags<'s>(label: &'s str, sources: &[&'s LabelSource]) -> Vec<&'s str> {
    let mut tags: Vec<&str> = Vec::new();
    for tag in sources.iter().flat_map(|source| &source.field.from) {
        if !tags.contains(&tag.as_str()) {
            tags.push(tag);
        }
    }
    if tags.is_empty() {
        tags.push(label);
    }
    tags.truncate(LINKS_MAX);
    tags
}

fn note(label: &str, tags: usize, is_lower: bool, base: &str) -> String {
    let mut note = format!("A click on {label} leads to the traces in Jaeger");
    if tags > 1 {
        note += ": the metric does not say which tag named the user, so there is one link for each";
    }
    note += ". Jaeger compares exactly";
    if is_lower {
        note += ", and the label is lower-case: who is written with capitals on the trace is not found by it";
    }
    note += &format!(
        ". `logmetrics report --jaeger {base} --user NAME` finds a user under every tag and in every spelling, with trace ids."
    );
    note
}

/// Percent-encodes what has a meaning in a query string.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
