//! Traces that are given with several parts are written once; a file is whole or not there.

use std::collections::BTreeMap;
use std::io::Read;

use proptest::prelude::*;

use std::fs::File;

use super::*;

/// One trace's spans: when each began, and what it is: a request, another span of the service, or
/// one of another service.
type Spans = Vec<(u64, u8)>;

/// What a server gives for `part`: every trace with a span of the service in it, whole.
fn answer(traces: &[Spans], part: Window) -> Answer {
    let mut answer = Answer::default();
    for (trace, spans) in (0_u128..).zip(traces) {
        if !spans
            .iter()
            .any(|(start_us, kind)| *kind < 2 && part.holds(*start_us))
        {
            continue;
        }
        for (span, &(start_us, kind)) in (0_u64..).zip(spans) {
            let raw = format!("\"trace\":{{\"traceID\":\"{trace}/{span}\"}}").into_bytes();
            if kind == 0 {
                answer.requests.push(Request {
                    trace,
                    span,
                    start_us,
                    line: format!("{{\"a\":\"{trace}/{span}\"}}").into_bytes(),
                    raw,
                });
            } else {
                answer.others.push(OtherSpan {
                    trace: Some(trace),
                    start_us: (kind == 1).then_some(start_us),
                    raw,
                });
            }
        }
    }
    answer
}

proptest! {
    #[test]
    fn each_span_is_written_once_however_the_time_is_cut(
        traces in prop::collection::vec(prop::collection::vec((0_u64..100, 0_u8..3), 1..6), 1..20),
        mut cuts in prop::collection::vec(10_u64..90, 0..6),
    ) {
        let whole = Window { start_us: 10, end_us: 90 };
        cuts.extend([10, 90]);
        cuts.sort_unstable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spans");
        let mut export = Export::create(&path).unwrap();
        for cut in cuts.windows(2) {
            let part = Window { start_us: cut[0], end_us: cut[1] };
            export.add(part, whole, answer(&traces, part)).unwrap();
        }
        export.finish().unwrap();
        let mut written = BTreeMap::<String, usize>::new();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            *written.entry(line.to_owned()).or_default() += 1;
        }
        let mut expected = BTreeMap::new();
        for (trace, spans) in traces.iter().enumerate() {
            let is_found = spans.iter().any(|(start_us, kind)| *kind < 2 && whole.holds(*start_us));
            for (span, &(start_us, kind)) in spans.iter().enumerate() {
                let is_request = kind == 0;
                if is_request && !whole.holds(start_us) || !is_found {
                    continue;
                }
                let request = if is_request { format!("{{\"a\":\"{trace}/{span}\"}}") } else { "null".into() };
                expected.insert(format!("{{\"request\":{request},\"trace\":{{\"traceID\":\"{trace}/{span}\"}}}}"), 1);
            }
        }
        prop_assert_eq!(written, expected);
    }
}

#[test]
fn a_file_is_whole_or_not_there_and_none_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let names = || -> Vec<_> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let path = folder.path().join("spans.gz");
    let mut export = Export::create(&path).unwrap();
    export.write(None, span::RESOURCE_SPANS).unwrap();
    drop(export);
    assert!(names().is_empty());

    let mut export = Export::create(&path).unwrap();
    export.write(None, span::RESOURCE_SPANS).unwrap();
    export.finish().unwrap();
    assert_eq!(names(), ["spans.gz"]);
    let mut text = String::new();
    let file = File::open(&path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "{\"request\":null,\"resourceSpans\":[}\n");

    for there in [path.as_path(), folder.path()] {
        let error = Export::create(there).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
}
