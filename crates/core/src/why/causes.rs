//! What would make a pattern match: each likely slip is mended in turn, and the line tried again.

use regex::Regex;

use super::pairs::{Pair, near_key};
use super::rewrite::keys_of;
use crate::engine::verdict::{Almost, almost_on};

/// A slip: the pattern without it, and words for it.
type Slip = (fn(&str) -> String, &'static str);

const SLIPS: [Slip; 6] = [
    (
        |pattern| format!("(?i){pattern}"),
        "only the case of letters differs: begin the pattern with `(?i)`",
    ),
    (
        |pattern| pattern.trim_start_matches('^').to_owned(),
        "something comes before it on the line: leave the `^` out, or begin with `^.*?`",
    ),
    (
        |pattern| pattern.trim_end_matches('$').to_owned(),
        "something follows it on the line: leave the `$` out",
    ),
    (
        |pattern| pattern.replace(' ', r"\s+"),
        "the blanks are others: a tab, or several; write `\\s+` for each",
    ),
    (
        |pattern| pattern.replace(r"\\", r"\"),
        "each backslash is doubled: between single quotes write one",
    ),
    (
        |pattern| pattern.replace("\\\"", "\"").replace('"', "\"?"),
        "the line has no quotes where the pattern has them: write `\"?`",
    ),
];

/// Likely causes why `pattern` is not found in `text`, each in words; often none. `pairs` are what is on the
/// line, `almost` how far the pattern came.
pub fn causes(pattern: &str, text: &str, pairs: &[Pair], almost: Option<&Almost>) -> Vec<String> {
    let mut causes = of_keys(pattern, text, pairs);
    if pattern.contains(r"\n") && !text.contains('\n') {
        causes.push(
            "the pattern wants several lines, and each is read alone: `[input.multiline]` joins those of a \
             record"
                .to_owned(),
        );
    }
    for (mend, words) in SLIPS {
        let mended = mend(pattern);
        let matches = || Regex::new(&mended).is_ok_and(|regex| regex.is_match(text));
        if mended != pattern && matches() {
            causes.push(words.to_owned());
        }
    }
    if causes.is_empty()
        && let Some(almost) = almost
        && let Some(words) = comes_earlier(text, almost)
    {
        causes.push(words);
    }
    causes
}

/// Whether `pattern`, which is not found in `text`, is for the line with all that was around it.
pub fn is_for_whole(pattern: &str, text: &str, whole: &str) -> bool {
    if Regex::new(pattern).is_ok_and(|regex| regex.is_match(whole)) {
        return true;
    }
    // A beginning without an anchor is found anywhere.
    let how_far = |text| almost_on(pattern, text).map_or(0, |almost| almost.found.len());
    pattern.starts_with('^') && how_far(whole) > how_far(text)
}

/// Keys that are not on the line, or in another order.
fn of_keys(pattern: &str, text: &str, pairs: &[Pair]) -> Vec<String> {
    let keys = keys_of(pattern);
    let mut causes = Vec::new();
    // On a line that has none of them there is nothing to say of each.
    if !keys
        .iter()
        .any(|one| pairs.iter().any(|pair| pair.key == one.key))
        && !keys.iter().any(|one| near_key(&one.key, pairs).is_some())
    {
        return causes;
    }
    if text.trim_start().starts_with('{') && !pattern.contains('"') {
        causes.push("the line is JSON, which `fields = \"json\"` reads".to_owned());
    }
    let mut last: Option<(usize, &str)> = None;
    let mut order = None;
    for one in &keys {
        let key = one.key.as_str();
        let Some(pair) = pairs.iter().find(|pair| pair.key == key) else {
            let meant = near_key(key, pairs);
            let meant = meant.map_or(String::new(), |key| format!("; did you mean `{key}`?"));
            causes.push(format!("there is no `{key}` on the line{meant}"));
            continue;
        };
        let Some(at) = pair.at else {
            continue;
        };
        if let Some((_, before)) = last.filter(|(before, _)| *before > at) {
            order.get_or_insert(format!(
                "the order is another: `{key}` comes before `{before}` on the line"
            ));
        }
        last = Some((at, key));
    }
    causes.extend(order);
    let is_quoted = |key: &str| pairs.iter().any(|pair| pair.key == key && pair.is_quoted);
    let quoted = keys
        .iter()
        .find(|one| is_quoted(&one.key) && !pattern.contains('"'));
    if let Some(one) = quoted.filter(|_| causes.is_empty()) {
        let (key, group) = (&one.key, &one.group);
        causes.push(format!(
            "the line has quotes around a value: write `{key}=\"?(?P<{group}>[^\"]*)\"?`"
        ));
    }
    causes
}

/// What is missing is on the line, but before the place where it is looked for.
fn comes_earlier(text: &str, almost: &Almost) -> Option<String> {
    let missing = Regex::new(&almost.missing).ok()?;
    let found = missing.find(text)?;
    // A group alone is found nearly everywhere.
    let is_something = found.end() > found.start() + 1 && !almost.missing.starts_with(['(', '[']);
    (is_something && found.start() < almost.line_end).then(|| {
        format!(
            "the order is another: `{}` is at byte {}, before it",
            almost.missing,
            found.start()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::*;

    #[test]
    fn likely_slips_are_named() {
        for (pattern, line, words) in [
            (r"^error", "ERROR x", "(?i)"),
            (r"^ERROR", "12:00 ERROR x", "leave the `^` out"),
            (r"took \d+$", "took 12 ms", "leave the `$` out"),
            (r"ERROR .*\n(?P<e>\w+)", "ERROR x", "[input.multiline]"),
            (r"GET (?P<p>/\S*) done", "GET\t/a  done", r"`\s+`"),
            (r"took \\d+", "took 12", "between single quotes write one"),
            ("user=\"(?P<u>[a-z]+)\"", "user=ann", "no quotes"),
            (
                r"user=(?P<u>[a-z]+) ",
                "user=\"ann\" ",
                "quotes around a value",
            ),
            (r"usr=(?P<u>\S+)", "user=ann x=1", "did you mean `user`?"),
            (r"a=(?P<a>.) b=(?P<b>.)", "b=1 a=2", "`b` comes before `a`"),
            (
                r"took \d+ .*GET",
                "GET /x took 12 ms",
                "is at byte 0, before it",
            ),
            (r"user=(?P<u>\S+)", r#"{"user":"ann"}"#, "the line is JSON"),
        ] {
            assert!(!Regex::new(pattern).unwrap().is_match(line), "{pattern}");
            let almost = crate::engine::verdict::almost_on(pattern, line);
            let causes = causes(pattern, line, &pairs(line.as_bytes()), almost.as_ref());
            assert!(
                causes.iter().any(|cause| cause.contains(words)),
                "{pattern} on {line}: {causes:?}"
            );
        }
    }

    #[test]
    fn nothing_is_said_where_nothing_is_known() {
        let said = causes(r"^GET (?P<p>\S+)", "a text of another kind", &[], None);
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn patterns_for_the_whole_line_are_known() {
        let is_for_whole = |pattern| is_for_whole(pattern, "GET /a", "gw-1  | GET /a");
        assert!(is_for_whole(r"^gw-1 +\| GET (?P<path>\S+)$"));
        assert!(is_for_whole(r"\| GET"));
        // Also where it breaks later on.
        assert!(is_for_whole(r"^gw-1 +\| GET (?P<path>\d+)$"));
        assert!(!is_for_whole(r"^GET (?P<path>\d+)$"));
        assert!(!is_for_whole(r"\d POST"));
        assert!(!is_for_whole("("));
    }
}
