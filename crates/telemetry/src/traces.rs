//! What others see of the export: a place to leave spans, and an end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::{mpsc, watch};

use crate::environment::Settings;
use crate::exporter::{self, SetUpError};
use crate::span::Span;
use crate::worker::Worker;

/// What became of a span; the value of a label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The collector has it.
    Exported,
    /// It found no room in the queue, or the process ended before its turn came.
    Dropped,
    /// The collector did not take it.
    Failed,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 3] = [Self::Exported, Self::Dropped, Self::Failed];

    /// The value of the label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// Is told what became of how many spans.
pub type Count = Arc<dyn Fn(Fate, u64) + Send + Sync>;

/// Past the time that a flush may take, for the thread to say that it is over.
const SAYING_SO: Duration = Duration::from_millis(500);

/// An export that is running, in a thread of its own.
pub struct Traces {
    queue: mpsc::Sender<Span>,
    stop: watch::Sender<Option<Instant>>,
    ended: parking::Ended,
    count: Count,
}

impl Traces {
    /// Starts the export. Nothing is sent until there is a span.
    pub fn start(settings: &Settings, count: Count) -> Result<Self, SetUpError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let exporter = {
            let _within = runtime.enter();
            exporter::build(settings)?
        };
        let (queue, waiting) = mpsc::channel(settings.queue.room);
        let (stop, stopping) = watch::channel(None);
        let (over, ended) = parking::channel();
        let worker = Worker::new(settings, exporter, waiting, stopping, Arc::clone(&count));
        std::thread::Builder::new().name("weir-otlp".to_owned()).spawn(move || {
            runtime.block_on(worker.run());
            // A name that is being looked up has nobody waiting for it any more.
            runtime.shutdown_background();
            drop(over);
        })?;
        Ok(Self { queue, stop, ended, count })
    }

    /// Leaves a span to be exported, if there is room. Never waits.
    pub fn offer(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            (self.count)(Fate::Dropped, 1);
        }
    }

    /// Exports what is left, for `within` at most; what then remains is dropped, as is what comes later.
    pub fn shutdown(&self, within: Duration) {
        let Some(until) = Instant::now().checked_add(within) else { return };
        // The thread is gone only where it has failed.
        let _nobody = self.stop.send(Some(until));
        self.ended.wait(within + SAYING_SO);
    }
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traces").field("room", &self.queue.capacity()).finish_non_exhaustive()
    }
}

/// Waiting for the end of the thread.
mod parking {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    pub(super) struct Ended(Mutex<Receiver<()>>);

    /// What is over when the first half is dropped.
    pub(super) fn channel() -> (SyncSender<()>, Ended) {
        let (over, ended) = sync_channel(1);
        (over, Ended(Mutex::new(ended)))
    }

    impl Ended {
        pub(super) fn wait(&self, most: Duration) {
            let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Nothing is ever sent: it is an error either way.
            let _over = ended.recv_timeout(most);
        }
    }
}
