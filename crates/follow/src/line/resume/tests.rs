//! A restart anywhere changes nothing, and what was spoiled is not believed.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::line::multiline::Matching;

/// Lines of containers in parts, of both streams and in each other, lines of records, and one that is too
/// long.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let time = "2016-10-06T00:17:09.669794202Z";
    prop_oneof![
        Just(format!("{time} stdout P part, ").into_bytes()),
        Just(format!("{time} stderr P other, ").into_bytes()),
        Just(format!("{time} stdout F end").into_bytes()),
        Just(format!("{time} stderr F end").into_bytes()),
        Just(format!("{time} stdout F   more").into_bytes()),
        Just(format!("{time} stderr F   more").into_bytes()),
        Just(br#"{"log":"piece, ","stream":"stdout","time":"t"}"#.to_vec()),
        Just(br#"{"log":"last\n","stream":"stdout","time":"t"}"#.to_vec()),
        Just(
            format!(r#"{time} stdout F {{"log":"in, ","stream":"stderr","time":"u"}}"#)
                .into_bytes()
        ),
        Just(b"plain".to_vec()),
        Just(b"  more".to_vec()),
        Just(b"gw-1  |   more".to_vec()),
        Just(vec![b'x'; LINE_BYTES_MAX + 5]),
    ]
}

/// How lines are joined, if they are.
fn settings() -> impl Strategy<Value = Option<Arc<Multiline>>> {
    let joined = Multiline {
        start: None,
        pattern: regex::bytes::Regex::new("^ ").unwrap(),
        matching: Matching::Continues,
        lines_max: 3,
        bytes_max: 20,
        wait: Duration::from_secs(1),
        others: None,
    };
    let own = Multiline {
        start: Some(regex::bytes::Regex::new("plain").unwrap()),
        ..joined.clone()
    };
    let both = Multiline {
        others: Some(Arc::new(joined.clone())),
        ..own.clone()
    };
    prop::option::of(prop::sample::select(vec![joined, own, both]).prop_map(Arc::new))
}

fn started(settings: Option<&Arc<Multiline>>) -> Resumed {
    read(&[], settings)
}

/// What the rules see of `bytes`, from `offset` on.
fn feed(stream: &mut Resumed, offset: usize, bytes: &[u8], seen: &mut Vec<Vec<u8>>) -> usize {
    let Resumed {
        framer,
        unwrapper,
        joiner,
    } = stream;
    let cut = framer.cut(bytes, |at, raw| {
        let offset = (offset + at) as u64;
        if let Some(line) = unwrapper.unwrap(offset, raw) {
            let mut see = |line: &crate::line::unwrap::Unwrapped<'_>| {
                let time = line.wrapping.time.unwrap_or_default();
                seen.push([time, b"|", line.text].concat());
            };
            match joiner {
                Some(joiner) => joiner.line(offset, &line, |_, record| see(record)),
                None => see(&line),
            }
        }
    });
    cut.taken
}

fn flush(mut stream: Resumed, seen: &mut Vec<Vec<u8>>) {
    if let Some(joiner) = &mut stream.joiner {
        joiner.end(|_, record| seen.push(record.text.to_vec()));
    }
    while let Some(line) = stream.unwrapper.flush() {
        seen.push(line.text.to_vec());
    }
}

fn written(stream: &Resumed) -> Vec<u8> {
    let mut out = Vec::new();
    write(
        &stream.framer,
        &stream.unwrapper,
        stream.joiner.as_deref(),
        &mut out,
    );
    out
}

fn joined(lines: &[Vec<u8>]) -> Vec<u8> {
    let ended = lines.iter().flat_map(|line| line.iter().chain(b"\n"));
    ended.copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// A restart anywhere changes nothing of what is seen.
    #[test]
    fn what_was_carried_goes_on(
        lines in prop::collection::vec(line(), 1..12),
        at in any::<prop::sample::Index>(),
        settings in settings(),
    ) {
        let bytes = joined(&lines);
        let (mut whole, mut parted) = (Vec::new(), Vec::new());
        let mut stream = started(settings.as_ref());
        feed(&mut stream, 0, &bytes, &mut whole);
        flush(stream, &mut whole);

        let cut = at.index(bytes.len());
        let mut stream = started(settings.as_ref());
        let taken = feed(&mut stream, 0, &bytes[..cut], &mut parted);
        let mut stream = read(&written(&stream), settings.as_ref());
        feed(&mut stream, taken, &bytes[taken..], &mut parted);
        flush(stream, &mut parted);
        prop_assert!(whole == parted, "{} and {} lines", whole.len(), parted.len());
    }

    /// Whatever is read, what is written again is either the same or nothing.
    #[test]
    fn spoiled_bytes_give_a_fresh_stream(
        held in prop::collection::vec(line(), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        length in any::<prop::sample::Index>(),
        settings in settings(),
    ) {
        let held: Vec<_> = held.into_iter().filter(|line| line.len() < 1000).collect();
        let mut stream = started(settings.as_ref());
        feed(&mut stream, 0, &joined(&held), &mut Vec::new());
        let mut resume_state = written(&stream);
        if !resume_state.is_empty() {
            let at = at.index(resume_state.len());
            resume_state[at] = byte;
            resume_state.truncate(length.index(resume_state.len()) + 1);
        }
        let again = written(&read(&resume_state, settings.as_ref()));
        prop_assert!(again.is_empty() || again == resume_state);
    }
}

#[test]
fn nothing_is_written_for_most_streams() {
    let mut out = Vec::new();
    write(&Framer::default(), &Unwrapper::default(), None, &mut out);
    assert!(out.is_empty());
    let fresh = read(b"\x04\x01", None);
    assert!(!fresh.framer.is_skipping(), "a version that is not known");
}

#[test]
fn a_record_is_there_though_nothing_is_joined_any_more() {
    let settings = Arc::new(Multiline::beginning_with(
        regex::bytes::Regex::new("^a").unwrap(),
    ));
    let mut stream = started(Some(&settings));
    feed(&mut stream, 0, b"a1\n b\n", &mut Vec::new());
    let bytes = written(&stream);
    assert!(has_parts(&bytes) && !has_part_of_line(&bytes));
    let stream = read(&bytes, None);
    assert!(stream.joiner.as_ref().is_some_and(|one| one.is_left_over()));
    let mut seen = Vec::new();
    flush(stream, &mut seen);
    assert_eq!(seen, [b"a1\n b".to_vec()]);
}
