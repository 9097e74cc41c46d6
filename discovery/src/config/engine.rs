//! Engines that are named by hand: `[[discovery.engines]]`.

use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::Deserialize;
use weir_daemon::config::{ConfigError, Loaded};

use crate::fetch::{Credentials, Secret};
use crate::recognize::is_route_name;

/// An engine that somebody has named.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineConfig {
    /// The label `container`, and the name of its route.
    pub name: String,
    /// Its base; `None`: that of the container of this name.
    pub url: Option<Url>,
    /// What it wants to be shown.
    pub credentials: Credentials,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Whether its certificate is checked.
    pub tls_verify: bool,
    /// Whether the proxy is to have a route to it.
    pub route: bool,
}

/// `[[discovery.engines]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEngine {
    name: String,
    url: Option<String>,
    bearer_file: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    tls_ca_file: Option<PathBuf>,
    #[serde(default = "yes")]
    tls_verify: bool,
    #[serde(default = "yes")]
    route: bool,
}

const fn yes() -> bool {
    true
}

/// Checks all of them; `key` is the path of the list.
pub(super) fn resolve<T>(
    raw: &[RawEngine],
    loaded: &Loaded<T>,
    key: &str,
) -> Result<Vec<EngineConfig>, ConfigError> {
    let mut engines: Vec<EngineConfig> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let key = format!("{key}.{index}");
        if engines.iter().any(|known| known.name == raw.name) {
            let expected = "a name of its own for each engine";
            return Err(loaded.invalid(&format!("{key}.name"), &raw.name, expected));
        }
        engines.push(raw.resolve(loaded, &key)?);
    }
    Ok(engines)
}

impl RawEngine {
    fn resolve<T>(&self, loaded: &Loaded<T>, key: &str) -> Result<EngineConfig, ConfigError> {
        if !is_route_name(&self.name) {
            let expected = "1 to 64 letters, digits, dots, dashes and underscores, no dot first, and \
                            not v1, v2 or unrouted: it is a segment of paths";
            return Err(loaded.invalid(&format!("{key}.name"), &self.name, expected));
        }
        let url = match &self.url {
            Some(text) => Some(base(loaded, &format!("{key}.url"), text)?),
            None => None,
        };
        for (name, file) in [
            ("bearer_file", &self.bearer_file),
            ("password_file", &self.password_file),
            ("tls_ca_file", &self.tls_ca_file),
        ] {
            if let Some(path) = file {
                is_readable(loaded, &format!("{key}.{name}"), path)?;
            }
        }
        Ok(EngineConfig {
            name: self.name.clone(),
            url,
            credentials: self.credentials(loaded, key)?,
            tls_ca_file: self.tls_ca_file.clone(),
            tls_verify: self.tls_verify,
            route: self.route,
        })
    }

    fn credentials<T>(&self, loaded: &Loaded<T>, key: &str) -> Result<Credentials, ConfigError> {
        match (&self.bearer_file, &self.user, &self.password_file) {
            (None, None, None) => Ok(Credentials::None),
            (Some(path), None, None) => Ok(Credentials::Bearer(Secret::File(path.clone()))),
            (None, Some(user), Some(_)) if user.contains(|c: char| c == ':' || c.is_control()) => {
                let expected = "a user without a colon or a control character";
                Err(loaded.invalid(&format!("{key}.user"), user.escape_debug(), expected))
            }
            (None, Some(user), Some(path)) => {
                Ok(Credentials::Basic { user: user.clone(), password: Secret::File(path.clone()) })
            }
            _ => {
                let expected = "bearer_file, or user and password_file, and not both";
                Err(loaded.invalid(key, &self.name, expected))
            }
        }
    }
}

/// A base of HTTP, to which paths are added: nothing but scheme, host, port and path.
pub(super) fn base<T>(loaded: &Loaded<T>, key: &str, text: &str) -> Result<Url, ConfigError> {
    let is_base = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !url.path().trim_end_matches('/').ends_with("/v1")
    };
    match Url::parse(text) {
        Ok(url) if is_base(&url) => Ok(url),
        // A password may stand in it.
        found => {
            let shown = found.ok().and_then(|url| url.host_str().map(str::to_owned));
            let expected = "http://HOST:PORT or https://HOST:PORT, without /v1, user or query \
                            (keys belong in files)";
            Err(loaded.invalid(key, shown.unwrap_or_else(|| "no URL".to_owned()), expected))
        }
    }
}

pub(super) fn is_readable<T>(
    loaded: &Loaded<T>,
    key: &str,
    path: &Path,
) -> Result<(), ConfigError> {
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let expected = format!("a file that can be read ({error})");
            Err(loaded.invalid(key, path.display(), expected))
        }
    }
}
