//! `report --by team` and `--per month`: whose cost it is, and in which month.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::{Run, Scratch, repository};

/// A line of the built-in rules' log at a time, of a user, with a status and tokens.
fn line(time: &str, user: &str, status: u16, tokens: (u64, u64), cost: &str) -> String {
    format!(
        "{time}\tinfo\trequest gateway=g route=r http.status={status} protocol=llm gen_ai.request.model=m \
         gen_ai.response.model=m gen_ai.usage.input_tokens={} gen_ai.usage.output_tokens={} \
         agw.ai.usage.cost.total={cost} duration=9ms http.header.x-user-email=\"{user}\"\n",
        tokens.0, tokens.1
    )
}

fn log() -> String {
    [
        line(
            "2026-10-31T22:30:00Z",
            "ann@example.com",
            200,
            (10, 1),
            "0.5",
        ),
        line("2026-10-31T23:30:00Z", "Ann@Example.com", 500, (0, 0), "0"),
        line(
            "2026-11-01T00:30:00Z",
            "bob@example.com",
            200,
            (20, 2),
            "0.25",
        ),
        line(
            "2026-11-02T00:00:00Z",
            "eve@sales.example.com",
            429,
            (0, 0),
            "0",
        ),
        line(
            "2026-11-02T00:00:00Z",
            "=cmd@sales.example.com",
            200,
            (30, 3),
            "1",
        ),
        line(
            "2026-11-30T12:00:00Z",
            "nobody@example.org",
            200,
            (40, 4),
            "2",
        ),
    ]
    .concat()
}

const TEAMS: &str = "user,team,centre\nANN@example.com,search,17\nbob@example.com,search,18\n*@sales.example.com,\"sales, EU\",19\n";

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("teams.csv", TEAMS);
    scratch.write("gateway.log", log());
    scratch
}

fn report(scratch: &Scratch, options: &str) -> Run {
    let run = Run::new().arg("report").arg(scratch.path("gateway.log"));
    run.args(options)
}

/// What is written with the table of teams, and what is said.
fn with_teams(scratch: &Scratch, options: &str) -> (String, String) {
    let run = Run::new().arg("report").arg(scratch.path("gateway.log"));
    let run = run.arg("--teams").arg(scratch.path("teams.csv"));
    let run = run.args(options).go().success();
    (run.stdout, run.stderr)
}

#[test]
fn users_are_counted_in_their_teams() {
    let scratch = scratch();
    let (json, said) = with_teams(&scratch, "--by team --format json");
    let value: Value = serde_json::from_str(&json).unwrap();
    let teams = value["teams"].as_array().unwrap();
    let found: Vec<_> = teams
        .iter()
        .map(|team| {
            let number = |key: &str| team[key].as_f64().unwrap();
            let name = team["team"].as_str().unwrap();
            (
                name,
                number("users"),
                number("requests"),
                number("tokens_input"),
                number("cost_usd"),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("search", 2.0, 3.0, 30.0, 0.75),
            ("sales, EU", 2.0, 2.0, 30.0, 1.0),
            ("unknown", 1.0, 1.0, 40.0, 2.0),
        ]
    );
    let ann = &value["users"].as_array().unwrap()[0];
    assert_eq!(
        (&ann["user"], &ann["teams"]["search"]),
        (&"ann@example.com".into(), &2.into())
    );
    let note = "1 user is in no table of teams and counts as team unknown, with 1 request: nobody@example.org 1";
    assert!(said.contains(note), "{said}");
    for format in ["table", "markdown", "html"] {
        let (page, _) = with_teams(&scratch, &format!("--by team --format {format}"));
        let shown = page
            .replace('\u{a0}', " ")
            .replace('\\', "")
            .replace("&#64;", "@");
        for text in ["Teams by requests", "What teams used", "sales, EU", note] {
            assert!(shown.contains(text), "{format}: {text}\n{shown}");
        }
    }
    let csv = with_teams(&scratch, "--by team --format csv").0;
    let rows: Vec<&str> = csv.lines().collect();
    assert!(
        rows[0].starts_with("team,users,requests,errors_4xx,"),
        "{csv}"
    );
    assert!(rows[1].starts_with("search,2,3,0,1,"), "{csv}");
    assert!(rows[2].starts_with("\"sales, EU\",2,2,1,0,"), "{csv}");
    assert_eq!(rows.len(), 4, "{csv}");
}

#[test]
fn teams_may_come_from_the_rules_and_another_column_from_the_table() {
    let scratch = scratch();
    let rules = "[[rule]]\nfields = 'auto'\nmetric = [{ counter = 'seen_total', by = ['user'] }]\n\
                 [rule.labels]\nuser = { from = 'http.header.x-user-email', lowercase = true }\n\
                 [rule.report]\nuser = 'user'\n\
                 team = { from = 'user', lookup = 'teams.csv', default = 'others' }\n";
    let rules = scratch.write("rules.toml", rules);
    scratch.write("teams.csv", TEAMS.to_lowercase());
    let run = Run::new().args("report --by team").rules(&rules);
    let shown = run.arg(scratch.path("gateway.log")).go().success().stdout;
    for text in [
        "search",
        "sales, eu",
        "others",
        "1 user is in no table of teams and counts as team others",
    ] {
        assert!(shown.contains(text), "{text}\n{shown}");
    }
    let name = format!("{}#centre", scratch.path("teams.csv").display());
    let run = Run::new()
        .args("report --by team --format csv")
        .arg("--teams")
        .arg(name);
    let csv = run.arg(scratch.path("gateway.log")).go().success().stdout;
    let names: Vec<&str> = csv
        .lines()
        .map(|row| row.split(',').next().unwrap())
        .collect();
    assert_eq!(names, ["team", "17", "19", "18", "unknown"], "{csv}");
}

#[test]
fn without_teams_it_is_said_what_to_write() {
    let scratch = scratch();
    report(&scratch, "--by team").go().code(2).says(&[
        "nothing says which team a user is of",
        "logmetrics report --by team --teams teams.csv",
        "*@sales.example.com,sales",
        "team = { from = \"user_email\", lookup = \"teams.csv\"",
    ]);
    report(&scratch, "--by team --teams nowhere.csv")
        .go()
        .code(2)
        .says(&["cannot read `nowhere.csv`"]);
    scratch.write("bare.csv", "ann@example.com,search\n");
    let bare = format!("--by team --teams {}", scratch.path("bare.csv").display());
    report(&scratch, &bare).go().code(2).says(&[
        "the first line of a table names its columns, but `ann@example.com` looks like a key",
        "bare.csv:1:1",
    ]);
    let wrong = format!(
        "--by team --teams {}#taem",
        scratch.path("teams.csv").display()
    );
    report(&scratch, &wrong)
        .go()
        .code(2)
        .says(&["the table has no column `taem`", "did you mean `team`?"]);
    let rules = "[[rule]]\nmatch = 'request'\nmetric = [{ counter = 'a_total' }]\nreport = { status = 'status' }\nfields = 'auto'\n";
    let rules = scratch.write("rules.toml", rules);
    let run = Run::new().args("report --by team").rules(rules);
    let run = run.arg("--teams").arg(scratch.path("teams.csv"));
    run.arg(scratch.path("gateway.log"))
        .go()
        .code(2)
        .says(&["no rule says who the user is"]);
}

#[test]
fn a_table_may_be_of_a_spreadsheet() {
    let scratch = scratch();
    scratch.write(
        "teams.csv",
        "\u{feff}User;Team name\r\nann@example.com;search\r\n",
    );
    let csv = with_teams(&scratch, "--by team --format csv").0;
    assert!(csv.contains("\r\nsearch,1,2,"), "{csv}");
}

/// The rows of a chargeback, without their header.
fn rows(csv: &str) -> Vec<String> {
    csv.lines().skip(1).map(str::to_owned).collect()
}

#[test]
fn a_chargeback_has_a_row_for_each_month_and_team() {
    let scratch = scratch();
    let file = scratch.path("chargeback.csv");
    let options = format!("--by team --per month --format csv -o {}", file.display());
    with_teams(&scratch, &options);
    let csv = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        csv,
        "month,team,requests,errors,tokens_input,tokens_output,cost_usd,requests_without_price\r\n\
         2026-10,search,2,1,10,1,0.500000,\r\n\
         2026-11,\"sales, EU\",2,1,30,3,1.000000,\r\n\
         2026-11,search,1,0,20,2,0.250000,\r\n\
         2026-11,unknown,1,0,40,4,2.000000,\r\n"
    );
    let (berlin, _) = with_teams(
        &scratch,
        "--by team --per month --zone Europe/Berlin --format csv",
    );
    let berlin = rows(&berlin);
    assert_eq!(berlin[0], "2026-10,search,1,0,10,1,0.500000,");
    assert_eq!(berlin[2], "2026-11,search,2,1,20,2,0.250000,");
    let days = report(&scratch, "--per day --format csv").go().success();
    let days = rows(&days.stdout);
    assert_eq!(days[0], "2026-10-31,ann@example.com,2,1,10,1,0.500000,");
    assert!(
        days[2].starts_with("2026-11-02,\"'=cmd@sales.example.com\",1,"),
        "{days:?}"
    );
    assert_eq!(days.len(), 5);
    let models = report(&scratch, "--per month --by model --format csv")
        .go()
        .success();
    assert_eq!(
        rows(&models.stdout),
        [
            "2026-10,m,2,1,10,1,0.500000,",
            "2026-11,m,4,1,90,9,3.250000,"
        ]
    );
    report(&scratch, "--per month --zone Europe/Nowhere")
        .go()
        .code(2)
        .says(&["--zone: expected a zone such as", "found `Europe/Nowhere`"]);
    report(&scratch, "--zone UTC").go().code(2).says(&["--per"]);
}

#[test]
fn months_are_in_every_form() {
    let scratch = scratch();
    let (json, _) = with_teams(&scratch, "--by team --per month --format json");
    let json: Value = serde_json::from_str(&json).unwrap();
    let per = &json["per"];
    assert_eq!(
        (&per["period"], &per["zone"], &per["by"]),
        (&"month".into(), &"UTC".into(), &"team".into())
    );
    let first = &per["rows"][0];
    assert_eq!(
        (&first["month"], &first["team"]),
        (&"2026-10".into(), &"search".into())
    );
    assert_eq!(
        (&first["requests"], &first["errors_5xx"]),
        (&2.into(), &1.into())
    );
    for format in ["table", "markdown", "html"] {
        let options = format!("--by team --per month --top 2 --format {format}");
        let shown = with_teams(&scratch, &options).0.replace('\\', "");
        for text in [
            "Teams by month (UTC)",
            "2026-10",
            "2026-11",
            "and 1 more row",
        ] {
            assert!(shown.contains(text), "{format}: {text}\n{shown}");
        }
    }
}

#[test]
fn lines_without_a_time_are_of_no_known_month() {
    let scratch = Scratch::new();
    let line = "request gateway=g route=r http.status=200 user.email=ann@example.com\n";
    let log = scratch.write("gateway.log", line);
    let run = Run::new().args("report --per month --format csv").arg(log);
    assert_eq!(
        rows(&run.go().success().stdout),
        ["unknown,ann@example.com,1,0,0,0,,"]
    );
}

#[test]
fn the_sums_of_months_are_those_of_the_report_however_it_is_read() {
    let scratch = Scratch::new();
    let mut lines = String::new();
    for number in 0..4000_u64 {
        let (month, day) = (number % 12 + 1, number % 28 + 1);
        let time = format!("2026-{month:02}-{day:02}T10:00:00Z");
        let user = format!("u{}@example.com", number % 37);
        lines += &line(&time, &user, 200, (number, 1), "0.001");
    }
    let whole = scratch.write("whole.log", &lines);
    let run = |per: &str| {
        let run = Run::new().args("report --by user --format csv").args(per);
        run.arg(&whole).go().success().stdout
    };
    let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for row in rows(&run("--per month")) {
        let cells: Vec<&str> = row.split(',').collect();
        let sum = sums.entry(cells[1].to_owned()).or_default();
        sum.0 += cells[2].parse::<u64>().unwrap();
        sum.1 += cells[4].parse::<u64>().unwrap();
    }
    let plain = run("");
    for row in rows(&plain) {
        let cells: Vec<&str> = row.split(',').collect();
        let sum = sums.remove(cells[0]).unwrap();
        assert_eq!(
            (sum.0.to_string(), sum.1.to_string()),
            (cells[1].to_owned(), cells[9].to_owned())
        );
    }
    assert!(sums.is_empty());
    assert_eq!(run("--per day"), run("--per day"));
}

#[test]
fn the_examples_go_together() {
    let run = Run::new().args("report --by team --per month --format csv");
    let run = run.rules(repository("examples/cost.toml"));
    let csv = run
        .arg(repository("examples/agentgateway.log"))
        .go()
        .success();
    let rows = rows(&csv.stdout);
    let teams: Vec<&str> = rows
        .iter()
        .map(|row| row.split(',').nth(1).unwrap())
        .collect();
    assert_eq!(
        teams,
        ["assistant", "operations", "search", "unknown"],
        "{}",
        csv.stdout
    );
}
