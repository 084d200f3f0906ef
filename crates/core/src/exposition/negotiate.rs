//! Which form an `Accept` header asks for.

use super::Format;

/// One media range of an `Accept` header (RFC 9110, section 12.5.1).
#[derive(Debug, Default)]
struct Range<'a> {
    media: &'a str,
    /// In thousandths.
    quality: u32,
    version: Option<&'a str>,
    proto: Option<&'a str>,
    encoding: Option<&'a str>,
}

/// The form that an `Accept` header asks for; text where it asks for nothing that is served.
///
/// Of forms that are equally welcome the one that is first is taken, as Prometheus lists them in
/// the order it prefers.
pub fn negotiate(accept: Option<&str>) -> Format {
    let mut best = (0, Format::Text);
    for range in accept.unwrap_or_default().split(',').map(range) {
        if let Some(format) = format(&range)
            && range.quality > best.0
        {
            best = (range.quality, format);
        }
    }
    best.1
}

fn range(text: &str) -> Range<'_> {
    let mut parts = text.split(';').map(str::trim);
    let mut range = Range {
        media: parts.next().unwrap_or_default(),
        quality: 1000,
        ..Range::default()
    };
    for part in parts {
        let Some((name, value)) = part.split_once('=') else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => range.quality = quality(value),
            "version" => range.version = Some(value),
            "proto" => range.proto = Some(value),
            "encoding" => range.encoding = Some(value),
            _ => {}
        }
    }
    range
}

fn quality(text: &str) -> u32 {
    match text.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0) as u32,
        _ => 0,
    }
}

fn format(range: &Range<'_>) -> Option<Format> {
    let is = |media: &str| range.media.eq_ignore_ascii_case(media);
    if is("application/openmetrics-text") {
        // 0.0.1 is what Prometheus asked for before the standard was one; the text is the same.
        let known = matches!(range.version, None | Some("1.0.0" | "0.0.1"));
        return known.then_some(Format::OpenMetrics);
    }
    if is("application/vnd.google.protobuf") {
        let family = range.proto == Some("io.prometheus.client.MetricFamily");
        return (family && range.encoding == Some("delimited")).then_some(Format::Protobuf);
    }
    if is("text/plain") {
        return matches!(range.version, None | Some("0.0.4")).then_some(Format::Text);
    }
    (is("text/*") || is("*/*")).then_some(Format::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_clients_send() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;\
             escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let with_protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.2";
        for (accept, expected) in [
            (None, Format::Text),
            (Some("*/*"), Format::Text),
            (
                Some("text/html,application/xhtml+xml,*/*;q=0.8"),
                Format::Text,
            ),
            (Some(prometheus_2), Format::OpenMetrics),
            (Some(prometheus_3), Format::OpenMetrics),
            (Some(with_protobuf), Format::Protobuf),
            (
                Some("application/openmetrics-text; version=2.0.0"),
                Format::Text,
            ),
            (Some("application/openmetrics-text;q=0"), Format::Text),
            (
                Some("text/plain;q=0.5, APPLICATION/OpenMetrics-Text;q=0.4"),
                Format::Text,
            ),
            (
                Some("application/vnd.google.protobuf;encoding=text"),
                Format::Text,
            ),
            (Some(",;=,q=x"), Format::Text),
        ] {
            assert_eq!(negotiate(accept), expected, "{accept:?}");
        }
    }
}
