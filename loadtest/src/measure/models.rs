//! Is anybody there, and which models does it list?

use std::time::Duration;

use serde_json::Value;

use super::{MeasureError, Settings};
use crate::client::Client;
use crate::healthcheck::innermost;
use crate::http;
use crate::scenario::ModelShare;

/// How long the list may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// And how long it may be, in bytes.
const MOST_LIST: usize = 1 << 20;

/// The models to ask for: those of the scenario, else the first that the target lists.
///
/// # Errors
/// Where nobody is there, and where none is named and none listed.
pub(super) async fn models(
    client: &Client,
    settings: &Settings,
) -> Result<Vec<ModelShare>, MeasureError> {
    let target = &settings.target;
    let listed = client.get("/v1/models").timeout(PATIENCE).send().await;
    let answer = listed.map_err(|error| MeasureError::Unreachable {
        target: target.clone(),
        why: with_advice(innermost(&error)),
    })?;
    if !settings.scenario.models.is_empty() {
        return Ok(settings.scenario.models.clone());
    }
    let no_model = |why: String| MeasureError::NoModel { target: target.clone(), why };
    let status = answer.status();
    if !status.is_success() {
        return Err(no_model(format!("it answers {status}")));
    }
    let body = http::body(answer, MOST_LIST).await.map_err(no_model)?;
    let list: Value = serde_json::from_slice(&body)
        .map_err(|error| no_model(format!("its list is no JSON: {error}")))?;
    let first = list.pointer("/data/0/id").and_then(Value::as_str);
    let name = first.ok_or_else(|| no_model("its list is empty".to_owned()))?;
    Ok(vec![ModelShare { name: name.to_owned(), weight: 1.0 }])
}

/// rustls says no more than that it does not know who has issued a certificate.
fn with_advice(why: String) -> String {
    if !why.contains("UnknownIssuer") {
        return why;
    }
    format!("{why}; name the certificates that are to be trusted with SSL_CERT_FILE=ca.pem")
}
