//! The rules and the pseudonym secret, read again while everything runs: at SIGHUP, when asked over
//! HTTP, and when their files change. New rules take effect between two lines; wrong ones change
//! nothing.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::advice_log::AdviceLog;
use crate::programs::{self, Programs, Runnable};
use crate::pseudonym_secret::PseudonymSecret;
use crate::reloadable::{self, Reloadable, Source};
use crate::server::Reloaded;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::metrics::reload::Change;
use logmetrics_core::metrics::self_metrics::{KnownRules, RuleCounters, SelfMetrics};
use logmetrics_core::pipeline::Active;
use logmetrics_follow::Positions;

/// How often the rules' files are looked at. They are read whole each time: they are small, and
/// editors, mounted volumes and swinging symbolic links then look the same on every system.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// The rules that run, and how to replace them.
pub type RulesReloader = Reloadable<RulesSource>;

pub struct RulesSource {
    /// Where rules and programs are read.
    pub programs: Programs,
    pub secret: Option<PseudonymSecret>,
    pub active: Arc<ArcSwap<Active>>,
    pub self_metrics: Arc<SelfMetrics>,
    /// Keeps readers out while the rules are swapped.
    pub positions: Arc<Positions>,
    pub clock: Clock,
    pub advice: AdviceLog,
}

/// What the files hold.
#[derive(Clone, PartialEq)]
pub struct RulesContent {
    pub gathered: programs::Gathered,
    /// An error where the secret's file cannot be used.
    pub secret: Result<Option<Secret>, String>,
}

impl RulesContent {
    /// Reads rules and secret.
    pub fn read(programs: &Programs, secret: Option<&PseudonymSecret>) -> RulesContent {
        RulesContent {
            gathered: programs.gather(),
            secret: secret.map(PseudonymSecret::read).transpose(),
        }
    }
}

/// What a reload did, for people.
struct Summary {
    rules: usize,
    change: Change,
}

impl Source for RulesSource {
    type Content = RulesContent;
    type Identity = RulesContent;
    type Outcome = Reloaded;

    fn read(&self) -> RulesContent {
        RulesContent::read(&self.programs, self.secret.as_ref())
    }

    fn identity(&self, content: &RulesContent) -> RulesContent {
        content.clone()
    }

    fn passing_error<'c>(&self, content: &'c RulesContent) -> Option<&'c str> {
        content.gathered.passing_error()
    }

    fn apply(&self, content: RulesContent, why: &str) -> Reloaded {
        if let Some(error) = content.gathered.passing_error() {
            self.self_metrics.reloaded(None);
            tracing::error!(
                "the rules cannot be read ({why}); the previous ones stay in use: {error}"
            );
            return Reloaded::Wrong(format!("the rules cannot be read now: {error}\n"));
        }
        match self.swap(content) {
            Ok(summary) => {
                tracing::info!("rules reloaded ({why}): {summary}");
                Reloaded::Done(format!("rules reloaded: {summary}\n"))
            }
            Err(problems) => {
                self.self_metrics.reloaded(None);
                tracing::error!(
                    "the rules are wrong ({why}); the previous ones stay in use\n{}",
                    problems.trim_end()
                );
                Reloaded::Wrong(problems)
            }
        }
    }
}

impl RulesSource {
    fn swap(&self, content: RulesContent) -> Result<Summary, String> {
        let RulesContent { gathered, secret } = content;
        let checked = self.programs.check(gathered);
        let checked = checked.map_err(|problems| problems.to_string())?;
        let secret = secret.map_err(|error| format!("error: {error}\n"))?;
        let compiled = self.programs.compile(&checked, secret.as_ref());
        let Runnable {
            engine,
            definitions,
            multiline,
            advice,
        } = compiled.map_err(|error| format!("error: {error}\n"))?;
        let engine = Arc::new(engine);
        self.advice.log(&advice);
        let now_ms = self.clock.now_ms();
        // The rest of the program waits only here: nothing is read or compiled any more.
        let change = self.positions.snapshot(|_| {
            let old = self.active.load_full();
            let change = Change::between(old.store.definitions(), &definitions);
            let store = old.store.reload(definitions, now_ms);
            programs::resume(&engine, Some(&old.engine), &[], (&store, now_ms));
            self.active.store(Arc::new(Active {
                multiline: Arc::clone(&multiline),
                store: Arc::new(store),
                counters: rule_counters(&self.self_metrics, &engine),
                engine,
                loaded_ms: now_ms,
            }));
            change
        });
        self.self_metrics.reloaded(Some(now_ms));
        Ok(Summary {
            rules: self.active.load().engine.rule_names().count(),
            change,
        })
    }
}

/// Looks at the files for as long as it is polled.
pub async fn watch(reloader: Arc<RulesReloader>) {
    let source = reloader.source();
    let has_files =
        source.programs.has_files() || matches!(source.secret, Some(PseudonymSecret::File(_)));
    if has_files {
        reloadable::watch(LOOK_INTERVAL, move || reloader.look()).await;
    }
}

/// Reloads at each SIGHUP, for as long as it is polled.
///
/// # Errors
/// When the signal cannot be listened to. From the call on it no longer ends the process.
#[cfg(unix)]
pub fn on_hangup(reloader: Arc<RulesReloader>) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangups = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangups.recv().await.is_some() {
            let reloader = Arc::clone(&reloader);
            // It fails only where it panicked, which ends a released program.
            _ = tokio::task::spawn_blocking(move || reloader.reload("SIGHUP")).await;
        }
    })
}

/// There is no such signal here.
#[cfg(not(unix))]
pub fn on_hangup(_reloader: Arc<RulesReloader>) -> std::io::Result<impl Future<Output = ()>> {
    Ok(std::future::ready(()))
}

/// The counters of an engine's rules, shown from now on.
pub fn rule_counters(self_metrics: &SelfMetrics, engine: &Engine) -> RuleCounters {
    let field_errors = engine.field_errors().iter();
    let field_errors = field_errors.map(|error| (&*error.rule, &*error.field, error.kind));
    self_metrics.follow_rules(&KnownRules {
        names: engine.rule_names().collect(),
        field_errors: field_errors.collect(),
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.rules == 1 { "" } else { "s" };
        write!(formatter, "{} rule{plural}", self.rules)?;
        let Change { kept, new, gone } = &self.change;
        for (what, names) in [("kept", kept), ("new", new), ("gone", gone)] {
            if !names.is_empty() {
                formatter.write_str("; ")?;
                formatter.write_str(what)?;
                formatter.write_char(' ')?;
                formatter.write_str(&names.join(", "))?;
            }
        }
        Ok(())
    }
}
