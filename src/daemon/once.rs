//! `--once`: everything that is there is read to its end, and nothing is served.

use std::sync::Arc;

use super::restore;
use super::{
    Built, Failure, build, finished, jaeger_input, options, parallel_once, progress_bar,
    with_history,
};
use crate::settings::Settings;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_core::pipeline::{Shared, Worker};
use logmetrics_follow::{Follower, Mode, Stream};

/// Reads everything that is there and gives the rules' metrics.
///
/// # Errors
/// When the rules or the command line are wrong, or an input cannot be read.
pub fn once(settings: &Settings) -> Result<Snapshot, Failure> {
    let Built {
        inputs,
        mut shared,
        restored,
        ..
    } = build(settings)?;
    let positions = Arc::clone(&restored.positions);
    let history = restored.history();
    let checkpointer = restored.start_saving(
        &shared,
        history.iter().map(restore::history_notes).collect(),
    )?;
    let stop = logmetrics_follow::Stop::new();
    let events = progress_bar::Progress::new(&inputs);
    let (follower, streams) =
        logmetrics_follow::readers(inputs, options(settings, Mode::Once), &positions);
    if let Some(mut follower) = follower {
        let store = Arc::clone(&shared.live.load().store);
        // What is saved while several threads read would be read again in part, in another order.
        let threads = if checkpointer.is_some() {
            1
        } else {
            parallel_once::threads(&store)
        };
        read_files(&mut follower, threads, &shared, &events, &stop)?;
        if threads > 1 && parallel_once::depend_on_order(&store) {
            shared.live = parallel_once::emptied(&shared);
            events.begin_again();
            read_files(&mut follower, 1, &shared, &events, &stop)?;
        }
    }
    let worker = with_history(Worker::new(shared.clone()), history.as_ref());
    let mut worker = progress_bar::Watched::new(worker, &events);
    for stream in streams {
        read_stream(stream, &mut worker, &events, &stop)?;
    }
    if let Some(jaeger) = &settings.jaeger {
        jaeger_input::once(jaeger, &mut worker, &shared.clock)?;
    }
    events.finish();
    if let Some((checkpointer, _)) = checkpointer {
        finished(settings, checkpointer.finish())?;
    }
    Ok(shared.live.load().store.snapshot(shared.clock.now_ms()))
}

fn read_files(
    follower: &mut Follower,
    threads: usize,
    shared: &Shared,
    events: &progress_bar::Progress,
    stop: &logmetrics_follow::Stop,
) -> Result<(), Failure> {
    let worker = || progress_bar::Watched::new(Worker::new(shared.clone()), events);
    follower
        .once(threads, worker, events, stop)
        .map_err(|errors| {
            let said = errors
                .iter()
                .map(|error| format!("{error}: {}", error.error));
            Failure::Usage(said.collect::<Vec<_>>().join("\nerror: "))
        })
}

fn read_stream(
    stream: Stream,
    worker: &mut progress_bar::Watched<'_>,
    events: &progress_bar::Progress,
    stop: &logmetrics_follow::Stop,
) -> Result<(), Failure> {
    let name = stream.source().to_owned();
    stream
        .run(worker, events, stop)
        .map_err(|error| Failure::Run(format!("cannot read {name}: {error}")))
}
