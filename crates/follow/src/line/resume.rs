//! What a stream needs besides its bytes to go on after a restart, as bytes and back.
//!
//! That is little: whether the rest of a line is to be skipped, and the parts of lines that are not
//! whole yet. Most streams need nothing, and nothing is written for them. What is read may have been
//! spoiled: everything is checked, and what is not whole gives a fresh stream.
//!
//! The form: the version, 1 if the rest of a line is to be skipped (0 otherwise), then for each held
//! line its place, 1 if it was cut, where it begins, and its time and text with their lengths before
//! them. Numbers are little endian.

use super::LINE_BYTES_MAX;
use super::encoding::Encoding;
use super::framer::Framer;
use super::unwrap::{Held, Unwrapper};

/// Another form gets another number; one that is not known is not read.
const VERSION: u8 = 1;

/// The form of a stream that is not UTF-8: this number and which encoding it is.
const VERSION_OF_ENCODING: u8 = 2;

/// Appends what `framer` and `unwrapper` hold.
pub fn write(framer: &Framer, unwrapper: &Unwrapper, out: &mut Vec<u8>) {
    if let Some(encoding) = framer.encoding() {
        let number = u8::from(encoding == Encoding::Utf16BigEndian);
        return out.extend([VERSION_OF_ENCODING, number]);
    }
    if !framer.is_skipping() && unwrapper.held_from().is_none() {
        return;
    }
    out.extend([VERSION, u8::from(framer.is_skipping())]);
    for (place, held) in (0..).zip(unwrapper.held()) {
        let Some(from) = held.from else {
            continue;
        };
        out.extend([place, u8::from(held.cut)]);
        out.extend(from.to_le_bytes());
        for bytes in [&held.time, &held.text] {
            // Both are parts of lines, and far shorter than that.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            out.extend(length.to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }
}

/// A framer and an unwrapper that go on where `bytes` were written; fresh ones if it holds nothing,
/// or anything else than [`write()`] writes.
pub fn read(bytes: &[u8]) -> (Framer, Unwrapper) {
    checked(bytes).unwrap_or_default()
}

/// Whether what [`write()`] wrote holds parts of a line.
pub fn has_parts(bytes: &[u8]) -> bool {
    matches!(bytes, [VERSION, _, _, ..])
}

fn checked(bytes: &[u8]) -> Option<(Framer, Unwrapper)> {
    if let [VERSION_OF_ENCODING, number] = bytes {
        let encoding = match flag(*number)? {
            false => Encoding::Utf16LittleEndian,
            true => Encoding::Utf16BigEndian,
        };
        return Some((Framer::resumed_in(encoding), Unwrapper::default()));
    }
    let [VERSION, skipping, rest @ ..] = bytes else {
        return None;
    };
    let mut unwrapper = Unwrapper::default();
    let mut rest = Rest(rest);
    // Written in the order of their places, so that no place is there twice.
    for (place, held) in (0..).zip(unwrapper.held_mut()) {
        if rest.0.first() != Some(&place) {
            continue;
        }
        rest.array::<1>()?;
        *held = Held {
            cut: flag(u8::from_le_bytes(rest.array()?))?,
            from: Some(u64::from_le_bytes(rest.array()?)),
            time: rest.bytes()?,
            text: rest.bytes()?,
        };
    }
    rest.0.is_empty().then_some(())?;
    Some((Framer::resumed(flag(*skipping)?), unwrapper))
}

fn flag(byte: u8) -> Option<bool> {
    (byte <= 1).then_some(byte == 1)
}

/// What is left to read. Every method takes what it names, or says `None`.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        (length <= LINE_BYTES_MAX).then(|| bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines of containers in parts, of both streams and in each other, and one that is too long.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let time = "2016-10-06T00:17:09.669794202Z";
        prop_oneof![
            Just(format!("{time} stdout P part, ").into_bytes()),
            Just(format!("{time} stderr P other, ").into_bytes()),
            Just(format!("{time} stdout F end").into_bytes()),
            Just(format!("{time} stderr F end").into_bytes()),
            Just(br#"{"log":"piece, ","stream":"stdout","time":"t"}"#.to_vec()),
            Just(br#"{"log":"last\n","stream":"stdout","time":"t"}"#.to_vec()),
            Just(
                format!(r#"{time} stdout F {{"log":"in, ","stream":"stderr","time":"u"}}"#)
                    .into_bytes()
            ),
            Just(b"plain".to_vec()),
            Just(vec![b'x'; LINE_BYTES_MAX + 5]),
        ]
    }

    /// What the rules see of `bytes`, from `offset` on.
    fn feed(
        (framer, unwrapper): &mut (Framer, Unwrapper),
        offset: usize,
        bytes: &[u8],
        seen: &mut Vec<Vec<u8>>,
    ) -> usize {
        let cut = framer.cut(bytes, |at, raw| {
            if let Some(line) = unwrapper.unwrap((offset + at) as u64, raw) {
                let time = line.wrapping.time.unwrap_or_default();
                seen.push([time, b"|", line.text].concat());
            }
        });
        cut.taken
    }

    fn flush(mut unwrapper: Unwrapper, seen: &mut Vec<Vec<u8>>) {
        while let Some(line) = unwrapper.flush() {
            seen.push(line.text.to_vec());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// A restart anywhere changes nothing of what is seen.
        #[test]
        fn what_was_carried_goes_on(lines in prop::collection::vec(line(), 1..12), at in 0.0..1.0) {
            let bytes = lines.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect::<Vec<_>>();
            let (mut whole, mut parted) = (Vec::new(), Vec::new());
            let mut state = Default::default();
            feed(&mut state, 0, &bytes, &mut whole);
            flush(state.1, &mut whole);

            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = (bytes.len() as f64 * at) as usize;
            let mut state = Default::default();
            let taken = feed(&mut state, 0, &bytes[..cut], &mut parted);
            let mut resume_state = Vec::new();
            write(&state.0, &state.1, &mut resume_state);
            let mut state = read(&resume_state);
            feed(&mut state, taken, &bytes[taken..], &mut parted);
            flush(state.1, &mut parted);
            prop_assert!(whole == parted, "{} and {} lines", whole.len(), parted.len());
        }

        /// Whatever is read, what is written again is either the same or nothing.
        #[test]
        fn spoiled_bytes_give_a_fresh_stream(
            held in prop::collection::vec(line(), 1..4),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            length in any::<prop::sample::Index>(),
        ) {
            let bytes = held.iter().filter(|line| line.len() < 1000).flat_map(|line| line.iter().chain(b"\n")).copied().collect::<Vec<_>>();
            let mut state = Default::default();
            feed(&mut state, 0, &bytes, &mut Vec::new());
            let mut resume_state = Vec::new();
            write(&state.0, &state.1, &mut resume_state);
            if !resume_state.is_empty() {
                let at = at.index(resume_state.len());
                resume_state[at] = byte;
                resume_state.truncate(length.index(resume_state.len()) + 1);
            }
            let (framer, unwrapper) = read(&resume_state);
            let mut again = Vec::new();
            write(&framer, &unwrapper, &mut again);
            prop_assert!(again.is_empty() || again == resume_state);
        }
    }

    #[test]
    fn nothing_is_written_for_most_streams() {
        let mut out = Vec::new();
        write(&Framer::default(), &Unwrapper::default(), &mut out);
        assert!(out.is_empty());
        let fresh = read(b"\x03\x01");
        assert!(!fresh.0.is_skipping(), "a version that is not known");
    }
}
