//! What a LOG argument means: a file, a glob, a fifo, a socket or standard input.
//!
//! Arguments become data here, and wrong ones errors that say the way out. Nothing is opened.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use super::glob::{Glob, NameFilter};
use super::socket_address::SocketAddress;

/// One input, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// The argument itself: the `source` of everything that is read through it.
    pub source: Arc<str>,
    /// What it names.
    pub kind: InputKind,
}

/// What an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// `-`
    StandardInput,
    /// A fifo or a character device: read as it comes, no position. The path is absolute.
    Fifo(PathBuf),
    /// One file, which need not exist yet. The path is absolute.
    File(PathBuf),
    /// Every file that matches.
    Glob(Glob),
    /// A socket that is listened on: what comes by it is read as it comes, no position.
    Socket(SocketAddress),
}

/// Why an argument cannot be an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecificationError {
    /// The argument is empty.
    #[error("expected a file, a glob or -, but found an empty argument")]
    Empty,
    /// The argument is a folder.
    #[error("expected a file, but `{argument}` is a folder; for the files in it write '{hint}'")]
    Folder {
        /// As typed.
        argument: String,
        /// What was probably meant.
        hint: String,
    },
    /// The argument is a socket.
    #[error(
        "expected a file, but `{argument}` is a socket; to listen on one write unix://{argument}, or \
         unixgram://{argument} for datagrams"
    )]
    Socket {
        /// As typed.
        argument: String,
    },
    /// The argument begins as the address of a socket and is none.
    #[error("expected {expected}, but found `{argument}`")]
    Address {
        /// As typed.
        argument: String,
        /// What it should look like.
        expected: &'static str,
    },
    /// The glob cannot be understood.
    #[error("expected a glob, but `{argument}` is none: {message} (at character {position})")]
    Glob {
        /// As typed.
        argument: String,
        /// What is wrong.
        message: &'static str,
        /// Where, in characters from the start of the argument, the first being 1.
        position: usize,
    },
    /// The current folder cannot be told, so a relative path means nothing.
    #[error("`{argument}` is a relative path, but the current folder is gone")]
    NoCurrentFolder {
        /// As typed.
        argument: String,
    },
}

impl Specification {
    /// Reads one LOG argument. What exists decides first: a path with glob characters that is there
    /// literally is that file.
    pub fn parse(argument: &OsStr) -> Result<Self, SpecificationError> {
        let text = argument.to_string_lossy().into_owned();
        if text.is_empty() {
            return Err(SpecificationError::Empty);
        }
        let source = Arc::from(text.as_str());
        if text == "-" {
            return Ok(Specification {
                source,
                kind: InputKind::StandardInput,
            });
        }
        if let Some(address) = SocketAddress::parse(&text) {
            let address = address.map_err(|expected| SpecificationError::Address {
                argument: text.clone(),
                expected,
            })?;
            return Ok(Specification {
                source,
                kind: InputKind::Socket(address),
            });
        }
        let Ok(path) = std::path::absolute(argument) else {
            return Err(SpecificationError::NoCurrentFolder { argument: text });
        };
        let kind = match fs::metadata(&path) {
            Ok(metadata) => kind_of(path, text, &metadata.file_type())?,
            Err(_) if fs::symlink_metadata(&path).is_ok() => InputKind::File(path),
            Err(_) if Glob::is_glob(argument.as_encoded_bytes()) => {
                InputKind::Glob(parse_glob(argument)?)
            }
            Err(_) if text.ends_with(std::path::is_separator) => return Err(folder(text)),
            Err(_) => InputKind::File(path),
        };
        Ok(Specification { source, kind })
    }

    /// The same input without files that the filter names; none where that is all of it.
    pub fn without(self, ignored: &NameFilter) -> Option<Self> {
        let kind = match self.kind {
            InputKind::Glob(glob) => InputKind::Glob(glob.without(ignored.clone())),
            InputKind::File(path) | InputKind::Fifo(path) if ignored.names(&path) => return None,
            other => other,
        };
        Some(Specification { kind, ..self })
    }

    /// Reads every LOG argument; the same argument twice is one input. All errors are returned.
    pub fn parse_all<I, A>(arguments: I) -> Result<Vec<Self>, Vec<SpecificationError>>
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        let (mut specifications, mut errors) = (Vec::<Self>::new(), Vec::new());
        for argument in arguments {
            match Self::parse(argument.as_ref()) {
                Ok(new) if specifications.iter().any(|old| old.kind == new.kind) => {}
                Ok(new) => specifications.push(new),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(specifications)
        } else {
            Err(errors)
        }
    }

    /// Whether this input has `path` as one of its files, if it is a file.
    pub(crate) fn names(&self, path: &Path) -> bool {
        match &self.kind {
            InputKind::File(file) => file == path,
            InputKind::Glob(glob) => glob.matches(path),
            InputKind::StandardInput | InputKind::Fifo(_) | InputKind::Socket(_) => false,
        }
    }

    /// Whether a change of `path` can change which files this input has: it is, or may become,
    /// one of them, or a folder on the way to one.
    pub(crate) fn concerns(&self, path: &Path) -> bool {
        match &self.kind {
            InputKind::File(file) => file.starts_with(path),
            InputKind::Glob(glob) => glob.concerns(path),
            InputKind::StandardInput | InputKind::Fifo(_) | InputKind::Socket(_) => false,
        }
    }
}

#[cfg(unix)]
fn kind_of(
    path: PathBuf,
    text: String,
    kind: &fs::FileType,
) -> Result<InputKind, SpecificationError> {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_dir() => Err(folder(text)),
        () if kind.is_socket() => Err(SpecificationError::Socket { argument: text }),
        () if kind.is_file() => Ok(InputKind::File(path)),
        () => Ok(InputKind::Fifo(path)),
    }
}

#[cfg(not(unix))]
fn kind_of(
    path: PathBuf,
    text: String,
    kind: &fs::FileType,
) -> Result<InputKind, SpecificationError> {
    if kind.is_dir() {
        Err(folder(text))
    } else {
        Ok(InputKind::File(path))
    }
}

fn folder(argument: String) -> SpecificationError {
    let hint = format!("{}/*", argument.trim_end_matches(std::path::is_separator));
    SpecificationError::Folder { argument, hint }
}

fn parse_glob(argument: &OsStr) -> Result<Glob, SpecificationError> {
    let shown = || argument.to_string_lossy().into_owned();
    let current = std::env::current_dir();
    let current = match (Path::new(argument).is_absolute(), &current) {
        (_, Ok(current)) => current.as_path(),
        (true, Err(_)) => Path::new("/"),
        (false, Err(_)) => {
            return Err(SpecificationError::NoCurrentFolder { argument: shown() });
        }
    };
    Glob::parse(argument.as_encoded_bytes(), current).map_err(|error| {
        let before = argument.as_encoded_bytes().get(..error.at);
        let before = String::from_utf8_lossy(before.unwrap_or_default());
        SpecificationError::Glob {
            argument: shown(),
            message: error.message,
            position: before.chars().count() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(argument: &str) -> Result<InputKind, String> {
        Specification::parse(argument.as_ref())
            .map(|specification| specification.kind)
            .map_err(|error| error.to_string())
    }

    fn glob(argument: &str) -> Glob {
        match kind(argument) {
            Ok(InputKind::Glob(glob)) => glob,
            other => panic!("expected a glob, but found {other:?}"),
        }
    }

    #[test]
    fn what_exists_decides_before_glob_characters() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        assert_eq!(kind("-"), Ok(InputKind::StandardInput));
        assert_eq!(
            kind(&path("later.log")),
            Ok(InputKind::File(path("later.log").into()))
        );
        std::fs::write(path("odd[1].log"), "").unwrap();
        assert_eq!(
            kind(&path("odd[1].log")),
            Ok(InputKind::File(path("odd[1].log").into()))
        );
        assert_eq!(glob(&path("odd[2].log")).base(), folder.path());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("nowhere"), path("link*")).unwrap();
            assert_eq!(
                kind(&path("link*")),
                Ok(InputKind::File(path("link*").into()))
            );
        }
    }

    #[test]
    fn relative_paths_are_made_absolute_and_the_source_stays_as_typed() {
        let specification = Specification::parse("some.log".as_ref()).unwrap();
        let current = std::env::current_dir().unwrap();
        assert_eq!(&*specification.source, "some.log");
        assert_eq!(
            specification.kind,
            InputKind::File(current.join("some.log"))
        );
        assert_eq!(glob("./logs/*.log").base(), current.join("logs"));
    }

    #[test]
    fn sockets_are_named_by_their_scheme() {
        use SocketAddress::{Tcp, Udp, UnixDatagram, UnixStream};
        for (argument, address) in [
            ("unix:///run/x.sock", UnixStream("/run/x.sock".into())),
            ("unixgram:///run/x", UnixDatagram("/run/x".into())),
            ("tcp://127.0.0.1:514", Tcp("127.0.0.1:514".into())),
            ("tcp://:514", Tcp("0.0.0.0:514".into())),
            ("udp://[::1]:514", Udp("[::1]:514".into())),
        ] {
            assert_eq!(kind(argument), Ok(InputKind::Socket(address)), "{argument}");
        }
        for (argument, word) in [
            ("unix://", "unix:///run"),
            ("tcp://host", "tcp://127.0.0.1:514"),
            ("udp://host:x", "udp://127.0.0.1:514"),
        ] {
            let error = kind(argument).unwrap_err();
            assert!(error.contains(word) && error.contains(argument), "{error}");
        }
    }

    #[test]
    fn the_same_input_twice_is_one() {
        let parsed = Specification::parse_all(["-", "/a/x.log", "-", "/a/./x.log"]).unwrap();
        assert_eq!(parsed.len(), 2);
    }

    #[test]
    fn wrong_arguments_say_the_way_out() {
        let errors =
            Specification::parse_all(["", "/tmp/", "/tmp", "/a/[x", "/a/***", "/no/such/"]);
        let texts: Vec<String> = errors
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        expected a file, a glob or -, but found an empty argument
        expected a file, but `/tmp/` is a folder; for the files in it write '/tmp/*'
        expected a file, but `/tmp` is a folder; for the files in it write '/tmp/*'
        expected a glob, but `/a/[x` is none: invalid range pattern (at character 4)
        expected a glob, but `/a/***` is none: wildcards are either regular `*` or recursive `**` (at character 6)
        expected a file, but `/no/such/` is a folder; for the files in it write '/no/such/*'
        ");
    }
}
