//! `logmetrics dashboard`: a Grafana dashboard for what the rules count.

use std::path::PathBuf;

use super::exit::Exit;
use super::{environment, terminal};
use logmetrics_core::rules::load;
use logmetrics_gateway::dashboard::{Options, dashboard};
use logmetrics_gateway::output_file::{OutputFile, OutputOptions};

/// Print a Grafana dashboard for what the rules count.
#[derive(Debug, clap::Args)]
pub struct DashboardArgs {
    /// A rules file, a folder of them, or builtin:NAME; repeatable; without it the
    /// built-in agentgateway rules
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

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The name of the service in Jaeger
    #[arg(long, value_name = "NAME", default_value = "agentgateway")]
    service: String,
}

/// Prints the dashboard on standard output.
pub fn execute(args: DashboardArgs) -> Exit {
    let rules = environment::rules(args.rules);
    let loaded = match load(&rules) {
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
    let document = format!("{:#}\n", dashboard(&loaded.set, &options));
    let Some(path) = args.output else {
        return terminal::print(document.as_bytes());
    };
    let options = OutputOptions {
        replaces: true,
        is_private: false,
        inputs: &rules,
    };
    match OutputFile::create(&path, &options) {
        Ok(output) => terminal::write_file(output, document.as_bytes()),
        Err(error) => terminal::usage(&format_args!("cannot write `{}`: {error}", path.display())),
    }
}
