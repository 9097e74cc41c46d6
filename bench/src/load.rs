//! The load generator.

pub(crate) mod by_hand;
mod connection;
mod generator;
pub(crate) mod request;
mod schedule;
mod spec;
mod stream;
mod whole;

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use tokio::sync::{mpsc, oneshot};

use self::generator::{Generator, Window};
use crate::cells::{Pace, Work};
use crate::open_files::{self, TooFewFiles};

/// All connections have had an answer by then, or the target is not up to it.
const WARM_UP: Duration = Duration::from_secs(30);
/// Nothing that is measured takes longer; what does is counted as this.
const LONGEST: Duration = Duration::from_secs(100);

/// What came back within a window of time.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    pub(crate) elapsed: Duration,
    /// Time on a processor, user and system, of the thread that makes the load.
    pub(crate) generator_cpu: Duration,
    /// Requests whose answers ended in it.
    pub(crate) requests: u64,
    /// Content events that came.
    pub(crate) events: u64,
    /// Reads of a socket that brought events: fewer than `events` where events came together.
    pub(crate) reads: u64,
    /// Requests that failed: refused, broken off, a status other than 200, an answer that is not what was sent.
    pub(crate) errors: u64,
    /// The last of them.
    pub(crate) last_error: Option<String>,
    /// Nanoseconds from a request's first byte (at a rate: from when it was due) to its answer's last.
    pub(crate) latency: Histogram<u64>,
    /// Nanoseconds from a stream's request to its first event. Streams without end have theirs before the window.
    pub(crate) first_event: Histogram<u64>,
    /// Nanoseconds from the upstream's write of an event to its reading here.
    pub(crate) delay: Histogram<u64>,
}

/// A load under way, in a thread of its own, which has the processor affinity of the thread that started it.
pub(crate) struct Load {
    windows: mpsc::Sender<Window>,
    thread: JoinHandle<()>,
}

/// Why a load did not come about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Files(#[from] TooFewFiles),
    #[error("setting up the load generator")]
    SetUp(#[source] io::Error),
    #[error(
        "connecting to {target}: is a server listening there? `weir-bench upstream` is one, and says on which address"
    )]
    Connect { target: SocketAddr, source: io::Error },
    #[error(
        "after {seconds} s only {ready} of {connections} connections to {target} had an answer; {failure}: try one \
         request by hand, and look at what the server there says"
    )]
    WarmUp { target: SocketAddr, seconds: u64, ready: usize, connections: usize, failure: String },
    #[error("the load generator's thread has ended by itself, which is a defect of weir-bench")]
    Gone,
}

impl Load {
    /// Connects and warms up: returns once every connection has had answers, or every stream flows.
    pub(crate) async fn start(work: &Work, target: SocketAddr) -> Result<Self, LoadError> {
        Self::start_within(work, target, WARM_UP).await
    }

    async fn start_within(
        work: &Work,
        target: SocketAddr,
        limit: Duration,
    ) -> Result<Self, LoadError> {
        open_files::allow(work.connections())?;
        let generator = Generator { work: *work, target, limit };
        let (started, starts) = oneshot::channel();
        let (windows, asked) = mpsc::channel(1);
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || generator.run(started, asked))
            .map_err(LoadError::SetUp)?;
        starts.await.map_err(|_| LoadError::Gone)??;
        Ok(Self { windows, thread })
    }

    /// Counts for so long.
    pub(crate) async fn window(&mut self, length: Duration) -> Result<Counted, LoadError> {
        let (counted, counts) = oneshot::channel();
        let window = Window { length, counted };
        self.windows.send(window).await.map_err(|_| LoadError::Gone)?;
        counts.await.map_err(|_| LoadError::Gone)
    }

    /// Closes all connections, and waits until they are.
    pub(crate) async fn stop(self) {
        drop(self.windows);
        let thread = self.thread;
        // It has nothing to say, and if it panicked, that was said.
        let _ended = tokio::task::spawn_blocking(|| thread.join()).await;
    }
}

impl Counted {
    fn new() -> Result<Self, CreationError> {
        // Three digits. Bounds, because growing would allocate in between.
        let times = Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, 3)?;
        Ok(Self {
            elapsed: Duration::ZERO,
            generator_cpu: Duration::ZERO,
            requests: 0,
            events: 0,
            reads: 0,
            errors: 0,
            last_error: None,
            latency: times.clone(),
            first_event: times.clone(),
            delay: times,
        })
    }

    fn clear(&mut self) {
        (self.requests, self.events, self.reads, self.errors) = (0, 0, 0, 0);
        self.last_error = None;
        for times in [&mut self.latency, &mut self.first_event, &mut self.delay] {
            times.reset();
        }
    }
}

impl Work {
    /// How many there are at a time.
    fn connections(&self) -> usize {
        match *self {
            Self::Json { pace: Pace::Saturated { connections }, .. }
            | Self::Json { pace: Pace::Rate { connections, .. }, .. } => connections,
            Self::Streams { streams, .. } => streams,
        }
    }
}

#[cfg(test)]
mod tests;
