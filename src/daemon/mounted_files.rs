//! Files that are mounted by themselves, as containers are given a single log, and whose originals were
//! renamed or deleted: what is written under the old name then never arrives here.
//!
//! Linux tells by the mount's root, which follows the original's name. Elsewhere nothing is known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_follow::{InputKind, Specification};

/// How often the mounts are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

const MOUNTS: &str = "/proc/self/mountinfo";

/// What the system appends to the root of a mount whose original is gone.
const DELETED: &str = "//deleted";

/// The inputs that are single files.
pub struct MountedFiles {
    files: Vec<(Arc<str>, PathBuf)>,
    self_metrics: Arc<SelfMetrics>,
    /// The roots of their mounts as they were first seen.
    roots: Mutex<HashMap<PathBuf, String>>,
    /// What is known of those that moved: input and message.
    moved: Mutex<Vec<(Arc<str>, String)>>,
}

impl MountedFiles {
    pub fn new(inputs: &[Specification], self_metrics: &Arc<SelfMetrics>) -> MountedFiles {
        let file = |input: &Specification| match &input.kind {
            InputKind::File(path) => Some((Arc::clone(&input.source), path.clone())),
            _ => None,
        };
        let mounted = MountedFiles {
            files: inputs.iter().filter_map(file).collect(),
            self_metrics: Arc::clone(self_metrics),
            roots: Mutex::default(),
            moved: Mutex::default(),
        };
        // What the originals are called now is what they are compared with.
        mounted.look();
        mounted
    }

    /// Why nothing arrives from an input, if that is known.
    pub fn reason(&self, source: &str) -> Option<String> {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let found = moved.iter().find(|(input, _)| **input == *source);
        found.map(|(_, message)| message.clone())
    }

    fn look(&self) {
        if self.files.is_empty() {
            return;
        }
        let Ok(mounts) = std::fs::read_to_string(MOUNTS) else {
            return;
        };
        let now = self.look_at(&mounts);
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, message) in &now {
            // The file itself is open and can be read, so nothing else says it.
            self.self_metrics.source(source).up.set(0);
            if !moved.iter().any(|(_, known)| known == message) {
                tracing::warn!("{message}");
            }
        }
        *moved = now;
    }

    fn look_at(&self, mounts: &str) -> Vec<(Arc<str>, String)> {
        let mounted: HashMap<PathBuf, String> = mounts.lines().filter_map(mount).collect();
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut moved = Vec::new();
        for (source, path) in &self.files {
            let path = path.canonicalize().unwrap_or_else(|_| path.clone());
            let Some(root) = mounted.get(&path) else {
                roots.remove(&path);
                continue;
            };
            let first = roots.entry(path.clone()).or_insert_with(|| root.clone());
            if let Some(what) = what_happened(first, root) {
                moved.push((Arc::clone(source), message(&path, &what)));
            }
        }
        moved
    }
}

/// Looks for as long as it is polled.
pub async fn watch(mounted: Arc<MountedFiles>) {
    if !mounted.files.is_empty() && cfg!(target_os = "linux") {
        crate::reloadable::watch(LOOK_INTERVAL, move || mounted.look()).await;
    }
}

fn message(path: &Path, what: &str) -> String {
    format!(
        "{} is mounted by itself, and its original was {what}: what is written under the old name does \
         not arrive here; mount its folder instead of the file, or rotate it by copytruncate, and start \
         the container again",
        path.display()
    )
}

fn what_happened(first: &str, now: &str) -> Option<String> {
    if now.ends_with(DELETED) {
        return Some("deleted".to_owned());
    }
    let name = Path::new(now).file_name()?.to_string_lossy();
    (first != now).then(|| format!("renamed to `{name}`"))
}

/// The mount point and the root of a line such as `43 27 254:0 /log/gw.log /logs/gw.log rw - ext4 …`.
fn mount(line: &str) -> Option<(PathBuf, String)> {
    let mut fields = line.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    Some((PathBuf::from(unescaped(point)), unescaped(root)))
}

/// Blanks, tabs, line ends and backslashes are written as three octal digits.
fn unescaped(field: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(field.to_owned(), |text, (escape, plain)| {
        text.replace(escape, plain)
    })
}

#[cfg(test)]
mod tests {
    use logmetrics_core::metrics::self_metrics::KnownSources;

    use super::*;

    #[test]
    fn a_renamed_or_deleted_original_is_known_by_its_mount() {
        let inputs = Specification::parse_all(["/logs/my gw.log", "/other.log"]).unwrap();
        let self_metrics = Arc::new(SelfMetrics::new(&KnownSources::default()).unwrap());
        let mounted = MountedFiles::new(&inputs, &self_metrics);
        let look = |root: &str| {
            let mounts = format!(
                "1 0 254:0 / / rw - ext4 /dev/vda rw\n\
                 43 1 254:0 {root} /logs/my\\040gw.log rw,relatime - ext4 /dev/vda rw\n"
            );
            let moved = mounted.look_at(&mounts).into_iter();
            moved
                .map(|(source, message)| format!("{source}: {message}"))
                .collect::<String>()
        };
        assert_eq!(look("/var/log/gw.log"), "");
        let renamed = look("/var/log/gw.log.1");
        let words = "/logs/my gw.log: /logs/my gw.log is mounted by itself, and its original was \
                     renamed to `gw.log.1`: ";
        assert!(renamed.starts_with(words), "{renamed}");
        assert!(look("/var/log/gw.log.1//deleted").contains("was deleted"));
        assert_eq!(look("/var/log/gw.log"), "");
        // Mounted again.
        assert_eq!(mounted.look_at("").len(), 0);
        assert_eq!(look("/var/log/gw.log.1"), "");
    }
}
