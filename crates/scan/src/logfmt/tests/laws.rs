//! What holds for any line: the reader equals the [`super::reference`], and nobody forges.

use proptest::prelude::*;

use super::*;

/// Lines that are nearly ambiguous.
fn line() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 40] = [
        "protocol=",
        " protocol=http",
        "duration=",
        " duration=1ms",
        " duration=\"",
        " duration=[",
        "a=",
        " a=",
        " a=\"",
        " b=[",
        " b={",
        "\"",
        "\" ",
        "\\",
        "\\\"",
        "[",
        "]",
        "{",
        "}",
        "] ",
        "} ",
        ",",
        ", ",
        ":",
        " ",
        "  ",
        "\t",
        "=",
        "x",
        "x y",
        "1",
        "\"q r\"",
        "[\"a\", 1]",
        "{\"k\": \"v = w\"}",
        "[::1]:80",
        "\n",
        "\u{1b}[31m",
        "é",
        "é=",
        " http.status=200",
    ];
    let piece = prop_oneof![
        40 => proptest::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..3),
        1 => (0usize..140).prop_map(|count| b" b=[".repeat(count)),
        3 => (0usize..140, proptest::sample::select(&b"x[=\0 "[..]))
            .prop_map(|(count, byte)| vec![byte; count]),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A text that a client chose: any, or one that tries to forge.
fn chosen() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| text.replace('\n', "x")),
        line().prop_map(|text| String::from_utf8_lossy(&text).replace('\n', "x")),
        Just(r#"gpt-4o user="boss" duration=1ms"#.into()),
        Just(r#"x user="boss" duration=1ms error=""#.into()),
        Just(r#" duration=["#.into()),
        Just(r#"] duration="#.into()),
    ]
}

/// A value of an added field, as the gateway writes it.
fn added() -> impl Strategy<Value = String> {
    prop_oneof![
        chosen().prop_map(|text| format!("{text:?}")),
        any::<i32>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        proptest::collection::vec(chosen(), 0..3).prop_map(|list| format!("{list:?}")),
        proptest::collection::btree_map(chosen(), any::<bool>(), 0..3)
            .prop_map(|map| format!("{map:?}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn reads_as_the_reference(line in line()) {
        let keys = keys(&["a", "b", "raw", "protocol", "duration", "http.status", "é"]);
        for untrusted in [None, Some(&untrusted()), Some(&several())] {
            let (expected, found) = (reference::read(&line, &keys, untrusted), read(&line, &keys, untrusted));
            prop_assert!(expected == found, "{:?}\n{expected:?}\n{found:?}", line.escape_ascii().to_string());
        }
    }

    #[test]
    fn nobody_forges_what_is_trusted(
        model in chosen(),
        user in chosen(),
        before in proptest::collection::vec(added(), 0..3),
        after in proptest::collection::vec(added(), 0..3),
    ) {
        let fields = |name: &str, values: &[String]| -> String {
            values.iter().map(|value| format!(" t.{name}={value}")).collect()
        };
        let line = format!(
            "2026-11-23T14:58:03.371549Z\tinfo\trequest route=default/a b src.addr=[::1]:9 http.status=200 \
             protocol=llm gen_ai.request.model={model} error={user:?} duration=5ms{} user={user:?}{}",
            fields("before", &before), fields("after", &after),
        );
        let keys = keys(&["route", "http.status", "user", "duration"]);
        let (any, slots) = read(line.as_bytes(), &keys, Some(&untrusted()));
        prop_assert!(any);
        let expected = ["default/a b", "200", user.as_str(), "5ms"];
        for (slot, expected) in slots.iter().zip(expected) {
            prop_assert_eq!(slot.trusted.count, 1, "{}", line);
            let mut scratch = Vec::new();
            let value = slot.trusted.first.decode(line.as_bytes(), &mut scratch);
            prop_assert_eq!(value, expected.as_bytes(), "{}", line);
            prop_assert!(slot.everywhere.count >= 1);
        }
    }
}
