//! Buckets of a native histogram (<https://prometheus.io/docs/specs/native_histograms/>): only those that
//! have something in them, each 9 % wider than the one before; coarser where that makes too many.
//!
//! A bucket has the index of its upper edge: at schema `s`, bucket `i` ends at 2^(i / 2^s), itself
//! included. One schema less joins two neighbours, so counts never have to be guessed.

/// The finest resolution: 8 buckets for each doubling, so that a quantile is at most 9 % off.
const FINEST: u8 = 3;
/// Most buckets of a series. Times of one kind that lie within a factor of a million stay below.
const MOST: usize = 160;
/// Seconds; what is shorter is in the zero bucket: nothing here is measured that finely.
pub(crate) const ZERO_THRESHOLD: f64 = 1.0 / (1 << 20) as f64;

/// Where the buckets of the finest resolution end within a doubling that ends at 1: 2^(i / 8) / 2.
const EDGES: [f64; 8] = [
    0.5,
    0.545_253_866_332_628_8,
    0.594_603_557_501_360_5,
    0.648_419_777_325_504_8,
    std::f64::consts::FRAC_1_SQRT_2,
    0.771_105_412_703_970_4,
    0.840_896_415_253_714_5,
    0.917_004_043_204_671_2,
];

/// Counts of times by their size.
#[derive(Clone, Debug, Default)]
pub(crate) struct Native {
    /// How often the resolution was halved.
    halved: u8,
    /// How many are in the zero bucket.
    pub(crate) zeros: u64,
    /// Index and count of the others, by index; no count is 0.
    pub(crate) buckets: Vec<(i32, u64)>,
}

impl Native {
    /// The resolution: 2^schema buckets for each doubling.
    pub(crate) fn schema(&self) -> i32 {
        i32::from(FINEST) - i32::from(self.halved)
    }

    /// Counts a time. Negative ones and what is no number do not come up.
    pub(crate) fn observe(&mut self, seconds: f64) {
        if seconds <= ZERO_THRESHOLD {
            self.zeros += 1;
            return;
        }
        let index = coarser(finest_index(seconds), self.halved);
        match self.buckets.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(at) => self.buckets[at].1 += 1,
            Err(at) => {
                self.buckets.insert(at, (index, 1));
                self.keep_bound();
            }
        }
    }

    /// It ends: long before the buckets are so wide that all numbers fit into one.
    fn keep_bound(&mut self) {
        while self.buckets.len() > MOST {
            self.halved += 1;
            for (index, _) in &mut self.buckets {
                *index = coarser(*index, 1);
            }
            self.buckets.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 += next.1;
                }
                is_same
            });
        }
    }
}

/// The bucket that a positive number lies in at the finest resolution.
fn finest_index(number: f64) -> i32 {
    const MANTISSA: u64 = (1 << 52) - 1;
    // number = fraction · 2^exponent, with a fraction from 0.5 to 1.
    let bits = number.to_bits();
    let exponent = (bits >> 52) as i32 - 1022;
    let fraction = f64::from_bits(bits & MANTISSA | 1022 << 52);
    let within = EDGES.iter().filter(|edge| **edge < fraction).count();
    (exponent - 1) * EDGES.len() as i32 + within as i32
}

/// The bucket that this one becomes a part of when the resolution is halved so often.
fn coarser(index: i32, halved: u8) -> i32 {
    (index + (1 << halved) - 1) >> halved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = f64>) -> Native {
        let mut native = Native::default();
        times.into_iter().for_each(|time| native.observe(time));
        native
    }

    fn upper_edge(schema: i32, index: i32) -> f64 {
        (f64::from(index) * 2_f64.powi(-schema)).exp2()
    }

    #[test]
    fn the_edges_are_those_of_the_specification() {
        for (index, edge) in EDGES.into_iter().enumerate() {
            assert!((edge - upper_edge(3, index as i32) / 2.0).abs() < 1e-15, "{index}");
        }
        for (number, index) in [(1.0, 0), (1.000_001, 1), (2.0, 8), (0.5, -8), (0.001, -79)] {
            assert_eq!(finest_index(number), index, "{number}");
        }
    }

    #[test]
    fn a_time_lies_between_the_edges_of_its_bucket() {
        for step in 0..10_000 {
            let time = 1e-6 * 1.003_f64.powi(step);
            if time < 1e6 {
                let index = finest_index(time);
                let (below, above) = (upper_edge(3, index - 1), upper_edge(3, index));
                assert!(below < time * (1.0 + 1e-12) && time <= above * (1.0 + 1e-12), "{time}");
            }
        }
    }

    #[test]
    fn zeros_have_a_bucket_of_their_own() {
        let native = of([0.0, 1e-9, ZERO_THRESHOLD, 2e-6]);
        assert_eq!((native.zeros, native.buckets), (3, vec![(-151, 1)]));
    }

    #[test]
    fn counts_of_a_bucket_add_up() {
        let native = of([0.02, 0.0201, 4.0, 0.02]);
        assert_eq!(native.buckets, [(-45, 3), (16, 1)]);
        assert_eq!(native.schema(), 3);
    }

    #[test]
    fn too_many_buckets_become_coarser_and_nothing_is_lost() {
        let times: Vec<f64> = (0..40_000).map(|n| 1e-6 * 1.001_f64.powi(n)).collect();
        let native = of(times.iter().copied());
        assert!(native.buckets.len() <= MOST, "{}", native.buckets.len());
        assert!(native.schema() < 3, "{}", native.schema());
        let counted: u64 = native.buckets.iter().map(|(_, count)| count).sum();
        assert_eq!(counted + native.zeros, 40_000);
        assert!(native.buckets.is_sorted_by(|a, b| a.0 < b.0));
        for &(index, count) in &native.buckets {
            let edges = upper_edge(native.schema(), index - 1)..upper_edge(native.schema(), index);
            let expected = times.iter().filter(|time| edges.contains(time)).count() as i64;
            // The edges computed here are off by rounding.
            assert!((expected - count as i64).abs() <= 1, "bucket {index}: {count}, {expected}");
        }
    }

    #[test]
    fn the_bound_holds_for_every_number() {
        let native = of((-20..1024).map(|exponent| 1.5 * 2_f64.powi(exponent - 1)));
        assert!(native.buckets.len() <= MOST, "{}", native.buckets.len());
        assert!(native.schema() >= -4, "{}", native.schema());
    }
}
