//! `Accept-Encoding` in, the content coding of a response out (RFC 9110, 12.5.3).

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878, with a window that every reader accepts (RFC 9659).
    Zstd,
}

impl Encoding {
    /// The value of `Content-Encoding`; none where there is no coding.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Identity => None,
            Encoding::Gzip => Some("gzip"),
            Encoding::Zstd => Some("zstd"),
        }
    }
}

/// The coding that is most welcome; of equally welcome ones zstd before gzip before identity.
///
/// Identity is chosen wherever nothing else is welcome, even where it is refused: an answer that
/// can be read is better than none.
pub fn negotiate(accept_encoding: Option<&str>) -> Encoding {
    let Some(header) = accept_encoding else {
        return Encoding::Identity;
    };
    let mut named = Weights::default();
    for item in header.split(',') {
        named.read(item);
    }
    let rest = named.rest.unwrap_or(0);
    let candidates = [
        (Encoding::Zstd, named.zstd.unwrap_or(rest)),
        (Encoding::Gzip, named.gzip.unwrap_or(rest)),
        (Encoding::Identity, named.identity.unwrap_or(rest)),
    ];
    let mut best = (Encoding::Identity, 0);
    for candidate in candidates {
        if candidate.1 > best.1 {
            best = candidate;
        }
    }
    best.0
}

/// What the header says of each coding, in thousandths.
#[derive(Default)]
struct Weights {
    zstd: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    rest: Option<u16>,
}

impl Weights {
    fn read(&mut self, item: &str) {
        let mut parts = item.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let mut weight = 1000;
        for parameter in parts {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if key.trim().eq_ignore_ascii_case("q") {
                weight = thousandths(value.trim());
            }
        }
        let slot = match name.to_ascii_lowercase().as_str() {
            "zstd" => &mut self.zstd,
            "gzip" | "x-gzip" => &mut self.gzip,
            "identity" => &mut self.identity,
            "*" => &mut self.rest,
            _ => return,
        };
        *slot = Some(slot.map_or(weight, |before| before.max(weight)));
    }
}

/// A quality value (RFC 9110, 12.4.2) in thousandths. One that cannot be read counts as 0: who is
/// not understood gets what everybody can read.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" if fraction.bytes().all(|digit| digit == b'0') => 1000,
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(header: &str, expected: Encoding) {
        assert_eq!(negotiate(Some(header)), expected, "{header:?}");
    }

    #[test]
    fn nothing_asked_is_identity() {
        assert_eq!(negotiate(None), Encoding::Identity);
        check("", Encoding::Identity);
        check(" , ,;", Encoding::Identity);
        check("br, deflate", Encoding::Identity);
    }

    #[test]
    fn what_clients_send() {
        check("gzip", Encoding::Gzip);
        check("GZip", Encoding::Gzip);
        check("x-gzip", Encoding::Gzip);
        check("gzip, deflate, br, zstd", Encoding::Zstd);
        check("identity", Encoding::Identity);
        check("*", Encoding::Zstd);
    }

    #[test]
    fn weights_decide() {
        check("gzip;q=1.0, zstd;q=0.5", Encoding::Gzip);
        check("gzip; Q=0.5 ,zstd ; q=0.501", Encoding::Zstd);
        check("identity;q=1, gzip;q=0.5", Encoding::Identity);
        check("gzip;q=0.001, identity;q=0", Encoding::Gzip);
        check("zstd;q=0, *", Encoding::Gzip);
        check("zstd;q=0, gzip;q=0, *;q=1", Encoding::Identity);
        check("*;q=0, gzip", Encoding::Gzip);
        check("identity;q=0", Encoding::Identity);
        check("*;q=0", Encoding::Identity);
        check("gzip;q=0.4, x-gzip;q=0.9, zstd;q=0.5", Encoding::Gzip);
    }

    #[test]
    fn a_weight_that_cannot_be_read_is_none() {
        for weight in [
            "", "2", "1.001", "-1", "0.1234", "0.x", "1e3", "+0.5", "0.+5", ".5", "NaN",
        ] {
            check(&format!("zstd;q={weight}"), Encoding::Identity);
        }
        assert_eq!(thousandths("1"), 1000);
        assert_eq!(thousandths("1.000"), 1000);
        assert_eq!(thousandths("0.25"), 250);
        assert_eq!(thousandths("0."), 0);
        assert_eq!(thousandths("0.007"), 7);
    }

    proptest! {
        #[test]
        fn a_coding_is_chosen_only_where_it_is_named(header in ".{0,80}") {
            let chosen = negotiate(Some(&header));
            let lower = header.to_ascii_lowercase();
            if let Some(name) = chosen.name() {
                prop_assert!(lower.contains(name) || lower.contains('*'));
            }
        }
    }
}
