//! The doctor: is the chain from the chat front end to Prometheus whole, and if not, where is it
//! broken and what is the next step?
//!
//! Each file looks at one link and gives [`Finding`]s; nothing is printed here, and nothing that is
//! looked at is changed. Secrets that are in what is looked at are never repeated.

pub mod gateway;
pub mod jaeger;
pub mod log;
pub mod prometheus;
pub mod webui;

/// A link of the chain, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Open WebUI's environment: does it say who asks?
    Webui,
    /// agentgateway's configuration: does it write the user down?
    Gateway,
    /// The log: readable, fresh, of the gateway, with users?
    Log,
    /// The rules against the log.
    Rules,
    /// Jaeger: does it have the gateway's traces, with users?
    Jaeger,
    /// Prometheus: does it scrape, and does the metric grow?
    Prometheus,
}

impl Link {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Link::Webui => "open-webui",
            Link::Gateway => "gateway",
            Link::Log => "log",
            Link::Rules => "rules",
            Link::Jaeger => "jaeger",
            Link::Prometheus => "prometheus",
        }
    }
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkState {
    /// As it should be.
    Ok,
    /// It works, but not for everybody or not for ever.
    Warning,
    /// The chain is broken here.
    Failed,
}

impl LinkState {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            LinkState::Ok => "ok",
            LinkState::Warning => "warning",
            LinkState::Failed => "failed",
        }
    }
}

/// What was seen at one link, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub link: Link,
    /// How it is.
    pub state: LinkState,
    /// What was seen.
    pub saw: String,
    /// The next step, exact enough to be typed; may have several lines.
    pub next: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(link: Link, saw: impl Into<String>) -> Finding {
        Finding {
            link,
            state: LinkState::Ok,
            saw: saw.into(),
            next: None,
        }
    }

    /// Something will go wrong for some.
    pub fn warning(link: Link, saw: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding {
            link,
            state: LinkState::Warning,
            saw: saw.into(),
            next: Some(next.into()),
        }
    }

    /// The chain is broken.
    pub fn failed(link: Link, saw: impl Into<String>, next: impl Into<String>) -> Finding {
        Finding {
            link,
            state: LinkState::Failed,
            saw: saw.into(),
            next: Some(next.into()),
        }
    }
}

/// The worst of all.
pub fn worst(findings: &[Finding]) -> LinkState {
    let states = findings.iter().map(|finding| finding.state);
    states.max().unwrap_or(LinkState::Ok)
}

/// The header in which Open WebUI sends a user's address, unless it is told otherwise.
pub const WEBUI_HEADER: &str = "X-OpenWebUI-User-Email";

/// `1 line`, `2 lines`.
fn count(number: u64, one: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {one}{s}")
}
