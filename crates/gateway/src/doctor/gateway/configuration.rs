//! What a gateway's configuration says of its log and its traces, whatever its form: the file that
//! agentgateway is started with, an `AgentgatewayPolicy` of Kubernetes, or a ConfigMap that holds the
//! file. Old names and new ones become the same; nothing is judged here.

use serde_json::Value;

/// What is said of the log and of traces, in all documents of a file.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The access log, where there is anything about it.
    pub(super) access: Option<Access>,
    /// Where spans go, and what is on them.
    pub(super) tracing: Option<Tracing>,
    /// Old settings that agentgateway refuses together with their new form: the old one, the new one.
    pub(super) conflicts: Vec<(&'static str, &'static str)>,
    /// The least level of lines that are written.
    pub(super) level: Option<String>,
    /// Whether the log is told to be JSON.
    pub(super) is_json: bool,
    /// Whether models are configured by `llm:`, where all have one route.
    pub(super) has_models: bool,
    /// Whether tokens are verified anywhere, so that lines have `jwt.sub`.
    pub(super) verifies_tokens: bool,
    /// Whether it is a resource of Kubernetes.
    pub(super) is_resource: bool,
    /// Whether anything in the file is a configuration of agentgateway.
    pub(super) is_known: bool,
}

/// The access log.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// Keys and expressions, in their order.
    pub(super) add: Vec<(String, String)>,
    /// Keys that the gateway would write, and does not.
    pub(super) remove: Vec<String>,
    /// Which requests are written at all.
    pub(super) filter: Option<String>,
}

/// Traces.
#[derive(Debug, Default)]
pub(super) struct Tracing {
    /// Keys and expressions.
    pub(super) attributes: Vec<(String, String)>,
    /// The part of requests that has a trace, as it was written.
    pub(super) sampling: String,
}

/// Members that only a configuration of agentgateway has at its top.
const OWN: [&str; 8] = [
    "frontendPolicies",
    "binds",
    "gateways",
    "listeners",
    "routes",
    "llm",
    "mcp",
    "config",
];

impl Configuration {
    /// Reads all documents.
    ///
    /// # Errors
    /// What is no YAML, in one line.
    pub(super) fn read(text: &str) -> Result<Configuration, String> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
            let error = error.to_string();
            error.lines().next().unwrap_or_default().to_owned()
        })?;
        let mut configuration = Configuration::default();
        documents
            .iter()
            .for_each(|document| configuration.add(document));
        Ok(configuration)
    }

    fn add(&mut self, document: &Value) {
        let kind = document["kind"].as_str().unwrap_or_default();
        match kind {
            "AgentgatewayPolicy" => self.add_policy(&document["spec"]),
            "AgentgatewayParameters" => {
                self.is_resource = true;
                self.is_known = true;
                self.add_logging(&document["spec"]["logging"]);
            }
            "ConfigMap" => {
                let files = document["data"].as_object().into_iter().flatten();
                for (_, file) in files {
                    let file = file
                        .as_str()
                        .and_then(|text| serde_saphyr::from_str(text).ok());
                    self.add_file(&file.unwrap_or_default());
                }
            }
            "List" => {
                let items = document["items"].as_array().into_iter().flatten();
                items.for_each(|item| self.add(item));
            }
            _ => self.add_file(document),
        }
    }

    /// A resource of Kubernetes, whose lists are of names and expressions.
    fn add_policy(&mut self, spec: &Value) {
        self.is_resource = true;
        self.is_known = true;
        self.verifies_tokens |= has_key(spec, "jwtAuthentication");
        let log = &spec["frontend"]["accessLog"];
        if !log.is_null() {
            let access = self.access.get_or_insert_default();
            access.add.extend(pairs(&log["attributes"]["add"]));
            access.remove.extend(texts(&log["attributes"]["remove"]));
            access.filter = access.filter.take().or_else(|| text(&log["filter"]));
        }
        let tracing = &spec["frontend"]["tracing"];
        if !tracing.is_null() {
            let own = self.tracing.get_or_insert_default();
            own.attributes.extend(pairs(&tracing["attributes"]["add"]));
            own.sampling = sampling(&tracing["randomSampling"]);
        }
    }

    /// The file that agentgateway is started with.
    fn add_file(&mut self, document: &Value) {
        if !OWN.iter().any(|key| !document[*key].is_null()) {
            return;
        }
        self.is_known = true;
        self.has_models |= !document["llm"].is_null();
        self.verifies_tokens |= ["jwtAuth", "mcpAuthentication", "oidc"]
            .iter()
            .any(|key| has_key(document, key));
        let policies = &document["frontendPolicies"];
        let config = &document["config"];
        self.add_logging(&config["logging"]);
        // `logging` is another name of it.
        let new = ["accessLog", "logging"].map(|name| &policies[name]);
        let new = new.into_iter().find(|log| !log.is_null());
        let old = &config["logging"];
        let is_old = has_any(&old["fields"]["add"])
            || has_any(&old["fields"]["remove"])
            || !old["filter"].is_null();
        if new.is_some() && is_old {
            let pair = (
                "config.logging.filter and .fields",
                "frontendPolicies.accessLog",
            );
            self.conflicts.push(pair);
        }
        let place = match new {
            Some(log) => Some((log, log)),
            None if is_old => Some((old, &old["fields"])),
            None => None,
        };
        if let Some((log, fields)) = place {
            let access = self.access.get_or_insert_default();
            access.add.extend(pairs(&fields["add"]));
            access.remove.extend(texts(&fields["remove"]));
            access.filter = access.filter.take().or_else(|| text(&log["filter"]));
        }
        self.add_tracing(&policies["tracing"], &config["tracing"]);
    }

    fn add_tracing(&mut self, new: &Value, old: &Value) {
        if !new.is_null() && !old.is_null() {
            self.conflicts
                .push(("config.tracing", "frontendPolicies.tracing"));
        }
        let (tracing, attributes) = match new {
            Value::Null => (old, &old["fields"]["add"]),
            new => (new, &new["attributes"]),
        };
        if !tracing.is_null() {
            let own = self.tracing.get_or_insert_default();
            own.attributes.extend(pairs(attributes));
            own.sampling = sampling(&tracing["randomSampling"]);
        }
    }

    fn add_logging(&mut self, logging: &Value) {
        self.is_json |= logging["format"]
            .as_str()
            .is_some_and(|format| format.eq_ignore_ascii_case("json"));
        let levels = texts(&logging["level"]);
        if !levels.is_empty() {
            self.level = Some(levels.join(","));
        }
    }

    /// Whether the level keeps the lines of requests back: they have the level `info` and the scope
    /// `request`.
    pub(super) fn hides_requests(&self) -> bool {
        let Some(levels) = &self.level else {
            return false;
        };
        let directives = levels.split(',').map(str::trim);
        let mut general = "info";
        let mut own = None;
        for directive in directives.filter(|directive| !directive.is_empty()) {
            match directive.split_once('=') {
                None => general = directive,
                Some((scope, level)) if scope.trim() == "request" => own = Some(level.trim()),
                Some(_) => {}
            }
        }
        let level = own.unwrap_or(general).to_ascii_lowercase();
        matches!(
            level.as_str(),
            "warn" | "warning" | "error" | "off" | "none" | "0" | "1" | "2"
        )
    }
}

/// Keys and expressions: a map, or a list of `{name, expression}`.
fn pairs(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| Some((key.clone(), text(value)?)));
            pairs.flatten().collect()
        }
        Value::Array(list) => {
            let pair = |one: &Value| Some((text(&one["name"])?, text(&one["expression"])?));
            list.iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    }
}

/// One text or several.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn sampling(value: &Value) -> String {
    text(value).unwrap_or_else(|| "not set".to_owned())
}

fn has_any(value: &Value) -> bool {
    match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    }
}

/// Whether a member of that name occurs anywhere.
fn has_key(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| key == name || has_key(value, name)),
        Value::Array(list) => list.iter().any(|value| has_key(value, name)),
        _ => false,
    }
}
