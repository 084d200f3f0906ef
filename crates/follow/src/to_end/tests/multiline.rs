//! Records of several lines: any number of threads, any number of files, as one thread joins them.

use regex::bytes::Regex;

use super::*;
use crate::FilePattern;
use crate::line::multiline::{Joiner, Matching, Multiline, MultilineByFile};

/// Records that begin so and go on with lines that begin with a blank; all others are records of one line.
fn own_records() -> Multiline {
    Multiline {
        start: Some(Regex::new("^[a-e]").unwrap()),
        pattern: Regex::new("^\\s|^[0-9]").unwrap(),
        matching: Matching::Continues,
        ..settings()
    }
}

fn settings() -> Multiline {
    Multiline {
        lines_max: 6,
        bytes_max: 100,
        ..Multiline::beginning_with(Regex::new("^[a-e]").unwrap())
    }
}

/// What one thread makes of files each of which goes on in the next one.
fn plainly_joined(files: &[Vec<u8>], settings: &Arc<Multiline>) -> Vec<Vec<u8>> {
    let mut joiner = Joiner::new(settings);
    let (mut unwrapper, mut lines) = (Unwrapper::default(), vec![]);
    for bytes in files {
        Framer::default().finish(bytes, |at, raw| {
            if let Some(line) = unwrapper.unwrap(at as u64, raw) {
                joiner.line(at as u64, &line, |_, record| {
                    lines.push(record.text.to_vec())
                });
            }
        });
    }
    while let Some(part) = unwrapper.flush() {
        joiner.line(0, &part, |_, record| lines.push(record.text.to_vec()));
    }
    joiner.end(|_, record| lines.push(record.text.to_vec()));
    lines
}

fn joined(mut inputs: Inputs, settings: Multiline) -> Inputs {
    inputs.multiline = MultilineByFile::everywhere(settings);
    inputs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn threads_join_what_one_joins(
        logs in proptest::collection::vec(log(), 1..5),
        threads in 1..5_usize,
        is_one_log in any::<bool>(),
        is_own in any::<bool>(),
    ) {
        let settings = if is_own { own_records() } else { settings() };
        let shared = Arc::new(settings.clone());
        let folder = tempfile::tempdir().unwrap();
        let name = |number| match (is_one_log, logs.len() - 1 - number) {
            (false, _) => format!("{number}.txt"),
            (true, 0) => "a.log".to_owned(),
            (true, back) => format!("a.log.{back}"),
        };
        let paths: Vec<_> = (0..logs.len()).map(|number| folder.path().join(name(number))).collect();
        for (path, bytes) in paths.iter().zip(&logs) {
            std::fs::write(path, bytes).unwrap();
        }
        let expected = match is_one_log {
            true => plainly_joined(&logs, &shared),
            false => logs.iter().flat_map(|log| plainly_joined(std::slice::from_ref(log), &shared)).collect(),
        };
        let inputs = joined(Inputs::of(&Specification::parse_all(&paths).unwrap()), settings);
        prop_assert_eq!(read_all(inputs, threads), (expected, vec![]));
    }
}

#[test]
fn other_files_and_other_bytes_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["a.log.1", "b.log"].map(|name| folder.path().join(name));
    for path in [&one, &other] {
        std::fs::write(path, "a\n 1\nb\n 2\n").unwrap();
    }
    let mut inputs = of(&[&one, &other]);
    let name: Arc<str> = Arc::from("traces");
    let origin = Origin {
        source: Arc::clone(&name),
        file: name,
    };
    inputs.add_bytes(origin, io::Cursor::new("a\n 3\n"));
    let pattern = FilePattern::parse("a.log").unwrap();
    inputs.multiline = MultilineByFile::new(vec![(Some(pattern), Arc::new(settings()))]);
    let (lines, errors) = read_all(inputs, 2);
    let lines: Vec<_> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line))
        .collect();
    assert_eq!(lines, ["a\n 1", "b\n 2", "a", " 1", "b", " 2", "a", " 3"]);
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn a_record_begins_where_its_first_line_does_and_what_is_cut_is_counted() {
    let text = "x\na1\n 1\nb2\n 2\n 3\n 4\n 5\n 6\n 7\n";
    let mut inputs = joined(Inputs::default(), settings());
    let name: Arc<str> = Arc::from("test");
    let origin = Origin {
        source: Arc::clone(&name),
        file: name,
    };
    let settings = Arc::new(settings());
    inputs.add_joined(origin, io::Cursor::new(text), Some(settings));
    inputs.part_bytes = 4;
    let (sinks, _) = read(inputs, 1, Counting::default, &Arc::default());
    assert_eq!(sinks[0].offsets, [0, 2, 8]);
    assert_eq!((sinks[0].cuts.lines_max, sinks[0].cuts.no_start), (1, 1));
}

/// Where records begin, and what was cut.
#[derive(Default)]
struct Counting {
    offsets: Vec<u64>,
    cuts: Cuts,
}

impl PartSink for Counting {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, offset: u64, _line: &Line<'_>) {
        self.offsets.push(offset);
    }

    fn records_cut(&mut self, _origin: &Origin, cuts: Cuts) {
        self.cuts.lines_max += cuts.lines_max;
        self.cuts.no_start += cuts.no_start;
    }
}
