//! The command line: help, mistakes and what is said about them, environment variables.

use crate::fixture::{Run, Scratch};

const RULES: &str = "[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'seen' }]\n";

#[test]
fn help_shows_how_it_is_used() {
    let run = Run::new().arg("--help").go().success();
    for word in [
        "--rules",
        "--listen",
        "--port",
        "--from",
        "--once",
        "--format",
        "--exit-on-eof",
        "check",
        "completions",
        "man",
        "3903",
    ] {
        assert!(run.stdout.contains(word), "{word}\n{}", run.stdout);
    }
    assert_eq!(run.stderr, "");
    let short = Run::new().arg("-h").go().success();
    assert!(short.stdout.lines().count() < run.stdout.lines().count());
}

/// Whoever copies a command from a help text gets all of it, however wide the terminal is.
#[test]
fn no_help_text_breaks_inside_a_command() {
    let all = Run::new().arg("--help").go().success().stdout;
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| line.starts_with("  "));
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert!(names.len() > 8, "{names:?}");
    for columns in ["80", "100", "120"] {
        for name in &names {
            let run = Run::new()
                .variable("COLUMNS", columns)
                .args(name)
                .arg("--help");
            for line in run.go().success().stdout.lines() {
                let quotes = line.matches('`').count();
                assert!(quotes.is_multiple_of(2), "{name} at {columns}: {line}");
            }
        }
    }
}

#[test]
fn version_names_the_commit() {
    let run = Run::new().arg("--version").go().success();
    let version = env!("CARGO_PKG_VERSION");
    let rest = run.stdout.strip_prefix(&format!("logmetrics {version}"));
    let rest = rest.unwrap_or_else(|| panic!("{}", run.stdout)).trim();
    let commit: String = rest.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(
        commit.len() >= 7 || rest.contains("unknown"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn completions_and_man_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = Run::new().arg("completions").arg(shell).go().success();
        assert!(run.stdout.contains("logmetrics"), "{shell}");
        assert!(run.stdout.contains("exit-on-eof"), "{shell}");
    }
    let run = Run::new().arg("man").go().success();
    assert!(run.stdout.contains(".TH logmetrics 1"), "{}", run.stdout);
    for page in ["report", "check", "run"] {
        let run = Run::new().args("man").arg(page).go().success();
        let title = format!(".TH logmetrics-{page} 1");
        assert!(run.stdout.contains(&title), "{}", run.stdout);
    }
    let wrong = Run::new().args("man reprot").go().code(2);
    wrong.says(&["no manual page `reprot`", "report"]);
}

#[test]
fn a_wrong_command_line_is_exit_2_and_names_the_fault() {
    for (line, words) in [
        ("--no-such-flag", &["--no-such-flag"][..]),
        ("--listen", &["--listen"]),
        ("--listen 127.0.0.1:http", &["127.0.0.1:http"]),
        ("--port 99999", &["99999"]),
        ("--port http", &["http", "--port"]),
        ("--from middle", &["middle", "start", "end"]),
        ("--once --format xml", &["xml", "openmetrics"]),
        ("completions tcsh", &["tcsh", "bash"]),
        ("--excit-on-eof", &["--exit-on-eof"]),
    ] {
        let run = Run::new().args(line).go().code(2).says(words).calm();
        assert_eq!(run.stdout, "", "{line}");
    }
}

#[test]
fn rules_that_cannot_be_read_are_exit_2_and_name_the_path() {
    let scratch = Scratch::new();
    let missing = scratch.path("no-such-rules.toml");
    let empty = scratch.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let binary = scratch.write("binary.toml", b"\xff\xfe\0");
    for path in [missing, empty, binary] {
        for run in [
            Run::new().rules(&path).args("--once -"),
            Run::new().arg("check").arg(&path),
        ] {
            run.go()
                .code(2)
                .says(&[path.file_name().unwrap().to_str().unwrap()])
                .calm();
        }
    }
}

#[test]
fn a_folder_as_a_log_is_exit_2_and_says_what_to_write() {
    let scratch = Scratch::new();
    let folder = scratch.path("");
    for run in [
        Run::new().arg("--once").arg(&folder),
        Run::new().arg(&folder),
    ] {
        run.go().code(2).says(&["folder", "/*'"]).calm();
    }
}

#[test]
fn a_missing_log_is_waited_for_and_said_once() {
    let scratch = Scratch::new();
    let log = scratch.path("no-such.log");
    let daemon = Run::new().arg(&log).start();
    daemon.until_said("no-such.log");
    // Ready: it is waited for, and nothing more can be read.
    daemon.until_ready();
    let up = |page: &crate::fixture::Page, is_up: f64| {
        let series = format!("logmetrics_source_up{{source=\"{}\"}}", log.display());
        page.value(&series) == Some(is_up)
    };
    daemon.until(|page| up(page, 0.0));
    scratch.write("no-such.log", "a line\n");
    daemon.until(|page| up(page, 1.0));
    let said = daemon.stop();
    assert_eq!(said.matches("no-such.log").count(), 1, "{said}");
}

#[test]
fn a_missing_log_with_once_is_exit_2() {
    let scratch = Scratch::new();
    let log = scratch.path("no-such.log");
    let run = Run::new().arg("--once").arg(log).go().code(2);
    assert_eq!(run.says(&["no-such.log"]).calm().stdout, "");
}

#[test]
fn no_match_is_success_and_still_a_page() {
    for format in ["text", "openmetrics", "json"] {
        let run = Run::new().args("--once --format").arg(format);
        let run = run.stdin("nothing of interest\n").go().success();
        match format {
            "json" => drop(serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()),
            "openmetrics" => assert!(run.stdout.ends_with("# EOF\n"), "{}", run.stdout),
            _ => assert!(run.sorted("requests_by_user{").is_empty(), "{}", run.stdout),
        }
    }
}

#[test]
fn formats_of_once_agree() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let once = |format: &str| {
        let run = Run::new().rules(&rules).args("--once --format").arg(format);
        run.stdin("x\nx\ny\n").go().success().stdout
    };
    assert!(once("text").contains("\nseen 2\n"), "{}", once("text"));
    assert!(once("openmetrics").contains("\nseen 2\n"));
    let json: serde_json::Value = serde_json::from_str(&once("json")).unwrap();
    assert!(json.to_string().contains("\"seen\""), "{json}");
}

#[test]
fn once_prints_metrics_of_the_rules_alone() {
    let run = Run::new().arg("--once").stdin("x\n").go().success();
    for prefix in ["logmetrics_", "process_", "# HELP logmetrics_"] {
        assert!(run.sorted(prefix).is_empty(), "{}", run.stdout);
    }
}

#[test]
fn every_option_has_its_environment_variable() {
    let help = Run::new().args("--help").go().success().stdout;
    let options = help.split("\n      --").chain(help.split(", --")).skip(1);
    for option in options {
        let name = option
            .split(|c: char| !c.is_ascii_lowercase() && c != '-')
            .next()
            .unwrap();
        if ["help", "version"].contains(&name) || !option.starts_with(name) {
            continue;
        }
        let variable = format!("LOGMETRICS_{}", name.replace('-', "_").to_uppercase());
        assert!(help.contains(&variable), "{variable}\n{help}");
    }
}

#[test]
fn environment_variables_are_obeyed_and_options_win() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let run = Run::new()
        .variable("LOGMETRICS_RULES", &rules)
        .variable("LOGMETRICS_ONCE", "true")
        .variable("LOGMETRICS_FORMAT", "openmetrics")
        .stdin("x\n");
    let page = run.clone().go().success().stdout;
    assert!(
        page.contains("\nseen 1\n") && page.ends_with("# EOF\n"),
        "{page}"
    );
    let page = run.args("--format text").go().success().stdout;
    assert!(
        page.contains("\nseen 1\n") && !page.contains("# EOF"),
        "{page}"
    );

    let log = scratch.write("gateway.log", "x\n");
    let daemon = Run::new()
        .variable("LOGMETRICS_RULES", &rules)
        .variable("LOGMETRICS_FROM", "end")
        .arg(log)
        .start();
    daemon.until_ready();
    scratch.append("gateway.log", "x\n");
    let page = daemon.until(|page| page.sum("seen") > 0.0);
    assert_eq!(page.sum("seen"), 1.0);
    daemon.stop();

    let (reader, writer) = std::io::pipe().unwrap();
    let mut daemon = Run::new()
        .variable("LOGMETRICS_EXIT_ON_EOF", "true")
        .stdin_from(reader)
        .start();
    drop(writer);
    assert!(daemon.ended(crate::fixture::PATIENCE).success());
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    let run = Run::new().variable("LOGMETRICS_FROM", "middle").go();
    run.code(2).says(&["middle"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // `logmetrics completions bash | head -1`, where head has gone before anything is printed.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_logmetrics"))
        .env_clear()
        .args(["completions", "bash"])
        .stdout(writer)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
