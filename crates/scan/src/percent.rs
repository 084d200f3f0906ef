//! Percent encoding: what URLs write for bytes that mean something in them (RFC 3986, section 2.1).

/// Writes `bytes` to `out` with `%41` as `A`, and with `plus_is_blank` also `+` as a blank, as forms
/// and queries of URLs write it. What is no escape stays as it is written.
pub fn decode(bytes: &[u8], plus_is_blank: bool, out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let [byte, more @ ..] = rest {
        rest = more;
        match byte {
            b'+' if plus_is_blank => out.push(b' '),
            b'%' => match more {
                [high, low, after @ ..] => match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        out.push(high << 4 | low);
                        rest = after;
                    }
                    _ => out.push(b'%'),
                },
                _ => out.push(b'%'),
            },
            _ => out.push(*byte),
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str, plus_is_blank: bool) -> String {
        let mut out = Vec::new();
        decode(text.as_bytes(), plus_is_blank, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn escapes_are_decoded_and_all_else_stays() {
        assert_eq!(decoded("a%20b+c%2B", true), "a b c+");
        assert_eq!(decoded("a%20b+c%2b", false), "a b+c+");
        assert_eq!(decoded("Z%C3%BCrich", true), "Zürich");
        assert_eq!(decoded("100%", true), "100%");
        assert_eq!(decoded("%4", true), "%4");
        assert_eq!(decoded("%zz%4x%%41", true), "%zz%4x%A");
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
            let mut out = Vec::new();
            decode(encoded.as_bytes(), true, &mut out);
            prop_assert_eq!(out, bytes);
        }

        #[test]
        fn nothing_grows(bytes in prop::collection::vec(any::<u8>(), 0..40), plus: bool) {
            let mut out = Vec::new();
            decode(&bytes, plus, &mut out);
            prop_assert!(out.len() <= bytes.len());
            if !bytes.contains(&b'%') && !bytes.contains(&b'+') {
                prop_assert_eq!(out, bytes);
            }
        }
    }
}
