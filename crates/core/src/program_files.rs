//! Files of rules and programs: which entries of a folder they are, and how they are read.
//!
//! Nothing waits for what is no file, so that whoever may write into a folder of rules can neither
//! hold up a reload nor the end of the program.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No file of rules is larger, in bytes.
const FILE_BYTES_MAX: usize = 16 << 20;

/// How long a pipe that is named itself, as the shell's `<(…)`, may take to bring its text.
const PIPE_WAIT: Duration = Duration::from_secs(5);

/// How often a pipe is looked at.
const PIPE_LOOK: Duration = Duration::from_millis(10);

/// The files of a folder, sorted by name.
#[derive(Debug, Clone, Default)]
pub struct FolderFiles {
    pub files: Vec<PathBuf>,
    /// What has such a name but is not taken, and why.
    pub passed_over: Vec<String>,
}

/// Files of `folder` whose names end in `.ENDING`. Hidden ones, those that editors leave, and what is no
/// file are passed over.
///
/// # Errors
/// When the folder cannot be read.
pub fn in_folder(folder: &Path, ending: &str) -> io::Result<FolderFiles> {
    let mut found = FolderFiles::default();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match reason_against(&path, ending) {
            Verdict::IsNone => {}
            Verdict::Taken => found.files.push(path),
            Verdict::PassedOver(why) => {
                let path = path.display();
                (found.passed_over).push(format!("`{path}` is passed over: {why}"));
            }
        }
    }
    found.files.sort();
    found.passed_over.sort();
    Ok(found)
}

enum Verdict {
    Taken,
    /// It is of another kind, or gone.
    IsNone,
    PassedOver(&'static str),
}

fn reason_against(path: &Path, ending: &str) -> Verdict {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let dotted = format!(".{ending}");
    if !name.contains(&dotted) {
        return Verdict::IsNone;
    }
    if name.starts_with('.') {
        return Verdict::PassedOver("its name is hidden");
    }
    if !name.ends_with(&dotted) {
        return Verdict::PassedOver("its name is that of an old or unfinished copy");
    }
    let is_link = fs::symlink_metadata(path).is_ok_and(|entry| entry.is_symlink());
    match fs::metadata(path) {
        Ok(entry) if entry.is_file() => Verdict::Taken,
        Ok(entry) if entry.is_dir() => Verdict::PassedOver("it is a folder"),
        Ok(_) => Verdict::PassedOver("it is no file, but a pipe, a socket or a device"),
        Err(error) if is_link && !is_passing(&error) => {
            Verdict::PassedOver("it is a link that leads to no file")
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Verdict::IsNone,
        // Reading it says what is wrong.
        Err(_) => Verdict::Taken,
    }
}

/// Whether an error says nothing of the file: too many open files, a disk that fails, a server that is
/// away. It may be gone at the next look.
pub fn is_passing(error: &io::Error) -> bool {
    let is_of_file = matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::PermissionDenied
            | ErrorKind::IsADirectory
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidData
            | ErrorKind::InvalidFilename
    );
    let is_loop = cfg!(unix) && error.raw_os_error() == Some(LOOP);
    error.raw_os_error().is_some() && !is_of_file && !is_loop
}

/// `ELOOP`: a link that leads to itself.
#[cfg(unix)]
const LOOP: i32 = rustix::io::Errno::LOOP.raw_os_error();

#[cfg(not(unix))]
const LOOP: i32 = 0;

/// A file's content.
///
/// # Errors
/// When it cannot be read, is far too large for rules, or is a pipe that brings nothing.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    let mut bytes = Vec::new();
    if kind.is_file() {
        (&mut file)
            .take(FILE_BYTES_MAX as u64 + 1)
            .read_to_end(&mut bytes)?;
    } else {
        read_pipe(&mut file, &mut bytes)?;
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

/// Opens without waiting for a writer of a pipe.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn read_pipe(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<()> {
    let end = Instant::now() + PIPE_WAIT;
    let mut block = [0; 8192];
    while bytes.len() <= FILE_BYTES_MAX {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(block.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if Instant::now() > end {
                    return Err(io::Error::other(
                        "it is no file, and brings no end of its text",
                    ));
                }
                std::thread::sleep(PIPE_LOOK);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
