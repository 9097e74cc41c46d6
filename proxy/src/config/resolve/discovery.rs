//! From `[proxy.discovery]` to where routes are found.

use weir_daemon::config::{ConfigError, Loaded};

use super::usage;
use crate::config::Discovery;
use crate::config::raw::RawProxy;
use crate::upstream::Upstream;

const EXPECTED: &str =
    "a URL such as \"http://127.0.0.1:9901\", without a path, a user or a password";

pub(super) fn discovery(loaded: &Loaded<RawProxy>) -> Result<Option<Discovery>, ConfigError> {
    let Some(raw) = &loaded.value.discovery else { return Ok(None) };
    // What is asked for of an upstream's URL is asked for of this one.
    let url = Upstream::parse(&raw.url, false, raw.tls_verify).map_err(|_| {
        let shown = if raw.url.contains('@') { "(hidden)" } else { &raw.url };
        loaded.invalid("proxy.discovery.url", shown, EXPECTED)
    })?;
    Ok(Some(Discovery {
        url: url.url().to_owned(),
        bearer_file: raw.bearer_file.clone(),
        tls_ca_file: raw.tls_ca_file.clone(),
        tls_verify: raw.tls_verify,
        usage: usage(raw.usage),
    }))
}
