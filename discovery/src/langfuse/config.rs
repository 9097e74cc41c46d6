//! `[[discovery.langfuse]]`: projects to poll.

mod environment;
mod url;

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use weir_daemon::config::{ConfigError, Loaded, Span};

pub use environment::{BadEnvironment, from_environment};

use super::project::{Project, Scope};
use super::window::Schedule;
use crate::fetch::{Credentials, Reach, Secret};

const DAY: Span = Span::from_secs(24 * 60 * 60);
const INTERVALS: (Span, Span) = (Span::from_secs(1), Span::from_secs(60 * 60));
const WINDOWS: (Span, Span) = (Span::from_secs(60), DAY);
const LAGS: (Span, Span) = (Span::from_secs(0), DAY);
const TIMEOUTS: (Span, Span) = (Span::from_secs(1), Span::from_secs(600));
const MOST_REREADS: u32 = 12;
const MOST_TYPES: usize = 16;
/// A thousand rows are far less.
const ANSWER_LIMIT: usize = 8 << 20;

/// A project, as it is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawLangfuse {
    name: String,
    url: String,
    public_key: String,
    secret_key_file: Option<PathBuf>,
    secret_key_env: Option<String>,
    tls_ca_file: Option<PathBuf>,
    tls_verify: Option<bool>,
    interval: Option<Span>,
    timeout: Option<Span>,
    window: Option<Span>,
    lag: Option<Span>,
    rereads: Option<u32>,
    environment: Option<String>,
    types: Option<Vec<String>>,
    scores: Option<bool>,
}

/// Where an entry stands, for errors.
struct Place<'a, T> {
    loaded: &'a Loaded<T>,
    key: &'a str,
}

/// Checks all of them; `key` is the path of the list, `variable` looks up the process's environment.
///
/// # Errors
/// Names the key that can't be used.
pub fn resolve<T>(
    raw: &[RawLangfuse],
    loaded: &Loaded<T>,
    key: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Project>, ConfigError> {
    let mut projects: Vec<Project> = Vec::new();
    for (index, raw) in raw.iter().enumerate() {
        let key = format!("{key}.{index}");
        let place = Place { loaded, key: &key };
        if projects.iter().any(|known| known.name == raw.name) {
            return Err(place.invalid("name", &raw.name, "a name of its own for each project"));
        }
        projects.push(raw.resolve(&place, &variable)?);
    }
    Ok(projects)
}

impl RawLangfuse {
    fn resolve<T>(
        &self,
        place: &Place<'_, T>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Project, ConfigError> {
        let is_plain = |c: char| !c.is_control();
        if !(1..=64).contains(&self.name.chars().count()) || !self.name.chars().all(is_plain) {
            let expected = "1 to 64 characters, none of them a control character";
            return Err(place.invalid("name", &self.name, expected));
        }
        let base = url::base(&self.url).map_err(|bad| place.invalid("url", bad, url::EXPECTED))?;
        let timeout = place.span("timeout", self.timeout, Span::from_secs(60), TIMEOUTS)?;
        if let Some(path) = &self.tls_ca_file {
            place.readable("tls_ca_file", path)?;
        }
        Ok(Project {
            name: self.name.clone(),
            reach: Reach {
                url: base,
                credentials: self.credentials(place, variable)?,
                tls_ca_file: self.tls_ca_file.clone(),
                tls_verify: self.tls_verify.unwrap_or(true),
                timeout,
                limit: ANSWER_LIMIT,
            },
            interval: place.span("interval", self.interval, Span::from_secs(60), INTERVALS)?,
            schedule: self.schedule(place)?,
            scope: self.scope(place)?,
        })
    }

    fn credentials<T>(
        &self,
        place: &Place<'_, T>,
        variable: &impl Fn(&str) -> Option<String>,
    ) -> Result<Credentials, ConfigError> {
        if !is_key(&self.public_key) || self.public_key.contains(':') {
            let expected = "the project's public key, which begins with pk-lf-";
            return Err(place.invalid("public_key", "", expected));
        }
        let password = match (&self.secret_key_file, &self.secret_key_env) {
            (Some(path), None) => {
                place.readable("secret_key_file", path)?;
                Secret::File(path.clone())
            }
            (None, Some(name)) => {
                let secret = variable(name).filter(|secret| is_key(secret));
                let expected = "the name of an environment variable that holds the secret key";
                let shown = || variable_name(name);
                Secret::Value(
                    secret.ok_or_else(|| place.invalid("secret_key_env", shown(), expected))?,
                )
            }
            _ => {
                let expected = "secret_key_file or secret_key_env, and not both";
                return Err(place.loaded.invalid(place.key, &self.name, expected));
            }
        };
        Ok(Credentials::Basic { user: self.public_key.clone(), password })
    }

    fn schedule<T>(&self, place: &Place<'_, T>) -> Result<Schedule, ConfigError> {
        let length = place.span("window", self.window, Span::from_secs(5 * 60), WINDOWS)?;
        if !DAY.duration().as_nanos().is_multiple_of(length.as_nanos()) {
            let expected = "a part of a day, such as 5m, 15m, 1h, 2h or 1d";
            return Err(place.invalid("window", self.window.unwrap_or_default(), expected));
        }
        let rereads = self.rereads.unwrap_or(2);
        if rereads > MOST_REREADS {
            return Err(place.invalid("rereads", rereads, format!("0 to {MOST_REREADS}")));
        }
        let lag = place.span("lag", self.lag, Span::from_secs(5 * 60), LAGS)?;
        Ok(Schedule { length, lag, rereads })
    }

    fn scope<T>(&self, place: &Place<'_, T>) -> Result<Scope, ConfigError> {
        let defaults = Scope::default();
        let types = self.types.clone().unwrap_or(defaults.types);
        let is_type = |text: &String| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        if !(1..=MOST_TYPES).contains(&types.len()) || !types.iter().all(is_type) {
            let expected = "types of observations, such as [\"GENERATION\", \"EMBEDDING\"]";
            return Err(place.invalid("types", types.join(", "), expected));
        }
        if let Some(name) = &self.environment
            && (name.is_empty() || name.len() > 64 || name.contains(char::is_control))
        {
            let expected = "the name of an environment of LangFuse's, such as \"production\"";
            return Err(place.invalid("environment", name, expected));
        }
        let scores = self.scores.unwrap_or(defaults.scores);
        Ok(Scope { types, environment: self.environment.clone(), scores })
    }
}

impl<T> Place<'_, T> {
    fn invalid(
        &self,
        key: &str,
        value: impl std::fmt::Display,
        expected: impl std::fmt::Display,
    ) -> ConfigError {
        self.loaded.invalid(&format!("{}.{key}", self.key), value, expected)
    }

    fn span(
        &self,
        key: &str,
        span: Option<Span>,
        default: Span,
        (least, most): (Span, Span),
    ) -> Result<Duration, ConfigError> {
        let span = span.unwrap_or(default);
        if (least..=most).contains(&span) {
            return Ok(span.duration());
        }
        Err(self.invalid(key, span, format!("{least} to {most}")))
    }

    fn readable(&self, key: &str, path: &std::path::Path) -> Result<(), ConfigError> {
        std::fs::File::open(path).map(drop).map_err(|error| {
            self.invalid(key, path.display(), format!("a file that can be read ({error})"))
        })
    }
}

/// A variable's name; what is none may be the key itself.
fn variable_name(name: &str) -> &str {
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(is_name) { name } else { "no variable's name" }
}

/// Whether it can be sent as a key.
fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
