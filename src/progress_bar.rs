//! How far reading to the end is: lines on standard error, on a terminal only.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use logmetrics_gateway::jaeger;

/// How often lines are drawn.
const EVERY: Duration = Duration::from_millis(100);

/// What there is to read.
pub struct Progress {
    /// Bytes of files.
    pub bytes: u64,
    /// How many of them were read.
    pub read: Arc<AtomicU64>,
    /// What is fetched.
    pub jaeger: Option<Arc<jaeger::FetchProgress>>,
}

impl Progress {
    /// Runs `work` while the lines are drawn, and takes them away.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            let (done, wait) = mpsc::channel::<()>();
            if std::io::stderr().is_terminal() && (self.bytes > 0 || self.jaeger.is_some()) {
                scope.spawn(move || self.show(&wait));
            }
            let result = work();
            drop(done);
            result
        })
    }

    fn show(&self, done: &mpsc::Receiver<()>) {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let add = |template: &str, length: u64| {
            let bar = lines.add(ProgressBar::new(length));
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        };
        let files = (self.bytes > 0).then(|| {
            add(
                "reading {bar:30} {bytes} of {total_bytes}, {eta} left",
                self.bytes,
            )
        });
        let asked = self.jaeger.as_ref().map(|jaeger| {
            let window = jaeger.window;
            let length = window.end_us.saturating_sub(window.start_us);
            (jaeger, add("asking jaeger {bar:30} {msg}", length))
        });
        while done.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            if let Some(bar) = &files {
                bar.set_position(self.read.load(Ordering::Relaxed));
            }
            if let Some((jaeger, bar)) = &asked {
                bar.set_position(jaeger.reached_us().saturating_sub(jaeger.window.start_us));
                bar.set_message(said(jaeger));
            }
        }
        _ = lines.clear();
    }
}

/// `12345 requests up to 2026-10-08 14:03`
fn said(jaeger: &jaeger::FetchProgress) -> String {
    let micros = i64::try_from(jaeger.reached_us()).unwrap_or_default();
    let reached = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    let reached = reached.strftime("%Y-%m-%d %H:%M");
    format!("{} requests up to {reached}", jaeger.requests())
}
