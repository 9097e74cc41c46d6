//! `weir-loadtest healthcheck`: is a simulated engine there? For containers, whose images have neither a shell nor `curl`.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::time::Duration;

use reqwest::{StatusCode, Url};

use crate::cli::HealthcheckArgs;
use crate::http;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why it is not healthy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthcheckError {
    #[error("making an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("{url}: {why}")]
    Unreachable { url: Url, why: String },
    #[error("{url}: {status}")]
    Refused { url: Url, status: StatusCode },
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

/// Asks once.
pub(crate) async fn run(args: &HealthcheckArgs) -> Result<(), HealthcheckError> {
    let url = &args.url;
    let client = http::client().timeout(PATIENCE).build().map_err(HealthcheckError::Client)?;
    let answer = client.get(url.clone()).send().await.map_err(|error| {
        HealthcheckError::Unreachable { url: url.clone(), why: innermost(&error) }
    })?;
    let status = answer.status();
    if !status.is_success() {
        return Err(HealthcheckError::Refused { url: url.clone(), status });
    }
    writeln!(io::stdout(), "weir-loadtest: {url}: {status}").map_err(HealthcheckError::Stdout)
}

/// What happened, without the words of every layer above it.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut source = error.source();
    while let Some(inner) = source.and_then(|error| error.source()) {
        source = Some(inner);
    }
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
