//! A distribution of times: an HDR histogram of three digits, with an exact mean.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::report::Latency;

/// Digits that percentiles are true to.
const DIGITS: u8 = 3;
/// From one bucket of a report to the next.
const STEP: f64 = 1.05;
const MICROSECOND: f64 = 1e-6;

/// Times, in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    /// `None` where the digits were refused, which they are not.
    values: Option<hdrhistogram::Histogram<u64>>,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        let values = hdrhistogram::Histogram::new(DIGITS).ok();
        Self { values, sum: 0.0, squares: 0.0, min: f64::INFINITY, max: 0.0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        self.sum += seconds;
        self.squares += seconds * seconds;
        self.min = self.min.min(seconds);
        self.max = self.max.max(seconds);
        let micros = u64::try_from((time.as_nanos() + 500) / 1_000).unwrap_or(u64::MAX);
        if let Some(values) = &mut self.values {
            // It grows as it has to; `saturating_record` would not let it.
            let _recorded = values.record(micros);
        }
    }

    /// What a report says of it.
    pub(super) fn latency(&self) -> Latency {
        let Some(values) = self.values.as_ref().filter(|values| !values.is_empty()) else {
            return Latency::default();
        };
        let count = values.len();
        let mean = self.sum / count as f64;
        // No percentile lies outside of what came: a histogram's value is the end of its bucket.
        let at = |quantile: f64| {
            (values.value_at_quantile(quantile) as f64 * MICROSECOND).clamp(self.min, self.max)
        };
        Latency {
            count,
            mean,
            stddev: (self.squares / count as f64 - mean * mean).max(0.0).sqrt(),
            min: self.min,
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: self.max,
            buckets: self.buckets(values),
        }
    }

    fn buckets(&self, values: &hdrhistogram::Histogram<u64>) -> Vec<(f64, u64)> {
        let mut buckets = BTreeMap::<i32, u64>::new();
        for value in values.iter_recorded() {
            let micros = value.value_iterated_to().max(1) as f64;
            let bucket = (micros.ln() / STEP.ln()).ceil() as i32;
            *buckets.entry(bucket).or_default() += value.count_since_last_iteration();
        }
        buckets
            .into_iter()
            .map(|(bucket, count)| (STEP.powi(bucket) * MICROSECOND, count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_true_to_three_digits_and_the_mean_is_exact() {
        let mut histogram = Histogram::default();
        for millisecond in 1..=1_000 {
            histogram.add(Duration::from_millis(millisecond));
        }
        let latency = histogram.latency();
        assert_eq!(latency.count, 1_000);
        assert!((latency.mean - 0.5005).abs() < 1e-12);
        assert_eq!((latency.min, latency.max), (0.001, 1.0));
        for (found, wanted) in [
            (latency.p50, 0.5),
            (latency.p90, 0.9),
            (latency.p95, 0.95),
            (latency.p99, 0.99),
            (latency.p999, 0.999),
        ] {
            assert!((found / wanted - 1.0).abs() < 0.001, "{found} is not {wanted}");
        }
        assert!((latency.stddev - 0.288_674_9).abs() < 1e-6, "{}", latency.stddev);
        assert_eq!(latency.buckets.iter().map(|(_, count)| count).sum::<u64>(), 1_000);
        assert!(latency.buckets.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_bucket_holds_what_is_at_most_its_bound_and_no_more_than_5_percent_less() {
        for micros in [1, 2, 199, 200, 1_000, 123_456, 10_000_000] {
            let mut histogram = Histogram::default();
            histogram.add(Duration::from_micros(micros));
            let [(bound, 1)] = histogram.latency().buckets[..] else { panic!("{micros}") };
            let exact = micros as f64 * MICROSECOND;
            // A histogram's value may be one part in a thousand off.
            assert!(bound > exact * 0.999 && bound < exact * 1.0525, "{bound} for {exact}");
        }
    }

    #[test]
    fn one_value_is_every_percentile() {
        let mut histogram = Histogram::default();
        histogram.add(Duration::from_nanos(1_234_567));
        let latency = histogram.latency();
        assert_eq!((latency.p50, latency.p999), (latency.min, latency.max));
        assert_eq!(latency.min, 0.001_234_567);
        assert_eq!(Histogram::default().latency(), Latency::default());
    }
}
