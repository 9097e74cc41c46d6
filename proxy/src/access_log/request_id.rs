//! The client's own name for its request.

use http::{HeaderMap, HeaderName};

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest that is kept, in bytes.
const LONGEST: usize = 128;

/// What stands in `x-request-id`, as far as it looks like an identifier.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<Box<str>> {
    let written = headers.get(&X_REQUEST_ID)?.to_str().ok()?;
    let is_id = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_graphic());
    is_id.then(|| written[..written.len().min(LONGEST)].into())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn an_identifier_is_kept_as_far_as_it_goes() {
        let of = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            request_id(&HeaderMap::from_iter([("x-request-id".parse().unwrap(), value)]))
        };
        assert_eq!(of(b"7f3c-01").as_deref(), Some("7f3c-01"));
        assert_eq!(of(&[b'a'; 9_000]).unwrap().len(), LONGEST);
        for other in [&b""[..], b"two words", b"\xc3\xa4", b"a\tb"] {
            assert_eq!(of(other), None, "{other:?}");
        }
        assert_eq!(request_id(&HeaderMap::new()), None);
    }
}
