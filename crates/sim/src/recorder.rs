//! What came in and how it went: every request, kept for tests to look at.

mod observer;
mod recorded;
mod tracker;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use observer::Observer;
pub use recorded::{Ending, Recorded, Totals};
pub(crate) use tracker::{Plot, Tracker};

use bytes::Bytes;
use recorded::Entry;

use crate::engine_metrics::EngineStats;
use crate::request::Head;

/// At most so many bytes of bodies are kept; the oldest requests go first.
const MAX_BODIES: usize = 256 * 1024 * 1024;

/// All requests of one upstream.
pub(crate) struct Recorder {
    kept: Mutex<Kept>,
    totals: Mutex<Totals>,
    keep_requests: usize,
    keep_bodies: usize,
    observer: Option<Observer>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    /// The number of the newest entry.
    begun: u64,
    /// Sum of the bodies' lengths.
    bodies: usize,
}

impl Kept {
    /// Makes room: the oldest entries go.
    fn shrink(&mut self, keep_requests: usize) {
        while self.entries.len() > keep_requests || self.bodies > MAX_BODIES {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bodies -= oldest.change(|recorded| recorded.body.len());
        }
    }
}

impl Recorder {
    /// Keeps at most `keep_requests` requests, the newest, and `keep_bodies` bytes of each body.
    pub(crate) fn new(
        keep_requests: usize,
        keep_bodies: usize,
        observer: Option<Observer>,
    ) -> Self {
        let (kept, totals) = (Mutex::default(), Mutex::default());
        Self { kept, totals, keep_requests, keep_bodies, observer }
    }

    pub(crate) fn connected(&self) -> u64 {
        self.total(|totals| {
            totals.connections += 1;
            totals.connections
        })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        stats: &Arc<EngineStats>,
        connection: u64,
        head: &Head,
    ) -> Tracker {
        self.total(|totals| {
            totals.requests += 1;
            totals.open += 1;
        });
        let entry = self.kept(|kept| {
            kept.begun += 1;
            let entry = Arc::new(Entry::new(kept.begun, connection, head));
            kept.entries.push_back(Arc::clone(&entry));
            kept.shrink(self.keep_requests);
            entry
        });
        if let Some(observer) = &self.observer {
            observer.see(&entry.snapshot());
        }
        Tracker::new(entry, Arc::clone(self), Arc::clone(stats))
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.kept(|kept| kept.entries.iter().map(|entry| entry.snapshot()).collect())
    }

    /// Keeps the body of an entry, or as much of it as it may.
    fn keep_body(&self, entry: &Entry, body: &Bytes) {
        // A copy, lest the short piece hold the memory of the long body.
        let body = match body.len() <= self.keep_bodies {
            true => body.clone(),
            false => Bytes::copy_from_slice(&body[..self.keep_bodies]),
        };
        let number = entry.change(|recorded| recorded.number);
        self.kept(|kept| {
            let oldest = kept.entries.front().map(|oldest| oldest.change(|r| r.number));
            if oldest.is_some_and(|oldest| oldest <= number) {
                kept.bodies += body.len();
                entry.change(|recorded| recorded.body = body);
                kept.shrink(self.keep_requests);
            }
        });
    }

    fn kept<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn totals(&self) -> Totals {
        self.total(|totals| *totals)
    }

    fn total<T>(&self, change: impl FnOnce(&mut Totals) -> T) -> T {
        change(&mut self.totals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
