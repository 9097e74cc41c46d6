//! The scripted upstream: starting it, telling it what to do, asking it what it saw.

mod builder;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use builder::Builder;

use crate::engine::Engine;
use crate::engine_metrics::EngineStats;
use crate::eventually;
use crate::plan::{Plan, Plans};
use crate::recorder::{Recorded, Recorder, Totals};
use crate::stored::Store;

/// What all connections of one upstream share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) models: Vec<String>,
    pub(crate) plans: Plans,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) stats: Arc<EngineStats>,
    pub(crate) stored: Store,
    pub(crate) keep_alive: Duration,
    ids: AtomicU64,
}

impl Shared {
    /// Sixteen hexadecimal digits, different each time.
    pub(crate) fn next_id(&self) -> String {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        // Spreads the digits as random ids have them (the constant is that of SplitMix64).
        format!("{:016x}", (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

/// A scripted upstream on a port of its own. Dropping it stops it: its tasks are aborted and its
/// sockets closed; [`stop`](Self::stop) also waits for that.
pub struct Upstream {
    shared: Arc<Shared>,
    addr: SocketAddr,
    accepting: JoinHandle<()>,
    /// Dropping it stops the task.
    running: oneshot::Sender<()>,
}

impl Upstream {
    /// A vLLM 0.32.0 with the model `tiny` on a free port of 127.0.0.1, unless told otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDRESS:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The server that it imitates.
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Puts a plan at the end of the queue: one request to an API takes one plan, first come,
    /// first served. A request with an `x-sim` header brings its own plan and takes none.
    pub fn push(&self, plan: Plan) {
        self.shared.plans.push(plan);
    }

    /// Puts several plans at the end of the queue.
    pub fn script(&self, plans: impl IntoIterator<Item = Plan>) {
        plans.into_iter().for_each(|plan| self.push(plan));
    }

    /// From now on the plan of a request that finds the queue empty and has no header, and the
    /// one that headers change.
    pub fn set_plan(&self, plan: Plan) {
        self.shared.plans.set_default(plan);
    }

    /// All requests in the order in which their heads came: the newest, if they are more than
    /// [`Builder::keep_requests`] or their bodies more than 256 MiB.
    ///
    /// An answer is booked right after it was written: a client may have read it a moment
    /// before. Use [`wait_for`](Self::wait_for).
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.recorder.requests()
    }

    /// The sums over all requests since the start.
    pub fn totals(&self) -> Totals {
        self.shared.recorder.totals()
    }

    /// Waits until `seen` holds for the requests, and returns them.
    ///
    /// # Panics
    /// When it does not hold within `deadline`; with `message` and the requests seen.
    pub async fn wait_for(
        &self,
        mut seen: impl FnMut(&[Recorded]) -> bool,
        deadline: Duration,
        message: &str,
    ) -> Vec<Recorded> {
        let recorder = &self.shared.recorder;
        let state = || summary(&recorder.requests());
        eventually::until(deadline, message, state, || {
            let requests = recorder.requests();
            std::future::ready(seen(&requests).then_some(requests))
        })
        .await
    }

    /// Stops it and waits until its port and all its connections are closed.
    pub async fn stop(self) {
        drop(self.running);
        // An error would say that the task has panicked; it is gone all the same.
        let _ = self.accepting.await;
    }
}

fn summary(requests: &[Recorded]) -> String {
    const SHOWN: usize = 20;
    let skipped = requests.len().saturating_sub(SHOWN);
    let mut text = format!("{} requests", requests.len());
    for request in &requests[skipped..] {
        let Recorded { number, method, path, ending, status, output_tokens, .. } = request;
        text.push_str(&format!(
            "\n  {number}: {method} {path} {ending:?} {status:?}, {output_tokens} output tokens"
        ));
    }
    text
}
