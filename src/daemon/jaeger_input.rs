//! Jaeger as one more input: its thread, and what it tells as metrics and messages.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing::{info, warn};

use super::Failure;
use crate::server::Latch;
use crate::settings::{JaegerSettings, Since};
use logmetrics_core::checkpoint::NoteSource;
use logmetrics_core::clock::Clock;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::pipeline::Worker;
use logmetrics_core::rate_limit::Limited;
use logmetrics_follow::line::Origin;
use logmetrics_follow::{Positions, Sink};
use logmetrics_gateway::jaeger::{
    self, Client, CountedSpans, JaegerMetrics, Poller, Watcher, Window,
};

/// Warnings of one kind a minute, at most.
const WARNINGS_PER_MINUTE: u32 = 4;

/// The notes of what was counted.
pub const PREFIX: &str = "jaeger";

/// A Jaeger that is ready to be followed.
pub struct JaegerInput {
    poller: Poller,
    client: Client,
    watcher: Events,
}

impl JaegerInput {
    /// Prepares it. `saved` is what [`Poller::changes`] gave before a restart; nothing without state.
    ///
    /// # Errors
    /// Certificates that cannot be read.
    pub fn new(
        settings: &JaegerSettings,
        saved: Vec<(Vec<u8>, Vec<u8>)>,
        positions: Arc<Positions>,
        self_metrics: &SelfMetrics,
        clock: Clock,
    ) -> Result<JaegerInput, Failure> {
        let client =
            Client::new(&settings.query).map_err(|error| Failure::Usage(error.to_string()))?;
        let metrics = JaegerMetrics::register(self_metrics.registry())
            .map_err(|error| Failure::Run(error.to_string()))?;
        let origin = origin(settings);
        let question = format!("{} {}", origin.source, settings.query.service);
        let since_us = since_us(settings, &clock);
        let (seen, is_known) = if saved.is_empty() {
            (CountedSpans::new(question, since_us), true)
        } else {
            CountedSpans::restore(question, since_us, saved)
        };
        if !is_known {
            warn!(
                "the state is of another jaeger or another service than {}; starting again",
                origin.source
            );
        }
        let limited = Limited::new(clock.clone(), WARNINGS_PER_MINUTE);
        Ok(JaegerInput {
            watcher: Events {
                source: Arc::clone(&origin.source),
                metrics,
                limited,
                is_up: Mutex::new(None),
                latch: Mutex::new(None),
            },
            poller: Poller {
                schedule: settings.schedule,
                seen: Arc::new(Mutex::new(seen)),
                positions,
                clock,
                origin,
            },
            client,
        })
    }

    /// Lets what was counted be saved.
    pub fn notes(&self) -> NoteSource {
        NoteSource {
            prefix: PREFIX,
            changes: Box::new(self.poller.changes()),
        }
    }

    /// Follows it until `stop` is requested. `latch` is let go after the first attempt.
    pub fn run(self, mut worker: Worker, latch: Latch, stop: &logmetrics_follow::Stop) {
        let JaegerInput {
            poller,
            client,
            watcher,
        } = self;
        info!(
            "asking {} for spans every {:?}",
            watcher.source, poller.schedule.interval
        );
        *watcher.latch.lock().unwrap_or_else(PoisonError::into_inner) = Some(latch);
        poller.run(client, &mut worker, &watcher, stop);
    }
}

/// Counts everything between the beginning and now, once.
///
/// # Errors
/// Where Jaeger cannot be asked.
pub fn once(
    settings: &JaegerSettings,
    worker: &mut impl Sink,
    clock: &Clock,
) -> Result<(), Failure> {
    let origin = origin(settings);
    let window = Window {
        start_us: since_us(settings, clock),
        end_us: clock.now_ms().saturating_mul(1_000),
    };
    let stream = worker.open(origin, 0, &[]);
    let mut offset = 0;
    jaeger::fetch(&settings.query, window, |mut request| {
        request.line.push(b'\n');
        offset += worker.offer(stream, offset, &request.line) as u64;
        true
    })
    .map_err(|failure| match failure {
        jaeger::Failure::Authorities(_) => Failure::Usage(failure.to_string()),
        failure => Failure::Run(failure.to_string()),
    })?;
    worker.close(stream, offset, b"");
    Ok(())
}

/// The input as metrics and messages name it: the URL without credentials.
pub fn source(settings: &JaegerSettings) -> String {
    settings.query.address.to_string()
}

fn origin(settings: &JaegerSettings) -> Origin {
    let source: Arc<str> = Arc::from(source(settings));
    Origin {
        file: Arc::clone(&source),
        source,
    }
}

fn since_us(settings: &JaegerSettings, clock: &Clock) -> u64 {
    let now_us = clock.now_ms().saturating_mul(1_000);
    match settings.since {
        Since::Now => now_us,
        Since::Ago(ago) => {
            now_us.saturating_sub(u64::try_from(ago.as_micros()).unwrap_or(u64::MAX))
        }
        Since::At(us) => us,
    }
}

struct Events {
    source: Arc<str>,
    metrics: JaegerMetrics,
    limited: Limited,
    is_up: Mutex<Option<bool>>,
    latch: Mutex<Option<Latch>>,
}

impl Events {
    /// Whether it changed. What exists was read, or is waited for: readiness need not wait.
    fn turns(&self, is_up: bool) -> bool {
        self.metrics.up.set(i64::from(is_up));
        self.latch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut known = self.is_up.lock().unwrap_or_else(PoisonError::into_inner);
        known.replace(is_up) != Some(is_up)
    }
}

impl Watcher for Events {
    fn asked(&self, answered: bool) {
        if answered {
            self.metrics.answered.inc();
        } else {
            self.metrics.failed.inc();
        }
    }

    fn up(&self) {
        if self.turns(true) {
            info!("jaeger at {} answers", self.source);
        }
    }

    fn away(&self, failure: &jaeger::Failure, wait: Duration) {
        self.turns(false);
        if let Some(more) = self.limited.admit("away") {
            warn!("{failure}; trying again in {wait:?}{more}");
        }
    }

    fn counted(&self, spans: usize) {
        self.metrics.spans.inc_by(spans as u64);
    }

    fn unreadable(&self, spans: usize) {
        if spans > 0
            && let Some(more) = self.limited.admit("unreadable")
        {
            let source = &self.source;
            warn!("{spans} spans of {source} have no id or no start and are not counted{more}");
        }
    }

    fn gave_up(&self) {
        if let Some(more) = self.limited.admit("gave up") {
            warn!(
                "more spans within `--jaeger-late` than can be remembered: the oldest are taken as complete; \
                 a shorter `--jaeger-late` needs less{more}"
            );
        }
    }

    fn lag(&self, seconds: f64) {
        self.metrics.lag_seconds.set(seconds);
    }
}
