//! Which entries are rules, and reading that never waits.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
}

#[test]
fn litter_and_what_is_no_file_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["b.toml", "a.toml", "notes.md", "x.mtail", "..data"] {
        fs::write(at(name), "x").unwrap();
    }
    let litter = [
        ".a.toml",
        "._a.toml",
        ".a.toml.swp",
        "a.toml~",
        "a.toml.bak",
        "#a.toml#",
        "4913.toml.tmp",
    ];
    for name in litter {
        fs::write(at(name), "x").unwrap();
    }
    symlink("user@host.12:3", at(".#a.toml")).unwrap();
    symlink("nowhere", at("dangling.toml")).unwrap();
    symlink("loop.toml", at("loop.toml")).unwrap();
    symlink(at("a.toml"), at("link.toml")).unwrap();
    fs::create_dir(at("folder.toml")).unwrap();
    fifo(&at("fifo.toml"));
    let _socket = UnixListener::bind(at("socket.toml")).unwrap();
    symlink("/dev/zero", at("device.toml")).unwrap();
    let found = in_folder(folder.path(), "toml").unwrap();
    let names = ["a.toml", "b.toml", "link.toml"].map(at);
    assert_eq!(found.files, names);
    let passed_over = found.passed_over.join("\n");
    assert_eq!(found.passed_over.len(), litter.len() + 7, "{passed_over}");
    for words in ["hidden", "copy", "a folder", "a pipe", "no file"] {
        assert!(passed_over.contains(words), "{words}: {passed_over}");
    }
}

#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo.toml");
    fifo(&path);
    // Nobody writes to it.
    assert_eq!(read(&path).unwrap(), b"");
    // What the shell's `<(…)` brings is read to its end.
    let (reader, mut writer) = io::pipe().unwrap();
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let writing = std::thread::spawn(move || {
        writer.write_all(b"[[rule]]\n")?;
        writer.write_all(b"match = 'x'\n")
    });
    let text = read(Path::new(&path)).unwrap();
    writing.join().unwrap().unwrap();
    assert_eq!(text, b"[[rule]]\nmatch = 'x'\n");
}

#[test]
fn what_never_ends_is_refused() {
    let error = read(Path::new("/dev/zero")).unwrap_err();
    assert_eq!(error.to_string(), "it is larger than 16 MiB");
    let error = read(Path::new("/")).unwrap_err();
    assert_eq!(error.to_string(), "it is a folder");
    assert!(is_passing(&io::Error::from_raw_os_error(
        rustix::io::Errno::MFILE.raw_os_error()
    )));
    assert!(is_passing(&io::Error::from_raw_os_error(
        rustix::io::Errno::IO.raw_os_error()
    )));
    assert!(!is_passing(&read(Path::new("/no/such")).unwrap_err()));
    assert!(!is_passing(&error));
}
