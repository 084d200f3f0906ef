//! `logmetrics rules`: the rules that are shipped, and what is known of the rules language, for people and for
//! editors.

use clap::Subcommand;

use super::exit::Exit;
use super::terminal;
use logmetrics_core::rules::keys;
use logmetrics_core::rules::shipped::{self, PREFIX, SHIPPED, Shipped};

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
    /// List the rules that are in the program, with what each is for (what happens without a subcommand)
    List,
    /// Print rules that are in the program, to read or to begin your own with
    Show {
        /// Their name, as `logmetrics rules list` has it
        name: String,
    },
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
        Some(RulesCommand::List) | None => terminal::print(list().as_bytes()),
        Some(RulesCommand::Show { name }) => show(&name),
    }
}

/// A line for each: how it is named, and what it is for.
fn list() -> String {
    let width = SHIPPED.iter().map(|one| one.name.len()).max().unwrap_or(0);
    let line = |one: &Shipped| {
        let name = format!("{PREFIX}{}", one.name);
        format!("{name:w$}  {}\n", one.about(), w = width + PREFIX.len())
    };
    SHIPPED.iter().map(line).collect()
}

fn show(name: &str) -> Exit {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    match Shipped::named(name) {
        Some(rules) => terminal::print(rules.to_copy().as_bytes()),
        None => {
            let nearest = shipped::nearest(name);
            let meant = nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            terminal::usage(&format_args!(
                "no rules `{}` are shipped{meant}\n\nThere are {}",
                terminal::harmless(name.as_bytes()),
                shipped::names().collect::<Vec<_>>().join(", ")
            ))
        }
    }
}
