//! Times on their way from a stream into a histogram: the stream puts them in without a lock, and whoever
//! has the histogram's takes them out.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// How many times it has room for. Divides 2^32, which its counts run up to.
pub(super) const ROOM: u32 = 32;

/// Room for the times that a stream has and its histogram has not.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Nanoseconds.
    times: [AtomicU64; ROOM as usize],
    /// How many have been put in, and how many of those taken out, since the stream began.
    put: AtomicU32,
    taken: AtomicU32,
}

impl Ring {
    /// Puts a time in, and returns how many there are then. Only the stream may do so, and only while there
    /// is room.
    pub(super) fn put(&self, nanos: u64) -> u32 {
        let put = self.put.load(Ordering::Relaxed);
        self.at(put).store(nanos, Ordering::Relaxed);
        let put = put.wrapping_add(1);
        // Whoever sees that it is there sees the time.
        self.put.store(put, Ordering::Release);
        // What is seen to be taken has been read, and may be written over.
        put.wrapping_sub(self.taken.load(Ordering::Acquire))
    }

    /// Takes all out, oldest first. Only one thread may do so at a time.
    pub(super) fn take(&self, mut to: impl FnMut(u64)) {
        let put = self.put.load(Ordering::Acquire);
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken != put {
            to(self.at(taken).load(Ordering::Relaxed));
            taken = taken.wrapping_add(1);
        }
        self.taken.store(taken, Ordering::Release);
    }

    fn at(&self, count: u32) -> &AtomicU64 {
        &self.times[(count % ROOM) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(ring: &Ring) -> Vec<u64> {
        let mut times = Vec::new();
        ring.take(|nanos| times.push(nanos));
        times
    }

    #[test]
    fn what_is_put_in_is_taken_out_once_and_in_order() {
        let ring = Ring::default();
        assert!(taken(&ring).is_empty());
        let mut next = 0;
        // Beginnings at every place of the ring, and every number of times.
        for count in (0..=ROOM).cycle().take(2_000) {
            let times: Vec<_> = (next..next + u64::from(count)).collect();
            for (before, time) in (1..).zip(&times) {
                assert_eq!(ring.put(*time), before);
            }
            assert_eq!(taken(&ring), times);
            next += u64::from(count);
        }
        assert!(taken(&ring).is_empty());
    }

    #[test]
    fn its_counts_may_run_over() {
        let last = u32::MAX - 2;
        let ring = Ring { put: last.into(), taken: last.into(), ..Ring::default() };
        let held: Vec<_> = (0..ROOM).map(|time| ring.put(time.into())).collect();
        assert!(held.iter().copied().eq(1..=ROOM), "{held:?}");
        assert!(taken(&ring).into_iter().eq(0..ROOM.into()));
    }

    #[test]
    fn a_thread_that_takes_gets_all_that_another_puts_in() {
        const TIMES: u64 = 200_000;
        let ring = Ring::default();
        let taken = std::thread::scope(|scope| {
            let stream = scope.spawn(|| {
                for time in 0..TIMES {
                    let mut waiting = ring.put(time);
                    while waiting == ROOM {
                        std::thread::yield_now();
                        let taken = ring.taken.load(Ordering::Acquire);
                        waiting = ring.put.load(Ordering::Relaxed).wrapping_sub(taken);
                    }
                }
            });
            let mut taken = Vec::new();
            while !stream.is_finished() {
                ring.take(|time| taken.push(time));
                std::thread::yield_now();
            }
            ring.take(|time| taken.push(time));
            taken
        });
        assert!(taken.into_iter().eq(0..TIMES));
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Ring>() <= 272, "{}", size_of::<Ring>());
    }
}
