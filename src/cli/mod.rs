//! The command line: what may be typed, and which file answers it.
//!
//! One file for each subcommand, with its arguments and an `execute`. Only this room prints. No
//! work is done here, and no default is worked out from I/O.

use clap::{CommandFactory, Parser, Subcommand};

pub mod check;
pub mod dashboard;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod healthcheck;
pub mod jaeger_options;
pub mod mtail_command;
pub mod once;
pub mod report;
pub mod run;
pub mod security_options;
pub mod terminal;
pub mod test;

use exit::Exit;

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
    run: run::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow logs and serve metrics (what happens without a subcommand)
    Run(Box<run::Args>),
    /// Check rules; errors point at line and column
    Check(check::Args),
    /// Run the test cases that rules files carry
    Test(test::Args),
    /// Say, line by line, which rule matched, and which part of which pattern did not
    Explain(explain::Args),
    /// Check the chain from the front end to Prometheus, and say the next step
    Doctor(doctor::Args),
    /// Print a Grafana dashboard for what the rules count
    Dashboard(dashboard::Args),
    /// Say who asked what, with what result, how slowly, from logs or from Jaeger's traces
    Report(Box<report::Args>),
    /// Ask a running logmetrics whether it is healthy, for containers without a shell
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Reads the command line, does what it says, and gives the exit code.
pub fn main() -> Exit {
    if let Some(arguments) = mtail_command::arguments() {
        return mtail_command::execute(&arguments);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
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
    match cli.command.unwrap_or(Command::Run(Box::new(cli.run))) {
        Command::Run(args) => run::execute(*args),
        Command::Check(args) => {
            let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr());
            match check::execute(&args, &mut out, &mut err) {
                Ok(0) => Exit::Done,
                Ok(_) => Exit::Usage,
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
                Err(error) => terminal::fail(&error),
            }
        }
        Command::Test(args) => test::execute(&args),
        Command::Explain(args) => explain::execute(&args),
        Command::Doctor(args) => doctor::execute(&args),
        Command::Dashboard(args) => dashboard::execute(args),
        Command::Report(args) => report::execute(*args),
        Command::Healthcheck(args) => healthcheck::execute(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "logmetrics", &mut script);
            terminal::print(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            match clap_mangen::Man::new(Cli::command()).render(&mut page) {
                Ok(()) => terminal::print(&page),
                Err(error) => terminal::fail(&error),
            }
        }
    }
}
