//! A first word that is no subcommand is a log. One that is more likely a mistyped subcommand is refused:
//! waiting for a file of that name would look as if it worked.

use clap::Command;
use logmetrics_core::did_you_mean;

/// Words that people type first, and what they mean here.
const MEANT: [(&str, &str); 2] = [
    ("help", "logmetrics --help"),
    ("version", "logmetrics --version"),
];

/// Whether the first word may be a log.
///
/// # Errors
/// What was probably meant, and how to name a log so.
pub fn check(command: &Command, first: Option<&str>) -> Result<(), String> {
    match first {
        Some(word) if is_bare(word) && !std::path::Path::new(word).exists() => {
            Err(refused(command, word))
        }
        _ => Ok(()),
    }
}

/// A word of which nothing shows that it is a path.
fn is_bare(word: &str) -> bool {
    word != "-" && !word.is_empty() && !word.contains(['/', '\\', '.', '*', '?', '['])
}

fn refused(command: &Command, word: &str) -> String {
    let names = command.get_subcommands().map(Command::get_name);
    let nearest = did_you_mean::nearest(word, names);
    let fixed = MEANT.iter().find(|(meant, _)| *meant == word);
    let meant = match (fixed, nearest) {
        (Some((_, meant)), _) => format!("; did you mean `{meant}`?"),
        (None, Some(name)) => format!("; did you mean `logmetrics {name}`?"),
        (None, None) => String::new(),
    };
    format!(
        "`{word}` is neither a subcommand nor a file{meant}\n\n\
         `logmetrics --help` lists the subcommands; a log of this name is `./{word}`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_word(word: &str) -> Result<(), String> {
        let names = ["check", "report", "healthcheck"].map(Command::new);
        check(&Command::new("logmetrics").subcommands(names), Some(word))
    }

    #[test]
    fn mistyped_subcommands_are_refused() {
        for (word, meant) in [
            ("chekc", "`logmetrics check`"),
            ("reprot", "`logmetrics report`"),
            ("help", "`logmetrics --help`"),
            ("version", "`logmetrics --version`"),
            ("init", "`./init`"),
        ] {
            let message = check_word(word).unwrap_err();
            assert!(message.contains(meant), "{message}");
            assert!(message.contains(&format!("`./{word}`")), "{message}");
        }
    }

    #[test]
    fn whatever_may_be_a_path_is_a_log() {
        for word in [
            "./chekc",
            "app.log",
            "/logs/gateway",
            "-",
            "gateway*",
            "src",
        ] {
            assert_eq!(check_word(word), Ok(()), "{word}");
        }
    }
}
