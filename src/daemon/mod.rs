//! A run: build, start, serve, drain, in this order. Nothing is parsed or matched here.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;

use crate::server::{self, Access, Latch, Limits, Readiness};
use crate::settings::{From, Settings};
use crate::shutdown::{self, Stop};
use logmetrics_core::checkpoint::Checkpointer;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::Engine;
use logmetrics_core::history::{Notice, Recognizer};
use logmetrics_core::metrics::self_metrics::{KnownSources, SelfMetrics};
use logmetrics_core::pipeline::{Active, HistorySink, Shared, Worker};
use logmetrics_core::rate_limit::Limited;
use logmetrics_core::rules::{self, Gathered, Problems};
use logmetrics_follow::{Begin, Mode, Options, Positions, Specification};

mod app_state;
mod jaeger_input;
mod once;
mod reader_events;
mod reload;
mod restore;
mod scrapers;

use app_state::AppState;
pub use once::{Counted, once};
use reader_events::{MESSAGES_PER_MINUTE, ReaderEvents};
use reload::Reloader;
use restore::{Restored, Told};
use scrapers::Scrapers;

/// How often messages that were held back are looked for.
const OVERDUE_INTERVAL: Duration = Duration::from_secs(10);

/// Why a run could not begin or go on.
#[derive(Debug)]
pub enum Failure {
    /// The rules are wrong; all problems.
    Rules(Problems),
    /// The command line is wrong.
    Usage(String),
    /// The run itself failed.
    Run(String),
}

/// What a run is made of, before anything is read.
struct Built {
    inputs: Vec<Specification>,
    /// The rules' texts as they were loaded.
    gathered: Gathered,
    parts: Shared,
    memory: Restored,
}

fn build(settings: &Settings) -> Result<Built, Failure> {
    let inputs = Specification::parse_all(&settings.inputs).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Usage(errors.join("\nerror: "))
    })?;
    let gathered = rules::gather(&settings.rules);
    let loaded = gathered.clone().check().map_err(Failure::Rules)?;
    let engine = Engine::new(&loaded.set, settings.secret.as_ref())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    reload::advise(&loaded.advice);
    let clock = Clock::system();
    let jaeger = settings.jaeger.as_ref().map(jaeger_input::source);
    let own = SelfMetrics::new(&KnownSources {
        sources: sources(&inputs, jaeger.as_deref()).collect(),
        revision: env!("LOGMETRICS_REVISION"),
        rustc: env!("LOGMETRICS_RUSTC"),
    })
    .map_err(|error| Failure::Run(error.to_string()))?;
    let now_ms = clock.now_ms();
    own.reloaded(Some(now_ms));
    let (store, memory) = Restored::open(settings, loaded.set.metrics, now_ms)?;
    let live = Active {
        store: Arc::new(store),
        counters: reload::follow(&own, &engine),
        engine: Arc::new(engine),
        loaded_ms: now_ms,
    };
    let parts = Shared {
        active: Arc::new(ArcSwap::from_pointee(live)),
        self_metrics: Arc::new(own),
        samples: Arc::default(),
        clock,
    };
    Ok(Built {
        inputs,
        gathered,
        parts,
        memory,
    })
}

/// All inputs by name, Jaeger last.
fn sources<'a>(
    inputs: &'a [Specification],
    jaeger: Option<&'a str>,
) -> impl Iterator<Item = &'a str> {
    inputs.iter().map(|input| &*input.source).chain(jaeger)
}

fn options(settings: &Settings, mode: Mode) -> Options {
    Options {
        mode,
        begin: match settings.from {
            From::Start => Begin::Start,
            From::End => Begin::End,
        },
        rotate_wait: settings.rotate_wait,
        ..Options::default()
    }
}

/// Follows the inputs and serves, until a signal (or the end of standard input, where that is the
/// end of the run).
///
/// # Errors
/// When the rules or the command line are wrong, or the port cannot be had. Nothing has been read
/// then.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let built = build(settings)?;
    let access = Access::new(&settings.protection).map_err(Failure::Usage)?;
    // One thread is enough: a page is rendered a piece at a time, so that nobody waits for long.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Run(format!("cannot start the server: {error}")))?;
    runtime.block_on(follow(settings, built, access))
}

/// A run within its runtime.
async fn follow(settings: &Settings, built: Built, access: Access) -> Result<(), Failure> {
    let Built {
        inputs,
        gathered,
        parts,
        memory,
    } = built;
    let listener =
        server::bind(&settings.listen).map_err(|error| Failure::Run(error.to_string()))?;
    let (stop, drain) = shutdown::channel();
    shutdown::on_signals(stop.clone()).map_err(no_signals)?;
    let positions = Arc::clone(&memory.positions);
    let scrapers = Arc::new(Scrapers::restored(&memory.notes.of(scrapers::PREFIX)));
    let replay = memory.replay();
    let jaeger = jaeger(settings, &parts, &memory)?;
    let notes = replay.iter().map(restore::notes_of);
    let notes = notes.chain(jaeger.as_ref().map(jaeger_input::Input::notes));
    let notes = notes.chain([scrapers.notes()]).collect();
    let (keeper, state) = memory.keep(&parts, notes)?.unzip();
    let reloader = Arc::new(reloader(settings, &parts, &positions, gathered));
    tokio::spawn(reload::on_hangup(Arc::clone(&reloader)).map_err(no_signals)?);
    announce(&listener, &access);
    let content = running(settings, &inputs, &reloader, (&parts, state, scrapers));
    let (readiness, latch) = Readiness::new();
    let reading = logmetrics_follow::Stop::new();
    let at_end = settings.exit_on_eof.then(|| stop.clone());
    let messages = Arc::new(Limited::new(parts.clock.clone(), MESSAGES_PER_MINUTE));
    let shared = Reading {
        parts: &parts,
        positions: &positions,
        messages: &messages,
        latch: &latch,
        at_end: at_end.as_ref(),
        reading: &reading,
        replay,
    };
    let mut readers = start(settings, inputs, &shared)?;
    if let Some(jaeger) = jaeger {
        readers.push(start_jaeger(jaeger, &shared)?);
    }
    tokio::spawn(tell_overdue(messages));
    tokio::spawn(reload::watch(reloader));
    // From here on only the readers hold readiness back.
    drop(latch);
    let (tell, told) = std::sync::mpsc::channel();
    let lines_read = async move {
        drain.drained().await;
        // Reading to the end takes its own threads; the server answers meanwhile.
        reading.drain();
        _ = tokio::task::spawn_blocking(move || {
            readers.into_iter().for_each(join);
            // Nobody listens any more where the runtime was stopped before.
            _ = tell.send(keeper.map_or(Ok(()), Checkpointer::finish));
        })
        .await;
    };
    server::serve(
        listener,
        content,
        readiness,
        Limits::default(),
        access,
        lines_read,
    )
    .await;
    drop(stop);
    tracing::info!(
        "stopped; {} lines were read",
        parts.self_metrics.lines_read()
    );
    finished(settings, told.try_recv().unwrap_or(Ok(())))
}

fn reloader(
    settings: &Settings,
    parts: &Shared,
    positions: &Arc<Positions>,
    gathered: Gathered,
) -> Reloader {
    Reloader {
        paths: settings.rules.clone(),
        secret: settings.secret.clone(),
        live: Arc::clone(&parts.active),
        own: Arc::clone(&parts.self_metrics),
        positions: Arc::clone(positions),
        clock: parts.clock.clone(),
        last: Mutex::new(gathered),
    }
}

/// What the server shows.
fn running(
    settings: &Settings,
    inputs: &[Specification],
    reloader: &Arc<Reloader>,
    (parts, state, scrapers): (&Shared, Option<Told>, Arc<Scrapers>),
) -> Arc<AppState> {
    let jaeger = settings.jaeger.as_ref().map(jaeger_input::source);
    Arc::new(AppState {
        live: Arc::clone(&parts.active),
        reloader: Arc::clone(reloader),
        own: Arc::clone(&parts.self_metrics),
        samples: Arc::clone(&parts.samples),
        inputs: sources(inputs, jaeger.as_deref())
            .map(str::to_owned)
            .collect(),
        state,
        scrapers,
        started_ms: parts.clock.now_ms(),
        clock: parts.clock.clone(),
    })
}

fn no_signals(error: io::Error) -> Failure {
    Failure::Run(format!("cannot listen to signals: {error}"))
}

/// Says where it serves, and whether passwords could be overheard there.
fn announce(listener: &TcpListener, access: &Access) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    tracing::info!("listening on {}://{address}", access.scheme());
    if access.is_bare() && !address.ip().is_loopback() {
        tracing::warn!(
            "passwords and tokens cross the network unencrypted; add --tls-cert and --tls-key"
        );
    }
}

/// Tells now and then of messages that were held back and that nothing brings up again.
async fn tell_overdue(messages: Arc<Limited>) {
    let mut ticks = tokio::time::interval(OVERDUE_INTERVAL);
    loop {
        ticks.tick().await;
        for (what, more) in messages.overdue() {
            tracing::info!("{what}{more}");
        }
    }
}

/// What the reading threads share.
struct Reading<'a> {
    parts: &'a Shared,
    positions: &'a Arc<Positions>,
    messages: &'a Arc<Limited>,
    latch: &'a Latch,
    at_end: Option<&'a Stop>,
    reading: &'a logmetrics_follow::Stop,
    replay: Option<Arc<Mutex<Recognizer>>>,
}

/// A thread for all files, and one for each pipe.
fn start(
    settings: &Settings,
    inputs: Vec<Specification>,
    shared: &Reading<'_>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let (follower, streams) =
        logmetrics_follow::readers(inputs, options(settings, Mode::Follow), shared.positions);
    let mut readers = Vec::new();
    let new = |at_end: Option<Stop>| {
        let own = Arc::clone(&shared.parts.self_metrics);
        let messages = Arc::clone(shared.messages);
        let events = ReaderEvents::new(own, messages, shared.latch.clone(), at_end);
        let worker = with_history(Worker::new(shared.parts.clone()), shared.replay.as_ref());
        (worker, events, shared.reading.clone())
    };
    if let Some(mut follower) = follower {
        let (mut worker, events, reading) = new(None);
        readers.push(spawn("files", move || {
            // While following, a file that cannot be read is said by an event and tried again.
            _ = follower.run(&mut worker, &events, &reading);
        })?);
    }
    for stream in streams {
        let name = stream.source().to_owned();
        let (mut worker, events, reading) = new(shared.at_end.cloned().filter(|_| name == "-"));
        readers.push(spawn("pipe", move || {
            if let Err(error) = stream.run(&mut worker, &events, &reading) {
                tracing::error!("cannot read {name}: {error}");
                logmetrics_follow::Events::ended(&events, &name);
            }
        })?);
    }
    Ok(readers)
}

/// Jaeger as an input, where that is asked.
fn jaeger(
    settings: &Settings,
    parts: &Shared,
    memory: &Restored,
) -> Result<Option<jaeger_input::Input>, Failure> {
    let new = |jaeger| {
        let saved = memory.notes.of(jaeger_input::PREFIX);
        let positions = Arc::clone(&memory.positions);
        jaeger_input::Input::new(
            jaeger,
            saved,
            positions,
            &parts.self_metrics,
            parts.clock.clone(),
        )
    };
    settings.jaeger.as_ref().map(new).transpose()
}

/// A thread for Jaeger.
fn start_jaeger(
    jaeger: jaeger_input::Input,
    shared: &Reading<'_>,
) -> Result<JoinHandle<()>, Failure> {
    let worker = Worker::new(shared.parts.clone());
    let (latch, stop) = (shared.latch.clone(), shared.reading.clone());
    spawn("jaeger", move || jaeger.run(worker, latch, &stop))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Failure> {
    let thread = std::thread::Builder::new().name(format!("read-{name}"));
    thread
        .spawn(body)
        .map_err(|error| Failure::Run(format!("cannot start a thread: {error}")))
}

/// A reader that panics ends a released program; elsewhere the others are still waited for.
fn join(reader: JoinHandle<()>) {
    _ = reader.join();
}

/// The end of a run whose last save may have failed.
fn finished(settings: &Settings, saved: Result<(), String>) -> Result<(), Failure> {
    let file = settings.state.iter().map(|state| state.file.display());
    saved.map_err(|error| {
        let file = file.map(|file| file.to_string()).collect::<String>();
        Failure::Run(format!("cannot save the state in `{file}`: {error}"))
    })
}

/// A worker that knows again what standard input repeats, where that is remembered.
fn with_history(worker: Worker, replay: Option<&Arc<Mutex<Recognizer>>>) -> HistorySink {
    let Some(recognizer) = replay else {
        return HistorySink::without(worker);
    };
    HistorySink::new(worker, Arc::clone(recognizer), |notice| match notice {
        Notice::Repeated { .. } => tracing::info!("{notice}"),
        _ => tracing::warn!("{notice}"),
    })
}
