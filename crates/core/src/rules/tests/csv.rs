//! Rules that read CSV: their columns, and what is said where these are wrong.

use insta::assert_snapshot;

use super::refused;

#[test]
fn tables_have_columns() {
    let rule =
        |keys: &str| format!("[[rule]]\n{keys}\nmetric = [{{ counter = 'c', by = ['a'] }}]\n");
    assert_snapshot!(refused(&rule("fields = 'csv'")), @r#"
    error: `fields = "csv"` needs `columns`
     --> rules.toml:1:1
      |
    1 | [[rule]]
      | ^^^^^^^^
      = hint: write the header of the file: `columns = ["time", "user", …]`; a line that is it is not counted

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule("fields = 'csv'\ncolumns = ['b', 'b', '', '']\ndelimiter = ', '")), @r#"
    error: two columns have the name `b`
     --> rules.toml:3:17
      |
    3 | columns = ['b', 'b', '', '']
      |                 ^^^ the second
     ::: rules.toml:3:12
      |
    3 | columns = ['b', 'b', '', '']
      |            ^^^ the first
      = hint: a column that nobody needs may be `""`

    error: `, ` is no delimiter: that is one ASCII character
     --> rules.toml:4:13
      |
    4 | delimiter = ', '
      |             ^^^^
      = hint: a tab is `"\t"`, in double quotes

    error: no column has the name `a`
     --> rules.toml:5:34
      |
    5 | metric = [{ counter = 'c', by = ['a'] }]
      |                                  ^^^
      = hint: the columns are `b`, `b`

    3 problems in the rules
    "#);
    assert_snapshot!(refused(&rule("fields = 'auto'\ncolumns = 'a'")), @r#"
    error: `columns` is only for `fields = "csv"`
     --> rules.toml:3:11
      |
    3 | columns = 'a'
      |           ^^^

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule("fields = 'csv'\ncolumns = ['aa', 'b']")), @r#"
    error: no column has the name `a`
     --> rules.toml:4:34
      |
    4 | metric = [{ counter = 'c', by = ['a'] }]
      |                                  ^^^
      = hint: did you mean `aa`?

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule("match = '(?P<a>.)'\ninside = 'a'")), @r#"
    error: `inside` says in which text fields are read, but the rule reads none
     --> rules.toml:3:10
      |
    3 | inside = 'a'
      |          ^^^
      = hint: add `fields = "auto"`; a part of a field by a pattern is `{ from = "message", match = '…' }`

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule("fields = 'auto'\neach = true")), @r#"
    error: `each` counts every match of `match`, but the rule has no `match`
     --> rules.toml:3:8
      |
    3 | each = true
      |        ^^^^

    1 problem in the rules
    "#);
}
