//! Small files that hold secrets: keys, passwords, tokens, certificates.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No file of a certificate, of passwords or of tokens is larger, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The content of a file that is small if it is the one that was meant.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// The contents of several files.
///
/// # Errors
/// The first that cannot be read, as a text that names it.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let read = |path: &PathBuf| {
        read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// Logs a warning where users other than its owner may read the file.
pub fn warn_if_others_read(path: &Path) {
    if is_readable_by_others(path) {
        tracing::warn!(
            "`{0}` is readable by other users; `chmod 600 {0}` restricts it to its owner",
            path.display()
        );
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A pipe, as the shell's `<(…)` gives it, is not on the disk.
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![b'1'; 2 << 20]).unwrap();
        let message = read_all(&[file.path().to_owned()]).unwrap_err();
        assert!(message.ends_with("it is larger than 1 MiB"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn others_are_the_group_and_the_world() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, open) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false)] {
            std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(is_readable_by_others(file.path()), open, "{mode:o}");
        }
    }
}
