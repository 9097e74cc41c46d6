//! One series of sizes or times of which nobody wants to know more than their classic buckets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::metrics::counter::Atomic;

use crate::buckets::Edges;
use crate::classic::{Classic, Form};
use crate::metric::{Detail, Metric, Sample};
use crate::native::finest_index;

/// A histogram without a lock: a scrape may find a number in its bucket and not yet in the sum.
#[derive(Clone)]
pub(crate) struct Histogram(Arc<Inner>);

struct Inner {
    edges: &'static Edges,
    /// By bucket; the last one has no upper edge.
    counts: Box<[AtomicU64]>,
    /// The bits of a fraction.
    sum: AtomicU64,
}

impl Histogram {
    /// Counts a number, which is not negative.
    pub(crate) fn observe(&self, number: f64) {
        let Inner { edges, counts, sum } = &*self.0;
        counts[edges.bucket(number, finest_index(number))].fetch_add(1, Ordering::Relaxed);
        let _before: f64 = sum.inc_by(number);
    }
}

impl Metric for Histogram {
    type Form = Form;
    const KIND: &'static str = "histogram";

    fn new(form: &Form) -> Self {
        let edges = form.edges;
        let counts = (0..edges.buckets()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { edges, counts, sum: AtomicU64::new(0) }))
    }

    fn write(&self, form: &Form, sample: Sample<'_>, _: Detail, text: &mut String) {
        let Inner { counts, sum, .. } = &*self.0;
        let counts: Vec<_> = counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        form.write(&Classic { counts: &counts, exemplars: &[], sum: sum.get() }, sample, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SIZES: Edges = Edges::new(&[1.0, 16.0]);

    fn written(histogram: &Histogram) -> String {
        let mut text = String::new();
        let sample = Sample { name: "a_bytes", labels: r#"b="c""# };
        histogram.write(&Form::new(&SIZES), sample, Detail::Native, &mut text);
        text
    }

    #[test]
    fn numbers_lie_in_the_bucket_that_ends_behind_them() {
        let histogram = Histogram::new(&Form::new(&SIZES));
        for number in [0.0, 0.5, 1.0, 1.5, 16.0, 17.0] {
            histogram.observe(number);
        }
        assert_eq!(
            written(&histogram),
            "a_bytes_sum{b=\"c\"} 36.0\n\
             a_bytes_count{b=\"c\"} 6\n\
             a_bytes_bucket{b=\"c\",le=\"1.0\"} 3\n\
             a_bytes_bucket{b=\"c\",le=\"16.0\"} 5\n\
             a_bytes_bucket{b=\"c\",le=\"+Inf\"} 6\n"
        );
    }

    #[test]
    fn threads_lose_nothing() {
        let histogram = Histogram::new(&Form::new(&SIZES));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|n| histogram.observe(f64::from(n % 20))));
            }
        });
        let text = written(&histogram);
        assert!(text.contains("_sum{b=\"c\"} 380000.0\n"), "{text}");
        assert!(text.contains("_count{b=\"c\"} 40000\n"), "{text}");
        assert!(text.contains("le=\"1.0\"} 4000\n"), "{text}");
    }
}
