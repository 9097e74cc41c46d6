//! The configuration of gateways: `[[discovery.litellm]]`.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;
use weir_daemon::config::{ConfigError, Loaded, Span};

use crate::fetch::{Credentials, Reach, Secret};

/// More often, and a gateway would feel it; more seldom, and nothing is news.
const INTERVALS: (Span, Span) = (Span::from_millis(100), Span::from_secs(10 * 60));
const INTERVAL: Span = Span::from_secs(10);
/// A gateway under load answers late, and is up all the same.
const TIMEOUT: Duration = Duration::from_secs(10);
/// With wildcards, hundreds of models with all that LiteLLM knows of them, 7 KB for each.
const LIMIT: usize = 32 << 20;

/// A gateway by hand, or what is to be known of one that is found.
#[derive(Clone, Debug, PartialEq)]
pub struct LitellmConfig {
    /// The label `gateway`; that of the container, where there is no URL.
    pub name: String,
    /// Its base; `None`: that of the container of this name.
    pub url: Option<Url>,
    /// Its key.
    pub credentials: Credentials,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca_file: Option<PathBuf>,
    /// Whether its certificate is checked.
    pub tls_verify: bool,
    /// From one round of questions to the next.
    pub interval: Duration,
}

/// `[[discovery.litellm]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLitellm {
    name: String,
    url: Option<String>,
    key_file: Option<PathBuf>,
    key_env: Option<String>,
    tls_ca_file: Option<PathBuf>,
    #[serde(default = "yes")]
    tls_verify: bool,
    #[serde(default = "interval")]
    interval: Span,
}

const fn yes() -> bool {
    true
}

const fn interval() -> Span {
    INTERVAL
}

impl LitellmConfig {
    /// What counts for a gateway that was found and of which nothing is configured.
    pub fn of_found(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: None,
            credentials: Credentials::None,
            tls_ca_file: None,
            // As with engines: one for an address that changes with each start can hardly be had.
            tls_verify: false,
            interval: INTERVAL.duration(),
        }
    }

    /// How it is reached at a base.
    pub fn reach(&self, url: Url) -> Reach {
        Reach {
            url,
            credentials: self.credentials.clone(),
            tls_ca_file: self.tls_ca_file.clone(),
            tls_verify: self.tls_verify,
            timeout: TIMEOUT,
            limit: LIMIT,
        }
    }
}

/// Checks all of them. `key` is the path of the list in `loaded` (`discovery.litellm`), `environment` looks
/// up a variable.
///
/// # Errors
/// Names the key that can't be used.
pub fn resolve<T>(
    raw: &[RawLitellm],
    loaded: &Loaded<T>,
    key: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<LitellmConfig>, ConfigError> {
    let mut gateways: Vec<LitellmConfig> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let key = format!("{key}.{index}");
        if gateways.iter().any(|known| known.name == raw.name) {
            let expected = "a name of its own for each gateway";
            return Err(loaded.invalid(&format!("{key}.name"), &raw.name, expected));
        }
        gateways.push(raw.resolve(loaded, &key, environment)?);
    }
    Ok(gateways)
}

impl RawLitellm {
    fn resolve<T>(
        &self,
        loaded: &Loaded<T>,
        key: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<LitellmConfig, ConfigError> {
        if !(1..=128).contains(&self.name.len()) || self.name.contains(char::is_control) {
            let expected = "1 to 128 bytes without control characters: the container's name, or any \
                            where a url is given";
            return Err(loaded.invalid(&format!("{key}.name"), self.name.escape_debug(), expected));
        }
        let (least, most) = INTERVALS;
        if !(least..=most).contains(&self.interval) {
            let expected = format!("{least} to {most}");
            return Err(loaded.invalid(&format!("{key}.interval"), self.interval, expected));
        }
        let files = [("key_file", &self.key_file), ("tls_ca_file", &self.tls_ca_file)];
        for (name, path) in
            files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?)))
        {
            if let Err(error) = std::fs::File::open(path) {
                let expected = format!("a file that can be read ({error})");
                return Err(loaded.invalid(&format!("{key}.{name}"), path.display(), expected));
            }
        }
        Ok(LitellmConfig {
            name: self.name.clone(),
            url: self.url(loaded, key)?,
            credentials: self.credentials(loaded, key, environment)?,
            tls_ca_file: self.tls_ca_file.clone(),
            tls_verify: self.tls_verify,
            interval: self.interval.duration(),
        })
    }

    fn url<T>(&self, loaded: &Loaded<T>, key: &str) -> Result<Option<Url>, ConfigError> {
        let Some(text) = &self.url else { return Ok(None) };
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
            Ok(url) if is_base(&url) => Ok(Some(url)),
            // A password may stand in it.
            found => {
                let shown = found.ok().and_then(|url| url.host_str().map(str::to_owned));
                let expected = "http://HOST:PORT or https://HOST:PORT, without /v1, user or query \
                                (keys belong in files)";
                let shown = shown.unwrap_or_else(|| "no URL".to_owned());
                Err(loaded.invalid(&format!("{key}.url"), shown, expected))
            }
        }
    }

    fn credentials<T>(
        &self,
        loaded: &Loaded<T>,
        key: &str,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Credentials, ConfigError> {
        match (&self.key_file, &self.key_env) {
            (None, None) => Ok(Credentials::None),
            (Some(path), None) => Ok(Credentials::Bearer(Secret::File(path.clone()))),
            (None, Some(name)) => {
                let is_key = |key: &String| {
                    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
                };
                let secret = environment(name).filter(is_key).ok_or_else(|| {
                    let expected = "the name of an environment variable with the key in it, such as \
                                    \"LITELLM_MASTER_KEY\"";
                    loaded.invalid(&format!("{key}.key_env"), variable(name), expected)
                })?;
                Ok(Credentials::Bearer(Secret::Value(secret)))
            }
            (Some(_), Some(name)) => {
                let expected = "key_file or key_env, and not both";
                Err(loaded.invalid(&format!("{key}.key_env"), variable(name), expected))
            }
        }
    }
}

/// A variable's name; what is none may be the key itself.
fn variable(name: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(is_name) { name } else { "no variable's name" }
}

#[cfg(test)]
mod tests;
