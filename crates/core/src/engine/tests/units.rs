//! Scripts together with rules, and how a source of programs becomes an engine.

use std::sync::{Mutex, PoisonError};

use super::*;
use crate::engine::script::{Script, ScriptOutcome, ScriptOutput, ScriptRunner};
use crate::engine::source::{Compiled, ProgramSource, TomlRules};
use crate::metrics::definition::{Definition, Options};
use crate::metrics::kind::{Kind, Operation};
use crate::metrics::testing::definition;

/// Sessions that are open: `open X`, `close X`; and the text of the last `note`.
#[derive(Debug, Default)]
struct Sessions {
    opened: Arc<Mutex<u64>>,
}

impl Script for Sessions {
    fn name(&self) -> &str {
        "sessions"
    }

    fn keeps_state(&self) -> bool {
        true
    }

    fn runner(&self) -> Box<dyn ScriptRunner> {
        let opened = Arc::clone(&self.opened);
        Box::new(Sessions { opened })
    }
}

impl ScriptRunner for Sessions {
    fn run(&mut self, line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome {
        let text = String::from_utf8_lossy(line.text);
        let Some((word, name)) = text.split_once(' ') else {
            return ScriptOutcome::NotMatched;
        };
        let label = |out: &mut Vec<u8>| out.extend_from_slice(format!("n=\"{name}\"").as_bytes());
        match word {
            "open" => {
                let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
                *opened += 1;
                let series = out.series(0, label);
                out.update(series, Operation::Set, *opened as f64, None);
            }
            "close" => {
                let series = out.series(0, label);
                out.update(series, Operation::Delete, 0.0, None);
            }
            "note" => {
                let series = out.series(1, |_| {});
                out.set_text(series, name.as_bytes(), None);
            }
            _ => return ScriptOutcome::Failed(format!("no {word}").into()),
        }
        ScriptOutcome::Matched
    }
}

fn sessions() -> Compiled {
    let hidden = Options {
        is_hidden: true,
        ..Options::default()
    };
    let notes = Definition {
        options: hidden,
        ..definition("note", Kind::Text, &[])
    };
    Compiled::of_script(
        Box::new(Sessions::default()),
        vec![definition("sessions", Kind::Gauge, &["n"]), notes],
    )
}

#[test]
fn scripts_run_beside_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.toml");
    std::fs::write(&path, USERS).unwrap();
    let source = TomlRules { paths: vec![path] };
    let gathered = source.gather();
    assert!(gathered == source.gather());
    let checked = source.check(gathered).unwrap();
    let rules = source.compile(&checked, None).unwrap();
    assert!(rules.advice.is_empty());
    let (engine, definitions) = rules.with_scripts(vec![sessions()]);
    let names: Vec<&str> = definitions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(&names[names.len() - 2..], ["sessions", "note"]);
    let store = Store::new(definitions, 0);
    let lines: [&[u8]; 7] = [
        b"open a",
        b"open b",
        b"user=ann took 2s",
        b"close a",
        b"note x y",
        b"other z",
        b"nothing",
    ];
    let outcome = run_engine(&(engine, store), &lines, Wrapping::default());
    assert!(
        outcome.samples.contains("seen{user=\"ann\"} 1\n"),
        "{}",
        outcome.samples
    );
    assert!(
        outcome.samples.contains("sessions{n=\"b\"} 2\n"),
        "{}",
        outcome.samples
    );
    assert!(!outcome.samples.contains("n=\"a\"") && !outcome.samples.contains("note"));
    assert_eq!(outcome.unmatched, 2);
}

#[test]
fn what_a_script_says_of_a_line_is_explained() {
    let (engine, _) = Compiled::default().with_scripts(vec![sessions()]);
    assert_eq!(engine.rule_names().collect::<Vec<_>>(), ["sessions"]);
    assert!(engine.needs_order());
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let says = |text: &str| {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        engine.explain(&line)[0].outcome.to_string()
    };
    assert_eq!(says("other z"), "the program stopped: no other");
    assert_eq!(says("open a"), "");
}
