//! Where a LangFuse server is.

use reqwest::Url;

pub(super) const EXPECTED: &str = "http://HOST:PORT or https://HOST:PORT, LangFuse's base without \
                                   /api/public, user or query";

/// A base, to which paths are added.
///
/// # Errors
/// With what may be shown of it: a password may stand in it.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "no URL".to_owned())?;
    let is_base = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && !url.path().contains("/api/public");
    let host = url.host_str().unwrap_or("no host").to_owned();
    is_base.then_some(url).ok_or(host)
}
