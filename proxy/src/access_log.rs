//! The access log: a line for each request that has ended, where `[proxy.access_log]` says so.

mod line;
mod repeats;
mod request_id;
mod sample;
mod target;
mod writer;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tracing::error;
use weir_ledger::{Ledger, LogLine};
use weir_wire::Status;

#[cfg(test)]
pub(crate) use request_id::X_REQUEST_ID;
pub(crate) use request_id::request_id;

use crate::config::AccessLogConfig;
use crate::ended::Ended;
use repeats::{Kind, Repeats};
use target::Target;
use writer::Writer;

/// How long the lines that wait may take at the end, and at a reload.
const PATIENCE: Duration = Duration::from_secs(1);

/// The access log, on or off.
pub(crate) struct AccessLog {
    ledger: Ledger,
    running: RwLock<Option<Running>>,
}

struct Running {
    config: AccessLogConfig,
    repeats: Arc<Mutex<Repeats>>,
    writer: Writer,
}

impl AccessLog {
    /// That is off.
    pub(crate) fn new(ledger: &Ledger) -> Self {
        Self { ledger: ledger.clone(), running: RwLock::new(None) }
    }

    /// From now on as this configuration says; `None`: off. It may wait a moment for lines of before.
    pub(crate) fn follow(&self, config: Option<&AccessLogConfig>) {
        if self.running.read().as_ref().map(|running| &running.config) == config {
            return;
        }
        let new = config.and_then(|config| match Running::start(config, &self.ledger) {
            Ok(running) => Some(running),
            Err(error) => {
                error!(%error, "No thread for the access log: it stays off.");
                None
            }
        });
        // What ends from here on is for the new one, however long the old one takes.
        let old = std::mem::replace(&mut *self.running.write(), new);
        if let Some(old) = old {
            old.writer.stop(PATIENCE);
        }
    }

    /// Whether nothing is written.
    pub(crate) fn is_off(&self) -> bool {
        self.running.read().is_none()
    }

    /// A request has ended.
    pub(crate) fn ended(&self, ended: &Ended<'_>) {
        let running = self.running.read();
        let Some(running) = &*running else { return };
        if let Some(instead) = running.take(ended) {
            self.ledger.log_lines(instead, 1);
        }
    }
}

impl Running {
    fn start(config: &AccessLogConfig, ledger: &Ledger) -> std::io::Result<Self> {
        let (most, time) = config.most_errors.in_time();
        let repeats = Arc::new(Mutex::new(Repeats::new(most, time)));
        let target = Target::new(config.clone());
        let writer = Writer::start(target, Arc::clone(&repeats), ledger.clone())?;
        Ok(Self { config: config.clone(), repeats, writer })
    }

    /// What became of its line, unless it waits to be written.
    fn take(&self, ended: &Ended<'_>) -> Option<LogLine> {
        let outcome = ended.outcome.kind;
        if outcome.status() == Status::Success {
            if !sample::holds(self.config.sample, ended.trace.trace) {
                return Some(LogLine::SampledOut);
            }
        } else {
            let kind = Kind { hop: ended.hop, route: ended.route.to_owned(), outcome };
            if !self.repeats.lock().tells(kind, Instant::now()) {
                return Some(LogLine::Suppressed);
            }
        }
        (!self.writer.offer(line::of(ended))).then_some(LogLine::Dropped)
    }
}

#[cfg(test)]
#[path = "../../crates/ledger/tests/support/outcomes.rs"]
mod outcomes;
#[cfg(test)]
mod tests;
