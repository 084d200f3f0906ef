//! Numbers times a table: cost from tokens and prices, in metrics, in `explain` and in reports.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fixture::{Run, Scratch, repository, text};

/// Prices of the models in the sample log, as in examples/prices.toml, in cents per million tokens:
/// what goes in, and what comes out.
const PRICES: [(&str, u64, u64); 5] = [
    ("claude-haiku-4-5", 100, 500),
    ("claude-sonnet-4-5-20250929", 300, 1500),
    ("gemini-2.5-flash", 30, 250),
    ("gpt-4o", 250, 1000),
    ("gpt-5-mini", 25, 200),
];

/// What stands after `key=` on a line, without quotes.
fn field<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let (_, after) = line.split_once(&format!(" {key}="))?;
    Some(after.split(' ').next()?.trim_matches('"'))
}

/// The cost of the sample's answers by user and model, in a hundred millionths of a dollar, and how many
/// answers there are of each model that has no price.
fn by_hand(log: &str) -> (BTreeMap<(String, String), u64>, BTreeMap<String, u64>) {
    let (mut costs, mut without) = (BTreeMap::new(), BTreeMap::new());
    for line in log.lines().filter(|line| line.contains("\tinfo\trequest ")) {
        let answered = field(line, "http.status").is_some_and(|status| status.starts_with('2'));
        let tokens = |key: &str| field(line, key).and_then(|text| text.parse::<u64>().ok());
        let Some(input) = tokens("gen_ai.usage.input_tokens").filter(|_| answered) else {
            continue;
        };
        let output = tokens("gen_ai.usage.output_tokens").unwrap_or(0);
        let model =
            field(line, "gen_ai.response.model").or_else(|| field(line, "gen_ai.request.model"));
        let model = model.unwrap();
        let keys = [
            "http.header.x-user-email",
            "http.header.x-openwebui-user-email",
        ];
        let user = keys.into_iter().find_map(|key| field(line, key));
        let user = user.filter(|user| !user.is_empty()).unwrap_or("anonymous");
        match PRICES.iter().find(|price| price.0 == model) {
            Some((_, price_in, price_out)) => {
                *costs
                    .entry((user.to_lowercase(), model.to_owned()))
                    .or_insert(0) += input * price_in + output * price_out;
            }
            None => *without.entry(model.to_owned()).or_insert(0) += 1,
        }
    }
    (costs, without)
}

fn rules() -> std::path::PathBuf {
    repository("examples/cost.toml")
}

fn log() -> std::path::PathBuf {
    repository("examples/agentgateway.log")
}

#[test]
fn the_example_costs_what_tokens_times_prices_come_to() {
    Run::new().arg("test").arg(rules()).go().success();
    let (costs, without) = by_hand(&text("examples/agentgateway.log"));
    assert!(costs.len() > 20 && without.len() > 1);
    let run = Run::new()
        .arg("--once")
        .rules(rules())
        .arg(log())
        .go()
        .success();
    let page = run.page();
    let mut series = 0;
    for ((user, model), expected) in &costs {
        let name = format!("ai_gateway_cost_usd_total{{model=\"{model}\",user_email=\"{user}\"}}");
        let found = page
            .value(&name)
            .unwrap_or_else(|| panic!("{name}\n{}", run.stdout));
        let expected = *expected as f64 / 1e8;
        assert!(
            (found - expected).abs() < 1e-12,
            "{name}: {found}, not {expected}"
        );
        series += 1;
    }
    assert_eq!(page.series("ai_gateway_cost_usd_total").len(), series);
}

#[test]
fn a_daemon_counts_models_without_a_price_and_reads_changed_prices() {
    let scratch = Scratch::new();
    let rules = "[[rule]]\nfields = 'logfmt'\n[[rule.metric]]\ncounter = 'usd_total'\nby = ['model']\n\
                 value = { from = 'tokens', times = { lookup = 'prices.csv', key = 'model' } }\n";
    let rules = scratch.write("rules.toml", rules);
    scratch.write("prices.csv", "model,usd\na,2\n");
    scratch.write("app.log", "model=a tokens=3\nmodel=b tokens=3\n");
    let daemon = Run::new().rules(rules).arg(scratch.path("app.log")).start();
    let page = daemon.until(|page| page.value("usd_total{model=\"a\"}") == Some(6.0));
    let misses = "logmetrics_rule_lookup_misses_total{field=\"model\",rule=\"rule-1\"}";
    assert_eq!(page.value(misses), Some(1.0), "{}", page.0);
    assert_eq!(page.value("usd_total{model=\"b\"}"), None);
    scratch.write("prices.csv", "model,usd\na,2\nb,5\n");
    daemon.until(|page| {
        scratch.append("app.log", "model=b tokens=1\n");
        page.value("usd_total{model=\"b\"}") >= Some(5.0)
    });
}

#[test]
fn explain_names_what_has_no_factor() {
    let line = "2026-11-23T15:18:37.229071Z\tinfo\trequest gateway=g route=r http.status=200 protocol=llm \
                gen_ai.request.model=tiny gen_ai.response.model=tiny gen_ai.usage.input_tokens=10 \
                gen_ai.usage.output_tokens=20 duration=9ms\n";
    let run = Run::new()
        .arg("explain")
        .rules(rules())
        .arg("-")
        .stdin(line);
    let said = run.go().success().stdout;
    let expected = "ai_gateway_cost_usd_total: not counted, as there is no factor for model \"tiny\" in prices.toml#input";
    assert!(said.contains(expected), "{said}");
    let checked = Run::new().args("check -v").arg(rules()).go().success();
    let described = "times prices.toml#input by model plus gen_ai.usage.output_tokens (the last) times prices.toml#output";
    assert!(checked.stdout.contains(described), "{}", checked.stdout);
}

/// What is written of the sample log, and what is said.
fn report(format: &str) -> (String, String) {
    let run = Run::new().arg("report").rules(rules()).arg(log());
    let run = run.args(&format!("--format {format}")).go().success();
    (run.stdout, run.stderr)
}

#[test]
fn a_report_costs_the_same_and_says_what_has_no_price() {
    let (costs, without) = by_hand(&text("examples/agentgateway.log"));
    let (json, said) = report("json");
    let json: Value = serde_json::from_str(&json).unwrap();
    let near = |found: &Value, hundred_millionths: u64| {
        let expected = hundred_millionths as f64 / 1e8;
        assert!(
            (found.as_f64().unwrap() - expected).abs() < 1e-9,
            "{found}, not {expected}"
        );
    };
    near(&json["total"]["cost_usd"], costs.values().sum());
    let all: u64 = without.values().sum();
    assert_eq!(json["total"]["requests_without_price"], all);
    for user in json["users"].as_array().unwrap() {
        let own = costs.iter().filter(|((name, _), _)| user["user"] == **name);
        if own.clone().count() == 0 {
            assert!(user["cost_usd"].is_null(), "{user}");
            continue;
        }
        near(&user["cost_usd"], own.map(|(_, cost)| cost).sum());
    }
    for model in json["models"].as_array().unwrap() {
        let unpriced = without.get(model["model"].as_str().unwrap());
        assert_eq!(
            model["requests_without_price"],
            *unpriced.unwrap_or(&0),
            "{model}"
        );
        assert!(unpriced.is_none() || model["cost_usd"].is_null(), "{model}");
    }
    let mut names: Vec<(u64, &String)> = without
        .iter()
        .map(|(model, count)| (*count, model))
        .collect();
    names.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let names: Vec<String> = names
        .iter()
        .map(|(count, model)| format!("{model} {count}"))
        .collect();
    let note = format!(
        "{all} requests have no cost, as there is no price in prices.toml for what they used of {}",
        names.join(", ")
    );
    assert!(said.contains(&note), "{said}");
    for format in ["table", "markdown", "html"] {
        let shown = report(format).0.replace('\u{a0}', " ").replace('\\', "");
        assert!(shown.contains(&note), "{shown}");
    }
    let table = report("table").0;
    assert!(table.contains("cost ≥$"), "{table}");
}
