//! Lengths drawn from a distribution.

use rand::{Rng, RngExt as _};
use rand_distr::{Distribution as _, LogNormal, Normal};

use super::weighted;
use crate::scenario::{Lengths, Spread};

/// A length, at least 1, whatever the distribution says.
pub(super) fn draw(lengths: &Lengths, random: &mut impl Rng) -> u32 {
    let length = match lengths {
        Lengths::Fixed(length) => *length,
        Lengths::Spread(spread) => drawn(spread, random),
    };
    length.max(1)
}

fn drawn(spread: &Spread, random: &mut impl Rng) -> u32 {
    match spread {
        Spread::Uniform { min, max } => random.random_range(*min..=*max.max(min)),
        Spread::Normal { mean, stddev, min, max } => {
            let drawn = Normal::new(*mean, *stddev).map(|normal| normal.sample(random));
            within(drawn.unwrap_or(*mean), *min, *max)
        }
        Spread::LogNormal { median, sigma, min, max } => {
            let drawn = LogNormal::new(median.ln(), *sigma).map(|normal| normal.sample(random));
            within(drawn.unwrap_or(*median), *min, *max)
        }
        Spread::Choice { values, weights } => {
            let chosen = if weights.is_empty() {
                weighted::choose(values.iter().map(|_| 1.0), random)
            } else {
                weighted::choose(weights.iter().copied(), random)
            };
            values.get(chosen).copied().unwrap_or_default()
        }
    }
}

/// Rounded; the cast keeps what is out of range at the end of it.
fn within(length: f64, min: u32, max: u32) -> u32 {
    (length.round() as u32).max(min).min(max)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn sorted(lengths: &Lengths) -> Vec<u32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut drawn: Vec<_> = (0..10_001).map(|_| draw(lengths, &mut random)).collect();
        drawn.sort_unstable();
        drawn
    }

    #[test]
    fn lengths_lie_as_their_distribution_says() {
        assert_eq!(sorted(&Lengths::Fixed(7))[0], 7);
        let drawn = sorted(&Lengths::Spread(Spread::Uniform { min: 10, max: 19 }));
        assert_eq!((drawn[0], drawn[10_000]), (10, 19));
        let each = |length| drawn.iter().filter(|drawn| **drawn == length).count();
        assert!((10..=19).all(|length| (880..1120).contains(&each(length))), "{}", each(10));

        let spread = Spread::Normal { mean: 200.0, stddev: 20.0, min: 150, max: 230 };
        let drawn = sorted(&Lengths::Spread(spread));
        assert_eq!((drawn[0], drawn[10_000]), (150, 230));
        assert!((199..=201).contains(&drawn[5_000]), "{}", drawn[5_000]);
        // One standard deviation below: the 15.9th percentile.
        assert!((178..=182).contains(&drawn[1_587]), "{}", drawn[1_587]);

        let spread = Spread::LogNormal { median: 100.0, sigma: 0.5, min: 1, max: 10_000 };
        let drawn = sorted(&Lengths::Spread(spread));
        assert!((97..=103).contains(&drawn[5_000]), "{}", drawn[5_000]);
        // 100 · e^0.5 = 165 one deviation above.
        assert!((158..=172).contains(&drawn[8_414]), "{}", drawn[8_414]);
    }

    #[test]
    fn a_choice_has_its_weights() {
        let spread = |weights: &[f64]| {
            Lengths::Spread(Spread::Choice { values: vec![10, 20, 30], weights: weights.to_vec() })
        };
        let each = |weights: &[f64]| {
            let drawn = sorted(&spread(weights));
            [10, 20, 30].map(|value| drawn.iter().filter(|drawn| **drawn == value).count())
        };
        assert!(each(&[]).iter().all(|count| (3_150..3_520).contains(count)), "{:?}", each(&[]));
        let [ten, twenty, thirty] = each(&[3.0, 1.0, 0.0]);
        assert!((7_350..7_650).contains(&ten) && thirty == 0, "{ten} {twenty} {thirty}");
    }

    #[test]
    fn nonsense_comes_to_no_panic() {
        for spread in [
            Spread::Uniform { min: 9, max: 3 },
            Spread::Normal { mean: f64::NAN, stddev: -1.0, min: 9, max: 3 },
            Spread::LogNormal { median: -1.0, sigma: f64::NAN, min: 0, max: 3 },
            Spread::Choice { values: Vec::new(), weights: vec![f64::NAN] },
        ] {
            assert!(sorted(&Lengths::Spread(spread))[0] >= 1);
        }
    }
}
