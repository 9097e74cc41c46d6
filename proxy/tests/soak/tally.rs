//! What the clients know: what they sent, how it must have ended, what was done to them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Requests by endpoint and outcome, as the ledger counts them.
pub(crate) type Outcomes = BTreeMap<(String, String), u64>;

#[derive(Default)]
pub(crate) struct Tally {
    /// Ids given so far.
    sent: AtomicU64,
    /// Requests that are not metered.
    passed_through: AtomicU64,
    noticed_late: AtomicU64,
    outcomes: Mutex<Outcomes>,
    /// Faults that were asked for, by kind.
    faults: Mutex<BTreeMap<&'static str, u64>>,
    lost: Mutex<Vec<String>>,
    streams: AtomicUsize,
    most_streams: AtomicUsize,
}

impl Tally {
    /// A request will be sent; its id.
    pub(crate) fn send(&self) -> u64 {
        self.sent.fetch_add(1, Ordering::SeqCst)
    }

    /// It was one that is not metered.
    pub(crate) fn passed_through(&self) {
        self.passed_through.fetch_add(1, Ordering::SeqCst);
    }

    /// A request ended in a way that leaves no doubt.
    pub(crate) fn ended(&self, endpoint: &str, outcome: &str) {
        let key = (endpoint.to_owned(), outcome.to_owned());
        *self.outcomes.lock().unwrap().entry(key).or_default() += 1;
    }

    pub(crate) fn fault(&self, kind: &'static str) {
        *self.faults.lock().unwrap().entry(kind).or_default() += 1;
    }

    /// A request met a stale connection, and Weir noticed too late to send it again.
    pub(crate) fn noticed_late(&self) {
        self.noticed_late.fetch_add(1, Ordering::SeqCst);
    }

    /// A complete answer to a request that no upstream has seen.
    pub(crate) fn lost(&self, what: String) {
        self.lost.lock().unwrap().push(what);
    }

    /// A stream that is open for as long as this is held.
    pub(crate) fn stream(&self) -> OpenStream<'_> {
        let open = self.streams.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_streams.fetch_max(open, Ordering::SeqCst);
        OpenStream(&self.streams)
    }

    /// Requests that are metered.
    pub(crate) fn requests(&self) -> u64 {
        self.sent.load(Ordering::SeqCst) - self.unmetered()
    }

    pub(crate) fn late(&self) -> u64 {
        self.noticed_late.load(Ordering::SeqCst)
    }

    pub(crate) fn unmetered(&self) -> u64 {
        self.passed_through.load(Ordering::SeqCst)
    }

    pub(crate) fn outcomes(&self) -> Outcomes {
        self.outcomes.lock().unwrap().clone()
    }

    pub(crate) fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.faults.lock().unwrap().clone()
    }

    pub(crate) fn answered_by_nobody(&self) -> Vec<String> {
        self.lost.lock().unwrap().clone()
    }

    pub(crate) fn most_streams(&self) -> usize {
        self.most_streams.load(Ordering::SeqCst)
    }
}

/// See [`Tally::stream`].
pub(crate) struct OpenStream<'a>(&'a AtomicUsize);

impl Drop for OpenStream<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
