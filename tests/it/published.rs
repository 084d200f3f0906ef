//! Everything published is executed: code blocks of the pages, rules, examples.

use std::path::{Path, PathBuf};

use crate::fixture::{Run, Scratch, repository};

/// A fenced code block: its language, its text, and where it stands, for messages.
struct Fence {
    language: String,
    text: String,
    place: String,
}

/// All pages for people: `*.md` at the top, in `docs/`, `examples/`, `rules/` and `tests/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in ["", "docs", "examples", "rules", "tests"] {
        files(&repository(folder), folder.is_empty(), "md", &mut pages);
    }
    pages.sort();
    assert!(pages.contains(&repository("CONTRIBUTING.md")), "{pages:?}");
    pages
}

/// Files under `folder` that end in `.ending`; only those right in it where `flat`.
fn files(folder: &Path, flat: bool, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !flat {
            files(&path, flat, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

fn fences() -> Vec<Fence> {
    let mut fences = Vec::new();
    for page in pages() {
        let mut open: Option<Fence> = None;
        for (number, line) in std::fs::read_to_string(&page).unwrap().lines().enumerate() {
            match (line.trim_start().strip_prefix("```"), open.take()) {
                (Some(_), Some(fence)) => fences.push(fence),
                (Some(language), None) => {
                    open = Some(Fence {
                        language: language.trim().to_owned(),
                        text: String::new(),
                        place: format!("{}:{}", page.display(), number + 1),
                    });
                }
                (None, Some(mut fence)) => {
                    fence.text += line;
                    fence.text.push('\n');
                    open = Some(fence);
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: an open fence", page.display());
    }
    fences
}

#[test]
fn rules_on_the_pages_are_right() {
    let scratch = Scratch::new();
    for fence in fences() {
        if fence.language == "toml" && fence.text.contains("[[rule") {
            let rules = scratch.write("fence.toml", &fence.text);
            println!("{}", fence.place);
            Run::new().arg("check").arg(&rules).go().success();
            if fence.text.contains("[[test]]") {
                Run::new().arg("test").arg(&rules).go().success();
            }
        }
    }
}

#[test]
fn commands_on_the_pages_exist() {
    let help = |command: &str| Run::new().args(command).arg("--help").go().success().stdout;
    let top = help("");
    let mtails = Run::new().args("-progs p -help").go().success().stdout;
    for fence in fences() {
        if !["console", "sh", "bash", "shell"].contains(&fence.language.as_str()) {
            continue;
        }
        for words in commands(&fence.text) {
            let first = words.first().map_or("", String::as_str);
            let known = top.lines().any(|line| {
                let mut columns = line.split_whitespace();
                line.starts_with("  ") && columns.next() == Some(first)
            });
            let text = if first == "-progs" {
                mtails.clone()
            } else if known && !first.starts_with('-') {
                help(first)
            } else {
                top.clone()
            };
            for flag in words.iter().filter(|word| word.starts_with('-')) {
                let flag = flag.split('=').next().unwrap();
                assert!(
                    flag == "-" || text.contains(flag),
                    "{}: {flag} is no option of `logmetrics {first}`",
                    fence.place
                );
            }
        }
    }
}

/// The words after each call of `logmetrics` in a block of shell commands.
fn commands(block: &str) -> Vec<Vec<String>> {
    block
        .replace("\\\n", " ")
        .lines()
        .flat_map(|line| {
            line.split(['|', ';', '&'])
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|command| {
            let mut words = command.split_whitespace().skip_while(|word| *word == "$");
            let program = words.next()?;
            let is_ours = program == "logmetrics" || program.ends_with("/logmetrics");
            is_ours.then(|| {
                words
                    .take_while(|word| !word.starts_with('#') && !word.starts_with('>'))
                    .map(|word| word.trim_matches(['\'', '"']).to_owned())
                    .collect()
            })
        })
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1) {
            let target = target.split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let path = page.parent().unwrap().join(target);
            assert!(path.exists(), "{}: {target}", page.display());
        }
    }
}

#[test]
fn shipped_rules_are_right_one_by_one() {
    let mut rules = Vec::new();
    files(&repository("rules"), false, "toml", &mut rules);
    files(&repository("examples"), false, "toml", &mut rules);
    assert!(rules.contains(&repository("rules/agentgateway.toml")));
    // The others are tables that rules look things up in.
    let has_rules = |path: &PathBuf| std::fs::read_to_string(path).unwrap().contains("[[rule]]");
    rules.retain(has_rules);
    assert!(rules.contains(&repository("examples/cost.toml")));
    for path in rules {
        Run::new().arg("check").arg(path).go().success();
    }
}

#[test]
fn the_cases_that_rules_carry_hold() {
    Run::new().arg("test").go().success();
    Run::new()
        .arg("test")
        .arg(repository("rules"))
        .go()
        .success();
}

#[test]
fn samples_on_the_pages_are_what_the_example_gives() {
    let log = repository("examples/agentgateway.log");
    let page = Run::new().arg("--once").arg(log).go().success().stdout;
    for fence in fences().iter().filter(|fence| fence.language == "text") {
        for line in fence.text.lines() {
            if line.starts_with("requests_by_user{") || line.starts_with("ai_gateway_") {
                let metric = line.split('{').next().unwrap();
                let given: Vec<_> = page.lines().filter(|l| l.starts_with(metric)).collect();
                assert!(given.contains(&line), "{}: {line}\n{given:#?}", fence.place);
            }
        }
    }
}

#[test]
fn the_example_log_counts_without_configuration() {
    let log = repository("examples/agentgateway.log");
    let run = Run::new().arg("--once").arg(&log).go().success();
    let counted = run.sorted("requests_by_user{");
    assert!(
        counted
            .iter()
            .any(|line| line.contains("user_email=\"alice@example.com\"")),
        "{}",
        run.stdout
    );
    let requests = std::fs::read_to_string(log).unwrap();
    let requests = requests.lines().filter(|l| l.contains("\tinfo\trequest "));
    let sum: usize = counted
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!(sum, requests.count());
}

#[test]
fn the_dashboard_of_the_example_is_what_the_program_prints() {
    let mut run = Run::new().arg("dashboard");
    for argument in [
        "--title",
        "AI gateway users",
        "--jaeger",
        "http://localhost:16686",
        "--jaeger-tag",
        "http.header.x-openwebui-user-email",
    ] {
        run = run.arg(argument);
    }
    let run = run.go().success();
    let path = "examples/compose/grafana/dashboards/logmetrics.json";
    let published = std::fs::read_to_string(repository(path)).unwrap();
    assert!(
        run.stdout == published,
        "{path} is out of date: print it again with logmetrics dashboard and these arguments"
    );
}
