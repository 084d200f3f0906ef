//! The form of rules files; and that neither meaning nor comments change, and a second run changes nothing.

use proptest::prelude::*;

use super::super::keys;
use super::super::shipped::SHIPPED;
use super::*;

fn formatted_as(text: &str) -> Result<String, FormatError> {
    format(SourceText {
        path: "rules.toml".into(),
        text: text.into(),
    })
}

#[track_caller]
fn check(before: &str, after: &str) {
    let found = formatted_as(before).unwrap();
    assert_eq!(found, after, "\n{found}");
    assert_eq!(formatted_as(after).unwrap(), after, "the second time");
}

#[test]
fn spaces_quotes_and_blank_lines() {
    check(
        r##"

# Requests.


# Logins.
[[ rule ]]   # of users

match="user=(?P<user>\\S+)"
  name =   "logins"
   help."a b"=1
[rule . labels]

user={from="u",max_values=10}
"start" = "start"
[[rule.metric]]
  counter  = "logins_total"#end
where={ status="5..",match = "a" }
"##,
        r##"# Requests.

# Logins.
[[rule]]  # of users
name = "logins"
match = 'user=(?P<user>\S+)'
help."a b" = 1

[rule.labels]
user = { from = "u", max_values = 10 }
"start" = "start"

[[rule.metric]]
counter = "logins_total"  #end
where = { status = "5..", match = 'a' }
"##,
    );
}

#[test]
fn inline_tables_may_go_over_lines() {
    check(
        "a = { b\n=\n1, c # why\n= 2 }\n",
        "a = {\n  b = 1,\n  # why\n  c = 2,\n}\n",
    );
}

#[test]
fn lists_stay_on_their_lines() {
    check(
        r#"a=[1,2,]
b = [ # first
 "x", "y" # second

 # third
 , [1,
2]
 # last
]
c = []
d = [
]
e = {x=[],y={ }, z = 1979-05-27 07:32:00 }
f = """
  as  it is
""" # end
"#,
        r#"a = [1, 2]
b = [
  # first
  "x", "y",  # second

  # third
  [
    1,
    2,
  ],
  # last
]
c = []
d = []
e = { x = [], y = {}, z = 1979-05-27 07:32:00 }
f = """
  as  it is
"""  # end
"#,
    );
}

#[test]
fn keys_are_in_order_but_for_those_that_are_divided() {
    check(
        "[[rule]]\nmetric = []\n# where\nmatch = 'a'\nname = 'b'\nunknown = 1\n\nfields = \"json\"\nmatch_json = {}\n",
        "[[rule]]\nname = 'b'\n# where\nmatch = 'a'\nmetric = []\nunknown = 1\n\nfields = \"json\"\nmatch_json = {}\n",
    );
    check(
        "[rule.labels.user]\nmax_values = 1\nfrom = 'u'\n[rule.labels]\nb = 'x'\na = 'y'\n",
        "[rule.labels.user]\nfrom = 'u'\nmax_values = 1\n\n[rule.labels]\nb = 'x'\na = 'y'\n",
    );
    // The comment may be about all of them.
    let kept = "[[rule]]\n# Logins.\nmatch = 'a'\nname = 'b'\n";
    check(kept, kept);
}

#[test]
fn patterns_are_between_single_quotes_where_they_can_be() {
    check(
        r#"match = ["a", "it's \\d", "\t\\d", "\"x\""]
name = "a \"b\" c"
help = "it's"
patterns = { A = "\\d" }
input.multiline.start = "^x"
"#,
        r#"input.multiline.start = '^x'
patterns = { A = '\d' }
match = ['a', "it's \\d", "\t\\d", '"x"']
name = 'a "b" c'
help = "it's"
"#,
    );
}

#[test]
fn line_ends_stay_what_they_are() {
    check(
        "a=1\r\n\r\n\r\n# b\r\nb=[\r\n1]",
        "a = 1\r\n\r\n# b\r\nb = [\r\n  1,\r\n]\r\n",
    );
    check("\u{feff}a=1", "\u{feff}a = 1\n");
    check("", "");
    check("\n\n", "");
    check("# only", "# only\n");
}

#[test]
fn what_is_no_toml_is_pointed_at() {
    let Err(FormatError::Invalid(problems)) = formatted_as("[[rule]]\nmatch = 'a\n") else {
        panic!("it is no TOML");
    };
    let said = problems.to_string();
    assert!(said.contains("rules.toml:2:"), "{said}");
    assert!(matches!(
        formatted_as("a = 1\na = 2\n"),
        Err(FormatError::Invalid(_))
    ));
}

#[test]
fn shipped_rules_are_formatted() {
    for shipped in SHIPPED {
        let formatted = formatted_as(shipped.text).unwrap();
        assert_eq!(
            formatted, shipped.text,
            "{}: run `logmetrics fmt rules/`",
            shipped.name
        );
    }
}

#[test]
fn examples_of_the_reference_can_be_formatted() {
    for example in keys::examples() {
        let once = formatted_as(example).unwrap();
        assert_eq!(formatted_as(&once).unwrap(), once);
    }
}

/// Blanks where there may be some.
fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\t", "   "])
}

fn comment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "# a", "#b = [", "  # \"c'  "])
}

/// What is between two elements of a list: breaks and comments may be there.
fn gap() -> impl Strategy<Value = String> {
    let parts = ["", " ", "\n", "\n\n", "# x\n", " # ]\n  \n", "\r\n"];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..3)
        .prop_map(|parts| parts.concat())
}

fn value() -> impl Strategy<Value = String> {
    let plain = [
        "1",
        "-2.5e3",
        "nan",
        "true",
        "'a#b'",
        "\"\\\\d+\"",
        "\"it's\"",
        "\"\\u00e9\"",
        "1979-05-27 07:32:00",
        "07:32:00.5",
        "\"\"\"\nx \\\n  y\n\"\"\"",
        "'''\na\r\nb'''",
        "[]",
        "{}",
        "\"\\\"\"",
    ];
    let leaf = prop::sample::select(plain.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 4, |inner| {
        let member = (gap(), inner.clone(), gap());
        let list = (prop::collection::vec(member, 1..4), gap()).prop_map(|(members, end)| {
            let members: Vec<String> = members
                .into_iter()
                .map(|(before, value, after)| format!("{before}{value}{after}"))
                .collect();
            format!("[{}{end}]", members.join(","))
        });
        let entry = (space(), inner, space());
        let table = prop::collection::vec(entry, 1..4).prop_map(|entries| {
            let entries = entries.into_iter().enumerate();
            let entries = entries.map(|(at, (a, value, b))| format!("{a}k{at}{b}={a}{value}{b}"));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        });
        prop_oneof![list, table]
    })
}

/// A line of a file, with the number that makes its key its own.
fn line() -> impl Strategy<Value = String> {
    let names = [
        "name", "match", "fields", "metric", "zz", "labels.a", "\"q\"", "by", "expect",
    ];
    let entry = (
        space(),
        prop::sample::select(names.to_vec()),
        space(),
        value(),
        comment(),
    );
    let entry = entry.prop_map(|(before, name, space, value, comment)| {
        format!("{before}{name}{space}={space}{value}{space}{comment}")
    });
    let headers = ["[[rule]]", "[[ rule . metric ]]", "[[test]]", "[[\trule]]"];
    let header = (prop::sample::select(headers.to_vec()), comment());
    let header = header.prop_map(|(header, comment)| format!("{header}{comment}"));
    let other = prop_oneof![Just(String::new()), comment().prop_map(str::to_owned)];
    prop_oneof![4 => entry, 2 => header, 3 => other]
}

/// A file is formatted, or is no TOML; nothing else.
fn holds(text: &str) -> Result<bool, TestCaseError> {
    let formatted = match formatted_as(text) {
        Ok(formatted) => formatted,
        Err(FormatError::Invalid(_)) => return Ok(false),
        Err(FormatError::Differs) => {
            return Err(TestCaseError::fail("it would say something else"));
        }
    };
    prop_assert_eq!(meaning(&formatted), meaning(text));
    prop_assert_eq!(comments(&formatted), comments(text));
    let again = formatted_as(&formatted).ok();
    prop_assert_eq!(again.as_deref(), Some(&*formatted));
    // Blanks at the end of a line are text where a string goes over several.
    let has_long_strings = ["\'\'\'", "\"\"\""].iter().any(|it| formatted.contains(it));
    let lines = formatted.lines().filter(|line| !line.contains(['"', '\'']));
    for line in lines.filter(|_| !has_long_strings) {
        prop_assert_eq!(line.trim_end(), line);
    }
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_file_keeps_its_meaning(lines in prop::collection::vec(line(), 0..14), crlf in any::<bool>()) {
        // A key may be there once in its table.
        let mut used = std::collections::BTreeSet::new();
        let lines: Vec<String> = lines.into_iter().filter(|line| {
            if line.trim_start().starts_with('[') {
                used.clear();
            }
            let is_entry = line.contains('=') && !line.trim_start().starts_with(['#', '[']);
            let name = line.split('=').next().unwrap_or_default().trim().to_owned();
            !is_entry || used.insert(name)
        }).collect();
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        holds(&text)?;
    }

    #[test]
    fn rules_that_are_changed_anywhere_are_formatted_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        put in "[\\[\\]{}=,#'\" \n\\\\a0.]{0,4}",
        taken in 0..6_usize,
    ) {
        let text = SHIPPED[which.index(SHIPPED.len())].text;
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let (first, last) = (at.index(places.len()), (at.index(places.len()) + taken).min(places.len() - 1));
        let changed = format!("{}{put}{}", &text[..places[first]], &text[places[last]..]);
        holds(&changed)?;
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "(\\PC|[\\[\\]{}=,#'\"\n a-c1]){0,40}") {
        holds(&text)?;
    }
}
