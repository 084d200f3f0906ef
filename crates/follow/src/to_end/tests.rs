//! Whatever is read by whichever number of threads is what one thread reads line by line.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::Specification;
use crate::line::LINE_BYTES_MAX;
use crate::line::framer::Framer;
use crate::line::unwrap::Unwrapper;

mod multiline;

/// Lines with their parts' numbers and their places; and how many records had no end.
#[derive(Default)]
struct Lines(u64, Vec<(u64, u64, Vec<u8>)>, usize);

impl PartSink for Lines {
    fn begin(&mut self, part: u64, _origin: &Origin) {
        self.0 = part;
    }

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        self.1.push((self.0, offset, line.text.to_vec()));
    }

    fn incomplete_record(&mut self, _origin: &Origin) {
        self.2 += 1;
    }
}

fn read_all(inputs: Inputs, threads: usize) -> (Vec<Vec<u8>>, Vec<String>) {
    let (texts, _, errors) = read_with_ends(inputs, threads);
    (texts, errors)
}

/// The lines, how many records had no end, and what could not be read.
fn read_with_ends(mut inputs: Inputs, threads: usize) -> (Vec<Vec<u8>>, usize, Vec<String>) {
    inputs.part_bytes = 64;
    let (sinks, errors) = read(inputs, threads, Lines::default, &Arc::default());
    let without_end = sinks.iter().map(|sink| sink.2).sum();
    let mut lines: Vec<_> = sinks.into_iter().flat_map(|sink| sink.1).collect();
    // Within a part the order is that of the thread.
    lines.sort_by_key(|line| line.0);
    let texts = lines.into_iter().map(|line| line.2).collect();
    let errors = errors.iter().map(ToString::to_string).collect();
    (texts, without_end, errors)
}

/// What one thread makes of these bytes.
fn plainly(bytes: &[u8]) -> Vec<Vec<u8>> {
    plainly_in_a_row(&[bytes.to_vec()]).0
}

/// What one thread makes of files each of which goes on in the next one: the lines, and how many records
/// have no end.
fn plainly_in_a_row(files: &[Vec<u8>]) -> (Vec<Vec<u8>>, usize) {
    let (mut unwrapper, mut lines) = (Unwrapper::default(), vec![]);
    for bytes in files {
        Framer::default().finish(bytes, |at, raw| {
            let unwrapped = unwrapper.unwrap(at as u64, raw);
            lines.extend(unwrapped.map(|line| line.text.to_vec()));
        });
    }
    let whole = lines.len();
    while let Some(unwrapped) = unwrapper.flush() {
        lines.push(unwrapped.text.to_vec());
    }
    let without_end = lines.len() - whole;
    (lines, without_end)
}

/// Lines, records of containers, parts of records, and now and then a line that is too long.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let time = "2016-10-06T00:17:09.669794202Z";
    prop_oneof![
        300 => "[a-z =]{0,40}".prop_map(String::into_bytes),
        60 => "[a-z]{0,9}".prop_map(move |text| format!("{time} stdout F {text}").into_bytes()),
        60 => "[a-z]{0,9}".prop_map(move |text| format!("{time} stdout P {text}").into_bytes()),
        30 => "[a-z]{0,9}".prop_map(move |text| format!("{time} stderr P {text}").into_bytes()),
        30 => "[a-z]{0,9}".prop_map(move |text| format!("{time} stderr F {text}").into_bytes()),
        30 => Just(br#"{"log":"piece, ","stream":"stdout","time":"t"}"#.to_vec()),
        30 => Just(br#"{"log":"last\n","stream":"stdout","time":"t"}"#.to_vec()),
        20 => "[a-z]{0,9}\0{1,9}[a-z]{0,9}".prop_map(String::into_bytes),
        1 => (0..200_usize).prop_map(|length| vec![0; length]),
        5 => Just("\u{feff}marked".as_bytes().to_vec()),
        1 => (0..3_usize).prop_map(|more| vec![b'x'; LINE_BYTES_MAX - 1 + 70 * more]),
    ]
}

fn log() -> impl Strategy<Value = Vec<u8>> {
    let lines = proptest::collection::vec(line(), 0..120);
    (lines, any::<bool>()).prop_map(|(lines, has_end)| {
        let mut bytes = lines.join(&b'\n');
        bytes.extend(has_end.then_some(b'\n'));
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn threads_read_what_one_reads(logs in proptest::collection::vec(log(), 1..3), threads in 1..5_usize) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        let (mut paths, mut streams) = (Vec::new(), Inputs::default());
        for (number, bytes) in logs.iter().enumerate() {
            let path = folder.path().join(format!("{number}.log"));
            std::fs::write(&path, bytes).unwrap();
            paths.push(path);
            expected.extend(plainly(bytes));
            let name: Arc<str> = Arc::from(number.to_string());
            let origin = Origin { source: Arc::clone(&name), file: name };
            streams.add_bytes(origin, io::Cursor::new(bytes.clone()));
        }
        let files = Inputs::of(&Specification::parse_all(&paths).unwrap());
        prop_assert_eq!(read_all(files, threads), (expected.clone(), vec![]));
        prop_assert_eq!(read_all(streams, threads), (expected, vec![]));
    }

    #[test]
    fn a_record_goes_on_in_the_next_file_of_its_log(
        logs in proptest::collection::vec(log(), 1..5),
        threads in 1..5_usize,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let name = |number| match logs.len() - 1 - number {
            0 => "a.log".to_owned(),
            back => format!("a.log.{back}"),
        };
        let paths: Vec<_> = (0..logs.len()).map(|number| folder.path().join(name(number))).collect();
        for (path, bytes) in paths.iter().zip(&logs) {
            std::fs::write(path, bytes).unwrap();
        }
        let (lines, without_end) = plainly_in_a_row(&logs);
        let inputs = Inputs::of(&Specification::parse_all(&paths).unwrap());
        let read = read_with_ends(inputs, threads);
        prop_assert_eq!(read, (lines, without_end, vec![]));
    }
}

fn of(paths: &[&std::path::Path]) -> Inputs {
    Inputs::of(&Specification::parse_all(paths).unwrap())
}

#[test]
fn compressed_files_are_known_by_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"one\ntwo\n";
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let zstd = zstd::encode_all(&text[..], 1).unwrap();
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7][..], &zstd].concat();
    let cases = [
        ("plain.gz", text.to_vec()),
        ("gzip", gzip(text)),
        ("two members", [gzip(b"one\n"), gzip(b"two\n")].concat()),
        ("zeros at the end", [gzip(text), vec![0; 1000]].concat()),
        ("zstd", zstd),
        ("a skippable frame first", skippable),
    ];
    for (name, bytes) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let expected = vec![b"one".to_vec(), b"two".to_vec()];
        assert_eq!(read_all(of(&[&path]), 2), (expected, vec![]), "{name}");
    }
    let path = folder.path().join("torn");
    let whole = gzip(&b"one\n".repeat(10_000));
    std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let (lines, errors) = read_all(of(&[&path]), 2);
    assert!(lines.len() > 9_000, "{}", lines.len());
    assert!(errors[0].contains("is damaged or cut short"), "{errors:?}");
}

/// Gives its bytes one by one.
struct Slow(io::Cursor<Vec<u8>>);

impl io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = buffer.len().min(1);
        self.0.read(&mut buffer[..end])
    }
}

#[test]
fn a_slow_pipe_is_known_by_its_first_bytes() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"one\n").unwrap();
    let packed = encoder.finish().unwrap();
    let (mut bytes, is_compressed) = decompressed(Slow(io::Cursor::new(packed))).unwrap();
    let mut text = String::new();
    io::Read::read_to_string(&mut bytes, &mut text).unwrap();
    assert_eq!((text.as_str(), is_compressed), ("one\n", true));
}

#[test]
#[cfg(unix)]
fn a_file_with_several_names_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let [log, link, hard] = ["b.log", "a.log", "c.log"].map(|name| folder.path().join(name));
    std::fs::write(&log, "one\n").unwrap();
    std::os::unix::fs::symlink(&log, &link).unwrap();
    std::fs::hard_link(&log, &hard).unwrap();
    let all = folder.path().join("*.log");
    for paths in [vec![&*all], vec![&*link, &*log], vec![&*hard, &*all]] {
        assert_eq!(read_all(of(&paths), 1), (vec![b"one".to_vec()], vec![]));
    }
}

const RECORDS: [&str; 3] = [
    "2016-10-06T00:17:09.669794202Z stdout P one, \n",
    "2016-10-06T00:17:09.669794203Z stdout P two, \n",
    "2016-10-06T00:17:09.669794204Z stdout F three\n",
];

/// Reads files with these names, one record each, by so many threads.
fn read_records(names: [&str; 3], threads: usize) -> (Vec<String>, usize, usize) {
    let folder = tempfile::tempdir().unwrap();
    let paths = names.map(|name| folder.path().join(name));
    for (path, record) in paths.iter().zip(RECORDS) {
        std::fs::write(path, record).unwrap();
    }
    let (lines, without_end, errors) =
        read_with_ends(of(&[&paths[0], &paths[1], &paths[2]]), threads);
    let text = |line: Vec<u8>| String::from_utf8(line).unwrap();
    (
        lines.into_iter().map(text).collect(),
        without_end,
        errors.len(),
    )
}

#[test]
fn a_record_does_not_go_on_in_another_log() {
    for threads in [1, 3] {
        let joined = (vec!["one, two, three".to_owned()], 0, 0);
        for names in [
            ["a.log.2", "a.log.1", "a.log"],
            ["0.log.20261126-120000", "0.log.20261127-120000", "0.log"],
        ] {
            assert_eq!(read_records(names, threads), joined, "{names:?}");
        }
        let apart = ["one, ", "two, ", "three"].map(str::to_owned).to_vec();
        for names in [
            ["a.log", "b.log", "c.log"],
            ["a.log", "a.log.1", "a.log.2"],
            ["a.log.7", "a.log.3", "b.log"],
        ] {
            let expected = (apart.clone(), 2, 0);
            assert_eq!(read_records(names, threads), expected, "{names:?}");
        }
    }
}

#[test]
fn a_record_ends_where_the_next_file_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let [old, torn, log] = ["a.log.2", "a.log.1", "a.log"].map(|name| folder.path().join(name));
    std::fs::write(&old, RECORDS[0]).unwrap();
    let utf_16: Vec<u8> = "x\n"
        .repeat(99)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(&torn, utf_16).unwrap();
    std::fs::write(&log, RECORDS[2]).unwrap();
    for threads in [1, 3] {
        let (lines, without_end, errors) = read_with_ends(of(&[&old, &torn, &log]), threads);
        assert_eq!(lines, [b"one, ".to_vec(), b"three".to_vec()]);
        assert_eq!((without_end, errors.len()), (1, 1), "{errors:?}");
    }
}

#[test]
fn text_in_utf_16_is_said_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("windows.log");
    let text: String = (0..1_000).map(|n| format!("request {n}\r\n")).collect();
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, bytes).unwrap();
    let (lines, errors) = read_all(of(&[&path]), 2);
    assert_eq!(lines, Vec::<Vec<u8>>::new());
    assert!(errors[0].contains("UTF-16 (little endian)"), "{errors:?}");
    assert!(errors[0].contains("iconv"), "{errors:?}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, log) = (folder.path().join("missing"), folder.path().join("log"));
    std::fs::write(&log, "one\n").unwrap();
    let (lines, errors) = read_all(of(&[&missing, &log]), 2);
    assert_eq!(lines, [b"one".to_vec()]);
    assert!(errors[0].starts_with("cannot read"), "{errors:?}");
}

#[test]
fn an_endless_stream_is_left_when_nobody_wants_more() {
    struct Endless;
    impl io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'\n');
            Ok(buffer.len())
        }
    }
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let mut lines = 0;
    let enough = |_, _: &Line<'_>| {
        lines += 1;
        false
    };
    read_lines(&origin, Endless, enough).unwrap();
    assert_eq!(lines, 1);
}
