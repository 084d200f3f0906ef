//! Who said a raw line, and what was said: for those who compare lines with lines of another run,
//! in which prefixes may have other colours, widths and times.

use super::{ansi, compose, prefix, time};

/// The container that compose's prefix names (empty where there is no prefix), and the text after
/// the prefix and docker's own time, without a `\r` and a terminal's reset at its end.
///
/// The container and not its service: the order of lines is stable only within a container.
#[inline]
pub fn split(raw: &[u8]) -> (&[u8], &[u8]) {
    let (container, text) = match is_surely_bare(raw) {
        true => (&raw[..0], raw),
        false => any_split(raw),
    };
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    (container, ansi::without_reset(text).unwrap_or(text))
}

/// Most lines begin with a time, whose first colon ends what could be a name; blanks or a bar cannot
/// follow then. Or they are JSON.
#[inline]
fn is_surely_bare(raw: &[u8]) -> bool {
    let is_time = time::has_colon(raw) && !time::has_blank(raw, 0) && !time::has_blank(raw, 5);
    is_time || raw.first() == Some(&b'{')
}

fn any_split(raw: &[u8]) -> (&[u8], &[u8]) {
    let Some(prefix) = compose::prefix(raw) else {
        return (&raw[..0], raw);
    };
    let text = prefix.said.text;
    let text = prefix::stamped(text).map_or(text, |prefix| prefix.text);
    (prefix.said.container.unwrap_or_default(), text)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn what_toggles_between_runs_is_left_out() {
        for raw in [
            "gw-1  | text a=b",
            "gw-1           | text a=b",
            "gw-1  | text a=b\r",
            "\x1b[36mgw-1  | \x1b[0mtext a=b",
            "\x1b[33mgw-1  |\x1b[0m text a=b\x1b[0m",
            "gw-1  | 2016-10-06T00:17:09.669794202Z text a=b",
        ] {
            let (container, text) = split(raw.as_bytes());
            assert_eq!((container, text), (&b"gw-1"[..], &b"text a=b"[..]), "{raw}");
        }
        assert_eq!(split(b"text a=b"), (&b""[..], &b"text a=b"[..]));
        assert_eq!(split(b""), (&b""[..], &b""[..]));
    }
}
