//! What stands on a dashboard, for the rules we ship and for odd ones.

use serde_json::Value;

use super::*;
use logmetrics_core::rules::{SourceText, load, load_text};

fn options() -> Options {
    Options {
        title: "AI gateway: users".to_owned(),
        jaeger: Some("http://jaeger:16686/".to_owned()),
        jaeger_tag: None,
        jaeger_service: "agentgateway".to_owned(),
    }
}

fn expressions(document: &Value) -> Vec<String> {
    let panels = document["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let texts = targets.flatten().map(|target| target["expr"].as_str());
    texts.map(|text| text.unwrap().to_owned()).collect()
}

#[test]
fn every_metric_of_the_rules_is_there_with_its_labels() {
    let set = load(&[]).unwrap().set;
    let document = dashboard(&set, &options());
    let expressions = expressions(&document);
    for definition in &set.metrics {
        let shown = expressions
            .iter()
            .filter(|text| text.contains(&definition.name));
        let shown: Vec<_> = shown.collect();
        assert!(!shown.is_empty(), "{} is not shown", definition.name);
        for label in &definition.labels {
            let by = |text: &&&String| text.contains(&format!("{0}=~\"${0}\"", label.name));
            assert!(shown.iter().any(|text| by(&text)), "{}", label.name);
        }
    }
    let variables = document["templating"]["list"].as_array().unwrap();
    let names: Vec<_> = variables
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "datasource",
            "model",
            "reason",
            "route",
            "status",
            "target",
            "tool",
            "type",
            "user_email"
        ]
    );
}

#[test]
fn panels_do_not_overlap_and_stay_on_the_grid() {
    let set = load(&[]).unwrap().set;
    let document = dashboard(&set, &options());
    let mut taken = std::collections::HashSet::new();
    let mut ids = std::collections::HashSet::new();
    for panel in document["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24 && at("w") > 0 && at("h") > 0);
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} overlaps", panel["title"]);
            }
        }
    }
}

#[test]
fn a_user_leads_to_the_traces_and_only_where_jaeger_is_known() {
    let set = load(&[]).unwrap().set;
    let text = dashboard(&set, &options()).to_string();
    let link = "http://jaeger:16686/search?service=agentgateway&tags=%7B%22http.header.x-user-email%22%3A%22${__value.raw:percentencode}%22%7D";
    assert!(text.contains(link), "{text}");
    let without = Options {
        jaeger: None,
        ..options()
    };
    assert!(
        !dashboard(&set, &without)
            .to_string()
            .contains("search?service")
    );
}

#[test]
fn what_is_counted_reads_well() {
    let text = SourceText {
        path: "orders.toml".to_owned(),
        text: "[[rule]]\nmatch = 'total=(?P<total>\\d+) in=(?P<depth>\\d+)'\n\
               [[rule.metric]]\ncounter = 'orders_eur_total'\nhelp = 'What was ordered. In euro.'\nvalue = 'total'\n\
               [[rule.metric]]\ngauge = 'queue_depth'\nvalue = 'depth'\n"
            .to_owned(),
    };
    let set = load_text(vec![text]).unwrap().set;
    let document = dashboard(&set, &options());
    let panels = document["panels"].as_array().unwrap();
    let said: Vec<_> = panels
        .iter()
        .take(5)
        .map(|panel| {
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
            format!(
                "{} ({})",
                panel["title"].as_str().unwrap(),
                unit.unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "orders eur (currencyEUR)",
            "What was ordered (-)",
            "per second (currencyEUR)",
            "queue depth (-)",
            "value (short)"
        ]
    );
    assert_eq!(document["uid"], "ai-gateway-users");
}
