//! Signals to one drain token, and the deadline for what it stops. Knows no module by name.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

use crate::log_queue;

/// How long draining may take after a signal. Whoever sent it mostly kills half a minute after it; a disk
/// or a server that hangs holds up nothing longer. What is not read then is read at the next start.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(25);

/// Tells the program to drain. Clones tell the same thing.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: watch::Sender<bool>,
}

/// Knows whether the program drains. Every part of it holds a clone.
#[derive(Debug, Clone)]
pub struct Drain {
    receiver: watch::Receiver<bool>,
}

/// A token that only [`Stop`] sets.
pub fn channel() -> (Stop, Drain) {
    let (sender, receiver) = watch::channel(false);
    (Stop { sender }, Drain { receiver })
}

impl Stop {
    /// Begins to drain. There is no way back; saying it twice changes nothing.
    pub fn stop(&self) {
        self.sender.send_replace(true);
    }
}

impl Drain {
    #[cfg(test)]
    pub fn has_begun(&self) -> bool {
        *self.receiver.borrow()
    }

    /// Returns when draining has begun, or when nobody is left who could begin it: a program that
    /// nothing can stop is worse than one that stops.
    pub async fn drained(mut self) {
        // An error says that every `Stop` is gone.
        _ = self.receiver.wait_for(|begun| *begun).await;
    }
}

/// Drains at the first SIGTERM or SIGINT (elsewhere: Ctrl-C), and exits at once at the second, or where
/// draining takes too long.
///
/// Must be called inside the runtime. From then on those signals no longer end the process.
pub fn on_signals(stop: Stop) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    tokio::spawn(async move {
        let first = signals.next().await;
        tracing::info!("{first}: stopping; once more stops at once");
        stop.stop();
        match tokio::time::timeout(DRAIN_TIME_MAX, signals.next()).await {
            Ok(second) => tracing::warn!("{second} again: stopped before the end"),
            Err(_) => tracing::warn!(
                "not everything was read within {} s: stopped before the end",
                DRAIN_TIME_MAX.as_secs()
            ),
        }
        log_queue::flush();
        std::process::exit(1);
    });
    Ok(())
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing will ever come; the process can still be ended from outside.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_clones_hear_it_early_and_late() {
        let (stop, drain) = channel();
        let early = tokio::spawn(drain.clone().drained());
        assert!(!drain.has_begun());
        stop.clone().stop();
        stop.stop();
        early.await.unwrap();
        assert!(drain.has_begun());
        drain.clone().drained().await;
    }

    #[tokio::test]
    async fn nobody_left_to_say_it_is_the_end_too() {
        let (stop, drain) = channel();
        drop(stop);
        drain.clone().drained().await;
        assert!(!drain.has_begun());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_signal_begins_it() {
        let (stop, drain) = channel();
        on_signals(stop).unwrap();
        let killed = std::process::Command::new("kill")
            .args(["-TERM", &std::process::id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        tokio::time::timeout(std::time::Duration::from_secs(10), drain.drained())
            .await
            .unwrap();
    }
}
