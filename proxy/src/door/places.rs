//! How many connections are open, and that there are no more than may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use weir_ledger::{Hop, Ledger};

/// Clients at once that are told that there is no room; more are cut off without a word.
const FAREWELLS: usize = 64;

/// The places of one listener.
pub(super) struct Places {
    listener: Hop,
    ledger: Ledger,
    taken: AtomicUsize,
    farewells: AtomicUsize,
}

impl Places {
    pub(super) fn new(listener: Hop, ledger: Ledger) -> Arc<Self> {
        ledger.connections(listener, 0);
        Arc::new(Self {
            listener,
            ledger,
            taken: AtomicUsize::new(0),
            farewells: AtomicUsize::new(0),
        })
    }

    /// A place, if fewer than `most` are taken.
    pub(super) fn take(self: &Arc<Self>, most: usize) -> Option<Place> {
        add_below(&self.taken, most).then(|| {
            self.ledger.connections(self.listener, 1);
            Place(Arc::clone(self))
        })
    }

    /// Leave to tell one more client that there is none.
    pub(super) fn farewell(self: &Arc<Self>) -> Option<Farewell> {
        add_below(&self.farewells, FAREWELLS).then(|| Farewell(Arc::clone(self)))
    }
}

fn add_below(count: &AtomicUsize, most: usize) -> bool {
    let add = |taken| (taken < most).then_some(taken + 1);
    count.try_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
}

/// A connection's place, for as long as it is held.
pub(super) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        self.0.ledger.connections(self.0.listener, -1);
    }
}

/// Leave to refuse one connection in words, for as long as it is held.
pub(super) struct Farewell(Arc<Places>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.farewells.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let places = Places::new(Hop::Edge, Ledger::new());
        let first = places.take(2);
        let second = places.take(2);
        assert!(first.is_some() && second.is_some());
        assert!(places.take(2).is_none());
        drop(first);
        assert!(places.take(2).is_some());
        assert!(places.take(1).is_none(), "the limit may have been lowered");
    }
}
