//! The thread that exports: batches, pauses after failures, and a last flush.

use std::time::{Duration, Instant};

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep_until, timeout};
use tracing::{info, warn};

use crate::environment::{Queue, Settings};
use crate::exporter::Exporter;
use crate::pace::Pace;
use crate::span::Span;
use crate::traces::{Count, Fate};

pub(crate) struct Worker {
    spans: mpsc::Receiver<Span>,
    stop: watch::Receiver<Option<Instant>>,
    work: Work,
}

/// What goes on while nobody says stop.
struct Work {
    exporter: Exporter<SpanExporter>,
    /// Scheme, host and port, for the log.
    endpoint: String,
    queue: Queue,
    scope: InstrumentationScope,
    count: Count,
    pace: Pace,
    /// Those whose turn it is.
    batch: Vec<Span>,
    /// How many are on their way to the collector.
    on_their_way: u64,
    is_failing: bool,
}

impl Worker {
    pub(crate) fn new(
        settings: &Settings,
        exporter: Exporter<SpanExporter>,
        spans: mpsc::Receiver<Span>,
        stop: watch::Receiver<Option<Instant>>,
        count: Count,
    ) -> Self {
        let authority = settings.endpoint.authority().map(http::uri::Authority::as_str);
        let scheme = settings.endpoint.scheme_str().unwrap_or_default();
        let work = Work {
            exporter,
            endpoint: format!("{scheme}://{}", authority.unwrap_or_default()),
            queue: settings.queue,
            scope: InstrumentationScope::builder("weir").build(),
            count,
            pace: Pace::default(),
            batch: Vec::new(),
            on_their_way: 0,
            is_failing: false,
        };
        Self { spans, stop, work }
    }

    /// Until nobody can leave spans any more, or until it is stopped and the time for the flush is over.
    pub(crate) async fn run(self) {
        let Self { mut spans, mut stop, mut work } = self;
        let stopped = stop.clone();
        tokio::select! {
            () = work.go_on(&mut spans, &mut stop) => {}
            () = time_is_up(stopped) => {}
        }
        spans.close();
        let mut left = work.batch.len() as u64;
        while spans.try_recv().is_ok() {
            left += 1;
        }
        (work.count)(Fate::Dropped, left);
        (work.count)(Fate::Failed, work.on_their_way);
    }
}

/// It was stopped, and the time for the flush is over.
async fn time_is_up(mut stop: watch::Receiver<Option<Instant>>) {
    let until = stop.wait_for(Option::is_some).await.ok().and_then(|until| *until);
    match until {
        Some(until) => sleep_until(until.into()).await,
        // Whoever could have said so is gone, and with it the queue's other end.
        None => std::future::pending().await,
    }
}

impl Work {
    async fn go_on(
        &mut self,
        spans: &mut mpsc::Receiver<Span>,
        stop: &mut watch::Receiver<Option<Instant>>,
    ) {
        let mut is_last = false;
        while !is_last {
            is_last = !self.fill(spans, stop).await;
            if !self.batch.is_empty() {
                self.wait_for_the_collector(stop).await;
                self.export().await;
            }
        }
        // All that is left, as long as the collector takes it.
        spans.close();
        loop {
            while self.batch.len() < self.queue.batch
                && let Ok(span) = spans.try_recv()
            {
                self.batch.push(span);
            }
            let is_patient = self.exporter.asked.until().is_some();
            if self.batch.is_empty() || (self.is_failing && !is_patient) {
                return;
            }
            self.wait_as_asked().await;
            self.export().await;
        }
    }

    /// Waits for a span, and then for others to go with it. `false`: there will be no more batches like this.
    async fn fill(
        &mut self,
        spans: &mut mpsc::Receiver<Span>,
        stop: &mut watch::Receiver<Option<Instant>>,
    ) -> bool {
        let mut due = None;
        while self.batch.len() < self.queue.batch {
            let room = self.queue.batch - self.batch.len();
            tokio::select! {
                biased;
                _ = stop.wait_for(Option::is_some) => return false,
                more = spans.recv_many(&mut self.batch, room) => {
                    if more == 0 {
                        return false;
                    }
                    due.get_or_insert_with(|| tokio::time::Instant::now() + self.queue.delay);
                }
                () = passed(due) => return true,
            }
        }
        true
    }

    /// After a failure, waits until the next attempt is due; one who is stopped tries at once.
    async fn wait_for_the_collector(&self, stop: &mut watch::Receiver<Option<Instant>>) {
        if let Some(due) = self.pace.due() {
            tokio::select! {
                () = sleep_until(due.into()) => {}
                _ = stop.wait_for(Option::is_some) => {}
            }
        }
        self.wait_as_asked().await;
    }

    /// A collector that asked for patience gets it, whoever is in a hurry.
    async fn wait_as_asked(&self) {
        if let Some(until) = self.exporter.asked.until() {
            sleep_until(until.into()).await;
        }
    }

    async fn export(&mut self) {
        let batch: Vec<_> = self.batch.drain(..).map(|span| span.into_otel(&self.scope)).collect();
        let count = batch.len() as u64;
        self.on_their_way = count;
        let limit = self.queue.timeout.max(Duration::from_millis(1));
        let result = timeout(limit, self.exporter.otlp.export(batch)).await;
        self.on_their_way = 0;
        let why = match result {
            Ok(Ok(())) => {
                (self.count)(Fate::Exported, count);
                self.pace.succeeded();
                if std::mem::take(&mut self.is_failing) {
                    info!(endpoint = self.endpoint, "Spans are exported again.");
                }
                return;
            }
            Ok(Err(error)) => self.exporter.complaint.take().unwrap_or_else(|| error.to_string()),
            Err(_) => format!("no answer within {limit:?}"),
        };
        (self.count)(Fate::Failed, count);
        self.pace.failed(Instant::now());
        if !std::mem::replace(&mut self.is_failing, true) {
            let why = why.get(..why.floor_char_boundary(200)).unwrap_or_default();
            warn!(
                endpoint = self.endpoint,
                why,
                "Spans can't be exported; requests go on, and weir_telemetry_spans_total counts them."
            );
        }
    }
}

/// That moment has come; never, where there is none.
async fn passed(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
