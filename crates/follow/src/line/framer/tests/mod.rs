//! Tests of the framer, against a plain split of the whole stream.

use proptest::prelude::*;

use super::{Framed, Framer};
use crate::line::LINE_BYTES_MAX;
use crate::line::encoding::Encoding;

mod reference;

use reference::{Found, first_block, framed, reference};

#[test]
fn lines_have_their_offset_and_no_end() {
    let mut lines = Vec::new();
    let cut = Framer::default().cut(b"one\n\ntwo\r\nthr", |at, line| {
        lines.push((at, line.to_vec()));
    });
    let expected: Found = vec![
        (0, b"one".to_vec()),
        (4, b"".to_vec()),
        (5, b"two\r".to_vec()),
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        cut,
        Framed {
            taken: 10,
            oversized: 0
        }
    );
}

#[test]
fn the_greatest_length_is_read_whole_and_one_more_is_cut() {
    for (length, oversized) in [(LINE_BYTES_MAX, 0), (LINE_BYTES_MAX + 1, 1)] {
        let mut stream = vec![b'x'; length];
        let unended = stream.clone();
        stream.extend_from_slice(b"\nnext\n");
        for blocks in [vec![], vec![length], vec![length + 1], vec![length + 3]] {
            let (lines, counted) = framed(&stream, &blocks);
            assert_eq!(counted, oversized, "{length} {blocks:?}");
            assert_eq!(lines.len(), 2);
            assert_eq!(lines[0].1.len(), LINE_BYTES_MAX);
            assert_eq!(lines[1], (length + 1, b"next".to_vec()));
        }
        assert_eq!(framed(&unended, &[7]).1, oversized);
    }
}

#[test]
fn a_skipped_line_that_never_ends_is_taken_and_gives_nothing_more() {
    let mut framer = Framer::default();
    let mut lines = 0;
    let cut = framer.cut(&vec![b'x'; LINE_BYTES_MAX + 1], |_, _| lines += 1);
    assert_eq!((cut.oversized, cut.taken), (1, LINE_BYTES_MAX + 1));
    let cut = framer.cut(b"more of it", |_, _| lines += 1);
    assert_eq!((cut.oversized, cut.taken), (0, 10));
    let cut = framer.finish(b"the last of it", |_, _| lines += 1);
    assert_eq!((cut.oversized, cut.taken), (0, 14));
    assert_eq!(lines, 1);
    framer.cut(b"another stream\n", |_, _| lines += 1);
    assert_eq!(lines, 2);
}

fn lines(stream: &[u8]) -> Vec<String> {
    let found = framed(stream, &[]).0.into_iter();
    found
        .map(|(_, line)| String::from_utf8(line).unwrap())
        .collect()
}

#[test]
fn nuls_separate_lines_and_are_none() {
    assert_eq!(
        lines(b"\0\0one\n\0\0\0two\0\0three\n\0\0"),
        ["one", "two", "three"]
    );
    assert_eq!(lines(b"one\0\n\ntwo"), ["one", "", "two"]);
    assert_eq!(lines(b"\0"), Vec::<String>::new());
    assert_eq!(lines(b"half\0\0\0\0"), ["half"]);
    assert_eq!(lines(b"a\0b\n\0c\0\nd\0"), ["a\0b", "c", "d"]);
}

#[test]
fn a_byte_order_mark_is_taken_off() {
    assert_eq!(
        lines(b"\xef\xbb\xbfone\ntwo\n\xef\xbb\xbfthree"),
        ["one", "two", "three"]
    );
    assert_eq!(lines(b"\0\0\xef\xbb\xbfone\n"), ["one"]);
}

#[test]
fn another_encoding_has_no_lines() {
    let text = "one\ntwo\n".repeat(100);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for stream in [[b"\xff\xfe", &wide[..]].concat(), wide] {
        let mut framer = Framer::default();
        let (one, two) = stream.split_at(101);
        for bytes in [one, two] {
            let cut = framer.cut(bytes, |_, _| panic!("a line"));
            assert_eq!(cut.taken, bytes.len());
        }
        assert_eq!(framer.encoding(), Some(Encoding::Utf16LittleEndian));
    }
}

/// Pieces of a stream, some of them about as long as the greatest line.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(0), any::<u8>()], 0..20),
        2 => Just(b"\xef\xbb\xbfmarked".to_vec()),
        2 => (1..40_usize).prop_map(|length| vec![0; length]),
        1 => (LINE_BYTES_MAX - 2..LINE_BYTES_MAX + 3).prop_map(|length| vec![b'y'; length]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn chunks_make_no_difference(
        pieces in proptest::collection::vec(piece(), 0..5),
        blocks in proptest::collection::vec(
            prop_oneof![0usize..40, Just(LINE_BYTES_MAX - 1), Just(LINE_BYTES_MAX + 1)], 0..12),
    ) {
        let stream = pieces.concat();
        let first = first_block(&stream, &blocks);
        prop_assert!(framed(&stream, &blocks) == reference(&stream, first));
    }
}
