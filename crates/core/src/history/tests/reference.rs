//! The meaning of it, slow and plain: the whole history, and every place tried.

/// Where the stream begins to be new: after its longest overlap with the end of the history.
/// A stream that is within the history altogether is not new at all.
pub(super) fn new_from<T: PartialEq>(history: &[T], stream: &[T]) -> usize {
    let place = (0..history.len()).find(|&start| {
        let rest = &history[start..];
        let length = rest.len().min(stream.len());
        rest[..length] == stream[..length]
    });
    place.map_or(0, |start| (history.len() - start).min(stream.len()))
}
