//! Heads of requests and answers, as far as the meter needs them.

use crate::Endpoint;

/// The head of a request, as far as the meter needs it.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// From [`classify`](crate::classify).
    pub endpoint: Endpoint,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The `content-encoding` header.
    pub content_encoding: Option<&'a str>,
}

impl RequestHead<'_> {
    /// A request with a plain JSON body.
    pub fn json(endpoint: Endpoint) -> Self {
        Self { endpoint, content_type: Some("application/json"), content_encoding: None }
    }

    pub(crate) fn is_encoded(&self) -> bool {
        is_encoded(self.content_encoding)
    }

    /// Python's servers read JSON whatever the content type says (`curl -d` says form), but for
    /// multipart.
    pub(crate) fn is_multipart(&self) -> bool {
        let kind = self.content_type.unwrap_or_default().trim_start();
        kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
    }
}

/// The head of an answer, as far as the meter needs it.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The status code.
    pub status: u16,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The `content-encoding` header.
    pub content_encoding: Option<&'a str>,
}

impl<'a> ResponseHead<'a> {
    /// An answer without a content coding.
    pub fn new(status: u16, content_type: Option<&'a str>) -> Self {
        Self { status, content_type, content_encoding: None }
    }

    pub(crate) fn is_encoded(&self) -> bool {
        is_encoded(self.content_encoding)
    }

    pub(crate) fn is_event_stream(&self, asked_for_stream: bool) -> bool {
        let kind = self.content_type.unwrap_or_default().to_ascii_lowercase();
        if kind.contains("event-stream") {
            return true;
        }
        asked_for_stream && !kind.contains("json")
    }
}

fn is_encoded(coding: Option<&str>) -> bool {
    coding.is_some_and(|coding| !matches!(coding.trim(), "" | "identity"))
}
