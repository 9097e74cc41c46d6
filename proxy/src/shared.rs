//! What all requests of the process share.

mod composing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use weir_ledger::{Across, Hop, Ledger, Rejection, Route as Series};
use weir_wire::Endpoint;

use crate::config::{Config, UNROUTED};
use crate::discovery::{Found, State};
use crate::hop_join::HopJoin;
use crate::in_force::InForce;
use crate::model_poll::ModelPolls;
use crate::observers::Observers;
use crate::route::Route;
use composing::Parts;

/// Series, routes and the state of the drain.
pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    /// Who else wants to know of requests that have ended.
    pub(crate) observers: Observers,
    /// Requests of the edge, and those that engines have of them.
    pub(crate) hops: HopJoin<Across>,
    in_force: RwLock<Arc<InForce>>,
    /// What that is composed of; held while it is.
    parts: Mutex<Parts>,
    /// How discovery does.
    pub(crate) discovery: State,
    pub(crate) polls: ModelPolls,
    /// Series of requests that no route takes, by listener.
    unrouted_edge: Series,
    unrouted_engine: Series,
    /// What is left is being cut off.
    cutting: AtomicBool,
    in_flight: AtomicUsize,
    /// Connections with answers that may not have been sent to their end.
    unsent: AtomicUsize,
    ended: Notify,
}

impl Shared {
    pub(crate) fn new(config: &Config, ledger: Ledger) -> Arc<Self> {
        let parts = Parts { config: config.clone(), found: Found::default() };
        let in_force = Arc::new(InForce::new(config, &parts.found, &ledger, None));
        Arc::new(Self {
            unrouted_edge: ledger.route(UNROUTED, Hop::Edge, &[]),
            unrouted_engine: ledger.route(UNROUTED, Hop::Engine, &[]),
            observers: Observers::new(config, &ledger),
            ledger,
            hops: HopJoin::default(),
            in_force: RwLock::new(in_force),
            parts: Mutex::new(parts),
            discovery: State::default(),
            polls: ModelPolls::default(),
            cutting: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            ended: Notify::new(),
        })
    }

    /// What holds for a request that comes now.
    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.read())
    }

    /// Every route of every listener.
    pub(crate) fn routes(&self) -> Vec<Arc<Route>> {
        self.in_force().routes()
    }

    /// The series of a listener's requests that no route takes.
    pub(crate) fn unrouted(&self, listener: Hop) -> &Series {
        match listener {
            Hop::Edge => &self.unrouted_edge,
            Hop::Engine => &self.unrouted_engine,
        }
    }

    /// Something was refused that could not be read as a request; `code` is what the client was sent.
    /// The outcome is written before the reason.
    pub(crate) fn refused_unread(&self, listener: Hop, reason: Rejection, code: Option<u16>) {
        self.unrouted(listener).begin(Endpoint::Other).refuse(code);
        self.ledger.rejected(reason);
    }

    /// From now on what ends was cut by Weir.
    pub(crate) fn cut(&self) {
        self.cutting.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_cutting(&self) -> bool {
        self.cutting.load(Ordering::SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Connections with answers that may not have been sent to their end.
    pub(crate) fn unsent(&self) -> usize {
        self.unsent.load(Ordering::SeqCst)
    }

    /// Waits until no request is under way, and no answer.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.in_flight() == 0 && self.unsent() == 0 {
                return;
            }
            ended.await;
        }
    }
}

/// A request under way, for as long as it is held.
pub(crate) struct InFlight(Arc<Shared>);

impl InFlight {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

/// A connection with answers that may not have been sent to their end, for as long as it is held.
pub(crate) struct Unsent(Arc<Shared>);

impl Unsent {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.unsent.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.0.unsent.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}
