//! Random numbers for the traffic: SplitMix64, the same ones in every run.

use std::time::Duration;

/// A sequence that its seed decides.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// At least 0, less than 1.
    pub(super) fn share(&mut self) -> f64 {
        // 53 bits are what a double holds.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Less than `end`; 0 if there is nothing less.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.share() * end as f64) as usize
    }

    /// From `low` to `high`, small numbers as likely as large ones of the same proportion.
    pub(super) fn proportional(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.share())
    }

    pub(super) fn yes(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Waiting times of this mean, as of events that know nothing of each other; at most four
    /// times the mean.
    pub(crate) fn wait(&mut self, mean: Duration) -> Duration {
        mean.mul_f64((-(1.0 - self.share()).ln()).min(4.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_their_bounds_and_use_them() {
        let mut dice = Dice::new(1);
        let mut seen = [0; 6];
        for _ in 0..600 {
            seen[dice.below(6)] += 1;
            assert!((8.0..=4000.0).contains(&dice.proportional(8.0, 4000.0)));
            assert!(dice.wait(Duration::from_millis(100)) <= Duration::from_millis(400));
        }
        assert!(seen.iter().all(|&count| (60..140).contains(&count)), "{seen:?}");
    }

    #[test]
    fn a_seed_decides_the_sequence() {
        let numbers = |seed| [(); 4].map(|()| Dice::new(seed).next());
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }
}
