//! Grafana's panels as JSON, and where they are on the grid.
//!
//! The form is that of Grafana's dashboard model, version 39 (Grafana 10 and newer).

use serde_json::{Value, json};

/// Columns of Grafana's grid.
const COLUMNS: u64 = 24;

/// Where a panel gets its data from: the variable at the top of the dashboard.
pub(super) fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// One query of a panel.
pub(super) struct Query {
    pub(super) text: String,
    /// What a line is called; `{{label}}` is its value.
    pub(super) legend: String,
    /// Whether the points of single requests are shown, with a way to their trace.
    pub(super) exemplars: bool,
}

impl Query {
    /// A query without exemplars.
    pub(super) fn new(text: String, legend: &str) -> Query {
        Query {
            text,
            legend: legend.to_owned(),
            exemplars: false,
        }
    }

    fn json(&self, number: usize, is_instant: bool) -> Value {
        let letter = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
        json!({
            "refId": letter.to_string(),
            "datasource": source(),
            "expr": self.text,
            "legendFormat": self.legend,
            "instant": is_instant,
            "range": !is_instant,
            "exemplar": self.exemplars,
        })
    }
}

/// Puts panels from left to right and from top to bottom, and numbers them.
#[derive(Default)]
pub(super) struct Grid {
    panels: Vec<Value>,
    x: u64,
    y: u64,
    /// The height of the tallest panel of the line that is being filled.
    line: u64,
}

impl Grid {
    /// Adds a panel of some columns and rows.
    pub(super) fn add(&mut self, mut panel: Value, columns: u64, rows: u64) {
        if self.x + columns > COLUMNS {
            self.next_line();
        }
        panel["id"] = json!(self.panels.len() + 1);
        panel["gridPos"] = json!({"x": self.x, "y": self.y, "w": columns, "h": rows});
        self.panels.push(panel);
        self.x += columns;
        self.line = self.line.max(rows);
    }

    /// Begins a part of the dashboard with its title.
    pub(super) fn part(&mut self, title: &str) {
        self.next_line();
        let row = json!({"type": "row", "title": title, "collapsed": false, "panels": []});
        self.add(row, COLUMNS, 1);
    }

    /// All panels.
    pub(super) fn into_panels(self) -> Vec<Value> {
        self.panels
    }

    fn next_line(&mut self) {
        self.y += self.line;
        (self.x, self.line) = (0, 0);
    }
}

/// Lines over time.
pub(super) fn lines(title: &str, unit: &str, queries: &[Query]) -> Value {
    let mut panel = panel("timeseries", title, unit, queries, false);
    panel["fieldConfig"]["defaults"]["custom"] =
        json!({"lineWidth": 2, "fillOpacity": 10, "showPoints": "never"});
    panel["fieldConfig"]["defaults"]["min"] = json!(0);
    panel["options"] = json!({
        "tooltip": {"mode": "multi", "sort": "desc"},
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
    });
    panel
}

/// One number.
pub(super) fn number(title: &str, unit: &str, query: Query) -> Value {
    let mut panel = panel("stat", title, unit, &[query], true);
    panel["options"] = json!({
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "colorMode": "none",
        "graphMode": "none",
    });
    panel
}

/// Ways on from the values of a label.
pub(super) struct Links<'l> {
    /// The label.
    pub(super) label: &'l str,
    /// What each is called, and its address.
    pub(super) links: Vec<(String, String)>,
    /// What there is to know about them.
    pub(super) note: String,
}

/// The largest values of a query by some labels, as a table with bars.
pub(super) fn table(title: &str, unit: &str, query: Query, links: Option<Links<'_>>) -> Value {
    let mut panel = panel("table", title, unit, &[query], true);
    panel["targets"][0]["format"] = json!("table");
    panel["transformations"] = json!([
        {"id": "organize", "options": {"excludeByName": {"Time": true}, "renameByName": {"Value": title}}},
        {"id": "sortBy", "options": {"sort": [{"field": title, "desc": true}]}},
    ]);
    let mut overrides = vec![json!({
        "matcher": {"id": "byName", "options": title},
        "properties": [
            {"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic"}},
            {"id": "min", "value": 0},
        ],
    })];
    if let Some(Links { label, links, note }) = links {
        let link = |(title, url)| json!({"title": title, "url": url, "targetBlank": true});
        let links: Vec<Value> = links.into_iter().map(link).collect();
        overrides.push(json!({
            "matcher": {"id": "byName", "options": label},
            "properties": [{"id": "links", "value": links}],
        }));
        panel["description"] = json!(note);
    }
    panel["fieldConfig"]["overrides"] = json!(overrides);
    panel
}

/// A histogram's buckets over time.
pub(super) fn heatmap(title: &str, unit: &str, query: Query) -> Value {
    let mut panel = panel("heatmap", title, unit, &[query], false);
    panel["targets"][0]["format"] = json!("heatmap");
    panel["options"] = json!({
        "calculate": false,
        "yAxis": {"unit": unit},
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
        "exemplars": {"color": "orange"},
        "tooltip": {"mode": "single"},
    });
    panel
}

fn panel(form: &str, title: &str, unit: &str, queries: &[Query], is_instant: bool) -> Value {
    let targets = queries.iter().enumerate();
    let targets: Vec<Value> = targets
        .map(|(number, query)| query.json(number, is_instant))
        .collect();
    json!({
        "type": form,
        "title": title,
        "datasource": source(),
        "targets": targets,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
    })
}
