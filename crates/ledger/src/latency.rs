//! One series of times: classic buckets with exemplars, and native ones, counted under one lock, so that
//! a scrape finds the same in both.

mod text;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::buckets::Edges;
use crate::exemplar::{Exemplar, Traced};
use crate::native::Native;

pub(crate) use text::Detail;

/// A histogram of times. Clones are the same histogram.
///
/// It takes at most 6 KiB: 8 bytes for each of its classic edges, 32 more once it has exemplars, and 16
/// for each native bucket, of which there are at most 160 and room for 256. Most have some 40 of those.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    edges: Edges,
    counted: Arc<Mutex<Counted>>,
}

/// What a histogram knows.
#[derive(Clone, Debug)]
struct Counted {
    /// By classic bucket; the last one has no upper edge.
    classic: Box<[u64]>,
    /// Likewise, the latest; empty before the first.
    exemplars: Box<[Option<Exemplar>]>,
    native: Native,
    /// Seconds.
    sum: f64,
}

impl Latency {
    pub(crate) fn new(edges: Edges) -> Self {
        let counted = Counted {
            classic: vec![0; edges.0.len() + 1].into(),
            exemplars: Box::default(),
            native: Native::default(),
            sum: 0.0,
        };
        Self { edges, counted: Arc::new(Mutex::new(counted)) }
    }

    /// Counts a time.
    pub(crate) fn observe(&self, seconds: f64) {
        self.observe_of(seconds, None);
    }

    /// Counts a time of a request, which becomes the exemplar of its bucket if it is traced.
    pub(crate) fn observe_of(&self, seconds: f64, traced: Option<Traced>) {
        let bucket = self.bucket(seconds);
        let mut counted = self.counted.lock();
        counted.classic[bucket] += 1;
        counted.native.observe(seconds);
        counted.sum += seconds;
        if let Some(traced) = traced {
            counted.show(bucket, traced, seconds);
        }
    }

    /// A time that was counted before belongs to this request.
    pub(crate) fn belongs_to(&self, seconds: f64, traced: Traced) {
        let bucket = self.bucket(seconds);
        self.counted.lock().show(bucket, traced, seconds);
    }

    fn bucket(&self, seconds: f64) -> usize {
        self.edges.0.partition_point(|edge| *edge < seconds)
    }
}

impl Counted {
    fn show(&mut self, bucket: usize, traced: Traced, value: f64) {
        if self.exemplars.is_empty() {
            self.exemplars = vec![None; self.classic.len()].into();
        }
        let Traced { trace, at } = traced;
        self.exemplars[bucket] = Some(Exemplar { trace, at, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_takes_at_most_6_kib() {
        let most_edges = 29;
        let exemplars = size_of::<Option<Exemplar>>() * (most_edges + 1);
        // A vector grows to the next power of two.
        let native = size_of::<(i32, u64)>() * 256;
        let bytes = size_of::<Counted>() + 8 * (most_edges + 1) + exemplars + native;
        assert!(bytes <= 6 << 10, "{bytes}");
        assert_eq!(size_of::<Option<Exemplar>>(), 32);
    }
}
