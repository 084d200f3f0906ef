//! The open connections, up to a limit, and which one is evicted for a new one. No I/O.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Limits;

/// All open connections, up to a limit.
///
/// At the limit, the connection that has waited longest for a request is evicted for
/// the new one, rather than the new one being refused: a client that opens connections and asks nothing
/// can then never keep a health check out, and a kept-alive connection that is closed loses nothing.
#[derive(Debug)]
pub struct Connections {
    connections_max: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, Arc<Connection>>,
}

/// What is known of one connection. Its own task writes it; [`Connections`] reads it.
#[derive(Debug)]
pub struct Connection {
    number: u64,
    progress: Mutex<Progress>,
    /// Woken when the connection is asked to leave.
    pub leave: Notify,
}

/// How far a connection is, as instants. All deadlines follow from it.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Since when the other side owes a request; none while a response is running.
    pub waiting: Option<Instant>,
    /// Since when the request's head is on its way; the first one, since the connection was opened.
    pub head: Option<Instant>,
    /// Since when the last response runs.
    pub response: Option<Instant>,
    /// Since when the other side takes nothing of what is to be written.
    pub blocked: Option<Instant>,
}

/// A place among the open connections, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    pub connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Connections {
    /// None yet, and at most so many.
    pub fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            connections_max,
            inner: Mutex::default(),
        })
    }

    /// A place for a new connection. At the limit another one is evicted; none where all have a
    /// response running.
    pub fn admit(self: &Arc<Self>) -> Option<Permit> {
        let mut inner = self.lock();
        if inner.open.len() >= self.connections_max && !inner.evict_longest_waiting() {
            return None;
        }
        let number = inner.next;
        inner.next += 1;
        let now = Instant::now();
        let connection = Arc::new(Connection {
            number,
            progress: Mutex::new(Progress {
                waiting: Some(now),
                head: Some(now),
                response: None,
                blocked: None,
            }),
            leave: Notify::new(),
        });
        inner.open.insert(number, connection.clone());
        Some(Permit {
            connection,
            connections: self.clone(),
        })
    }

    /// Evicts the connection that has waited longest for a request; `false` where none waits.
    pub fn evict_longest_waiting(&self) -> bool {
        self.lock().evict_longest_waiting()
    }

    /// Asks all connections to end: at once, or after the response that is running.
    pub fn evict_all(&self) {
        for connection in self.lock().open.values() {
            connection.leave.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn evict_longest_waiting(&mut self) -> bool {
        let waiting = self.open.values().filter_map(|connection| {
            let progress = *connection.progress();
            let since = progress.waiting.filter(|_| progress.blocked.is_none())?;
            Some((since, connection.number))
        });
        let Some((_, number)) = waiting.min() else {
            return false;
        };
        if let Some(connection) = self.open.remove(&number) {
            connection.leave.notify_one();
        }
        true
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.connection.number);
    }
}

impl Connection {
    /// The connection's progress, to be looked at or changed at once.
    pub fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// When the connection is cut unless something happens before.
    pub fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let Some(waiting) = self.waiting.filter(|_| self.blocked.is_none()) else {
            let stalled = self.blocked.map(|since| since + limits.stall_timeout);
            let slow = self.response.map(|since| since + limits.response_timeout);
            return stalled.into_iter().chain(slow).min();
        };
        Some(match self.head {
            Some(since) => since + limits.head_timeout,
            None => waiting + limits.idle_timeout,
        })
    }

    /// Whether nothing of a response is left to be written.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some() && self.blocked.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn asked_to_leave(permit: &Permit) -> bool {
        // A permit that is stored is there at the first poll.
        tokio::time::timeout(Duration::ZERO, permit.connection.leave.notified())
            .await
            .is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_waiting_gives_way() {
        let connections = Connections::new(2);
        let first = connections.admit().unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = connections.admit().unwrap();
        // The first has asked and been answered since, so the second waits longer.
        tokio::time::advance(Duration::from_secs(1)).await;
        first.connection.progress().waiting = Some(Instant::now());
        let third = connections.admit().unwrap();
        assert!(asked_to_leave(&second).await);
        assert!(!asked_to_leave(&first).await);
        // Its place is taken already; giving back the permit frees nothing twice.
        drop(second);
        third.connection.progress().waiting = None;
        let _fourth = connections.admit().unwrap();
        assert!(asked_to_leave(&first).await);
        assert!(!asked_to_leave(&third).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_with_a_response_gives_way() {
        let connections = Connections::new(2);
        let running = connections.admit().unwrap();
        running.connection.progress().waiting = None;
        let blocked = connections.admit().unwrap();
        blocked.connection.progress().blocked = Some(Instant::now());
        assert!(connections.admit().is_none());
        drop(running);
        assert!(connections.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines() {
        let limits = Limits::default();
        let now = Instant::now();
        let fresh = Progress {
            waiting: Some(now),
            head: Some(now),
            response: None,
            blocked: None,
        };
        assert_eq!(fresh.deadline(&limits), Some(now + limits.head_timeout));
        let idle = Progress {
            head: None,
            ..fresh
        };
        assert_eq!(idle.deadline(&limits), Some(now + limits.idle_timeout));
        let in_line = Progress {
            waiting: None,
            ..idle
        };
        assert_eq!(in_line.deadline(&limits), None);
        let answering = Progress {
            response: Some(now),
            ..in_line
        };
        assert_eq!(
            answering.deadline(&limits),
            Some(now + limits.response_timeout)
        );
        let later = now + limits.response_timeout - Duration::from_secs(40);
        let stalled = Progress {
            blocked: Some(later),
            ..answering
        };
        assert_eq!(
            stalled.deadline(&limits),
            Some(later + limits.stall_timeout)
        );
        let trickling = Progress {
            blocked: Some(later + Duration::from_secs(30)),
            ..answering
        };
        assert_eq!(
            trickling.deadline(&limits),
            Some(now + limits.response_timeout)
        );
        // The body has ended, and its last bytes are not taken yet.
        let last_bytes = Progress {
            blocked: Some(now),
            ..idle
        };
        assert_eq!(
            last_bytes.deadline(&limits),
            Some(now + limits.stall_timeout)
        );
        assert!(!last_bytes.is_waiting());
    }
}
