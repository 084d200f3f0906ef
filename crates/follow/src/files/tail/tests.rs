//! One file read in blocks: whatever the blocks are, the lines are the same.

use std::fs::File;
use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::testing::Lines;

fn begin(file: &File, lines: &mut Lines) -> Tail {
    let origin = Origin {
        source: "x.log".into(),
        file: "x.log".into(),
    };
    let position = Position::start(FileId {
        device: 0,
        inode: 0,
    });
    Tail::begin(file.try_clone().unwrap(), origin, position, &[], lines).unwrap()
}

fn read_all(tail: &mut Tail, buffer: &mut ReadBuffer, lines: &mut Lines) {
    while tail.turn(buffer, lines).unwrap() == Turn::More {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Chunks of a line, of several lines or of part of one, around the sizes where reading
    /// changes its way: the signature, the marker, a kept line, a block, the longest line.
    #[test]
    fn any_way_of_writing_gives_the_same_lines(
        writes in prop::collection::vec(
            (prop::sample::select(vec![1_usize, 5, 255, 257, 1025, 65_537, 262_144, 400_000]), 0..3_usize),
            1..12,
        )
    ) {
        let mut file = tempfile::tempfile().unwrap();
        let mut lines = Lines::default();
        let mut tail = begin(&file, &mut lines);
        let mut buffer = ReadBuffer::new();
        let mut written = Vec::new();
        for (number, (length, ends)) in writes.iter().enumerate() {
            let letter = b'a' + u8::try_from(number).unwrap();
            let mut piece = vec![letter; *length];
            piece.extend(std::iter::repeat_n(b'\n', *ends));
            file.write_all(&piece).unwrap();
            written.extend_from_slice(&piece);
            read_all(&mut tail, &mut buffer, &mut lines);
            let partial = written.rsplit(|byte| *byte == b'\n').next().unwrap();
            if partial.len() < LINE_BYTES_MAX {
                prop_assert_eq!(tail.read_to(), written.len() as u64);
            }
        }
        let (position, read) = tail.finish(Ok(Turn::Idle), &mut buffer.0, &mut lines);
        read.unwrap();
        prop_assert_eq!(position.offset, written.len() as u64);
        prop_assert!(position.still_in(&file).unwrap());
        let text = String::from_utf8(written).unwrap();
        let mut expected: Vec<&str> = text.split('\n').collect();
        if expected.last() == Some(&"") {
            expected.pop();
        }
        let expected: Vec<&str> =
            expected.into_iter().map(|line| &line[..line.len().min(LINE_BYTES_MAX)]).collect();
        prop_assert!(lines.all() == expected, "other lines than were written");
    }
}

#[test]
fn a_line_that_grows_is_not_read_again_and_again() {
    let mut file = tempfile::tempfile().unwrap();
    let mut lines = Lines::default();
    let mut tail = begin(&file, &mut lines);
    let mut buffer = ReadBuffer::new();
    file.write_all(&[b'x'; 100_000]).unwrap();
    read_all(&mut tail, &mut buffer, &mut lines);
    // What is before is not looked at again: it can be spoiled without anyone noticing.
    buffer.0.fill(0);
    file.write_all(b"yyy").unwrap();
    read_all(&mut tail, &mut buffer, &mut lines);
    assert_eq!(&buffer.0[..5], b"yyy\0\0");
    file.write_all(b"\n").unwrap();
    read_all(&mut tail, &mut buffer, &mut lines);
    assert_eq!(lines.all()[0].len(), 100_003);
}

#[test]
fn the_start_of_the_last_line_is_found_across_blocks() {
    let mut file = tempfile::tempfile().unwrap();
    assert_eq!(line_start_before(&file, 0).unwrap(), 0);
    file.write_all(b"one\n").unwrap();
    assert_eq!(line_start_before(&file, 4).unwrap(), 4);
    file.write_all(&[b'x'; 200_000]).unwrap();
    assert_eq!(line_start_before(&file, 200_004).unwrap(), 4);
    file.write_all(&vec![b'x'; LINE_BYTES_MAX]).unwrap();
    let end = 200_004 + LINE_BYTES_MAX as u64;
    assert_eq!(
        line_start_before(&file, end).unwrap(),
        end,
        "longer than any line may be"
    );
}

#[test]
fn a_partial_line_that_is_taken_back_is_no_new_content() {
    let mut file = tempfile::tempfile().unwrap();
    let mut lines = Lines::default();
    let mut tail = begin(&file, &mut lines);
    let mut buffer = ReadBuffer::new();
    file.write_all(b"one\nwro").unwrap();
    read_all(&mut tail, &mut buffer, &mut lines);
    file.set_len(4).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(4)).unwrap();
    assert_eq!(
        tail.turn(&mut buffer, &mut lines).unwrap(),
        Turn::NewContent,
        "the head differs"
    );
}
