//! `logmetrics rules`: what is known of the rules language, for people and for editors.

use clap::{CommandFactory, Subcommand};

use super::exit::Exit;
use super::{Cli, terminal};
use logmetrics_core::rules::keys;

/// What a user types to see the language.
#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    /// Print a JSON Schema of rules files, for completion and hover in editors
    #[arg(long)]
    schema: bool,

    #[command(subcommand)]
    command: Option<RulesCommand>,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Print the reference of the rules language, as markdown: every key with an example
    Reference,
}

/// Prints what was asked for.
pub fn execute(args: RulesArgs) -> Exit {
    if args.schema {
        return terminal::print(keys::schema().as_bytes());
    }
    match args.command {
        Some(RulesCommand::Reference) => terminal::print(keys::reference().as_bytes()),
        None => {
            let mut command = Cli::command();
            command.build();
            let help = command
                .find_subcommand_mut("rules")
                .map(clap::Command::render_help);
            terminal::say(&help.unwrap_or_default());
            Exit::Usage
        }
    }
}
