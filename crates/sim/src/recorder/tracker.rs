//! The pen of the recorder: follows one request to its one ending.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::recorded::{Ending, Entry, Recorded};
use super::{Recorder, Totals};
use crate::answer::{Finish, Script};
use crate::engine_metrics::{EngineStats, Run};
use crate::frame::Cargo;

/// Follows one request. Dropped without an ending, the client has left.
pub(crate) struct Tracker {
    entry: Arc<Entry>,
    recorder: Arc<Recorder>,
    stats: Arc<EngineStats>,
    run: Option<Run>,
    ended: bool,
}

/// What is known of an answer when its generation starts.
pub(crate) struct Plot {
    pub(crate) input: u64,
    pub(crate) cached: u64,
    pub(crate) finish: Finish,
    /// When the request was read.
    pub(crate) since: Instant,
}

impl Plot {
    pub(crate) fn of(script: &Script, since: Instant) -> Self {
        let cached = script.plan.cached_tokens.unwrap_or(0);
        Self { input: script.input, cached, finish: script.finish, since }
    }
}

impl Tracker {
    pub(super) fn new(entry: Arc<Entry>, recorder: Arc<Recorder>, stats: Arc<EngineStats>) -> Self {
        Self { entry, recorder, stats, run: None, ended: false }
    }

    /// How much of the body came so far.
    pub(crate) fn body_grew(&self, length: u64) {
        self.entry.change(|recorded| recorded.body_length = length);
    }

    /// The body is complete.
    pub(crate) fn body(&self, body: &Bytes) {
        self.recorder.keep_body(&self.entry, body);
    }

    pub(crate) fn status(&self, status: u16) {
        self.entry.change(|recorded| recorded.status = Some(status));
    }

    /// Generation starts; in a WebSocket, the next one does.
    pub(crate) fn generates(&mut self, plot: Plot) {
        if let Some(run) = self.run.take() {
            run.end(true);
        }
        let (input, cached) = (plot.input, plot.cached);
        self.entry.change(|recorded| {
            recorded.input_tokens += input;
            recorded.cached_tokens += cached;
        });
        self.recorder.total(|totals| {
            totals.input_tokens += input;
            totals.cached_tokens += cached;
        });
        self.run = Some(self.stats.start(plot));
    }

    /// These events are written; `cargo` has all that they carried.
    pub(crate) fn sent(&mut self, cargo: Cargo) {
        self.entry.change(|recorded| {
            recorded.content_events += cargo.content_events;
            recorded.output_tokens += cargo.output_tokens;
            recorded.reasoning_tokens += cargo.reasoning_tokens;
            recorded.usage = cargo.usage.or(recorded.usage);
            recorded.audio_seconds = cargo.audio_seconds.or(recorded.audio_seconds);
        });
        self.recorder.total(|totals| {
            totals.content_events += cargo.content_events;
            totals.output_tokens += cargo.output_tokens;
            totals.reasoning_tokens += cargo.reasoning_tokens;
            totals.audio_seconds += cargo.audio_seconds.unwrap_or(0);
        });
        if let Some(run) = &mut self.run {
            run.step(cargo.output_tokens);
        }
    }

    /// The one ending; later ones are ignored.
    pub(crate) fn end(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some(run) = self.run.take() {
            run.end(ending == Ending::Finished);
        }
        let Recorded { method, path, status, .. } = self.entry.change(|recorded| {
            recorded.ending = ending;
            recorded.clone()
        });
        self.stats.http(&method, &path, status);
        self.recorder.total(|totals| {
            totals.open -= 1;
            *counter(totals, ending) += 1;
        });
    }
}

fn counter(totals: &mut Totals, ending: Ending) -> &mut u64 {
    match ending {
        Ending::Finished => &mut totals.finished,
        Ending::ClientLeft => &mut totals.client_left,
        Ending::Open | Ending::Cut => &mut totals.cut,
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.end(Ending::ClientLeft);
    }
}
