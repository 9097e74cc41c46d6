//! Which headers a request has of those that are looked for, and how large its head is: by one walk over all of them,
//! since most have few, and a search for each would cost more.

use http::HeaderMap;
use pingora::http::RequestHeader;

/// A header that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Header {
    AcceptEncoding,
    ContentEncoding,
    Expect,
    Hop,
    RequestId,
    Traceparent,
    Tracestate,
    TransferEncoding,
    Upgrade,
}

impl Header {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "accept-encoding" => Self::AcceptEncoding,
            "content-encoding" => Self::ContentEncoding,
            "expect" => Self::Expect,
            "x-weir-hop" => Self::Hop,
            "x-request-id" => Self::RequestId,
            "traceparent" => Self::Traceparent,
            "tracestate" => Self::Tracestate,
            "transfer-encoding" => Self::TransferEncoding,
            "upgrade" => Self::Upgrade,
            _ => return None,
        })
    }

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// What a head tells, as the client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    headers: u16,
    /// Its bytes, as they would be in HTTP/1: a line for each header, and the first.
    pub(super) bytes: usize,
}

impl Told {
    pub(super) fn by(head: &RequestHeader) -> Self {
        let first = head.method.as_str().len() + head.raw_path().len();
        let Self { headers, bytes } = Self::by_headers(&head.headers);
        Self { headers, bytes: first + " HTTP/1.1 \r\n\r\n".len() + bytes }
    }

    fn by_headers(headers: &HeaderMap) -> Self {
        let mut told = Self::default();
        for (name, value) in headers {
            let name = name.as_str();
            told.bytes += name.len() + value.len() + ": \r\n".len();
            told.headers |= Header::of(name).map_or(0, Header::bit);
        }
        told
    }

    pub(super) fn has(self, header: Header) -> bool {
        self.headers & header.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, header};

    use super::*;
    use crate::access_log::X_REQUEST_ID;
    use crate::filter::hop;
    use crate::trace_context::{TRACEPARENT, TRACESTATE};

    #[test]
    fn each_header_is_told_by_the_name_that_is_looked_up() {
        let all = [
            (header::ACCEPT_ENCODING, Header::AcceptEncoding),
            (header::CONTENT_ENCODING, Header::ContentEncoding),
            (header::EXPECT, Header::Expect),
            (hop::HEADER.clone(), Header::Hop),
            (X_REQUEST_ID.clone(), Header::RequestId),
            (TRACEPARENT.clone(), Header::Traceparent),
            (TRACESTATE.clone(), Header::Tracestate),
            (header::TRANSFER_ENCODING, Header::TransferEncoding),
            (header::UPGRADE, Header::Upgrade),
        ];
        for (name, _) in &all {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("a"));
            // In any case: names are made small where they are read.
            let written = name.as_str().to_uppercase();
            let written = HeaderName::from_bytes(written.as_bytes()).unwrap();
            headers.insert(written, HeaderValue::from_static(""));
            let told = Told::by_headers(&headers);
            for (other, header) in &all {
                assert_eq!(told.has(*header), other == name, "{name}: {other}");
            }
        }
        assert_eq!(Told::by_headers(&HeaderMap::new()), Told::default());
    }

    #[test]
    fn bytes_are_those_of_http_1() {
        let mut head = RequestHeader::build("POST", b"/v1/x?y", None).unwrap();
        head.append_header("a", "12").unwrap();
        head.append_header("a", "345").unwrap();
        assert_eq!(Told::by(&head).bytes, "POST /v1/x?y HTTP/1.1\r\na: 12\r\na: 345\r\n\r\n".len());
    }
}
