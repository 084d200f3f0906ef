//! Keys of other tools: what somebody writes who has not read ours, and what it is called here.

/// Their word, ours, and how it is written, where that is another form.
const WORDS: &[(&str, &str, Option<&str>)] = &[
    ("regex", "match", None),
    ("regexp", "match", None),
    ("pattern", "match", None),
    ("timestamp", "time", None),
    ("date", "time", None),
    ("format", "fields", None),
    ("parser", "fields", None),
    ("header", "columns", Some(HEADER)),
    ("skip", "columns", Some(HEADER)),
    ("skip_header", "columns", Some(HEADER)),
    ("separator", "delimiter", None),
    ("rewrite", "replace", None),
    ("gsub", "replace", None),
    ("subst", "replace", None),
    ("mapping", "map", None),
    ("field", "from", None),
    ("source", "from", None),
    ("key", "from", None),
    ("name", "counter", Some(NAME)),
    ("type", "counter", Some(NAME)),
    ("help_text", "help", None),
    ("description", "help", None),
    ("label", "by", None),
    ("labels", "by", None),
    ("ttl", "expire", None),
    ("filter", "where", None),
    ("condition", "where", None),
    ("when", "where", None),
];

const HEADER: &str = "a line that is the names of `columns` is the header, and is not counted";
const NAME: &str = "a metric is written by its type and name: `counter = \"requests_total\"`, `gauge = …`, \
    `histogram = …`";

/// What a key is called here, where `known` are the keys of its table.
pub(super) fn ours(key: &str, known: &[&str]) -> Option<String> {
    let (_, ours, words) = WORDS
        .iter()
        .find(|(theirs, ours, _)| *theirs == key && known.contains(ours))?;
    Some(match words {
        Some(words) => (*words).to_owned(),
        None => format!("it is written `{ours}` here"),
    })
}
