//! Asking a Prometheus, as its HTTP API wants it (<https://prometheus.io/docs/prometheus/latest/querying/api/>).

mod login;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

pub(crate) use self::login::{Login, LoginError, WHOLE as WHOLE_LOGIN};
use crate::healthcheck::innermost;
use crate::http;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// And how long it may be: a day of 8 GPUs that are read every 5 s is a tenth of it.
const LONGEST: usize = 64 << 20;
/// Where they are named, of a page or of another command.
const LOGIN: &str = "prometheus_user and prometheus_password_file of [loadtest], or WEIR_LOADTEST__PROMETHEUS_USER and so on";

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrometheusError {
    #[error("asking Prometheus at {url}: {why}")]
    Unreachable { url: Url, why: String },
    #[error("Prometheus at {url} answers {query:?} with: {why}")]
    Refused { url: Url, query: String, why: String },
    #[error("asking Prometheus at {url}")]
    Login { url: Url, source: LoginError },
}

/// A Prometheus.
#[derive(Clone, Debug)]
pub(crate) struct Prometheus {
    client: Client,
    /// Its root; a path (`--web.route-prefix`) is kept.
    url: Url,
    login: Option<Login>,
}

/// A series and what it was at that moment. `NaN` and infinities are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Sample {
    /// The value of a label, empty where there is none, as in PromQL.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

/// A series and what it was at each scrape of some time.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Stretch {
    #[serde(rename = "metric")]
    pub(crate) labels: BTreeMap<String, String>,
    /// (seconds since 1970, value), ascending.
    #[serde(rename = "values", deserialize_with = "points")]
    pub(crate) points: Vec<(f64, f64)>,
}

impl Stretch {
    /// The value of a label, empty where there is none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl Prometheus {
    pub(crate) fn new(client: Client, url: &Url) -> Self {
        let mut url = url.clone();
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Self { client, url, login: None }
    }

    /// The same, asked with a user and a password if there are some.
    pub(crate) fn with_login(self, login: Option<Login>) -> Self {
        Self { login, ..self }
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// What an expression that gives a vector is at `at`; now unless said.
    pub(crate) async fn vector(
        &self,
        query: &str,
        at: Option<SystemTime>,
    ) -> Result<Vec<Sample>, PrometheusError> {
        let series: Vec<Series> = self.ask(query, at).await?;
        Ok(series.into_iter().filter_map(Series::sample).collect())
    }

    /// The samples of a selector such as `up{job="node"}` from `start` to `end`, as they were scraped.
    pub(crate) async fn samples(
        &self,
        selector: &str,
        start: SystemTime,
        end: SystemTime,
    ) -> Result<Vec<Stretch>, PrometheusError> {
        // The moment at its beginning is not part of a range.
        let length = end.duration_since(start).unwrap_or_default().as_millis() + 1;
        self.ask(&format!("{selector}[{length}ms]"), Some(end)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        at: Option<SystemTime>,
    ) -> Result<Vec<T>, PrometheusError> {
        let refused = |why: String| PrometheusError::Refused {
            url: self.url.clone(),
            query: query.to_owned(),
            why,
        };
        let mut url = self.url.join("api/v1/query").map_err(|error| refused(error.to_string()))?;
        url.query_pairs_mut().append_pair("query", query);
        if let Some(at) = at {
            let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
            url.query_pairs_mut().append_pair("time", &format!("{at:.3}"));
        }
        let unreachable = |why| PrometheusError::Unreachable { url: self.url.clone(), why };
        let mut request = self.client.get(url).timeout(PATIENCE);
        if let Some(login) = &self.login {
            let failed = |source| PrometheusError::Login { url: self.url.clone(), source };
            request = request.basic_auth(&login.user, Some(login.password().map_err(failed)?));
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| unreachable(innermost(&error)))?;
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED {
            return Err(refused(match self.login {
                Some(_) => format!("status {status}: another user or password"),
                None => format!("status {status}: it wants a user and a password ({LOGIN})"),
            }));
        }
        let body = http::body(answer, LONGEST).await.map_err(unreachable)?;
        let answer: Answer<T> = serde_json::from_slice(&body).map_err(|error| {
            refused(format!("status {status}, and no answer of its API: {error}"))
        })?;
        match answer {
            Answer::Success { data } => Ok(data.result),
            Answer::Error { error } => Err(refused(error)),
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Answer<T> {
    Success { data: Data<T> },
    Error { error: String },
}

#[derive(Deserialize)]
struct Data<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Series {
    fn sample(self) -> Option<Sample> {
        let value = finite(&self.value.1)?;
        Some(Sample { labels: self.metric, value })
    }
}

/// Reads the points of a stretch; `NaN` and infinities are left out.
fn points<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(f64, f64)>, D::Error> {
    let points = Vec::<(f64, String)>::deserialize(from)?;
    Ok(points.into_iter().filter_map(|(at, value)| Some((at, finite(&value)?))).collect())
}

fn finite(value: &str) -> Option<f64> {
    value.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests;
