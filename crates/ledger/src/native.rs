//! Buckets of a native histogram (<https://prometheus.io/docs/specs/native_histograms/>): only those that
//! have something in them, each 9 % wider than the one before; coarser where that makes too many.
//!
//! A bucket has the index of its upper edge: at schema `s`, bucket `i` ends at 2^(i / 2^s), itself
//! included. One schema less joins two neighbours, so counts never have to be guessed.

use std::{iter, mem};

/// The finest resolution: 8 buckets for each doubling, so that a quantile is at most 9 % off.
const FINEST: u8 = 3;
/// Most buckets of a series. Times of one kind that lie within a factor of a million stay below.
const MOST: usize = 160;
/// Seconds; what is shorter is in the zero bucket: nothing here is measured that finely.
pub(crate) const ZERO_THRESHOLD: f64 = 1.0 / (1 << 20) as f64;

/// The bucket that ends at that threshold, at the finest resolution.
pub(crate) const ZERO_INDEX: i32 = -160;

/// Where the buckets of the finest resolution end within a doubling that ends at 1: 2^(i / 8) / 2.
const EDGES: [f64; 9] = [
    0.5,
    0.545_253_866_332_628_8,
    0.594_603_557_501_360_5,
    0.648_419_777_325_504_8,
    std::f64::consts::FRAC_1_SQRT_2,
    0.771_105_412_703_970_4,
    0.840_896_415_253_714_5,
    0.917_004_043_204_671_2,
    // Of the next doubling.
    1.0,
];
const PER_DOUBLING: i32 = 1 << FINEST;
/// How many edges lie before each sixteenth of a doubling. Within one lies one at most.
const BEFORE: [usize; 16] = [0, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 7, 8, 8];

/// Counts of times by their size.
///
/// Every bucket between the lowest and the highest has a place, also one with nothing in it, so that none
/// has to be searched for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Native {
    /// How often the resolution was halved.
    halved: u8,
    /// How many are in the zero bucket.
    pub(crate) zeros: u64,
    /// The index of the first place.
    lowest: i32,
    /// Counts, by index.
    counts: Vec<u64>,
    /// How many of them are not 0.
    used: usize,
}

impl Native {
    /// The resolution: 2^schema buckets for each doubling.
    pub(crate) fn schema(&self) -> i32 {
        i32::from(FINEST) - i32::from(self.halved)
    }

    /// Index and count of every bucket with something in it, by index.
    pub(crate) fn buckets(&self) -> Vec<(i32, u64)> {
        let all = (self.lowest..).zip(self.counts.iter().copied());
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Counts a time, of which [`finest_index`] is known.
    pub(crate) fn count(&mut self, finest: i32) {
        if finest <= ZERO_INDEX {
            self.zeros += 1;
            return;
        }
        let index = coarser(finest, self.halved);
        // What is lower than the lowest becomes the place of none.
        let place = index.wrapping_sub(self.lowest) as usize;
        match self.counts.get_mut(place) {
            Some(count) if *count > 0 => *count += 1,
            _ => self.count_first(index),
        }
    }

    /// Counts the first one of a bucket.
    #[cold]
    fn count_first(&mut self, index: i32) {
        if self.counts.is_empty() {
            self.lowest = index;
        }
        let missing = (self.lowest - index).max(0);
        self.counts.splice(..0, iter::repeat_n(0, missing as usize));
        self.lowest -= missing;
        let place = (index - self.lowest) as usize;
        self.counts.resize(self.counts.len().max(place + 1), 0);
        self.counts[place] = 1;
        self.used += 1;
        // It ends: long before the buckets are so wide that all numbers fit into one.
        while self.used > MOST {
            self.halve();
        }
    }

    /// Joins neighbours.
    fn halve(&mut self) {
        let finer = mem::take(&mut self.counts);
        let lowest = coarser(self.lowest, 1);
        for (index, count) in (self.lowest..).zip(finer) {
            let place = (coarser(index, 1) - lowest) as usize;
            self.counts.resize(place + 1, 0);
            self.counts[place] += count;
        }
        self.lowest = lowest;
        self.halved += 1;
        self.used = self.counts.iter().filter(|count| **count > 0).count();
    }
}

/// The bucket that a number lies in at the finest resolution; for 0 one that lies below all others. Not for
/// negative numbers.
pub(crate) const fn finest_index(number: f64) -> i32 {
    const MANTISSA: u64 = (1 << 52) - 1;
    // number = fraction · 2^exponent, with a fraction from 0.5 to 1.
    let bits = number.to_bits();
    let exponent = (bits >> 52) as i32 - 1022;
    let fraction = f64::from_bits(bits & MANTISSA | 1022 << 52);
    let before = BEFORE[(bits >> 48) as usize % BEFORE.len()];
    let within = before as i32 + (EDGES[before] < fraction) as i32;
    (exponent - 1) * PER_DOUBLING + within
}

/// The bucket that this one becomes a part of when the resolution is halved so often.
const fn coarser(index: i32, halved: u8) -> i32 {
    (index + (1 << halved) - 1) >> halved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = f64>) -> Native {
        let mut native = Native::default();
        times.into_iter().for_each(|time| native.count(finest_index(time)));
        native
    }

    fn upper_edge(schema: i32, index: i32) -> f64 {
        (f64::from(index) * 2_f64.powi(-schema)).exp2()
    }

    #[test]
    fn the_edges_are_those_of_the_specification() {
        for (index, edge) in EDGES.into_iter().enumerate() {
            assert!((edge - upper_edge(3, index as i32) / 2.0).abs() < 1e-15, "{index}");
            assert_eq!(finest_index(edge), index as i32 - 8, "an edge is part of its bucket");
            assert_eq!(finest_index(edge.next_up()), index as i32 - 7);
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
        assert_eq!((native.zeros, native.buckets()), (3, vec![(-151, 1)]));
        assert_eq!(finest_index(ZERO_THRESHOLD), ZERO_INDEX);
    }

    #[test]
    fn counts_of_a_bucket_add_up() {
        let native = of([0.02, 0.0201, 4.0, 0.02]);
        assert_eq!(native.buckets(), [(-45, 3), (16, 1)]);
        assert_eq!(native.schema(), 3);
    }

    #[test]
    fn the_order_does_not_matter() {
        let times = [3.0, 0.02, 700.0, 0.02, 1e-5, 0.5, 3.1];
        let (there, back) = (of(times), of(times.into_iter().rev()));
        assert_eq!(there.buckets(), back.buckets());
        assert_eq!(there.buckets().iter().map(|(_, count)| count).sum::<u64>(), 7);
    }

    #[test]
    fn too_many_buckets_become_coarser_and_nothing_is_lost() {
        let times: Vec<f64> = (0..40_000).map(|n| 1e-6 * 1.001_f64.powi(n)).collect();
        let native = of(times.iter().copied());
        let buckets = native.buckets();
        assert!(buckets.len() <= MOST, "{}", buckets.len());
        assert!(native.schema() < 3, "{}", native.schema());
        let counted: u64 = buckets.iter().map(|(_, count)| count).sum();
        assert_eq!(counted + native.zeros, 40_000);
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0));
        for (index, count) in buckets {
            let edges = upper_edge(native.schema(), index - 1)..upper_edge(native.schema(), index);
            let expected = times.iter().filter(|time| edges.contains(time)).count() as i64;
            // The edges computed here are off by rounding.
            assert!((expected - count as i64).abs() <= 1, "bucket {index}: {count}, {expected}");
        }
    }

    #[test]
    fn the_bound_holds_for_every_number() {
        let native = of((-20..1024).map(|exponent| 1.5 * 2_f64.powi(exponent - 1)));
        assert!(native.buckets().len() <= MOST, "{}", native.buckets().len());
        assert!(native.schema() >= -4, "{}", native.schema());
    }
}
