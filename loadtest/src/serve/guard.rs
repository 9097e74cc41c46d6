//! What a request has to be like before the page answers it, and what browsers are told to do with the answer. The page
//! shows what other people wrote, and knows no users: other sites must neither read it nor write to it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::answer::Refusal;
use super::site::Site;

/// Of every answer. Scripts are the page's own; plotly.js sets styles on elements, and makes pictures to save.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
             object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Lets a request through, or says what is wrong with it.
pub(super) async fn check(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut answer = match refused(&site.hosts, &request) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    answer.headers_mut().extend(HEADERS);
    answer
}

fn refused(hosts: &[String], request: &Request) -> Option<Refusal> {
    let headers = request.headers();
    let host = text(headers, header::HOST).unwrap_or_default();
    if !is_known(hosts, host) {
        let host: String = host.chars().take(253).collect();
        let words = format!(
            "this page is not served under the name {host:?}: ask for it by an IP address or localhost, or put the name into \
             [loadtest] hosts"
        );
        return Some(Refusal::new(StatusCode::MISDIRECTED_REQUEST, words));
    }
    if request.method().is_safe() {
        return None;
    }
    // A browser always says where a page that writes comes from.
    if headers.contains_key(header::ORIGIN) && !is_of_this_page(headers, host) {
        return Some(Refusal::new(StatusCode::FORBIDDEN, "another site's page may not write here"));
    }
    let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    (!kind.eq_ignore_ascii_case("application/json")).then(|| {
        let words = "expected JSON, with content-type: application/json";
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, words)
    })
}

/// Whether a `Host` is an address, localhost or one of `hosts`. Whoever makes a name of his own lead here (DNS
/// rebinding) has his page read this one as if it were his: an address can't be made to do that.
fn is_known(hosts: &[String], host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            return address.parse::<Ipv6Addr>().is_ok() && is_port(rest);
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    if !is_port(port) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    name == "localhost" || name.parse::<Ipv4Addr>().is_ok() || hosts.iter().any(|host| host == name)
}

/// Whether this is nothing, or a port with its colon.
fn is_port(rest: &str) -> bool {
    let is_number = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    rest.is_empty() || rest.strip_prefix(':').is_some_and(is_number)
}

/// Whether `Origin` is the page's own, behind whatever speaks TLS for it.
fn is_of_this_page(headers: &HeaderMap, host: &str) -> bool {
    let origin = text(headers, header::ORIGIN).unwrap_or_default();
    let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// The value of a header that is there once.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_to_be_known_and_addresses_not() {
        let hosts = ["benchmarks.example".to_owned()];
        for host in [
            "localhost:8001",
            "LOCALHOST",
            "127.0.0.1:8001",
            "192.0.2.7",
            "[::1]:8001",
            "benchmarks.example",
            "Benchmarks.Example.:80",
        ] {
            assert!(is_known(&hosts, host), "{host}");
        }
        for host in [
            "",
            "rebound.example:8001",
            "localhost.rebound.example",
            "127.0.0.1.rebound.example",
            "[rebound]:1",
            "www.benchmarks.example",
            "user@rebound.example",
            "[::1].rebound.example",
            "localhost:rebound.example",
            "127.0.0.1:80, rebound.example",
        ] {
            assert!(!is_known(&hosts, host), "{host}");
        }
    }

    #[test]
    fn another_origin_may_not_write() {
        let is_own = |origin: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
            is_of_this_page(&headers, "localhost:8001")
        };
        assert!(is_own("http://localhost:8001") && is_own("https://localhost:8001"));
        for origin in ["null", "http://localhost", "http://localhost:8002", "file://", ""] {
            assert!(!is_own(origin), "{origin}");
        }
    }
}
