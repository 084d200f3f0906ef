//! What is on a dashboard, for the rules we ship and for odd ones.

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
            "job",
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

/// The links of all panels: what each is called, and its address.
fn links(document: &Value) -> Vec<(String, String)> {
    let panels = document["panels"].as_array().unwrap().iter();
    let overrides = panels.filter_map(|panel| panel["fieldConfig"]["overrides"].as_array());
    let properties = overrides.flatten().map(|one| &one["properties"]);
    let links = properties.flat_map(|list| list.as_array().unwrap());
    let links = links.filter(|property| property["id"] == "links");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    links
        .flat_map(|property| property["value"].as_array().unwrap())
        .map(|link| (text(&link["title"]), text(&link["url"])))
        .collect()
}

#[test]
fn a_user_leads_to_the_traces_under_every_tag_that_may_name_one() {
    let set = load(&[]).unwrap().set;
    let document = dashboard(&set, &options());
    for tag in &set.rules[0].labels["user_email"].field.from {
        let link = (
            format!("traces in Jaeger with this `{tag}`"),
            format!(
                "http://jaeger:16686/search?service=agentgateway&tags=%7B%22{tag}%22%3A%22${{__value.raw:percentencode}}%22%7D&start=${{__from}}000&end=${{__to}}000"
            ),
        );
        assert!(links(&document).contains(&link), "{tag}");
    }
    let text = document.to_string();
    assert!(text.contains("who is written with capitals on the trace is not found"));
    assert!(text.contains("logmetrics report --jaeger http://jaeger:16686 --user NAME"));

    let one = Options {
        jaeger_tag: Some("enduser.id".to_owned()),
        ..options()
    };
    let document = dashboard(&set, &one);
    assert!(
        links(&document)
            .iter()
            .all(|(_, url)| url.contains("%7B%22enduser.id%22"))
    );
    let without = Options {
        jaeger: None,
        ..options()
    };
    assert!(links(&dashboard(&set, &without)).is_empty());
}

#[test]
fn a_label_that_is_no_tag_leads_nowhere() {
    for tool in ["pseudonym = true", "map = { '.*@x' = 'team x' }"] {
        let text = SourceText {
            path: "a.toml".to_owned(),
            text: format!(
                "[[rule]]\nmatch = 'a'\nfields = 'auto'\nlabels = {{ user = {{ from = 'user', {tool} }} }}\n\
                 metric = [{{ counter = 'a_total', by = ['user'] }}]\n"
            ),
        };
        let set = load_text(vec![text]).unwrap().set;
        assert!(links(&dashboard(&set, &options())).is_empty(), "{tool}");
    }
}

#[test]
fn every_query_is_of_the_job_that_is_chosen() {
    let set = load(&[]).unwrap().set;
    let document = dashboard(&set, &options());
    for query in expressions(&document) {
        let selectors = query.matches('{').count();
        assert_eq!(
            query.matches("{job=~\"$job\"").count(),
            selectors,
            "{query}"
        );
        assert!(selectors > 0, "{query}");
    }
}

#[test]
fn tokens_are_not_added_up_over_types_that_hold_one_another() {
    let set = load(&[]).unwrap().set;
    let document = dashboard(&set, &options());
    let tokens: Vec<_> = expressions(&document)
        .into_iter()
        .filter(|query| query.contains("ai_gateway_tokens_total"))
        .collect();
    assert!(tokens.len() > 3, "{tokens:#?}");
    for query in tokens {
        let by = query.split("by (").nth(1).unwrap_or_default();
        let tells_apart = by.split(')').next().unwrap().contains("type");
        let leaves_out = query.contains("type!~\"cache.*|reasoning.*|total\"");
        assert_ne!(tells_apart, leaves_out, "{query}");
    }
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
