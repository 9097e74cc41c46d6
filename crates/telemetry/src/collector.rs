//! What goes to a collector over HTTP: straight to it, never to where it points, bounded in time and size; and
//! what it asks for (`Retry-After`) and complains of is kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use opentelemetry_http::{HttpClient, HttpError};

use crate::pace::Asked;

/// Why the last attempt got no answer; no secret is in it.
#[derive(Debug, Default)]
pub(crate) struct Complaint(Mutex<Option<String>>);

impl Complaint {
    fn note(&self, why: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The collector.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) client: reqwest::Client,
    pub(crate) asked: Arc<Asked>,
    pub(crate) complaint: Arc<Complaint>,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = HttpClient::send_bytes(&self.client, request).await;
        let asked = answer.as_ref().ok().and_then(|answer| {
            let throttles = matches!(answer.status().as_u16(), 429 | 503);
            answer.headers().get(header::RETRY_AFTER).filter(|_| throttles)?.to_str().ok()
        });
        self.asked.note(asked, Instant::now());
        self.complaint.note(answer.as_ref().err().map(|error| why(error.as_ref())));
        answer
    }
}

/// What lies at the bottom of it: "Connection refused". What is above quotes the URL.
fn why(error: &(dyn std::error::Error + 'static)) -> String {
    if error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) {
        return "no answer in time".to_owned();
    }
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(_) => "no answer".to_owned(),
        None => innermost.to_string(),
    }
}
