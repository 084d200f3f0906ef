//! How much a pipe holds.

/// As much as a process without privileges may ask for where nothing is configured, in bytes
/// (`/proc/sys/fs/pipe-max-size`).
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// Lets a pipe hold more than the usual 64 KiB, so that its writer goes on while its reader is busy. Best effort:
/// the kernel may refuse, and not every input is a pipe.
#[cfg(target_os = "linux")]
pub(crate) fn widen(input: impl std::os::fd::AsFd) {
    let _ = rustix::pipe::fcntl_setpipe_size(input, PIPE_BYTES);
}

/// There is no such thing here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn widen<T>(_input: T) {}
