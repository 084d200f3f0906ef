//! The corners, one by one: what is sure and what is not, what is refused and with which words.

use insta::assert_snapshot;
use regex::Regex;

use super::super::{Outcome, Plan, required};
use super::check;

/// What the plan says of each line, after the regex had its say.
fn outcomes(pattern: &str, lines: &[&str]) -> Vec<Outcome> {
    let regex = Regex::new(pattern).unwrap();
    let plan = Plan::new(pattern).unwrap_or_else(|refusal| panic!("{pattern}: {refusal}"));
    lines
        .iter()
        .map(|line| check(pattern, &regex, &plan, line.as_bytes()))
        .collect()
}

/// Holds the plan against the regex on lines where it has to be sure.
#[track_caller]
fn sure(pattern: &str, lines: &[&str]) {
    for (outcome, line) in outcomes(pattern, lines).into_iter().zip(lines) {
        assert_ne!(outcome, Outcome::Unsure, "{pattern} on {line:?}");
    }
}

fn refusal(pattern: &str) -> String {
    match Plan::new(pattern) {
        Ok(_) => "planned".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn a_greedy_gap_takes_the_last_place_that_lets_the_rest_match() {
    sure(
        "a=(.*) b=(\\d+)",
        &[
            "a=1 b=2 b=3",
            "a=1 b=2 b=x",
            "a= b=1 a= b=2",
            "a=1 b=",
            "b=1 a=2",
        ],
    );
    sure("a(.*)b(.*)c", &["abcbc", "acb", "aabbcc", "abcab", "cba"]);
    sure("a(.+)b(.+)c", &["abcbc", "abc", "axbxc", "abbc", "éaéébéc"]);
}

#[test]
fn a_group_may_hold_a_gap() {
    sure("(.*ab)", &["xxababxabx", "ab", "xa"]);
    sure("(.*ab)|c", &["xxababxabx", "c", "cab"]);
    sure("(k.*)ab(\\d)", &["k ab1 ab2 ab", "kab3", "ab1k"]);
    sure("k(.*ab(.*)cd)e(\\d)", &["k ab ab cd cde1 cde2", "kabcde3"]);
}

#[test]
fn a_lazy_gap_takes_the_first_place_that_lets_the_rest_match() {
    sure(
        "a=(.*?) b=(\\d+)",
        &[
            "a=1 b=2 b=3",
            "a=1 b=x b=2",
            "a= b=1 a= b=2",
            "a=1 b=",
            "b=1",
        ],
    );
    sure(
        "a(.*?)b(.*)c(.*?)d",
        &["abbcccdd", "abcd", "abdcd", "abdc", "aabbccddab"],
    );
}

#[test]
fn a_run_before_a_gap_gives_back_what_the_rest_needs() {
    sure("a(\\S+).*b(\\d)", &["axxb1", "ab1b2", "ab1", "a b1"]);
    sure("a(\\S+?).*b(\\d)", &["axxb1", "ab1b2", "ab1", "a b1"]);
    sure("a(\\S{1,2}).*b(\\d)", &["axxb1", "axb1", "axxxb1", "ab1"]);
}

#[test]
fn an_open_run_is_tried_at_the_lines_end() {
    sure(
        "^([^=]+)(\\S*)([a-z]?)$",
        &[" b=a11", "a1aa1bbab1 ", "ab", "="],
    );
    sure("k(\\S+)(\\d*)$", &["k=1", "k1", "k"]);
}

#[test]
fn groups_at_the_end_may_be_empty() {
    sure("k=(\\S*)$", &["k=", "k=a", "k=a ", "a k="]);
    sure("k=(.*)$", &["k=", "k=a b", "kk=k="]);
    sure("k=(.*?)", &["k=", "k=a b"]);
    sure("(.*)", &["", "a", "é"]);
    sure("^(.*?)$", &["", "x"]);
    sure("", &["", "a"]);
    sure("^$", &["", "a"]);
}

#[test]
fn optional_parts_and_alternatives_leave_groups_unset() {
    sure(
        "for (?:user (\\w+) )?from (\\S+)",
        &["for user a from b", "for from b", "for user from b"],
    );
    sure("^(?:a(x)|b(y)|(z))c", &["axc", "byc", "zc", "ac", "abc"]);
    sure(
        "(?:a(x)|b(y)) (\\d)",
        &["ax 1", "by 1", "ax by 1", "by ax 1", "ax "],
    );
    sure("(^|\\s)k=(\\d)", &["k=1", "a k=2", "ak=3", "ak=3 k=4"]);
    sure("k=(\\d+)(?:\\s|$)", &["k=1", "k=1 ", "k=1a", "k=1a k=2"]);
    sure("a(?: (b))??(?: (.))", &["a b c", "a c"]);
}

#[test]
fn branches_without_an_anchor_agree_on_the_leftmost() {
    sure("b(\\d)|a(\\d)", &["a1 b2", "b1 a2", "ab1", "a b", "a1"]);
    sure("ab|a(b)", &["ab", "xab"]);
    sure("(?:foo)?", &["xfoo", "foo", ""]);
    sure("a.*z|m", &["amz", "am", "xma", "z"]);
}

#[test]
fn boundaries_are_decided_next_to_ascii_only() {
    sure(
        "\\brequest\\b",
        &[
            "request",
            "a request b",
            "requests",
            "prerequest request",
            "x",
        ],
    );
    assert_eq!(outcomes("\\brequest\\b", &["érequest"]), [Outcome::Unsure]);
}

#[test]
fn classes_ask_only_where_they_must() {
    // All characters beyond ASCII, none, some.
    assert_eq!(outcomes("\"([^\"]*)\"", &["\"Zoë\""]), [Outcome::Match]);
    assert_eq!(outcomes("k=([a-z]+)", &["k=Zoë k=zoë"]), [Outcome::Match]);
    assert_eq!(
        outcomes("k=(\\S+)", &["k=zoë", "k=zoe ë"]),
        [Outcome::Unsure, Outcome::Match]
    );
    assert_eq!(
        outcomes("k=(\\d+)", &["k=\u{663}", "k="]),
        [Outcome::Unsure, Outcome::NoMatch]
    );
    // Characters are counted, so bytes do not do.
    assert_eq!(
        outcomes("k=([^ ]{2})", &["k=ëë", "k=ab"]),
        [Outcome::Unsure, Outcome::Match]
    );
    assert_eq!(
        outcomes("k=(..)", &["k=ëë", "k=ab"]),
        [Outcome::Unsure, Outcome::Match]
    );
}

#[test]
fn flags_hold_where_the_regex_has_them() {
    sure("a(?U)(b*)c(?-U)(.*)d", &["abbcdd", "acdd"]);
    sure("^(?i)k(?-i)a=(\\d)", &["ka=1", "Ka=1", "kA=1"]);
    sure("^(?:a|(?i)b|c)=(\\d)", &["a=1", "A=1", "B=1", "C=1"]);
    sure("(?x) a = (\\d) # a comment", &["a=1"]);
    sure("(?s)a(.*)b", &["axb"]);
    sure("(?m)^a(.*)b$", &["axb", "xaxb", "axbx"]);
}

#[test]
fn too_much_work_is_left_to_the_regex() {
    let line = "a".repeat(20_000);
    assert_eq!(outcomes("a[^b]*b", &[&line]), [Outcome::Unsure]);
    let line = "a=".repeat(5_000) + "!";
    assert_eq!(
        outcomes("^(\\S+)=(\\S+)=(\\S+)=\\?", &[&line]),
        [Outcome::Unsure]
    );
}

#[test]
fn what_is_not_planned_is_named() {
    assert_snapshot!(refusal("é k=(a|b.*) c"), @"`a|b.*` at column 6: an alternative or an optional part has a gap in it");
    assert_snapshot!(refusal("k=(?:\\w+ )*x"), @r#"`(?:\w+ )*` at column 3: it repeats more than one character"#);
    assert_snapshot!(refusal("k=(\\w){2,3}x"), @r#"`(\w){2,3}` at column 3: it repeats more than one character"#);
    assert_snapshot!(refusal("k=(?:(\\w) ){3}x"), @r#"`(?:(\w) ){3}` at column 3: it repeats a group that is captured"#);
    assert_snapshot!(refusal("k=.*(\\d+)"), @r#"`(\d+)` at column 5: no fixed text is there to search for"#);
    assert_snapshot!(refusal("(\\w+)\\s+x"), @r#"`(\w+)\s+x` at column 1: no fixed text that ends this class stands next to it, so its start is unknown"#);
    assert_snapshot!(refusal("(\\S+):x"), @r#"`(\S+):x` at column 1: no fixed text that ends this class stands next to it, so its start is unknown"#);
    assert_snapshot!(refusal("k=.*(?:GET|PUT)"), @"`GET|PUT` at column 8: no fixed text stands before these alternatives");
    assert_snapshot!(refusal("(?i)error"), @"`error` at column 5: no fixed text is there to search for");
    assert_snapshot!(refusal("a\u{fffd}"), @"`�` at column 2: U+FFFD stands for broken bytes too");
    assert_snapshot!(refusal("(?mR)^a$"), @"`^` at column 6: under the flag `R` a carriage return ends a line too");
    assert_snapshot!(refusal("(?:1|2|3|4|5|6|7|8|9)"), @"`9` at column 20: there are too many alternatives at the start");
    assert_snapshot!(refusal("(?:(?:(?:abc+){8}){8}){8}"), @"`(?:(?:(?:abc+){8}){8}){8}` at column 1: the pattern is too long");
    assert_snapshot!(refusal(&"a.*".repeat(16)), @"`a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*a.*` at column 1: there are too many gaps");
    assert_snapshot!(refusal("a(b"), @"`(` at column 2: it is no valid pattern");
}

#[test]
fn required_texts_are_those_no_line_can_do_without() {
    let shown = |pattern: &str| {
        let required = required(pattern);
        let set = |set: &Vec<Vec<u8>>| {
            let texts: Vec<_> = set
                .iter()
                .map(|text| String::from_utf8_lossy(text))
                .collect();
            texts.join(" or ")
        };
        required.all.iter().map(set).collect::<Vec<_>>().join(", ")
    };
    assert_snapshot!(shown(r"http\.status=(\d+) .* route=(\S+)"), @"http.status=,  route=");
    assert_snapshot!(shown(r#"^(?:\S+[\t ]+[A-Za-z]+[\t ]+)?request[\t ]|^\{.*"scope":"request""#), @"request");
    assert_snapshot!(shown("(?:error|warning|fatal error): (.*)"), @": , error or warning");
    assert_snapshot!(shown("(?:ab)*c?"), @"");
    assert_snapshot!(shown("(?:abc|.*)"), @"");
    assert_snapshot!(shown("(?:level=)+x(?:y|z)"), @"level=, x");
    assert_snapshot!(shown("ab\u{fffd}cd"), @"ab, cd");
    assert_snapshot!(shown("(?i)ab=x"), @"=, AB=X or AB=x or Ab=X or Ab=x or aB=X or aB=x or ab=X or ab=x");
    assert_snapshot!(shown("a(b"), @"");

    let plan = Plan::new(r"a=(\d+) .* longer=(\d+)").unwrap();
    assert_eq!(plan.required_literals(), [&b" longer="[..], b"a="]);
}

#[test]
fn required_texts_let_every_match_through_on_broken_lines() {
    let pattern = "ab\u{fffd}cd";
    let line = b"ab\xffcd";
    assert!(
        Regex::new(pattern)
            .unwrap()
            .is_match(&String::from_utf8_lossy(line))
    );
    assert!(required(pattern).allows(line));
}
