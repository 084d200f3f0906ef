//! The rules, read again while everything runs: when asked, by SIGHUP, and when their files change.
//! New rules take over between two lines; wrong ones change nothing.

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::server::Reloaded;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::metrics::reload::Change;
use logmetrics_core::metrics::self_metrics::{KnownRules, RuleCounters, SelfMetrics};
use logmetrics_core::pipeline::Active;
use logmetrics_core::rules::{self, Gathered, Problem};
use logmetrics_follow::Positions;

/// How often the rules' files are looked at. They are read whole each time: they are small, and what
/// editors, mounted volumes and swinging symbolic links do to them looks the same so on every system.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Reloads the rules.
pub struct Reloader {
    /// Where the rules are; the built-in ones where there is none.
    pub paths: Vec<PathBuf>,
    /// The key of pseudonyms.
    pub secret: Option<Secret>,
    /// What runs.
    pub live: Arc<ArcSwap<Active>>,
    /// The program's own metrics.
    pub own: Arc<SelfMetrics>,
    /// Keeps readers out while the rules are swapped.
    pub positions: Arc<Positions>,
    /// The time.
    pub clock: Clock,
    /// What the files held when they were last loaded or found wrong. Locked for a whole reload, so
    /// that two never cross.
    pub last: Mutex<Gathered>,
}

/// What a good reload did, for people.
struct Summary {
    rules: usize,
    change: Change,
}

impl Reloader {
    /// Reads the rules again and lets them take over, or says why not. May wait for the disk.
    pub fn reload(&self, why: &str) -> Reloaded {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = rules::gather(&self.paths);
        self.take_over(last.clone(), why)
    }

    /// Reloads where the files changed. A change counts when two looks have found it the same: an
    /// editor may be in the middle of it. `before` is what the last look found.
    fn look(&self, before: &mut Option<Gathered>) {
        let now = rules::gather(&self.paths);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_still = before.as_ref() == Some(&now);
        if is_still && now != *last {
            *last = now.clone();
            self.take_over(now.clone(), "the files changed");
        }
        *before = Some(now);
    }

    fn take_over(&self, gathered: Gathered, why: &str) -> Reloaded {
        match self.try_take_over(gathered) {
            Ok(summary) => {
                tracing::info!("rules reloaded ({why}): {summary}");
                Reloaded::Done(format!("rules reloaded: {summary}\n"))
            }
            Err(problems) => {
                self.own.reloaded(None);
                tracing::error!(
                    "the rules are wrong ({why}); the ones from before stay in use\n{}",
                    problems.trim_end()
                );
                Reloaded::Wrong(problems)
            }
        }
    }

    fn try_take_over(&self, gathered: Gathered) -> Result<Summary, String> {
        let loaded = gathered.check().map_err(|problems| problems.to_string())?;
        let engine = Engine::new(&loaded.set, self.secret.as_ref());
        let engine = Arc::new(engine.map_err(|error| format!("error: {error}\n"))?);
        advise(&loaded.advice);
        let now_ms = self.clock.now_ms();
        // Only here is the rest of the program kept waiting: nothing is read or compiled any more.
        let change = self.positions.cut(|_| {
            let old = self.live.load_full();
            let definitions = loaded.set.metrics;
            let change = Change::between(old.store.definitions(), &definitions);
            self.live.store(Arc::new(Active {
                store: Arc::new(old.store.reload(definitions, now_ms)),
                counters: follow(&self.own, &engine),
                engine,
                loaded_ms: now_ms,
            }));
            change
        });
        self.own.reloaded(Some(now_ms));
        Ok(Summary {
            rules: self.live.load().engine.rule_names().count(),
            change,
        })
    }
}

/// Looks at the rules' files for as long as it is polled.
pub async fn watch(reloader: Arc<Reloader>) {
    if reloader.paths.is_empty() {
        return;
    }
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = None;
    loop {
        ticks.tick().await;
        let reloader = Arc::clone(&reloader);
        // The files may lie on a disk that hangs.
        let look = tokio::task::spawn_blocking(move || {
            reloader.look(&mut before);
            before
        });
        before = look.await.unwrap_or_default();
    }
}

/// Reloads at each SIGHUP, for as long as it is polled.
///
/// # Errors
/// When the signal cannot be listened to. From the call on it no longer ends the process.
#[cfg(unix)]
pub fn on_hangup(reloader: Arc<Reloader>) -> std::io::Result<impl Future<Output = ()>> {
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
pub fn on_hangup(_reloader: Arc<Reloader>) -> std::io::Result<impl Future<Output = ()>> {
    Ok(std::future::ready(()))
}

/// Says what is probably not meant.
pub fn advise(advice: &[Problem]) {
    for problem in advice {
        tracing::warn!("{}", problem.message);
    }
}

/// The counters of an engine's rules, shown from now on.
pub fn follow(own: &SelfMetrics, engine: &Engine) -> RuleCounters {
    let field_errors = engine.field_errors().iter();
    let field_errors = field_errors.map(|error| (&*error.rule, &*error.field, error.kind));
    own.follow_rules(&KnownRules {
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
