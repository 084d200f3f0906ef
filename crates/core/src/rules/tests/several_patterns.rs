//! `match` as a list, and `unless`.

use super::{advice, load, refused};

#[test]
fn a_rule_may_have_several_patterns() {
    let text = "[[rule]]\nmatch = ['a=(?P<x>.)', 'b=(?P<y>.)']\nunless = 'c'\n\
                metric = [{ counter = 'n', by = ['x', 'y'] }]\n";
    let set = load(text).unwrap().set;
    assert_eq!(set.rules[0].also[0].as_str(), "b=(?P<y>.)");
    assert_eq!(set.rules[0].unless[0].as_str(), "c");
    assert_eq!(advice(text), "");
    // Another pattern next to the same one is another rule.
    let other = text.replace("'c'", "'d'").replace("'n'", "'m'");
    assert_eq!(advice(&format!("{text}{other}")), "");
    let same = text.replace("'n'", "'m'");
    assert!(advice(&format!("{text}{same}")).contains("same"));

    insta::assert_snapshot!(refused(&text.replace("<y>", "<x>").replace(", 'y'", "")), @r"
    error: the named group `x` is in two patterns of this rule
     --> rules.toml:2:24
      |
    2 | match = ['a=(?P<x>.)', 'b=(?P<x>.)']
      |                        ^^^^^^^^^^^^
     ::: rules.toml:2:10
      |
    2 | match = ['a=(?P<x>.)', 'b=(?P<x>.)']
      |          ^^^^^^^^^^^^ the first
      = hint: a field has one value: give one of the groups another name, or write `(?:…)`

    1 problem in the rules
    ");
    let wrong = refused(&text.replace("'c'", "['c', '(']"));
    assert!(
        wrong.contains("unclosed group") && wrong.contains("rules.toml:3:17"),
        "{wrong}"
    );
    let none = refused(&text.replace("'c'", "[]"));
    assert!(
        none.contains("expected at least one string for `unless`"),
        "{none}"
    );
    let each = refused(&text.replace("unless = 'c'", "each = true"));
    assert!(each.contains("`match` is a list"), "{each}");
}
