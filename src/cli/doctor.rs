//! `logmetrics doctor`: checks the chain from the front end to Prometheus, link by link.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::environment;
use super::exit::Exit;
use super::jaeger_options::JaegerServer;
use super::terminal::{self, harmless};
use logmetrics_core::clock::Clock;
use logmetrics_core::rules::{self, SourceText};
use logmetrics_follow::line::Origin;
use logmetrics_follow::to_end::decompressed;
use logmetrics_follow::{InputKind, Specification, existing};
use logmetrics_gateway::doctor::log::{Examiner, LogFindings, Others};
use logmetrics_gateway::doctor::{
    Finding, Link, LinkState, gateway, jaeger, prometheus, webui, worst,
};
use logmetrics_gateway::jaeger::Query;

/// What a user types to have the chain checked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 all is well, 1 something is broken, 2 the command line or the rules are wrong,
3 there are warnings only.

Example, with all of the chain:
  docker-compose logs agentgateway 2>&1 | logmetrics doctor - --prometheus http://localhost:9090 \\
      --webui-env open-webui.env --gateway-config agentgateway.yaml --jaeger http://localhost:16686")]
pub struct DoctorArgs {
    /// Logs of the gateway (compressed ones too), a quoted glob, or - for standard input
    #[arg(value_name = "LOG")]
    logs: Vec<String>,

    /// A rules file, a folder of them, or builtin:NAME; repeatable; without it the
    /// built-in agentgateway rules
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Where Prometheus answers; a bearer token is read from LOGMETRICS_PROMETHEUS_TOKEN
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,

    /// Certificates in PEM form to trust for Prometheus instead of the public ones
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    prometheus_ca: Option<PathBuf>,

    /// Open WebUI's environment file, or its compose file
    #[arg(long, value_name = "FILE")]
    webui_env: Option<PathBuf>,

    /// agentgateway's configuration
    #[arg(long, value_name = "FILE")]
    gateway_config: Option<PathBuf>,

    /// Print one JSON document
    #[arg(long)]
    json: bool,

    // Last, as its heading would be that of what follows.
    #[command(flatten)]
    jaeger: JaegerServer,
}

/// Looks at whatever is given, in the order of the chain.
pub fn execute(args: DoctorArgs) -> Exit {
    let args = DoctorArgs {
        logs: environment::logs(args.logs),
        rules: environment::rules(args.rules),
        ..args
    };
    let query = match args.jaeger.clone().query() {
        Ok(query) => query,
        Err(message) => return terminal::usage(&message),
    };
    let has_something = query.is_some()
        || !args.logs.is_empty()
        || args.prometheus.is_some()
        || args.webui_env.is_some()
        || args.gateway_config.is_some();
    if !has_something {
        return terminal::usage(
            &"nothing to look at: name a log, or one of --jaeger, --prometheus, --webui-env, --gateway-config\n\n  \
              docker-compose logs agentgateway 2>&1 | logmetrics doctor -",
        );
    }
    let loaded = match rules::load(&args.rules) {
        Ok(loaded) => loaded,
        Err(problems) => {
            terminal::say(&problems);
            return Exit::Usage;
        }
    };
    let examiner = match Examiner::new(&loaded.set) {
        Ok(examiner) => examiner,
        Err(error) => return terminal::usage(&error),
    };
    let findings = examine(&args, query.as_ref(), &examiner);
    let page = if args.json {
        document(&findings)
    } else {
        page(&findings)
    };
    match (terminal::print(page.as_bytes()), worst(&findings)) {
        (Exit::Done, LinkState::Ok) => Exit::Done,
        (Exit::Done, LinkState::Warning) => Exit::Warnings,
        // As everywhere: what was named and is not there is a mistake of the command line.
        (Exit::Done, LinkState::Failed) if names_missing_log(&args.logs) => Exit::Usage,
        (Exit::Done, LinkState::Failed) => Exit::Failed,
        (failed, _) => failed,
    }
}

fn examine(args: &DoctorArgs, query: Option<&Query>, examiner: &Examiner) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut header = None;
    if let Some(path) = &args.webui_env {
        match read(path) {
            Ok(text) => {
                let webui = webui::examine(&path.display().to_string(), &text);
                findings.extend(webui.findings);
                header = webui.header;
            }
            Err(error) => findings.push(unreadable(Link::Webui, path, &error)),
        }
    }
    if let Some(path) = &args.gateway_config {
        match read(path) {
            Ok(text) => {
                let known = gateway::KnownHeaders {
                    header: header.as_deref(),
                    keys: examiner.user_keys(),
                    traces: query.is_some(),
                };
                findings.extend(gateway::examine(&path.display().to_string(), &text, known));
            }
            Err(error) => findings.push(unreadable(Link::Gateway, path, &error)),
        }
    }
    findings.extend(look_at_logs(&args.logs, examiner));
    if let Some(query) = query {
        let now_us = Clock::system().now_ms().saturating_mul(1_000);
        let found = jaeger::examine(query, examiner, header.as_deref(), now_us);
        findings.extend(found);
    }
    if let Some(url) = &args.prometheus {
        findings.extend(ask_prometheus(url, args, examiner));
    }
    findings
}

fn ask_prometheus(url: &str, args: &DoctorArgs, examiner: &Examiner) -> Vec<Finding> {
    let token = std::env::var(prometheus::TOKEN_VARIABLE).ok();
    let path = args.prometheus_ca.as_deref();
    let authorities = match path.map(std::fs::read).transpose() {
        Ok(authorities) => authorities,
        Err(error) => {
            let path = path.unwrap_or(Path::new(""));
            return vec![unreadable(Link::Prometheus, path, &error)];
        }
    };
    let access = prometheus::Access {
        token: token.as_deref(),
        authorities: authorities.as_deref(),
    };
    prometheus::examine(url, access, examiner.counter())
}

fn read(path: &Path) -> std::io::Result<String> {
    let bytes = std::fs::read(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unreadable(link: Link, path: &Path, error: &std::io::Error) -> Finding {
    Finding::failed(
        link,
        format!("cannot read {}: {error}", path.display()),
        "name a file that exists and that you may read",
    )
}

/// The files that a glob matches; anything else is taken as it is.
fn files(log: &str) -> Vec<String> {
    let found = match Specification::parse(log.as_ref()) {
        Ok(glob) if matches!(glob.kind, InputKind::Glob(_)) => existing(&[glob]).0,
        _ => return vec![log.to_owned()],
    };
    if found.is_empty() {
        return vec![log.to_owned()];
    }
    let paths = found.into_iter();
    paths.map(|(_, path)| path.display().to_string()).collect()
}

/// Whether one of these is no log that can be opened.
fn names_missing_log(logs: &[String]) -> bool {
    let named = logs.iter().filter(|log| *log != "-");
    named
        .flat_map(|log| files(log))
        .any(|path| File::open(path).is_err())
}

/// What was read of a log, or why it was not.
enum Looked {
    Read {
        name: Arc<str>,
        seen: LogFindings,
        quiet: Option<Duration>,
    },
    Failed(Finding),
}

/// Looks at all logs: what is wrong with one of several is a warning where others are well.
fn look_at_logs(logs: &[String], examiner: &Examiner) -> Vec<Finding> {
    let logs: Vec<String> = logs.iter().flat_map(|log| files(log)).collect();
    let looked: Vec<Looked> = logs.iter().map(|log| look(log, examiner)).collect();
    let read = |one: &Looked| match one {
        Looked::Read { seen, quiet, .. } => Some((seen.is_counted(), *quiet)),
        Looked::Failed(_) => None,
    };
    let others = Others {
        are_counted: looked.iter().filter_map(read).any(|(counts, _)| counts),
        // A log that was rotated away is quiet, and should be.
        quiet: looked
            .iter()
            .filter_map(read)
            .filter_map(|(_, quiet)| quiet)
            .min(),
    };
    let findings = looked.into_iter().map(|one| match one {
        Looked::Read { name, seen, quiet } => seen.findings(&name, quiet, others),
        Looked::Failed(finding) => vec![finding],
    });
    findings.flatten().collect()
}

fn look(log: &str, examiner: &Examiner) -> Looked {
    let (input, quiet): (Box<dyn Read + Send>, Option<Duration>) = if log == "-" {
        if std::io::stdin().is_terminal() {
            terminal::say(&"reading standard input: paste lines, end with control-D");
        }
        (Box::new(std::io::stdin()), None)
    } else {
        match File::open(log) {
            Ok(file) => {
                let modified = file.metadata().and_then(|metadata| metadata.modified());
                let quiet = modified.ok().and_then(|time| time.elapsed().ok());
                (Box::new(file), quiet)
            }
            Err(error) => {
                return Looked::Failed(Finding::failed(
                    Link::Log,
                    format!("cannot read {log}: {error}"),
                    "name the gateway's log as you can read it, or pipe it in:\n  \
                     docker-compose logs agentgateway 2>&1 | logmetrics doctor -",
                ));
            }
        }
    };
    if let Some(finding) = no_log(log) {
        return Looked::Failed(finding);
    }
    let name: Arc<str> = Arc::from(if log == "-" { "standard input" } else { log });
    let origin = Origin {
        source: Arc::from(log),
        file: Arc::clone(&name),
    };
    match decompressed(input).and_then(|(input, _)| examiner.read(input, &origin)) {
        Ok(seen) => Looked::Read { name, seen, quiet },
        Err(error) => Looked::Failed(Finding::failed(
            Link::Log,
            format!("cannot read {name} to its end: {error}"),
            "is it a file or a pipe, and whole?",
        )),
    }
}

/// Rules or a configuration, where a log was asked for: easily mixed up, and nothing in them is a
/// request.
fn no_log(path: &str) -> Option<Finding> {
    let ending = Path::new(path).extension()?.to_ascii_lowercase();
    let text = || read(Path::new(path)).ok();
    let (what, option) = match ending.to_str()? {
        "toml" => return rules_instead(path, text()?),
        "yaml" | "yml" if is_gateway_configuration(&text()?) => {
            ("the gateway's configuration", "--gateway-config")
        }
        "env" | "yaml" | "yml" if text()?.contains("ENABLE_FORWARD_USER_INFO_HEADERS") => {
            ("Open WebUI's environment", "--webui-env")
        }
        _ => return None,
    };
    Some(Finding::failed(
        Link::Log,
        format!("{path} is {what}, not a log"),
        format!("name it as what it is:\n  logmetrics doctor {option} {path}"),
    ))
}

/// By what is at the left: a service of a compose file may have any name.
fn is_gateway_configuration(text: &str) -> bool {
    let own = [
        "frontendPolicies:",
        "binds:",
        "gateways:",
        "llm:",
        "kind: AgentgatewayPolicy",
    ];
    let mut lines = text.lines();
    lines.any(|line| own.iter().any(|key| line.starts_with(key)))
}

fn rules_instead(path: &str, text: String) -> Option<Finding> {
    let source = SourceText {
        path: path.to_owned(),
        text,
    };
    rules::load_text(vec![source]).ok()?;
    Some(Finding::failed(
        Link::Log,
        format!("{path} is a rules file, not a log"),
        format!(
            "give the log, and the rules with --rules:\n  logmetrics doctor --rules {path} LOG"
        ),
    ))
}

fn page(findings: &[Finding]) -> String {
    let mut page = String::new();
    for finding in findings {
        let (state, link) = (finding.state.name(), finding.link.name());
        let saw = harmless(finding.saw.as_bytes());
        page.push_str(&format!("{state:<8} {link:<11} {saw}\n"));
        for (number, line) in finding
            .next
            .iter()
            .flat_map(|next| next.lines())
            .enumerate()
        {
            let lead = if number == 0 { "next:" } else { "" };
            let line = harmless(line.as_bytes());
            page.push_str(format!("{:<20} {lead:<5} {line}", "").trim_end());
            page.push('\n');
        }
    }
    let said = match worst(findings) {
        LinkState::Ok => "the chain is whole, as far as it was looked at",
        LinkState::Warning => "it works, but see the warnings",
        LinkState::Failed => "the chain is broken: begin with the first that failed",
    };
    page.push_str(said);
    page.push('\n');
    page
}

fn document(findings: &[Finding]) -> String {
    let findings_json: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "link": finding.link.name(),
                "state": finding.state.name(),
                "saw": finding.saw,
                "next": finding.next,
            })
        })
        .collect();
    let document = json!({"worst": worst(findings).name(), "findings": findings_json});
    format!("{document:#}\n")
}
