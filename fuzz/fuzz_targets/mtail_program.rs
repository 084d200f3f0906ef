//! Any bytes are a program, or problems that can be shown; compiling and converting take little time and
//! never panic, and rules that come out of it load.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use logmetrics_core::rules::{SourceText, load_text};
use logmetrics_mtail::convert::convert;
use logmetrics_mtail::{Options, compile};

/// More is a stall, also in a build that checks everything.
const TIME_MAX: Duration = Duration::from_secs(20);

fuzz_target!(|source: &str| {
    let started = Instant::now();
    for options in [Options::strict(), Options::default()] {
        match compile("p.mtail", source, &options) {
            Ok(compiled) => {
                compiled.warnings.render("p.mtail", source);
            }
            Err(problems) => {
                assert!(problems.errors() > 0);
                assert!(!problems.render("p.mtail", source).is_empty());
            }
        }
    }
    if let Ok(converted) = convert("p.mtail", source)
        && let Some(rules) = converted.rules
    {
        let file = SourceText {
            path: "rules.toml".into(),
            text: rules.clone(),
        };
        assert!(load_text(vec![file]).is_ok(), "{rules}");
    }
    assert!(
        started.elapsed() < TIME_MAX,
        "it takes {:?}",
        started.elapsed()
    );
});
