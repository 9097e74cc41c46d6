//! URLs of the configuration.

use reqwest::Url;
use weir_daemon::config::{ConfigError, Loaded};

/// The place of an id in a link to a trace.
const TRACE_ID: &str = "{trace_id}";

/// Of Prometheus: its root, no page of it.
pub(super) fn prometheus<T>(
    loaded: &Loaded<T>,
    text: Option<&str>,
) -> Result<Option<Url>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let url = http(text).filter(is_plain).filter(|url| !url.path().contains("/api/v1"));
    let expected = "Prometheus' URL, such as \"http://127.0.0.1:9090\"";
    url.map(Some)
        .ok_or_else(|| loaded.invalid("loadtest.prometheus", format!("{text:?}"), expected))
}

/// Of an exporter's page; `none`: it is not asked.
pub(super) fn exporter<T>(
    loaded: &Loaded<T>,
    key: &str,
    text: &str,
) -> Result<Option<Url>, ConfigError> {
    if text == "none" {
        return Ok(None);
    }
    let expected = "the URL of its metrics, such as \"http://127.0.0.1:9900/metrics\", or \"none\"";
    let url = http(text).filter(is_plain).filter(|url| url.path() != "/");
    url.map(Some).ok_or_else(|| loaded.invalid(key, format!("{text:?}"), expected))
}

/// Of a page for people.
pub(super) fn link<T>(loaded: &Loaded<T>, key: &str, text: &str) -> Result<String, ConfigError> {
    let expected = "a URL that begins with http:// or https://, without a user";
    let url = http(text).filter(has_no_user).map(|_| text.to_owned());
    url.ok_or_else(|| loaded.invalid(key, format!("{text:?}"), expected))
}

/// Of a trace, with the place of its id.
pub(super) fn trace<T>(loaded: &Loaded<T>, text: &str) -> Result<String, ConfigError> {
    let url = http(&text.replace(TRACE_ID, "0")).filter(has_no_user);
    let expected =
        "a URL with {trace_id} in it, such as \"http://127.0.0.1:16686/trace/{trace_id}\"";
    let url = url.filter(|_| text.contains(TRACE_ID)).map(|_| text.to_owned());
    url.ok_or_else(|| loaded.invalid("loadtest.trace", format!("{text:?}"), expected))
}

/// Pages follow links: nothing but HTTP is one.
pub(super) fn http(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// It is asked, and shown: no secret is in it.
pub(super) fn is_plain(url: &Url) -> bool {
    has_no_user(url) && url.query().is_none()
}

/// Everybody who sees the page sees its links.
fn has_no_user(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}
