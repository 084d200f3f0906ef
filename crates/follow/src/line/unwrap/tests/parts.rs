//! Records that hold a part of a line.

use super::*;

fn cri(stream: &str, flag: &str, text: &str) -> String {
    format!("2016-10-06T00:17:09.{}Z {stream} {flag} {text}", text.len())
}

fn docker(stream: &str, log: &str) -> String {
    format!(
        r#"{{"log":"{log}","stream":"{stream}","time":"t{}"}}"#,
        log.len()
    )
}

#[test]
fn parts_are_joined_and_have_the_first_time() {
    for lines in [
        [
            cri("stdout", "P", "one"),
            cri("stdout", "P:x", " and "),
            cri("stdout", "F", "two\r"),
        ],
        [
            docker("stdout", "one"),
            docker("stdout", r"\u0020and "),
            docker("stdout", r"two\r\n"),
        ],
    ] {
        let mut unwrapper = Unwrapper::default();
        assert_eq!(unwrapper.held_from(), None);
        assert_eq!(unwrapper.unwrap(10, lines[0].as_bytes()), None);
        assert_eq!(unwrapper.held_from(), Some(10));
        assert_eq!(unwrapper.unwrap(20, lines[1].as_bytes()), None);
        assert_eq!(unwrapper.held_from(), Some(10));
        let time = if lines[0].starts_with('{') {
            "t3"
        } else {
            "2016-10-06T00:17:09.3Z"
        };
        let joined = unwrapper.unwrap(30, lines[2].as_bytes()).map(owned);
        assert_eq!(joined, Some(Owned::at("one and two", time)));
        assert_eq!(unwrapper.held_from(), None);
        assert_eq!(unwrapper.flush(), None);
        // Nothing of it is left for the next.
        let next = unwrapper
            .unwrap(40, lines[2].as_bytes())
            .map(owned)
            .unwrap();
        assert!(next.text.starts_with("two"), "{next:?}");
    }
}

#[test]
fn streams_are_kept_apart() {
    let mut unwrapper = Unwrapper::default();
    let mut line = |offset, line: String| {
        let unwrapped = unwrapper.unwrap(offset, line.as_bytes());
        let text = unwrapped.map(|unwrapped| owned(unwrapped).text);
        (text, unwrapper.held_from())
    };
    assert_eq!(line(0, cri("stdout", "P", "out ")), (None, Some(0)));
    assert_eq!(
        line(1, cri("stderr", "F", "whole")),
        (Some("whole".into()), Some(0))
    );
    assert_eq!(line(2, cri("stderr", "P", "err ")), (None, Some(0)));
    assert_eq!(
        line(3, "no record".into()),
        (Some("no record".into()), Some(0))
    );
    assert_eq!(
        line(4, cri("stdout", "F", "end")),
        (Some("out end".into()), Some(2))
    );
    assert_eq!(
        line(5, cri("stderr", "F", "end")),
        (Some("err end".into()), None)
    );
}

#[test]
fn parts_in_parts() {
    let inner = ["P", "F"].map(|flag| cri("stderr", flag, flag));
    let mut unwrapper = Unwrapper::default();
    let mut texts = Vec::new();
    for (offset, line) in [
        docker("stdout", &inner[0][..9]),
        docker("stdout", &format!(r"{}\n", &inner[0][9..])),
        docker("stdout", &inner[1][..20]),
        docker("stdout", &format!(r"{}\n", &inner[1][20..])),
    ]
    .iter()
    .enumerate()
    {
        let unwrapped = unwrapper.unwrap(offset as u64, line.as_bytes());
        texts.push(unwrapped.map(|unwrapped| owned(unwrapped).text));
        assert_eq!(unwrapper.held_from(), (offset < 3).then_some(0));
    }
    assert_eq!(texts, [None, None, None, Some("PF".into())]);
}

#[test]
fn flush_hands_over_what_is_held_oldest_first() {
    let mut unwrapper = Unwrapper::default();
    for (offset, line) in [
        (0, cri("stderr", "P", "\x1b[31merr\x1b[0m\r")),
        (9, cri("stdout", "P", "out")),
    ] {
        assert_eq!(unwrapper.unwrap(offset, line.as_bytes()), None);
    }
    assert_eq!(
        unwrapper.flush().map(owned),
        Some(Owned::at("err", "2016-10-06T00:17:09.13Z"))
    );
    assert_eq!(unwrapper.held_from(), Some(9));
    assert_eq!(
        unwrapper.flush().map(owned),
        Some(Owned::at("out", "2016-10-06T00:17:09.3Z"))
    );
    assert_eq!(unwrapper.flush(), None);
    assert_eq!(unwrapper.held_from(), None);
}

#[test]
fn joined_lines_have_a_greatest_length() {
    let part = "x".repeat(LINE_BYTES_MAX / 4);
    for (last, oversized) in [("", 0), ("y", 1)] {
        let mut unwrapper = Unwrapper::default();
        for _ in 0..4 {
            assert_eq!(
                unwrapper.unwrap(0, cri("stdout", "P", &part).as_bytes()),
                None
            );
        }
        for _ in 0..3 {
            assert_eq!(
                unwrapper.unwrap(0, cri("stdout", "P", last).as_bytes()),
                None
            );
        }
        let last = cri("stdout", "F", last);
        let joined = unwrapper.unwrap(0, last.as_bytes()).unwrap();
        assert_eq!(joined.text.len(), LINE_BYTES_MAX);
        assert!(!joined.text.contains(&b'y'));
        assert_eq!(unwrapper.take_oversized(), oversized);
        assert_eq!(unwrapper.take_oversized(), 0);
        // The next line is whole again.
        assert_eq!(
            unwrapper.unwrap(0, cri("stdout", "P", "a").as_bytes()),
            None
        );
        let joined = unwrapper
            .unwrap(0, cri("stdout", "F", "b").as_bytes())
            .map(owned);
        assert_eq!(joined.unwrap().text, "ab");
        assert_eq!(unwrapper.take_oversized(), 0);
    }
}
