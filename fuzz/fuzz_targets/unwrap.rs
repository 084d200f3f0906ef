//! Any lines: nothing panics, nothing is added, nothing is held for ever, and a line that is
//! wrapped once more is the same without the wrapping.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_follow::line::unwrap::Unwrapper;

fuzz_target!(|stream: &[u8]| {
    let mut unwrapper = Unwrapper::default();
    let (mut read, mut given) = (0, 0);
    for line in stream.split(|byte| *byte == b'\n') {
        let offset = read as u64;
        read += line.len() + 1;
        let text = unwrapper
            .unwrap(offset, line)
            .map(|unwrapped| unwrapped.text.len());
        given += text.unwrap_or(0);
        assert!(given <= read);
        assert!(text.is_some() || unwrapper.held_from().is_some());
        assert!(unwrapper.held_from().is_none_or(|from| from <= offset));
        wrapped_is_the_same(line);
    }
    let mut flushed = 0;
    while let Some(unwrapped) = unwrapper.flush() {
        given += unwrapped.text.len();
        flushed += 1;
    }
    assert!(given <= read && flushed <= 4);
    assert_eq!(unwrapper.held_from(), None);
    assert_eq!(unwrapper.take_oversized(), 0);
});

/// A record around a line that begins with `=` (so that it is no record, and has no colour but at its
/// very end).
fn wrapped_is_the_same(line: &[u8]) {
    let text = [b"=", line].concat();
    let mut bare = Unwrapper::default();
    let expected = bare.unwrap(0, &text).expect("no part").text.to_vec();
    let mut unwrapper = Unwrapper::default();
    for prefix in [
        "gw-1  | ",
        "2016-10-06T00:17:09.669794202Z stdout F ",
        "gw-1  | 2016-10-06T00:17:09Z stderr F:x ",
    ] {
        let wrapped = [prefix.as_bytes(), &text].concat();
        let unwrapped = unwrapper.unwrap(0, &wrapped).expect("no part");
        assert_eq!(unwrapped.text, expected);
    }
    let Ok(text) = std::str::from_utf8(&text) else {
        return;
    };
    let log = serde_json::to_string(&format!("{text}\n")).expect("a string");
    let record = format!(r#"{{"log":{log},"stream":"stdout","time":"t"}}"#);
    let unwrapped = unwrapper.unwrap(0, record.as_bytes()).expect("no part");
    assert_eq!(unwrapped.text, expected);
}
