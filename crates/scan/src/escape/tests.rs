//! Tests of the escapes, by hand and against what `serde_json` and Rust write.

use proptest::prelude::*;

use super::unescape;

fn unescaped(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    unescape(bytes.as_ref(), &mut out);
    out
}

#[test]
fn escapes() {
    for (written, meant) in [
        (r"plain", "plain"),
        (r#"a\"b\\c@x.com"#, r#"a"b\c@x.com"#),
        (
            r"line1\nline2\r\tx\0\b\f\/\'",
            "line1\nline2\r\tx\0\u{8}\u{c}/'",
        ),
        (r"a\tb\u{1b}[31mred\u{1b}[0m", "a\tb\u{1b}[31mred\u{1b}[0m"),
        (r"\u00e9\u00E9\u{e9}\u{1F600}", "ééé😀"),
        (r"\ud83d\ude00", "😀"),
        // Half a pair, a pair the wrong way round, a pair with something between.
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83dx\ude00", "\u{fffd}x\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (
            r"\u{d800}\u{110000}\u{ffffffff}",
            "\u{fffd}\u{fffd}\u{fffd}",
        ),
        // No escapes.
        (r"\", r"\"),
        (r"a\", r"a\"),
        (r"\q\x41", r"\q\x41"),
        (r"\u", r"\u"),
        (r"\u12", r"\u12"),
        (r"\u12g4", r"\u12g4"),
        (r"\u+123", r"\u+123"),
        (r"\u{}", r"\u{}"),
        (r"\u{12", r"\u{12"),
        (r"\u{123456789}", r"\u{123456789}"),
    ] {
        assert_eq!(unescaped(written), meant.as_bytes(), "{written}");
    }
}

proptest! {
    #[test]
    fn resolves_what_json_writes(text in any::<String>()) {
        let written = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(unescaped(&written[1..written.len() - 1]), text.as_bytes());
    }

    #[test]
    fn resolves_what_rust_writes(text in any::<String>()) {
        let written = format!("{text:?}");
        prop_assert_eq!(unescaped(&written[1..written.len() - 1]), text.as_bytes());
    }

    #[test]
    fn takes_any_bytes(bytes in proptest::collection::vec(
        prop_oneof![Just(b'\\'), Just(b'u'), Just(b'{'), Just(b'}'), Just(b'd'), any::<u8>()], 0..40)) {
        // The shortest escape that becomes U+FFFD, three bytes, has six.
        prop_assert!(unescaped(&bytes).len() <= bytes.len());
    }
}
