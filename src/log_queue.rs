//! Standard error for the program's log, at the end of a queue. A standard error that fails, such as a
//! full disk or a closed pipe, does not end the program, and one that nobody reads does not block it:
//! messages that find no room are dropped, and their number is written once there is room.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

/// Messages that wait to be written.
const QUEUE_LENGTH: usize = 1024;

/// How long the end of the program waits for messages to be written.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

static QUEUE: OnceLock<SyncSender<Entry>> = OnceLock::new();
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Entry {
    Message(Vec<u8>),
    /// Reports that all before it is written.
    Flush(SyncSender<()>),
}

/// Puts each message in the queue; made for each.
pub struct QueueWriter;

/// Starts the thread that writes. Where there can be none, messages are written by those who log.
pub fn start() {
    let (sender, receiver) = mpsc::sync_channel(QUEUE_LENGTH);
    let thread = std::thread::Builder::new().name("log".to_owned());
    if thread.spawn(move || write_all(&receiver)).is_ok() {
        _ = QUEUE.set(sender);
    }
}

/// Waits for a moment until all messages so far are written.
pub fn flush() {
    let Some(queue) = QUEUE.get() else { return };
    let (done, wait) = mpsc::sync_channel(1);
    if queue.try_send(Entry::Flush(done)).is_ok() {
        _ = wait.recv_timeout(FLUSH_WAIT);
    }
}

impl Write for QueueWriter {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        match QUEUE.get() {
            None => write(message),
            Some(queue) => {
                let sent = queue.try_send(Entry::Message(message.to_vec()));
                if let Err(TrySendError::Full(_)) = sent {
                    DROPPED.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Message(message) => write(&message),
            Entry::Flush(done) => _ = done.send(()),
        }
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            write(format!("{dropped} messages were dropped, as nobody read them\n").as_bytes());
        }
    }
}

/// There is nobody to tell where this fails.
fn write(message: &[u8]) {
    _ = io::stderr().write_all(message);
}
