//! `OTEL_EXPORTER_OTLP_HEADERS`: secrets, mostly.

use std::collections::HashMap;
use std::fmt;

use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

/// Names and values; the values are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(pub(crate) HashMap<String, String>);

impl Headers {
    /// Reads `name=value,name=value`, values percent-encoded, and how many of them can't be headers.
    pub(crate) fn read(text: &str) -> (Self, usize) {
        let mut headers = HashMap::new();
        let mut bad = 0;
        for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            match header(member) {
                Some((name, value)) => {
                    headers.insert(name, value);
                }
                None => bad += 1,
            }
        }
        (Self(headers), bad)
    }
}

fn header(member: &str) -> Option<(String, String)> {
    let (name, value) = member.split_once('=')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    HeaderValue::from_str(&value).ok()?;
    Some((name.as_str().to_owned(), value.into_owned()))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_never_shown() {
        let (headers, bad) =
            Headers::read(" Authorization = Basic%20d29ybXdvb2Q=,x-tenant=a , ,bad,b d=1,c=%0a");
        assert_eq!(bad, 3);
        assert_eq!(headers.0["authorization"], "Basic d29ybXdvb2Q=");
        assert_eq!(headers.0["x-tenant"], "a");
        let shown = format!("{headers:?}");
        assert!(shown.contains("authorization") && !shown.contains("d29y"), "{shown}");
    }
}
