//! The command line: what may be typed, and which file answers it.
//!
//! One file for each subcommand, with its arguments and an `execute`. Only this module prints data.

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub mod check;
pub mod convert;
pub mod dashboard;
pub mod doctor;
pub mod environment;
pub mod exit;
pub mod explain;
pub mod fmt;
pub mod healthcheck;
pub mod jaeger_options;
pub mod lines;
pub mod mtail_command;
mod multiline_options;
mod no_subcommand;
pub mod once;
pub mod report;
pub mod rules;
pub mod run;
pub mod security_options;
pub mod suggest;
pub mod terminal;
pub mod test;

use crate::logging::{self, LogOptions};
use exit::Exit;
use logmetrics_core::clock::Clock;

const EXAMPLES: &str = "\
Examples:
  docker-compose logs -f agentgateway | logmetrics
  logmetrics /logs/gateway.log
  logmetrics --rules my-rules.toml '/var/log/app/*.log'
  logmetrics --once access.log -r rules/nginx.toml
  logmetrics --jaeger http://jaeger:16686
  logmetrics -progs /etc/mtail -logs /var/log/app.log     (as mtail; -progs p -help)

Then: curl http://localhost:3903/metrics

Exit codes: 0 done, 1 the run failed, 2 the command line or the rules are wrong.";

/// Turns log lines into Prometheus metrics.
///
/// Follows log files or standard input, matches lines against rules, and serves counters, gauges
/// and histograms on port 3903. Without rules of your own it reads agentgateway's logs.
#[derive(Debug, Parser)]
#[command(
    name = "logmetrics",
    version = crate::VERSION,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow logs and serve metrics (what happens without a subcommand)
    Run(Box<run::RunArgs>),
    /// Write first rules for a log, made of its own lines
    #[command(visible_alias = "init")]
    Suggest(suggest::SuggestArgs),
    /// Check rules; errors point at line and column
    Check(check::CheckArgs),
    /// Write rules files in one form
    Fmt(fmt::FmtArgs),
    /// Run the test cases that rules files carry
    Test(test::TestArgs),
    /// The rules that are shipped; a reference of all keys, and a JSON Schema for editors
    Rules(rules::RulesArgs),
    /// Say, line by line, which rule matched, and which part of which pattern did not
    Explain(explain::ExplainArgs),
    /// Print the lines that made a series what it is
    Lines(Box<lines::LinesArgs>),
    /// Check the chain from the front end to Prometheus, and say the next step
    Doctor(doctor::DoctorArgs),
    /// Write a program of mtail as rules, as far as rules can say it
    Convert(convert::ConvertArgs),
    /// Print a Grafana dashboard for what the rules count
    Dashboard(dashboard::DashboardArgs),
    /// Say who asked what, with what result, how slowly, from logs or from Jaeger's traces
    Report(Box<report::ReportArgs>),
    /// Ask a running logmetrics whether it is healthy, for containers without a shell
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// The subcommand that it is about; without one, the whole program
        page: Option<String>,
    },
}

/// Reads the command line, does what it asks for, and gives the exit code.
pub fn main() -> Exit {
    if let Some(arguments) = mtail_command::arguments() {
        return mtail_command::execute(&arguments);
    }
    let matches = environment::without_unset(Cli::command()).try_get_matches();
    let parsed = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // clap chooses the stream; help and version are no failure.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
        }
    };
    let own = matches.subcommand().map_or(&matches, |(_, own)| own);
    let started = LogOptions::from_arg_matches(own).map_err(|error| error.to_string());
    let started = started.and_then(|options| {
        logging::start(&options, Clock::system()).map_err(|error| error.to_string())
    });
    if let Err(message) = started {
        return terminal::usage(&message);
    }
    for warning in environment::mistyped(&Cli::command()) {
        tracing::warn!("{warning}");
    }
    let report = matches.subcommand_matches("report");
    let jaeger = report.and_then(|report| report.value_source("jaeger"));
    execute(cli, jaeger == Some(ValueSource::CommandLine))
}

/// `names_jaeger`: a report's, on the command line and not in the environment.
fn execute(cli: Cli, names_jaeger: bool) -> Exit {
    let Some(command) = cli.command else {
        if let Err(message) = no_subcommand::check(&Cli::command(), cli.run.first_log()) {
            return terminal::usage(&message);
        }
        return run::execute(cli.run);
    };
    match command {
        Command::Run(args) => run::execute(*args),
        Command::Suggest(args) => suggest::execute(args),
        Command::Check(args) => check::execute(args),
        Command::Fmt(args) => fmt::execute(args),
        Command::Test(args) => test::execute(args),
        Command::Rules(args) => rules::execute(args),
        Command::Explain(args) => explain::execute(args),
        Command::Lines(args) => lines::execute(*args),
        Command::Doctor(args) => doctor::execute(args),
        Command::Convert(args) => convert::execute(args),
        Command::Dashboard(args) => dashboard::execute(args),
        Command::Report(args) if names_jaeger => report::execute(*args),
        Command::Report(args) => report::execute(args.of_logs_alone()),
        Command::Healthcheck(args) => healthcheck::execute(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "logmetrics", &mut script);
            terminal::print(&script)
        }
        Command::Man { page } => manual_page(page.as_deref()),
    }
}

/// The page of the program, or of a subcommand under the name `logmetrics-NAME`.
fn manual_page(name: Option<&str>) -> Exit {
    let mut program = Cli::command();
    program.build();
    let man = match name {
        None => clap_mangen::Man::new(program),
        Some(name) => {
            let Some(command) = program.find_subcommand(name) else {
                let names = program.get_subcommands().map(clap::Command::get_name);
                return terminal::usage(&format_args!(
                    "no manual page `{}`; there are {}",
                    terminal::harmless(name.as_bytes()),
                    names.collect::<Vec<_>>().join(", ")
                ));
            };
            clap_mangen::Man::new(command.clone()).title(format!("logmetrics-{name}"))
        }
    };
    let mut page = Vec::new();
    match man.render(&mut page) {
        Ok(()) => terminal::print(&page),
        Err(error) => terminal::fail(&error),
    }
}
