//! The keys that a request shows: `Authorization: Bearer …` and `x-api-key: …`.

use http::{HeaderMap, header};

/// Both, as far as they are there. Another scheme of `Authorization` is no key.
pub(super) fn presented(headers: &HeaderMap) -> [Option<&[u8]>; 2] {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    let plain = headers.get("x-api-key").map(|value| value.as_bytes().trim_ascii());
    [bearer, plain].map(|key| key.filter(|key| !key.is_empty()))
}

/// The token of `Bearer TOKEN`; the scheme may be written in any case (RFC 9110, 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.trim_ascii().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pairs: &[(&'static str, &'static str)]) -> Vec<&'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let keys = presented(&headers).into_iter().flatten();
        let keys: Vec<_> = keys.map(|key| String::from_utf8(key.to_vec()).unwrap()).collect();
        let known = ["a-key", "b-key", "two words"];
        keys.iter().map(|key| *known.iter().find(|known| *known == key).unwrap()).collect()
    }

    #[test]
    fn both_forms_are_keys() {
        for value in ["Bearer a-key", "bearer a-key", "BEARER   a-key  "] {
            assert_eq!(shown(&[("authorization", value)]), ["a-key"], "{value}");
        }
        assert_eq!(shown(&[("x-api-key", " a-key ")]), ["a-key"]);
        let both = [("x-api-key", "b-key"), ("authorization", "Bearer a-key")];
        assert_eq!(shown(&both), ["a-key", "b-key"]);
        assert_eq!(shown(&[("authorization", "Bearer two words")]), ["two words"]);
    }

    #[test]
    fn nothing_else_is() {
        for value in ["", "Bearer", "Bearer ", "Bearera-key", "Basic YTpi", "a-key", "Token a-key"]
        {
            assert_eq!(shown(&[("authorization", value)]), [""; 0], "{value}");
        }
        assert_eq!(shown(&[("x-api-key", "  "), ("cookie", "a-key")]), [""; 0]);
    }

    #[test]
    fn of_several_headers_the_first_counts() {
        let twice = [("x-api-key", "a-key"), ("x-api-key", "b-key")];
        assert_eq!(shown(&twice), ["a-key"]);
    }
}
