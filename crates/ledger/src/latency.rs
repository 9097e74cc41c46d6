//! One series of times: classic buckets with exemplars, and native ones, counted under one lock, so that
//! a scrape finds the same in both.

mod feed;
mod ring;
mod text;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use slab::Slab;

use crate::buckets::Edges;
use crate::exemplar::{Exemplar, Traced};
use crate::native::{Native, finest_index};

pub(crate) use feed::Feed;
use ring::Ring;

/// How many rings are emptied before others may have the lock: so many take some microseconds at most.
const RINGS_AT_ONCE: usize = 16;

/// A histogram of times. Clones are the same histogram.
///
/// It takes at most 6 KiB: 8 bytes for each of its classic edges, 32 more once it has exemplars, and 8 for
/// each place of a native bucket. Between 1 µs and 100 years there are some 400 of these, and room for 512;
/// most series have fewer than 100.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    edges: &'static Edges,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    counted: Counted,
    /// Those of streams under way.
    rings: Slab<Arc<Ring>>,
}

/// What a histogram knows.
#[derive(Clone, Debug)]
struct Counted {
    /// By classic bucket; the last one has no upper edge.
    classic: Box<[u64]>,
    /// Likewise, the latest; empty before the first.
    exemplars: Box<[Option<Exemplar>]>,
    native: Native,
    /// Nanoseconds: whole numbers add up to the same in whichever order they come.
    sum: u128,
}

/// A time as it is counted.
#[derive(Clone, Copy)]
struct Time {
    nanos: u64,
    seconds: f64,
    /// The native bucket at the finest resolution.
    finest: i32,
}

impl Time {
    fn new(nanos: u64) -> Self {
        // Signed: that is one instruction of the processor.
        let seconds = nanos as i64 as f64 / PER_SECOND;
        Self { nanos, seconds, finest: finest_index(seconds) }
    }
}

const PER_SECOND: f64 = 1e9;
/// Nanoseconds; nearly 300 years.
const LONGEST: u64 = i64::MAX as u64;

fn nanos(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(time.subsec_nanos().into()).min(LONGEST)
}

impl Latency {
    fn new(edges: &'static Edges) -> Self {
        let counted = Counted {
            classic: vec![0; edges.buckets()].into(),
            exemplars: Box::default(),
            native: Native::default(),
            sum: 0,
        };
        let inner = Inner { counted, rings: Slab::new() };
        Self { edges, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Counts a time of a request, which becomes the exemplar of its bucket if it is traced.
    pub(crate) fn observe(&self, time: Duration, traced: Option<Traced>) {
        let time = Time::new(nanos(time));
        let counted = &mut self.inner.lock().counted;
        counted.count(self.edges, time);
        if let Some(traced) = traced {
            counted.show(self.edges, time, traced);
        }
    }

    /// All that has come until now, also from streams under way. Who wants to count something meanwhile
    /// waits for a few streams to be emptied, not for all.
    fn read(&self) -> Counted {
        let mut inner = self.inner.lock();
        for place in 0.. {
            let Inner { counted, rings } = &mut *inner;
            if let Some(ring) = rings.get(place) {
                counted.take(self.edges, ring);
            } else if place >= rings.capacity() {
                break;
            }
            if place % RINGS_AT_ONCE == RINGS_AT_ONCE - 1 {
                MutexGuard::unlock_fair(inner);
                inner = self.inner.lock();
            }
        }
        inner.counted.clone()
    }
}

impl Counted {
    fn count(&mut self, edges: &Edges, time: Time) {
        self.classic[edges.bucket(time.seconds, time.finest)] += 1;
        self.native.count(time.finest);
        self.sum += u128::from(time.nanos);
    }

    /// Counts what the ring of a stream holds.
    fn take(&mut self, edges: &Edges, ring: &Ring) {
        ring.take(|nanos| self.count(edges, Time::new(nanos)));
    }

    fn show(&mut self, edges: &Edges, time: Time, traced: Traced) {
        if self.exemplars.is_empty() {
            self.exemplars = vec![None; self.classic.len()].into();
        }
        let Traced { trace, at } = traced;
        let exemplar = Exemplar { trace, at, value: time.seconds };
        self.exemplars[edges.bucket(time.seconds, time.finest)] = Some(exemplar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_takes_at_most_6_kib() {
        let most_edges = 29;
        let exemplars = size_of::<Option<Exemplar>>() * (most_edges + 1);
        let hundred_years = finest_index(100.0 * 365.0 * 86_400.0);
        let places = (hundred_years - crate::native::ZERO_INDEX) as usize;
        // A vector grows to the next power of two.
        let native = size_of::<u64>() * places.next_power_of_two();
        let bytes = size_of::<Counted>() + 8 * (most_edges + 1) + exemplars + native;
        assert!(bytes <= 6 << 10, "{bytes}");
        assert_eq!(size_of::<Option<Exemplar>>(), 32);
    }

    #[test]
    fn the_longest_time_there_is_can_be_counted() {
        let latency = Latency::new(&crate::buckets::DURATION);
        for time in [Duration::MAX, Duration::ZERO, Duration::MAX] {
            latency.observe(time, None);
        }
        let counted = latency.read();
        assert_eq!((counted.classic[0], counted.classic.last()), (1, Some(&2)));
        assert_eq!(counted.sum, 2 * u128::from(LONGEST));
    }
}
