//! The table of keys as a JSON Schema (draft 7, which every editor's TOML server reads): completion, hover and
//! squiggles while one writes. It knows shapes; what needs a regex compiled or a name looked up is for `check`.

use serde_json::{Map, Value, json};

use super::{FILE, KeyTable, Need, Shape, TABLES};

/// What the schema is called where rules files name it.
pub const SCHEMA_FILE: &str = "rules.schema.json";

/// The schema of a rules file, with a line end.
pub fn schema() -> String {
    let definitions: Map<String, Value> = TABLES
        .iter()
        .map(|table| (table.path.to_owned(), of_table(table)))
        .collect();
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://github.com/logmetrics/logmetrics/rules/rules.schema.json",
        "title": "Rules of logmetrics",
        "definitions": definitions,
    });
    schema["allOf"] = json!([reference_to(&FILE)]);
    format!("{schema:#}\n")
}

fn reference_to(table: &KeyTable) -> Value {
    json!({ "$ref": format!("#/definitions/{}", table.path) })
}

fn of_table(table: &KeyTable) -> Value {
    let properties: Map<String, Value> = table
        .all()
        .iter()
        .map(|key| {
            let mut property = of_shape(&key.shape);
            let mut words = plain(key.about);
            if !key.default.is_empty() {
                words.push_str(&format!("\n\nWithout it: {}", plain(key.default)));
            }
            words.push_str(&format!("\n\n```toml\n{}```", key.example));
            property["description"] = words.into();
            (key.name.to_owned(), property)
        })
        .collect();
    let needs: Vec<Value> = table.needs.iter().map(of_need).collect();
    let mut object = json!({
        "type": "object",
        "description": plain(table.about),
        "properties": properties,
        "additionalProperties": false,
    });
    if !needs.is_empty() {
        object["allOf"] = needs.into();
    }
    object
}

/// Markdown whose links lead only within the reference, without them.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](#") {
        let (head, name) = before.rsplit_once('[').unwrap_or((before, ""));
        out.push_str(head);
        out.push_str(name);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    out + rest
}

fn of_need(need: &Need) -> Value {
    let each = |names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| json!({ "required": [name] }))
            .collect()
    };
    match need {
        Need::All(names) => json!({ "required": names }),
        Need::One(names) => json!({ "oneOf": each(names) }),
        Need::Any(names) => json!({ "anyOf": each(names) }),
        Need::NotBoth(one, other) => json!({ "not": { "required": [one, other] } }),
        Need::With(name, others) => {
            let mut dependencies = Map::new();
            dependencies.insert((*name).to_owned(), json!({ "anyOf": each(others) }));
            json!({ "dependencies": dependencies })
        }
    }
}

const MARK: &str = "^[^a-zA-Z0-9+-]$";
const METRIC_NAME: &str = "^[a-zA-Z_:][a-zA-Z0-9_:]*$";
const SAMPLE: &str = r"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [^ ]+$";
const LABEL_NAME: &str = "^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*$|^_$";

fn of_shape(shape: &Shape) -> Value {
    let text = || json!({ "type": "string" });
    match shape {
        Shape::Text | Shape::Regex => text(),
        Shape::MetricName => json!({ "type": "string", "pattern": METRIC_NAME }),
        Shape::Duration => json!({
            "type": "string",
            "pattern": r"^\s*(\d+w\s*)?(\d+d\s*)?(\d+h\s*)?(\d+m\s*)?(\d+s\s*)?(\d+ms\s*)?$",
            "minLength": 2,
        }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Count(least) => json!({ "type": "integer", "minimum": least }),
        Shape::Number => json!({ "type": "number" }),
        Shape::NumberNotZero => json!({ "type": "number", "not": { "const": 0 } }),
        Shape::Mark => json!({ "type": "string", "pattern": MARK }),
        Shape::Numbers => json!({ "type": "array", "items": { "type": "number" }, "minItems": 1 }),
        Shape::Samples => json!({
            "type": "array",
            "items": { "type": "string", "pattern": SAMPLE },
        }),
        Shape::LabelNames => json!({
            "type": "array",
            "items": { "type": "string", "pattern": LABEL_NAME },
            "uniqueItems": true,
        }),
        Shape::TextOrTexts | Shape::Regexes => json!({ "anyOf": [
            text(),
            { "type": "array", "items": text(), "minItems": 1 },
        ] }),
        Shape::Word(choices) => json!({ "type": "string", "enum": choices }),
        Shape::Range => json!({
            "type": "array",
            "items": [of_shape(&Shape::TextOrTexts), text()],
            "minItems": 2,
            "maxItems": 2,
        }),
        Shape::Names(_, value) => json!({
            "type": "object",
            "additionalProperties": of_shape(value),
        }),
        Shape::Labels(_, value) => json!({
            "type": "object",
            "propertyNames": { "pattern": LABEL_NAME },
            "additionalProperties": of_shape(value),
        }),
        // Next to a `$ref` nothing else counts in draft 7, and a description comes next to it.
        Shape::Table(table) => json!({ "allOf": [reference_to(table)] }),
        Shape::Tables(table) => json!({ "type": "array", "items": reference_to(table) }),
        Shape::SomeTables(table) => {
            json!({ "type": "array", "items": reference_to(table), "minItems": 1 })
        }
        Shape::Some(_, value) => {
            json!({ "type": "array", "items": of_shape(value), "minItems": 1 })
        }
        Shape::Either(shapes) => {
            let each: Vec<Value> = shapes.iter().map(of_shape).collect();
            json!({ "anyOf": each })
        }
    }
}
