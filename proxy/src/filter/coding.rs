//! Whether the answer may be compressed: by the route's wish, or because the client insists.
//!
//! Otherwise the upstream is asked for `identity`, so that usage events can be taken out again. A
//! compressed answer is measured from a decoded copy, and usage is not asked for.

use http::header::GetAll;
use http::{HeaderMap, HeaderValue, header};

use super::context::Context;
use super::told::Header;

/// What the upstream is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The client names no coding.
    Nothing,
    /// `identity`, instead of what the client names.
    Replaced,
    /// What the client names.
    AsWritten,
}

pub(super) fn asked(headers: &HeaderMap, ctx: &Context) -> Asked {
    if !ctx.told.has(Header::AcceptEncoding) {
        return Asked::Nothing;
    }
    let values = headers.get_all(header::ACCEPT_ENCODING);
    // `connection` may have named it, so that it goes no further.
    if values.iter().next().is_none() {
        return Asked::Nothing;
    }
    let passes = ctx.route.as_ref().is_some_and(|route| route.config.pass_accept_encoding);
    if passes || insists(&values) { Asked::AsWritten } else { Asked::Replaced }
}

/// Whether the client refuses bodies that are not compressed ([RFC 9110, 12.5.3]).
///
/// [RFC 9110, 12.5.3]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
fn insists(values: &GetAll<'_, HeaderValue>) -> bool {
    // Only a weight can refuse anything, and most clients have none.
    let has_weight = |value: &HeaderValue| value.as_bytes().contains(&b';');
    if !values.iter().any(has_weight) {
        return false;
    }
    let all: Vec<_> = values.iter().filter_map(|value| value.to_str().ok()).collect();
    let weight_of = |wanted: &str| {
        let codings = all.iter().flat_map(|value| value.split(','));
        codings.filter_map(coding).find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let (_, weight) = weight_of("identity").or_else(|| weight_of("*")).unwrap_or(("", 1.0));
    weight == 0.0
}

/// A coding and its weight.
fn coding(text: &str) -> Option<(&str, f32)> {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.trim().split_once('=') {
        Some((key, value)) if key.trim().eq_ignore_ascii_case("q") => value.trim().parse().ok()?,
        _ => 1.0,
    };
    Some((name.trim(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insists_on(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        insists(&headers.get_all(header::ACCEPT_ENCODING))
    }

    #[test]
    fn only_a_weight_of_0_refuses_plain_bytes() {
        for values in [&["gzip, deflate, br, zstd"][..], &["*"], &["identity;q=0.1, *;q=0"], &[""]]
        {
            assert!(!insists_on(values), "{values:?}");
        }
        for values in
            [&["gzip, identity;q=0"][..], &["gzip;q=1.0, *; Q=0.000"], &["br", "Identity ; q = 0"]]
        {
            assert!(insists_on(values), "{values:?}");
        }
    }
}
