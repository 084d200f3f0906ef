//! What is replaced wherever it is in a value.

use super::*;

#[test]
fn every_match_is_replaced_as_the_regex_crate_does() {
    for (pattern, text, value) in [
        (r"/\d+", "/:id", "/users/7/orders/42"),
        (r"/\d+", "/:id", "/1/2/3"),
        (r"/\d+", "/:id", "/about"),
        (r"(\w)(\w)", "${2}${1}", "aéb-cd"),
        (r"(?P<a>x)|y", "<${a}>", "xyz"),
        (r"\?.*$", "", "/a?b?c"),
        ("é", "$$", "éé"),
    ] {
        let rules = format!(
            "[[rule]]\nmatch = 'v=(?P<v>\\S*)'\nlabels.v = {{ replace = {{ '{pattern}' = '{text}' }} }}\n\
             metric = [{{ counter = 'h_total', by = ['v'] }}]\n"
        );
        let outcome = run(&rules, &[format!("v={value}").as_bytes()]);
        let expected = regex::Regex::new(pattern).unwrap();
        let expected = expected.replace_all(value, text);
        assert_eq!(
            outcome.samples.trim(),
            format!("h_total{{v=\"{expected}\"}} 1"),
            "{pattern}"
        );
    }
}

#[test]
fn replacements_come_one_after_the_other_and_before_the_map() {
    let rules = r#"
[[rule]]
match = 'v=(?P<v>\S*)'
labels.v = { replace = { '\d+' = 'n', 'nn*' = 'N' }, map = { 'aN' = 'mapped' } }
metric = [{ counter = 'h_total', by = ['v'] }]
"#;
    let outcome = run(rules, &[b"v=a12", b"v=b1n"]);
    insta::assert_snapshot!(outcome.samples, @r#"
    h_total{v="bN"} 1
    h_total{v="mapped"} 1
    "#);
}
