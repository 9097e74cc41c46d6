//! The times of one stream: counted without a lock each, and in the next scrape nevertheless.

use std::sync::Arc;
use std::time::Duration;

use slab::Slab;

use super::ring::{ROOM, Ring};
use super::{Inner, Latency, RINGS_AT_ONCE, Time, nanos};
use crate::exemplar::Traced;

/// With so many times the stream would have its ring emptied, if nobody else has the histogram.
const MANY: u32 = ROOM / 2;

/// A stream that brings times into a histogram, for as long as it is held. They wait in a ring, some 300
/// bytes, until it is half full, the histogram is read, or the stream ends.
pub(crate) struct Feed {
    into: Latency,
    ring: Arc<Ring>,
    /// Where the histogram has the ring.
    place: usize,
    /// Nanoseconds.
    longest: u64,
}

impl Latency {
    /// A stream begins to bring times.
    pub(crate) fn feed(&self) -> Feed {
        let ring = Arc::<Ring>::default();
        let place = self.inner.lock().rings.insert(Arc::clone(&ring));
        Feed { into: self.clone(), ring, place, longest: 0 }
    }
}

impl Feed {
    /// Counts a time.
    pub(crate) fn observe(&mut self, time: Duration) {
        let nanos = nanos(time);
        self.longest = self.longest.max(nanos);
        // There is room: what fills the ring is taken out at once.
        let waiting = self.ring.put(nanos);
        if waiting >= MANY {
            self.hand_over(waiting == ROOM);
        }
    }

    /// The longest time so far belongs to this request. All of them are counted from now on.
    pub(crate) fn longest_belongs_to(&self, traced: Traced) {
        let edges = self.into.edges;
        let Inner { counted, .. } = &mut *self.into.inner.lock();
        counted.take(edges, &self.ring);
        counted.show(edges, Time::new(self.longest), traced);
    }

    /// Empties the ring; while somebody else has the histogram only if it must be.
    #[cold]
    fn hand_over(&self, must: bool) {
        let inner = if must { Some(self.into.inner.lock()) } else { self.into.inner.try_lock() };
        if let Some(mut inner) = inner {
            inner.counted.take(self.into.edges, &self.ring);
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let Inner { counted, rings } = &mut *self.into.inner.lock();
        counted.take(self.into.edges, &self.ring);
        rings.remove(self.place);
        if rings.is_empty() && rings.capacity() > RINGS_AT_ONCE {
            // Room for thousands goes with the last of them.
            *rings = Slab::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::MutexGuard;

    use super::*;
    use crate::buckets::Edges;

    static ONE: Edges = Edges::new(&[1.0]);

    fn count(latency: &Latency) -> u64 {
        latency.read().classic.iter().sum()
    }

    #[test]
    fn a_stream_does_not_wait_for_the_histogram_before_its_ring_is_full() {
        let latency = Latency::new(&ONE);
        let mut feed = latency.feed();
        let somebody = latency.inner.lock();
        (1..ROOM).for_each(|_| feed.observe(Duration::ZERO));
        drop(somebody);
        assert_eq!(count(&latency), u64::from(ROOM) - 1);
    }

    #[test]
    fn nothing_is_lost_while_somebody_has_the_histogram() {
        const TIMES: u64 = 20_000;
        let latency = Latency::new(&ONE);
        let mut feed = latency.feed();
        std::thread::scope(|scope| {
            let stream = scope.spawn(|| {
                (0..TIMES).for_each(|time| feed.observe(Duration::from_nanos(time)));
            });
            while !stream.is_finished() {
                let somebody = latency.inner.lock();
                std::thread::yield_now();
                MutexGuard::unlock_fair(somebody);
            }
        });
        assert_eq!(count(&latency), TIMES);
        assert_eq!(latency.read().sum, (0..TIMES).map(u128::from).sum());
    }

    #[test]
    fn the_last_of_many_leaves_no_room_behind() {
        let latency = Latency::new(&ONE);
        let feeds: Vec<_> = (0..1_000).map(|_| latency.feed()).collect();
        assert!(latency.inner.lock().rings.capacity() >= feeds.len());
        drop(feeds);
        assert!(latency.inner.lock().rings.capacity() <= RINGS_AT_ONCE);
    }
}
