//! A file of the page, as browsers ask for it.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use weir_daemon::admin::is_known;

/// What it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Html,
    Css,
    Script,
}

impl Kind {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Css => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
        }
    }
}

/// A file; clones are the same.
#[derive(Clone)]
pub(super) struct Asset(Arc<Inner>);

struct Inner {
    kind: Kind,
    make: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
    /// Made when it is first asked for.
    made: OnceLock<Made>,
}

/// Both forms, each with an etag of its own: strong ones tell codings apart (RFC 9110, section 8.8.3.3).
struct Made {
    plain: (Bytes, String),
    gzip: (Bytes, String),
}

impl Asset {
    pub(super) fn new(kind: Kind, make: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { kind, make: Box::new(make), made: OnceLock::new() }))
    }

    /// The answer to a request with these headers.
    pub(super) async fn answer(self, headers: HeaderMap) -> Response {
        if self.0.made.get().is_none() {
            // Compressing plotly.js takes a moment, in which no other page would be answered.
            let asset = self.clone();
            let _made = tokio::task::spawn_blocking(move || asset.made().plain.0.len()).await;
        }
        let accepts_gzip = accepts_gzip(&headers);
        let made = self.made();
        let (body, etag) = if accepts_gzip { &made.gzip } else { &made.plain };
        // no-cache: it may be kept, and is asked for again each time, since another version may be there.
        let common = [
            (header::ETAG, etag.as_str()),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
        ];
        if is_known(&headers, etag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let content_type = [(header::CONTENT_TYPE, self.0.kind.content_type())];
        let coding = accepts_gzip.then_some([(header::CONTENT_ENCODING, "gzip")]);
        match coding {
            Some(coding) => (common, content_type, coding, body.clone()).into_response(),
            None => (common, content_type, body.clone()).into_response(),
        }
    }

    fn made(&self) -> &Made {
        self.0.made.get_or_init(|| {
            let plain = (self.0.make)();
            let mut sum = Crc::new();
            sum.update(&plain);
            let tag = format!("{:x}-{:08x}", plain.len(), sum.sum());
            let gzip = (gzip(&plain).into(), format!("\"{tag}-gzip\""));
            Made { plain: (plain.into(), format!("\"{tag}\"")), gzip }
        })
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _written = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Whether `Accept-Encoding` allows it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let is_refused = |part: &str| {
            let weight = part.strip_prefix("q=").and_then(|weight| weight.parse::<f64>().ok());
            weight == Some(0.0)
        };
        is_gzip && !parts.any(is_refused)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_for_those_who_take_it() {
        let accepts = |value: &'static str| {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
            accepts_gzip(&HeaderMap::from_iter(headers))
        };
        assert!(accepts("gzip, deflate, br") && accepts("br;q=1.0, GZIP;q=0.5"));
        for value in ["", "br", "gzip;q=0", "gzip; q=0.0", "identity"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
