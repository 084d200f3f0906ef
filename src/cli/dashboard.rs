//! `logmetrics dashboard`: a Grafana dashboard for what the rules count.

use std::path::PathBuf;

use super::exit::Exit;
use super::terminal;
use logmetrics_core::rules::load;
use logmetrics_gateway::dashboard::{Options, dashboard};

/// Print a Grafana dashboard for what the rules count.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A rules file or a folder of them; repeatable; without it the built-in agentgateway rules
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// What the dashboard is called
    #[arg(long, default_value = "logmetrics")]
    title: String,

    /// Where Jaeger's pages are, as a browser reaches them: users lead to their traces
    #[arg(long, value_name = "URL")]
    jaeger: Option<String>,

    /// The tag of a span that holds the user (default: a link for each field that the label is read from)
    #[arg(long, value_name = "KEY", requires = "jaeger")]
    jaeger_tag: Option<String>,

    /// The name of the service in Jaeger
    #[arg(long, value_name = "NAME", default_value = "agentgateway")]
    service: String,
}

/// Prints the dashboard on standard output.
pub fn execute(args: Args) -> Exit {
    let loaded = match load(&args.rules) {
        Ok(loaded) => loaded,
        Err(problems) => {
            terminal::say(&problems);
            return Exit::Usage;
        }
    };
    let options = Options {
        title: args.title,
        jaeger: args.jaeger,
        jaeger_tag: args.jaeger_tag,
        jaeger_service: args.service,
    };
    let document = dashboard(&loaded.set, &options);
    terminal::print(format!("{document:#}\n").as_bytes())
}
