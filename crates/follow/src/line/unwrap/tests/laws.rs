//! What holds for any line.

use proptest::prelude::*;

use super::*;

/// A text that no wrapping can be mistaken for: it begins as no record and no prefix does, and
/// its first ESC is a client's.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_map(|byte| if byte == b'\n' { b'x' } else { byte });
    proptest::collection::vec(byte, 0..60).prop_map(|bytes| {
        let mut text = b"~=".to_vec();
        text.extend(bytes);
        text.push(b'.');
        text
    })
}

/// Bytes in which wrappings, whole or broken, are likely.
fn rubble() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 36] = [
        "gw-1",
        "  | ",
        "|",
        " ",
        "\x1b[36m",
        "\x1b[0m",
        "\x1b[",
        "\x1b",
        "2016-10-06T00:17:09.669794202Z",
        "2016-10-06T00:17:09",
        "+02:00",
        " stdout",
        " stderr",
        " F ",
        " P ",
        "{\"log\":\"",
        "\\n\"",
        "\",\"",
        "\"stream\":\"stdout\"",
        ",\"time\":\"t\"}",
        "=",
        "\r",
        "Nov 26 15:42:14 ",
        "Thu 2026-11-26 15:42:14 UTC ",
        "1764171734.301078 ",
        "host1 gw[12]: ",
        "gw: ",
        "<134>",
        "<134>1 - - - - - ",
        "1 ",
        "- ",
        "[a b=\"c\"] ",
        "[pod/a-1/b] ",
        "a-1 b ",
        "com.docker.a=b,c=d ",
        "@node",
    ];
    let piece = prop_oneof![
        9 => proptest::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What docker writes for `text`; bytes that are no UTF-8 it replaces itself.
fn docker(text: &[u8], end: &str) -> Vec<u8> {
    let log = String::from_utf8_lossy(text).into_owned() + end;
    let log = serde_json::to_string(&log).unwrap();
    format!(r#"{{"log":{log},"stream":"stdout","time":"t"}}"#).into_bytes()
}

fn cri(text: &[u8], flag: &str) -> Vec<u8> {
    [
        b"2016-10-06T00:17:09.669794202Z stdout ",
        flag.as_bytes(),
        b" ",
        text,
    ]
    .concat()
}

proptest! {
    #[test]
    fn what_is_told_as_other_json_is_no_record(
        key in "[a-z\\\\ ]{0,3}|log|stream|time|attrs|request",
        spoiled in proptest::option::of(0..12_usize),
    ) {
        let records = [
            format!(r#"{{"{key}":"x\n","stream":"stdout","time":"t","log":"y\n"}}"#),
            format!(r#"{{"{key}":"stdout","time":"t","log":"x\n"}}"#),
            format!(r#"{{"{key}":{{}},"stream":"stdout","time":"t","log":"x\n"}}"#),
            format!(r#"{{"{key}":{{}},"resourceSpans":[]}}"#),
        ];
        for record in records {
            let mut line = record.into_bytes();
            if let Some(place) = spoiled {
                line[place] = b' ';
            }
            let is_record = docker::record(&line, &mut Vec::new()).is_some() || span::read(&line).is_some();
            prop_assert!(!(is_record && docker::is_other_json(&line)), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn any_line_is_taken_and_nothing_is_added(lines in proptest::collection::vec(rubble(), 0..6)) {
        let mut unwrapper = Unwrapper::default();
        let (mut read, mut given) = (0, 0);
        for (offset, line) in lines.iter().enumerate() {
            read += line.len();
            let text = unwrapper.unwrap(offset as u64, line).map(|unwrapped| unwrapped.text.len());
            given += text.unwrap_or(0);
            prop_assert!(given <= read);
            prop_assert!(text.is_some() || unwrapper.held_from().is_some());
        }
        let mut flushed = 0;
        while let Some(unwrapped) = unwrapper.flush() {
            given += unwrapped.text.len();
            flushed += 1;
        }
        prop_assert!(given <= read && flushed <= 4);
        prop_assert_eq!(unwrapper.held_from(), None);
    }

    #[test]
    fn a_wrapping_taken_off_gives_the_line_back(text in text()) {
        let mut unwrapper = Unwrapper::default();
        let lossy = String::from_utf8_lossy(&text).into_owned().into_bytes();
        for prefix in ["", "gw-1  | ", "\x1b[36mgw-1  | \x1b[0m", "gw  | 2016-10-06T00:17:09.669794202Z "] {
            for (wrapped, expected) in [
                (text.clone(), &text),
                (cri(&text, "F"), &text),
                (docker(&text, "\n"), &lossy),
                (docker(&cri(&text, "F"), "\r\n"), &lossy),
                (cri(&docker(&text, "\n"), "F:x"), &lossy),
            ] {
                for end in ["", "\r"] {
                    let line = [prefix.as_bytes(), &wrapped, end.as_bytes()].concat();
                    let unwrapped = unwrapper.unwrap(0, &line).unwrap();
                    prop_assert_eq!(unwrapped.text, expected.as_slice(), "{:?}", line);
                }
            }
        }
    }

    #[test]
    fn parts_put_together_give_the_line_back(
        text in text(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5),
    ) {
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
        ends.retain(|end| text.is_char_boundary(*end));
        ends.sort_unstable();
        let mut unwrapper = Unwrapper::default();
        for wrap in [
            (|part: &str, whole: bool| cri(part.as_bytes(), if whole { "F" } else { "P" })) as fn(&str, bool) -> _,
            |part, whole| docker(part.as_bytes(), if whole { "\n" } else { "" }),
        ] {
            let mut start = 0;
            for end in &ends {
                let part = wrap(&text[start..*end], false);
                prop_assert_eq!(unwrapper.unwrap(0, &part), None);
                start = *end;
            }
            let last = wrap(&text[start..], true);
            let unwrapped = unwrapper.unwrap(0, &last).unwrap();
            prop_assert_eq!(unwrapped.text, text.as_bytes());
        }
    }

    #[test]
    fn the_first_blank_is_that_of_a_search(
        bytes in proptest::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b' '), 1 => Just(b'!')], 0..200),
        rest in proptest::collection::vec(0x21_u8..0xff, 0..80),
    ) {
        for text in [&bytes, &rest, &[&rest[..], &bytes].concat()] {
            let found = time::first_blank(text, 100);
            let expected = text.iter().position(|byte| *byte == b' ');
            prop_assert_eq!(found, expected.filter(|at| *at < 100));
        }
    }

    #[test]
    fn chunks_of_a_colour_are_no_colour(bytes in proptest::collection::vec(
        prop_oneof![Just(0x1b), Just(b'['), Just(b'm'), Just(b';'), any::<u8>()], 0..40)) {
        let mut once = Vec::new();
        ansi::remove(&bytes, &mut once);
        // A reference by hand: at each place either a whole sequence, or one byte.
        let mut expected = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let length = ansi::sequence(&bytes[at..]);
            if length == 0 {
                expected.push(bytes[at]);
            }
            at += length.max(1);
        }
        prop_assert_eq!(once, expected);
    }
}
