//! The choice of a format by the `Accept` header.

/// A format that metrics are written in; the richest comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4: what everything reads, people included.
    Text,
    /// OpenMetrics text 1.0.0: with exemplars.
    OpenMetrics,
    /// `io.prometheus.client` in protocol buffers: with exemplars and native histograms.
    Protobuf,
}

impl Format {
    /// The value of the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// The format for a request with this `Accept` header (several of them joined by commas).
    ///
    /// What it likes best; of what it likes as much, the richest. Protobuf and OpenMetrics only where
    /// the header names them, the one as what we write and the other in a version that we write; a
    /// wildcard means text. There is no 406: who accepts none of them gets text.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let ranges: Vec<Range> =
            accept.unwrap_or("*/*").split(',').filter_map(Range::parse).collect();
        let mut best = (Self::Text, text_quality(&ranges));
        for (format, is_named) in [
            (Self::OpenMetrics, Range::is_open_metrics as fn(&_) -> _),
            (Self::Protobuf, Range::is_protobuf),
        ] {
            let named = ranges.iter().filter(|range| is_named(range));
            let quality = named.map(|range| range.quality).fold(0.0, f32::max);
            if quality > 0.0 && quality >= best.1 {
                best = (format, quality);
            }
        }
        best.0
    }
}

/// How much the header likes text 0.0.4: the most specific range that covers it says so (RFC 9110,
/// 12.5.1).
fn text_quality(ranges: &[Range]) -> f32 {
    ["text/plain", "text/*", "*/*"]
        .into_iter()
        .find_map(|media| {
            ranges
                .iter()
                .filter(|range| range.media == media && range.is_version("0.0.4"))
                .map(|range| range.quality)
                .reduce(f32::max)
        })
        .unwrap_or(0.0)
}

/// One entry of an `Accept` header.
struct Range {
    media: String,
    version: Option<String>,
    proto: Option<String>,
    encoding: Option<String>,
    quality: f32,
}

impl Range {
    /// `None` for an entry that makes no sense, which is as if it were not there.
    fn parse(entry: &str) -> Option<Self> {
        let mut parts = entry.split(';').map(str::trim);
        let media = parts.next().filter(|media| media.contains('/'))?.to_ascii_lowercase();
        let mut range = Self { media, version: None, proto: None, encoding: None, quality: 1.0 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => range.quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?,
                "version" => range.version = Some(value.to_owned()),
                "proto" => range.proto = Some(value.to_owned()),
                "encoding" => range.encoding = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(range)
    }

    fn is_open_metrics(&self) -> bool {
        self.media == "application/openmetrics-text" && self.is_version("1.0.0")
    }

    /// The media type alone says nothing.
    fn is_protobuf(&self) -> bool {
        self.media == "application/vnd.google.protobuf"
            && self.proto.as_deref() == Some("io.prometheus.client.MetricFamily")
            && self.encoding.as_deref() == Some("delimited")
    }

    /// Whether it asks for this version or for none in particular.
    fn is_version(&self, version: &str) -> bool {
        self.version.as_deref().is_none_or(|wanted| wanted == version)
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Protobuf, Text};

    #[test]
    fn real_scrapers_get_what_they_prefer() {
        let cases = [
            // Prometheus 2.42.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OpenMetrics,
            ),
            // Prometheus 3.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                OpenMetrics,
            ),
            // Prometheus 2.42 with --enable-feature=native-histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Protobuf,
            ),
            // Prometheus 3 with scrape_native_histograms.
            (
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Protobuf,
            ),
            // Prometheus 3 with scrape_protocols: [PrometheusText0.0.4].
            ("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", Text),
            // curl; a browser.
            ("*/*", Text),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", Text),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::negotiate(Some(accept)), format, "{accept}");
        }
        assert_eq!(Format::negotiate(None), Text);
    }

    const PROTOBUF: &str =
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily";

    #[test]
    fn qualities_and_versions_decide() {
        let cases = [
            ("application/openmetrics-text", OpenMetrics),
            ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\"; Q=0.5", OpenMetrics),
            ("application/openmetrics-text; version=0.0.1", Text),
            ("application/openmetrics-text; version=2.0.0", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Text),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.5", OpenMetrics),
            ("application/openmetrics-text;q=0.5, text/plain;q=0.1, */*;q=0.9", OpenMetrics),
            (
                "application/openmetrics-text;q=0.5, text/plain;version=1.0.0, */*;q=0.1",
                OpenMetrics,
            ),
            ("application/openmetrics-text;q=0.5, text/*", Text),
            ("application/openmetrics-text;q=lots, */*", Text),
            ("application/*", Text),
            ("application/vnd.google.protobuf", Text),
            (&format!("{PROTOBUF};encoding=text"), Text),
            (&format!("{PROTOBUF};encoding=delimited"), Protobuf),
            (&format!("{PROTOBUF};encoding=delimited;q=0"), Text),
            (&format!("{PROTOBUF};encoding=delimited;q=0.001, */*;q=0.002"), Text),
            (&format!("{PROTOBUF};encoding=delimited;q=0.5, text/plain;q=0.5"), Protobuf),
            (
                &format!("{PROTOBUF};encoding=delimited;q=0.5, application/openmetrics-text;q=0.5"),
                Protobuf,
            ),
            (
                &format!("{PROTOBUF};encoding=delimited;q=0.4, application/openmetrics-text;q=0.5"),
                OpenMetrics,
            ),
            (
                "Application/vnd.google.protobuf; PROTO=\"io.prometheus.client.MetricFamily\"; encoding=delimited",
                Protobuf,
            ),
            ("application/vnd.google.protobuf;proto=io.prometheus.other;encoding=delimited", Text),
            ("", Text),
            (",;,q=1;;", Text),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::negotiate(Some(accept)), format, "{accept}");
        }
    }
}
