//! Heads of requests and answers, as far as the meter needs them.

use crate::request::model_in_target;
use crate::{Endpoint, endpoint};

/// The head of a request, as far as the meter needs it.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// From [`classify`](crate::classify).
    pub endpoint: Endpoint,
    /// Path and query: the model can stand in them.
    pub target: &'a str,
    /// The `content-type` header.
    pub content_type: Option<&'a str>,
    /// The `content-encoding` header.
    pub content_encoding: Option<&'a str>,
}

impl RequestHead<'_> {
    /// A request with a plain JSON body.
    pub fn json(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            target: "",
            content_type: Some("application/json"),
            content_encoding: None,
        }
    }

    /// The content coding, if the body has one.
    pub(crate) fn coding(&self) -> Option<&str> {
        coding(self.content_encoding)
    }

    /// Whether the body tells what is asked for.
    pub(crate) fn is_by_shape(&self) -> bool {
        self.endpoint == Endpoint::Other && endpoint::is_by_shape(self.target)
    }

    /// Whether usage of a streamed answer has to be asked for.
    pub(crate) fn takes_stream_options(&self) -> bool {
        // A batch is never streamed.
        let asks = self.endpoint.has_stream_options() && !endpoint::is_batch(self.target);
        asks || self.is_by_shape()
    }

    /// The model that the path or the query names.
    pub fn model(&self) -> Option<String> {
        model_in_target(self.target, self.endpoint == Endpoint::Realtime)
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

    /// The content coding, if the body has one.
    pub(crate) fn coding(&self) -> Option<&str> {
        coding(self.content_encoding)
    }

    /// Whether the body is JSON, as far as the head says.
    pub(crate) fn may_be_json(&self) -> bool {
        self.content_type.is_none_or(|kind| kind.to_ascii_lowercase().contains("json"))
    }

    pub(crate) fn is_event_stream(&self, asked_for_stream: bool) -> bool {
        let kind = self.content_type.unwrap_or_default();
        // As most write it: told without a copy.
        if kind == "application/json" {
            return false;
        }
        let kind = kind.to_ascii_lowercase();
        if kind.contains("event-stream") {
            return true;
        }
        asked_for_stream && !kind.contains("json")
    }
}

/// `identity` says that there is none; names are in any case ([RFC 9110, 8.4.1]).
///
/// [RFC 9110, 8.4.1]: https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1
fn coding(header: Option<&str>) -> Option<&str> {
    let is_none = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    header.filter(|header| !header.split(',').map(str::trim).all(is_none))
}
