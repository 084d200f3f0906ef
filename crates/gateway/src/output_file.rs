//! The one way in which a command writes a file for its user: under another name in the same folder first, and
//! under its own when it is whole. What went wrong, a full disk for instance, leaves what was there before.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Names that are tried for the unfinished file.
const PART_NAMES_MAX: u32 = 100;

/// How a file is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputOptions<'a> {
    /// Whether a file of this name may be replaced.
    pub replaces: bool,
    /// Whether its owner alone may read it, as names of people are in it.
    pub is_private: bool,
    /// Files that are read meanwhile, and are never replaced.
    pub inputs: &'a [PathBuf],
}

/// A file that is being written. One that is dropped before it is finished is removed.
#[derive(Debug)]
pub struct OutputFile {
    file: Option<File>,
    path: PathBuf,
    /// Where it is written meanwhile; none where `path` is no regular file, such as a fifo.
    part: Option<PathBuf>,
    replaces: bool,
}

impl OutputFile {
    /// Begins a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where a file is there that may not be replaced, or why none
    /// can be written.
    pub fn create(path: &Path, options: &OutputOptions) -> io::Result<OutputFile> {
        if let Ok(metadata) = path.metadata() {
            if options.inputs.iter().any(|input| is_same(path, input)) {
                return Err(io::Error::other("it is read by the same command"));
            }
            if metadata.is_dir() || (metadata.is_file() && !options.replaces) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if !metadata.is_file() {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(OutputFile::new(file, path, None, options));
            }
        }
        let (file, part) = create_part(path, options.is_private)?;
        Ok(OutputFile::new(file, path, Some(part), options))
    }

    fn new(file: File, path: &Path, part: Option<PathBuf>, options: &OutputOptions) -> OutputFile {
        OutputFile {
            file: Some(file),
            path: path.to_owned(),
            part,
            replaces: options.replaces,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the permissions of the file that it replaces, if there is one.
    ///
    /// # Errors
    /// When they cannot be read or set.
    pub fn keep_permissions(&self) -> io::Result<()> {
        match (&self.file, &self.part, self.path.metadata()) {
            (Some(file), Some(_), Ok(metadata)) => file.set_permissions(metadata.permissions()),
            _ => Ok(()),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When its end cannot be written, or another file got the name meanwhile.
    pub fn finish(mut self) -> io::Result<()> {
        let (Some(file), Some(part)) = (&self.file, &self.part) else {
            return Ok(());
        };
        file.sync_all()?;
        if !self.replaces && std::fs::symlink_metadata(&self.path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(part, &self.path)?;
        self.part = None;
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file
            .as_mut()
            .map_or(Ok(bytes.len()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        self.file = None;
        if let Some(part) = &self.part {
            // What cannot be removed stays, under a name that shows what it is.
            _ = std::fs::remove_file(part);
        }
    }
}

/// A new file, `NAME.part`. One that is there, or a link, is left alone and another name taken.
fn create_part(path: &Path, is_private: bool) -> io::Result<(File, PathBuf)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    let mut number = 0;
    loop {
        let mut name = OsString::from(path);
        name.push(match number {
            0 => ".part".to_owned(),
            number => format!(".part-{number}"),
        });
        match options.open(&name) {
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists && number < PART_NAMES_MAX =>
            {
                number += 1;
            }
            opened => return Ok((opened?, name.into())),
        }
    }
}

#[cfg(unix)]
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| path.metadata().map(|it| (it.dev(), it.ino())).ok();
    id(one).is_some_and(|one| id(other) == Some(one))
}

#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path) -> bool {
    let path = |path: &Path| path.canonicalize().ok();
    path(one).is_some_and(|one| path(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    const REPLACES: OutputOptions<'static> = OutputOptions {
        replaces: true,
        is_private: true,
        inputs: &[],
    };

    #[test]
    fn a_file_that_is_not_finished_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        std::fs::write(&path, "old").unwrap();
        let mut output = OutputFile::create(&path, &REPLACES).unwrap();
        output.write_all(b"new").unwrap();
        drop(output);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let mut output = OutputFile::create(&path, &REPLACES).unwrap();
        output.write_all(b"new").unwrap();
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["report"]);
    }

    #[test]
    fn an_input_is_never_replaced_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("gateway.log");
        std::fs::write(&input, "lines").unwrap();
        let other_name = folder.path().join("same.log");
        std::fs::hard_link(&input, &other_name).unwrap();
        let options = OutputOptions {
            inputs: std::slice::from_ref(&input),
            ..REPLACES
        };
        for path in [&input, &other_name] {
            assert!(OutputFile::create(path, &options).is_err());
        }
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_keeps_who_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.toml");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let mut output = OutputFile::create(&path, &REPLACES).unwrap();
        output.keep_permissions().unwrap();
        output.write_all(b"new").unwrap();
        output.finish().unwrap();
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let other = OutputFile::create(&folder.path().join("new"), &REPLACES).unwrap();
        other.keep_permissions().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_somebody_put_there_is_not_followed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("report"), folder.path().join("victim"));
        std::fs::write(&victim, "theirs").unwrap();
        for link in ["report", "report.part"] {
            std::os::unix::fs::symlink(&victim, folder.path().join(link)).unwrap();
        }
        let mut output = OutputFile::create(&path, &REPLACES).unwrap();
        output.write_all(b"mine").unwrap();
        output.finish().unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"theirs");
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        assert!(metadata.is_file());
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
