//! One request and its answer, measured by the very meter that the proxy has.

mod body;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect;
use weir_wire::{End, Endpoint, Exchange, Outcome, OutcomeKind, Policy, RequestHead, ResponseHead};

use self::body::{Body, SentAt};
use crate::answer::{Collector, Text};
use crate::healthcheck::innermost;
use crate::http;
use crate::measure::{Settings, Stop};
use crate::workload::Ask;

/// Shorter than engines keep idle connections (uvicorn: 5 s), so that no request meets one that is being closed.
const IDLE: Duration = Duration::from_secs(4);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// The version of Anthropic's API whose dialect is spoken.
const ANTHROPIC_VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// Sends requests to one target.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// Without a slash and without `/v1` at its end.
    base: String,
    /// Of each request.
    headers: HeaderMap,
    /// Of each request of the messages API.
    messages_headers: HeaderMap,
    timeout: Duration,
    trace: bool,
    live: Arc<Live>,
}

/// What is going on, for whoever looks meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Requests under way.
    active: AtomicU64,
    /// Content events that came.
    events: AtomicU64,
}

impl Live {
    pub(crate) fn active(&self) -> u64 {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }
}

/// Counts a request as under way until it is dropped.
struct UnderWay<'a>(&'a Live);

impl<'a> UnderWay<'a> {
    fn new(live: &'a Live) -> Self {
        live.active.fetch_add(1, Ordering::Relaxed);
        Self(live)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that has ended.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) outcome: Outcome,
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// Inter-token latencies.
    pub(crate) gaps: Vec<Duration>,
    /// What was said, if anybody wanted it.
    pub(crate) text: Option<Text>,
    pub(crate) trace_id: Option<String>,
    /// Cut by the load tester: `outcome` says nothing about the target.
    pub(crate) cut: bool,
    /// What went wrong on the connection.
    pub(crate) why: Option<String>,
}

/// An exchange while it goes on.
struct Going<'a> {
    exchange: Exchange,
    begun: Instant,
    gaps: Vec<Duration>,
    collector: Option<Collector>,
    live: &'a Live,
}

/// How an exchange came to its end.
struct Ended {
    end: End,
    why: Option<String>,
}

impl Client {
    pub(crate) fn new(settings: &Settings) -> reqwest::Result<Self> {
        let scenario = &settings.scenario;
        let http = http::client()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http1_only()
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(usize::MAX)
            .build()?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &scenario.headers {
            // A scenario with others has been refused.
            if let (Ok(name), Ok(value)) =
                (name.parse::<reqwest::header::HeaderName>(), value.parse())
            {
                headers.insert(name, value);
            }
        }
        let mut messages_headers = HeaderMap::new();
        messages_headers.insert(ANTHROPIC_VERSION.0, HeaderValue::from_static(ANTHROPIC_VERSION.1));
        if let Some(key) = &settings.key {
            headers.insert(AUTHORIZATION, key.clone());
            let bare = key.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
            if let Some(Ok(mut bare)) = bare.map(HeaderValue::from_str) {
                bare.set_sensitive(true);
                messages_headers.insert("x-api-key", bare);
            }
        }
        Ok(Self {
            http,
            base: http::base(&settings.target).to_owned(),
            headers,
            messages_headers,
            timeout: scenario.timeout.duration(),
            trace: settings.trace,
            live: Arc::default(),
        })
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// Asks for a page of the target's, such as `/v1/models`.
    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    /// Sends a request and reads its answer to the end, unless `cut` comes first.
    pub(crate) async fn send(&self, ask: &Ask, keep_text: bool, cut: &Stop) -> Sample {
        let mut exchange = Exchange::new(&RequestHead::json(ask.endpoint), Policy::observe());
        // It goes as it is: the load tester asks for usage itself.
        let _unchanged = exchange.on_request_body(&ask.body, true);
        let sent_at = SentAt::default();
        let trace_id = self.trace.then(trace_id);
        let request = self.request(ask, trace_id.as_deref(), &sent_at);
        let _under_way = UnderWay::new(&self.live);
        let collector = keep_text.then(|| Collector::new(ask.endpoint, ask.streamed));
        let begun = Instant::now();
        let mut going = Going { exchange, begun, gaps: Vec::new(), collector, live: &self.live };
        let (mut ended, is_cut) = tokio::select! {
            ended = tokio::time::timeout(self.timeout, going.answer(request, &sent_at)) => {
                let late = || Ended { end: End::UpstreamTimeout, why: Some("no whole answer in time".to_owned()) };
                (ended.unwrap_or_else(|_| late()), false)
            }
            () = cut.stopped() => (Ended { end: End::ClientClosed, why: None }, true),
        };
        let now = Instant::now();
        going.take_gaps();
        let mut outcome = going.exchange.outcome(now - begun, ended.end);
        if let Some(status @ 300..=399) = outcome.http_status
            && !is_cut
        {
            // To a proxy it is an answer like another; here, nothing was generated.
            outcome.kind = OutcomeKind::UpstreamError;
            ended.why = Some(format!(
                "status {status}, a redirect, which is not followed: name the place itself as target"
            ));
        }
        Sample {
            outcome,
            begun,
            ended: now,
            gaps: going.gaps,
            text: going.collector.map(Collector::finish),
            trace_id,
            cut: is_cut,
            why: ended.why,
        }
    }

    fn request(
        &self,
        ask: &Ask,
        trace_id: Option<&str>,
        sent_at: &SentAt,
    ) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .post(format!("{}{}", self.base, ask.path))
            .headers(self.headers.clone())
            .body(reqwest::Body::wrap(Body::new(ask.body.clone(), sent_at.clone())));
        if ask.endpoint == Endpoint::Messages {
            request = request.headers(self.messages_headers.clone());
        }
        match trace_id {
            // The parent is nobody's span: the trace begins at whoever is asked.
            Some(id) => request.header("traceparent", format!("00-{id}-{}-01", &id[..16])),
            None => request,
        }
    }
}

impl Going<'_> {
    /// Sends the request and reads the answer, each piece at its moment.
    async fn answer(&mut self, request: reqwest::RequestBuilder, sent_at: &SentAt) -> Ended {
        let sent = request.send().await;
        if let Some(at) = sent_at.get() {
            self.exchange.on_request_sent(at.saturating_duration_since(self.begun));
        }
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Ended::failed(End::ConnectFailed, &error),
            Err(error) => return Ended::failed(End::UpstreamReset, &error),
        };
        let text =
            |name| answer.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        self.exchange.on_response_head(&ResponseHead {
            status: answer.status().as_u16(),
            content_type: text(CONTENT_TYPE),
            content_encoding: text(CONTENT_ENCODING),
        });
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                self.exchange.on_response_header(name.as_str(), value);
            }
        }
        loop {
            match answer.chunk().await {
                Ok(Some(piece)) => self.piece(&piece),
                Ok(None) => break,
                Err(error) => return Ended::failed(End::UpstreamReset, &error),
            }
        }
        self.exchange.on_response_end();
        Ended { end: End::Complete, why: None }
    }

    fn piece(&mut self, piece: &[u8]) {
        let _unchanged = self.exchange.on_response_body(self.begun.elapsed(), piece);
        self.take_gaps();
        if let Some(collector) = &mut self.collector {
            collector.push(piece);
        }
    }

    fn take_gaps(&mut self) {
        let Self { exchange, gaps, live, .. } = self;
        exchange.take_progress(|progress| {
            live.events.fetch_add(progress.events, Ordering::Relaxed);
            gaps.extend_from_slice(&progress.gaps);
        });
    }
}

impl Ended {
    fn failed(end: End, error: &reqwest::Error) -> Self {
        Self { end, why: Some(innermost(error)) }
    }
}

/// A trace id as [W3C](https://www.w3.org/TR/trace-context/#trace-id) has it: 32 hexadecimal digits, not all 0.
fn trace_id() -> String {
    format!("{:032x}", rand::random::<u128>().max(1 << 64))
}

#[cfg(test)]
mod tests;
