//! Standard input where poll(2) is not: a thread that reads, and one that looks for the stop.
//!
//! Weaker than `polled.rs`: a stop is noticed within a tenth of a second, and the reading thread
//! ends with the process. There are no fifos here.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::{Pump, Stream};
use crate::stop::Stop;
use crate::{Events, Sink};

const STOP_LOOK: Duration = Duration::from_millis(100);

pub(crate) fn run<S: Sink>(
    stream: &Stream,
    sink: &mut S,
    events: &dyn Events,
    stop: &Stop,
) -> io::Result<()> {
    let mut pump = Pump::new(
        &stream.source,
        Arc::clone(&stream.source),
        sink,
        &stream.positions,
    );
    let (sender, receiver) = sync_channel::<io::Result<Vec<u8>>>(16);
    std::thread::spawn(move || {
        let mut block = vec![0; 64 << 10];
        loop {
            let read = io::stdin().lock().read(&mut block);
            let read = read.map(|length| block.get(..length).unwrap_or_default().to_vec());
            let last = !matches!(&read, Ok(bytes) if !bytes.is_empty());
            if sender.send(read).is_err() || last {
                return;
            }
        }
    });
    events.opened(&stream.source, Path::new("-"));
    events.caught_up();
    loop {
        match receiver.recv_timeout(STOP_LOOK) {
            Ok(Ok(bytes)) if bytes.is_empty() => break,
            Ok(Ok(bytes)) => {
                if let Some(room) = pump.room().get_mut(..bytes.len()) {
                    room.copy_from_slice(&bytes);
                    pump.took(bytes.len());
                    pump.report_encoding(events);
                }
            }
            Ok(Err(error)) => return Err(error),
            Err(RecvTimeoutError::Timeout) => pump.settle_records(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if stop.is_requested() {
            pump.stop();
            return Ok(());
        }
    }
    pump.end();
    events.ended(&stream.source);
    Ok(())
}
