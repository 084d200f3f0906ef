//! What tables say, and what is said of tables.

use proptest::prelude::*;

use super::*;

fn table(file: &str, text: &str, name: &str) -> Result<Arc<LookupTable>, String> {
    of(file, text, name)
}

fn of<V: LookupValue>(file: &str, text: &str, name: &str) -> Result<Arc<LookupTable<V>>, String> {
    let sources = [
        SourceText {
            path: "rules/a.toml".into(),
            text: String::new(),
        },
        SourceText {
            path: format!("rules/{file}"),
            text: text.into(),
        },
    ];
    let place = ProblemPlace {
        file: 0,
        start: 0,
        end: 0,
    };
    let spec = LookupSpec::File(At::new(name.to_owned(), place));
    compile(&spec, Some("team"), &sources).map_err(|draft| format!("{draft:?}"))
}

const TEAMS: &str = "user,team,cost centre\nann@example.com,red,17\n\"bob, jr\",blue,18\n\n*@sales.example.com,sales,19\nann@*,other,20\nann@example.com,late,21\n";

#[test]
fn values_are_looked_up_in_csv() {
    let teams = table("t.csv", TEAMS, "t.csv").unwrap();
    for (value, team) in [
        ("ann@example.com", Some("red")),
        ("bob, jr", Some("blue")),
        ("eve@sales.example.com", Some("sales")),
        ("ann@sales.example.com", Some("sales")),
        ("ann@x.org", Some("other")),
        ("cid@x.org", None),
        ("", None),
    ] {
        assert_eq!(teams.find(value), team, "{value}");
    }
    let centres = table("t.csv", TEAMS, "t.csv#cost centre").unwrap();
    assert_eq!(centres.find("ann@example.com"), Some("17"));
    let two = table("t.csv", "key,anything\r\na,1\r\n", "t.csv").unwrap();
    assert_eq!(two.find("a"), Some("1"));
    for (text, name) in [
        (TEAMS, "t.csv#x"),
        ("a,b,c\n", "t.csv"),
        ("a,b\nx\n", "t.csv"),
        ("a,b\n\"x,1\n", "t.csv"),
        (TEAMS, "other.csv"),
    ] {
        assert!(table("t.csv", text, name).is_err(), "{text} {name}");
    }
}

#[test]
fn values_are_looked_up_in_toml() {
    let text = "ann = 'red'\nbob = { team = 'blue', centre = 17 }\ncid = { centre = 18 }\n";
    let teams = table("t.toml", text, "t.toml").unwrap();
    assert_eq!(teams.find("ann"), Some("red"));
    assert_eq!(teams.find("bob"), Some("blue"));
    assert_eq!(teams.find("cid"), None);
    let centres = table("t.toml", text, "t.toml#centre").unwrap();
    assert_eq!(centres.find("bob"), Some("17"));
    for wrong in ["ann = [1]\n", "ann = \n"] {
        assert!(table("t.toml", wrong, "t.toml").is_err(), "{wrong}");
    }
}

#[test]
fn files_of_rules_name_their_tables() {
    let source = SourceText {
        path: "rules/a.toml".into(),
        text: "[[rule]]\nlabels.a = { lookup = 't.csv#x' }\nlabels.b = { lookup = 't.csv' }\n\
               labels.c = { lookup = '/etc/t.toml' }\nlabels.d = { lookup = { a = 'b' } }\n"
            .into(),
    };
    let slash = |path: &String| path.replace('\\', "/");
    let found: Vec<String> = files(&source).iter().map(slash).collect();
    assert_eq!(found, ["rules/t.csv", "/etc/t.toml"]);
}

#[test]
fn numbers_are_looked_up() {
    let prices = "model,in,out\na,2.5,10\nb*, 1e-1 ,\nb,,3\n";
    let table = |name| of::<f64>("t.csv", prices, name).unwrap();
    let found = ["a", "b", "bc", "c"].map(|key| table("t.csv#in").number(key));
    // An empty cell says nothing, so that the pattern does.
    assert_eq!(found, [Some(2.5), Some(0.1), Some(0.1), None]);
    let found = ["a", "b", "bc"].map(|key| table("t.csv#out").number(key));
    assert_eq!(found, [Some(10.0), Some(3.0), None]);
    let toml = "['a.b']\nin = 2\n[c]\nout = 1\n";
    let table = of::<f64>("t.toml", toml, "t.toml#in").unwrap();
    assert_eq!((table.number("a.b"), table.number("c")), (Some(2.0), None));
}

#[test]
fn cells_may_be_parted_by_semicolons_or_tabs() {
    for text in ["user;team\nann;red, blue\n", "user\tteam\nann\tred, blue\n"] {
        let teams = table("t.csv", text, "t.csv").unwrap();
        assert_eq!(teams.find("ann"), Some("red, blue"), "{text}");
    }
}

#[test]
fn one_table_follows_another() {
    let ids = table("t.csv", "id,user\n7,Ann@x\n*8,bob@x\n", "t.csv").unwrap();
    let teams = table("t.csv", "user,team\nANN@x,red\n*@Y,blue\n", "t.csv").unwrap();
    let teams = teams.lowercased();
    assert_eq!(
        (teams.find("ann@x"), teams.find("eve@y")),
        (Some("red"), Some("blue"))
    );
    let then = |user: &str| {
        let team = teams.find(&user.to_lowercase());
        team.unwrap_or("none").to_owned()
    };
    let both = ids.followed_by(then);
    let found = ["7", "18", "9"].map(|id| both.find(id));
    assert_eq!(found, [Some("red"), Some("none"), None]);
}

proptest! {
    /// A key with `*` matches what the same pattern as a regex does.
    #[test]
    fn wildcards_are_any_text(key in "[ab*]{0,8}", value in "[ab]{0,8}") {
        let mut table = LookupTable::default();
        table.add(&key, "x".to_owned());
        let regex = regex::Regex::new(&format!("^{}$", key.replace('*', ".*"))).unwrap();
        prop_assert_eq!(table.find(&value).is_some(), regex.is_match(&value), "{} {}", key, value);
    }

    #[test]
    fn any_file_is_survived(text in "([a,\"*=\n\\[\\]{}']|\\PC){0,40}") {
        let _ = table("t.csv", &text, "t.csv");
        let _ = table("t.toml", &text, "t.toml");
        let _ = of::<f64>("t.csv", &text, "t.csv#a");
        let _ = of::<f64>("t.toml", &text, "t.toml#a");
    }
}
