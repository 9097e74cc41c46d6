//! A histogram with vLLM's edges.

/// To 0.8.0.
pub(crate) const TTFT: &[f64] =
    &[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Added by 0.8.5.
pub(crate) const NEWER_TTFT: &[f64] = &[20.0, 40.0, 80.0, 160.0, 640.0, 2560.0];
pub(crate) const TPOT: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];
pub(crate) const NEWER_TPOT: &[f64] = &[5.0, 7.5, 10.0, 20.0, 40.0, 80.0];
/// To 0.5.
pub(crate) const OLD_LATENCY: &[f64] = &[1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0];
pub(crate) const LATENCY: &[f64] =
    &[0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0];
pub(crate) const NEWER_LATENCY: &[f64] = &[120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0];
/// 1-2-5 up to the model's length.
pub(crate) const TOKENS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0,
    20_000.0,
];
/// Added by the Rust front end, which goes to 131072 whatever the model's length.
pub(crate) const MORE_TOKENS: &[f64] = &[50_000.0, 100_000.0, 131_072.0];
/// Tokens of a step, from 0.8.5 on.
pub(crate) const STEP: &[f64] =
    &[1.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16_384.0];
/// Before: the batch sizes that are captured as CUDA graphs, thinned out here.
pub(crate) const CAPTURED: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0, 64.0, 128.0, 256.0];
pub(crate) const CHOICES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0];
pub(crate) const PREEMPTIONS: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0];

pub(crate) struct Histogram {
    /// Upper edges with the count of their own bucket.
    buckets: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

impl Histogram {
    pub(crate) fn new(edges: &[&[f64]]) -> Self {
        let buckets = edges.concat().into_iter().map(|edge| (edge, 0)).collect();
        Self { buckets, sum: 0.0, count: 0 }
    }

    pub(crate) fn observe(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
        if let Some((_, count)) = self.buckets.iter_mut().find(|(edge, _)| value <= *edge) {
            *count += 1;
        }
    }

    /// Upper edges with cumulative counts; the last is infinity.
    pub(crate) fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut below = 0;
        let mut out: Vec<_> = self
            .buckets
            .iter()
            .map(|(edge, count)| {
                below += count;
                (*edge, below)
            })
            .collect();
        out.push((f64::INFINITY, self.count));
        out
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
