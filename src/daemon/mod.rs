//! A run: build, start, serve, drain, in this order. Nothing is parsed or matched here.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::programs::{self, Programs, Runnable};
use crate::server::{self, Access, Latch, Limits, Listener, Readiness};
use crate::settings::{BeginAt, Settings};
use crate::shutdown::{self, Stop};
use logmetrics_core::checkpoint::{Checkpointer, NoteSource};
use logmetrics_core::clock::Clock;
use logmetrics_core::history::{Notice, Recognizer};
use logmetrics_core::metrics::self_metrics::{KnownSources, SelfMetrics};
use logmetrics_core::pipeline::{Active, HistorySink, Shared, Worker};
use logmetrics_core::rate_limit::Limited;
use logmetrics_core::rules::Problems;
use logmetrics_follow::{Begin, Mode, Options, Positions, Specification};

mod advice_log;
mod app_state;
mod jaeger_input;
mod mounted_files;
mod mtail_pages;
mod once;
mod own_metrics;
mod push;
mod reader_events;
mod reload;
mod restore;
mod saved_pages;
mod scrapers;

use advice_log::AdviceLog;
use app_state::AppState;
use jaeger_input::JaegerInput;
use mounted_files::MountedFiles;
use mtail_pages::MtailPages;
pub use once::{Counted, once};
use own_metrics::OwnMetrics;
use push::Pushing;
use reader_events::{MESSAGES_PER_MINUTE, ReaderEvents};
use reload::{RulesContent, RulesReloader, RulesSource};
use restore::{Restored, ShownCheckpoint};
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
    /// With what was logged of them.
    programs: (Programs, AdviceLog),
    /// The rules and the secret as they were loaded.
    rules: RulesContent,
    shared: Shared,
    restored: Restored,
}

fn build(settings: &Settings) -> Result<Built, Failure> {
    let inputs = Specification::parse_all(&settings.inputs).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Usage(errors.join("\nerror: "))
    })?;
    let inputs = match &settings.ignored {
        None => inputs,
        Some(ignored) => (inputs.into_iter())
            .filter_map(|input| input.without(ignored))
            .collect(),
    };
    let clock = Clock::system();
    let programs = Programs::new(&settings.rules, &settings.mtail, &clock)
        .with_multiline(settings.multiline.clone());
    let rules = RulesContent::read(&programs, settings.secret.as_ref());
    let checked = programs.check(rules.gathered.clone());
    let checked = checked.map_err(Failure::Rules)?;
    let secret = rules.secret.clone().map_err(Failure::Usage)?;
    let Runnable {
        engine,
        definitions,
        multiline,
        advice,
    } = programs
        .compile(&checked, secret.as_ref())
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let advice_log = AdviceLog::default();
    advice_log.log(&advice);
    let jaeger = settings.jaeger.as_ref().map(jaeger_input::source);
    let self_metrics = SelfMetrics::new(&KnownSources {
        sources: sources(&inputs, jaeger.as_deref()).collect(),
        revision: env!("LOGMETRICS_REVISION"),
        rustc: env!("LOGMETRICS_RUSTC"),
    })
    .map_err(|error| Failure::Run(error.to_string()))?;
    let now_ms = clock.now_ms();
    self_metrics.reloaded(Some(now_ms));
    let (store, restored) = Restored::open(settings, definitions, now_ms)?;
    let notes = restored.notes.of(programs::NOTES);
    programs::resume(&engine, None, &notes, (&store, now_ms));
    let active = Active {
        store: Arc::new(store),
        counters: reload::rule_counters(&self_metrics, &engine),
        engine: Arc::new(engine),
        multiline,
        loaded_ms: now_ms,
    };
    let shared = Shared {
        active: Arc::new(ArcSwap::from_pointee(active)),
        self_metrics: Arc::new(self_metrics),
        samples: Arc::default(),
        clock,
    };
    Ok(Built {
        inputs,
        programs: (programs, advice_log),
        rules,
        shared,
        restored,
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
            BeginAt::Start => Begin::Start,
            BeginAt::End => Begin::End,
        },
        rotate_wait: settings.rotate_wait,
        rotated_dirs: settings.rotated_dirs.clone(),
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
    let ended = runtime.block_on(follow(settings, built, access));
    // What still looks at files, on a disk that hangs, is not waited for.
    runtime.shutdown_background();
    ended
}

/// After so many lines of an input of which none matched, it is said.
const LINES_BEFORE_SAID: u64 = 50;

/// A run within its runtime.
async fn follow(settings: &Settings, built: Built, access: Access) -> Result<(), Failure> {
    let Built {
        inputs,
        programs,
        rules,
        shared,
        restored,
    } = built;
    let listener = listener(settings)?;
    shared.samples.never.say_after(LINES_BEFORE_SAID);
    let (stop, drain) = shutdown::channel();
    shutdown::on_signals(stop.clone()).map_err(no_signals)?;
    let positions = Arc::clone(&restored.positions);
    let scrapers = restored.scrapers(&shared);
    let history = restored.history();
    let jaeger = jaeger(settings, &shared, &restored)?;
    let notes = history.iter().map(restore::history_notes);
    let notes = notes.chain(jaeger.as_ref().map(JaegerInput::notes));
    let remembered = restored.program_notes(&shared);
    let notes = notes.chain([scraper_notes(&scrapers, &shared), remembered]);
    let pushing = Pushing::start(settings.push.as_ref(), &shared)?;
    let own = own_metrics(settings, (&inputs, &programs.0), (&shared, &pushing));
    let saving = restored.start_saving(&shared, &own, notes.collect())?;
    let (checkpointer, shown) = saving.map(|one| (one.checkpointer, one.shown)).unzip();
    let reloader = Arc::new(reloader(settings, programs, (&shared, &positions), &rules));
    tokio::spawn(reload::on_hangup(Arc::clone(&reloader)).map_err(no_signals)?);
    log_address(&listener, &access);
    let state = app_state(
        settings,
        &inputs,
        &reloader,
        (&shared, shown, scrapers, own),
    );
    let (readiness, latch) = Readiness::new();
    let reading = logmetrics_follow::Stop::new();
    let at_end = settings.exit_on_eof.then(|| stop.clone());
    let messages = Arc::new(Limited::new(shared.clock.clone(), MESSAGES_PER_MINUTE));
    let context = ReaderContext {
        shared: &shared,
        positions: &positions,
        messages: &messages,
        latch: &latch,
        at_end: at_end.as_ref(),
        reading: &reading,
        history,
    };
    let readers = start_readers(settings, inputs, jaeger, &context)?;
    tokio::spawn(log_overdue(messages));
    tokio::spawn(reload::watch(reloader));
    // From here on only the readers hold readiness back.
    drop(latch);
    let (report, reported) = std::sync::mpsc::channel();
    let lines_read = async move {
        drain.drained().await;
        // Reading to the end takes its own threads; the server answers meanwhile.
        reading.drain();
        _ = tokio::task::spawn_blocking(move || {
            readers.into_iter().for_each(join);
            // Nobody receives it where the runtime was stopped before.
            _ = report.send(checkpointer.map_or(Ok(()), Checkpointer::finish));
        })
        .await;
    };
    let limits = Limits::default();
    server::serve(listener, state, readiness, limits, access, lines_read).await;
    drop((stop, pushing));
    tracing::info!(
        "stopped; {} lines were read",
        shared.self_metrics.lines_read()
    );
    finished(settings, reported.try_recv().unwrap_or(Ok(())))
}

fn reloader(
    settings: &Settings,
    (programs, advice): (Programs, AdviceLog),
    (shared, positions): (&Shared, &Arc<Positions>),
    loaded: &RulesContent,
) -> RulesReloader {
    let source = RulesSource {
        programs,
        secret: settings.secret.clone(),
        active: Arc::clone(&shared.active),
        self_metrics: Arc::clone(&shared.self_metrics),
        positions: Arc::clone(positions),
        clock: shared.clock.clone(),
        advice,
    };
    RulesReloader::new(source, loaded)
}

/// The names of all inputs.
fn input_names(settings: &Settings, inputs: &[Specification]) -> Vec<String> {
    let jaeger = settings.jaeger.as_ref().map(jaeger_input::source);
    let names = sources(inputs, jaeger.as_deref());
    names.map(str::to_owned).collect()
}

/// What a page says of the program itself.
fn own_metrics(
    settings: &Settings,
    (inputs, programs): (&[Specification], &Programs),
    (shared, pushing): (&Shared, &Pushing),
) -> Arc<OwnMetrics> {
    let mtail = || MtailPages {
        loads: Arc::clone(programs.loads()),
        has_pages: settings.mtail.has_pages,
        inputs: input_names(settings, inputs),
        pushes: pushing.counts.clone(),
    };
    let is_mtails = settings.mtail.page.is_mtails;
    Arc::new(OwnMetrics {
        self_metrics: Arc::clone(&shared.self_metrics),
        mtail: is_mtails.then(mtail),
    })
}

/// What the server shows.
fn app_state(
    settings: &Settings,
    inputs: &[Specification],
    reloader: &Arc<RulesReloader>,
    (shared, saving, scrapers, own): (
        &Shared,
        Option<ShownCheckpoint>,
        Arc<Scrapers>,
        Arc<OwnMetrics>,
    ),
) -> Arc<AppState> {
    let mounted = Arc::new(MountedFiles::new(inputs, &shared.self_metrics));
    tokio::spawn(mounted_files::watch(Arc::clone(&mounted)));
    Arc::new(AppState {
        own,
        zero_start: settings.zero_start,
        active: Arc::clone(&shared.active),
        reloader: Arc::clone(reloader),
        self_metrics: Arc::clone(&shared.self_metrics),
        samples: Arc::clone(&shared.samples),
        mounted,
        inputs: input_names(settings, inputs),
        saving,
        scrapers,
        started_ms: shared.clock.now_ms(),
        clock: shared.clock.clone(),
    })
}

/// Lets the checkpoint hold who was shown what. Called within a save, after its page was taken.
fn scraper_notes(scrapers: &Arc<Scrapers>, shared: &Shared) -> NoteSource {
    let (scrapers, shared) = (Arc::clone(scrapers), shared.clone());
    NoteSource {
        prefix: scrapers::PREFIX,
        changes: Box::new(move || {
            let now_ms = shared.clock.now_ms();
            let store = &shared.active.load().store;
            let changes = scrapers.take_changes(store.series_created(), now_ms);
            store.keep_unshown(scrapers.unshown(now_ms));
            changes
        }),
    }
}

fn no_signals(error: io::Error) -> Failure {
    Failure::Run(format!("cannot listen to signals: {error}"))
}

/// The port, or the socket in the file system.
fn listener(settings: &Settings) -> Result<Listener, Failure> {
    match &settings.unix_socket {
        Some(path) => Listener::unix(path)
            .map_err(|error| Failure::Run(format!("cannot listen on {}: {error}", path.display()))),
        None => match server::bind(&settings.listen) {
            Ok(listener) => Ok(listener.into()),
            Err(error) => Err(Failure::Run(error.to_string())),
        },
    }
}

/// Logs where it serves, and whether passwords cross the network unencrypted.
fn log_address(listener: &Listener, access: &Access) {
    let Some(address) = listener.address() else {
        return tracing::info!("listening on {listener}");
    };
    tracing::info!("listening on {}://{address}", access.scheme());
    if access.is_unencrypted() && !address.ip().is_loopback() {
        tracing::warn!(
            "passwords and tokens cross the network unencrypted; add --tls-cert and --tls-key"
        );
    }
}

/// Logs how many messages were held back, where no further one of their kind does.
async fn log_overdue(messages: Arc<Limited>) {
    let mut ticks = tokio::time::interval(OVERDUE_INTERVAL);
    loop {
        ticks.tick().await;
        for (what, more) in messages.overdue() {
            tracing::info!("{what}{more}");
        }
    }
}

/// What the reading threads share.
struct ReaderContext<'a> {
    shared: &'a Shared,
    positions: &'a Arc<Positions>,
    messages: &'a Arc<Limited>,
    latch: &'a Latch,
    at_end: Option<&'a Stop>,
    reading: &'a logmetrics_follow::Stop,
    history: Option<Arc<Mutex<Recognizer>>>,
}

/// A thread for all files, one for each pipe, and one for Jaeger.
fn start_readers(
    settings: &Settings,
    inputs: Vec<Specification>,
    jaeger: Option<JaegerInput>,
    context: &ReaderContext<'_>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let (follower, streams) =
        logmetrics_follow::readers(inputs, options(settings, Mode::Follow), context.positions);
    let mut readers = Vec::new();
    let new = |at_end: Option<Stop>| {
        let self_metrics = Arc::clone(&context.shared.self_metrics);
        let messages = Arc::clone(context.messages);
        let events = ReaderEvents::new(self_metrics, messages, context.latch.clone(), at_end);
        let worker = Worker::new(context.shared.clone());
        let worker = with_history(worker, context.history.as_ref());
        (worker, events, context.reading.clone())
    };
    if let Some(mut follower) = follower {
        let (mut worker, events, reading) = new(None);
        readers.push(spawn("files", move || {
            // While following, a file that cannot be read is an event, and is tried again.
            _ = follower.run(&mut worker, &events, &reading);
        })?);
    }
    for stream in streams {
        let name = stream.source().to_owned();
        let (mut worker, events, reading) = new(context.at_end.cloned().filter(|_| name == "-"));
        readers.push(spawn("pipe", move || {
            if let Err(error) = stream.run(&mut worker, &events, &reading) {
                tracing::error!("cannot read {name}: {error}");
                logmetrics_follow::Events::ended(&events, &name);
            }
        })?);
    }
    if let Some(jaeger) = jaeger {
        readers.push(start_jaeger(jaeger, context)?);
    }
    Ok(readers)
}

/// Jaeger as an input, where that is asked.
fn jaeger(
    settings: &Settings,
    shared: &Shared,
    restored: &Restored,
) -> Result<Option<JaegerInput>, Failure> {
    let new = |jaeger| {
        let saved = restored.notes.of(jaeger_input::PREFIX);
        let positions = Arc::clone(&restored.positions);
        JaegerInput::new(
            jaeger,
            saved,
            positions,
            &shared.self_metrics,
            shared.clock.clone(),
        )
    };
    settings.jaeger.as_ref().map(new).transpose()
}

/// A thread for Jaeger.
fn start_jaeger(
    jaeger: JaegerInput,
    context: &ReaderContext<'_>,
) -> Result<JoinHandle<()>, Failure> {
    let worker = Worker::of_whole_lines(context.shared.clone());
    let (latch, stop) = (context.latch.clone(), context.reading.clone());
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

/// A worker that leaves out what standard input repeats, where its history is kept.
fn with_history(worker: Worker, history: Option<&Arc<Mutex<Recognizer>>>) -> HistorySink {
    let Some(recognizer) = history else {
        return HistorySink::without(worker);
    };
    HistorySink::new(worker, Arc::clone(recognizer), |notice| match notice {
        Notice::Repeated { .. } => tracing::info!("{notice}"),
        _ => tracing::warn!("{notice}"),
    })
}
