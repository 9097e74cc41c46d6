//! When requests of an open loop are sent. Pure.

use std::time::Duration;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};

use crate::scenario::Arrivals;

/// The moments, since the start: endless, ascending, the same ones for the same seed. `rate` is per second and above
/// 0; evenly spread ones begin at once, random ones after the first gap.
pub(crate) fn moments(
    rate: f64,
    arrivals: Arrivals,
    seed: u64,
) -> impl Iterator<Item = Duration> + Send + use<> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut sum = 0.0;
    (0_u64..).map(move |index| {
        let gaps = match arrivals {
            // A product, since a sum of many gaps would drift.
            Arrivals::Constant => index as f64,
            Arrivals::Poisson => {
                let gap: f64 = Exp1.sample(&mut random);
                sum += gap;
                sum
            }
        };
        Duration::try_from_secs_f64(gaps / rate).unwrap_or(Duration::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_moments_do_not_drift() {
        let mut moments = moments(3.0, Arrivals::Constant, 1);
        assert_eq!(moments.next(), Some(Duration::ZERO));
        assert_eq!(moments.next(), Some(Duration::from_nanos(333_333_333)));
        // Three million gaps of a third of a second.
        assert_eq!(moments.nth(3_000_000 - 2), Some(Duration::from_secs(1_000_000)));
    }

    #[test]
    fn random_moments_ascend_and_have_the_mean_rate() {
        let moments: Vec<_> = moments(50.0, Arrivals::Poisson, 7).take(100_000).collect();
        assert!(moments.is_sorted());
        // The standard deviation of the whole is 0.3 %.
        let rate = moments.len() as f64 / moments.last().unwrap().as_secs_f64();
        assert!((49.5..50.5).contains(&rate), "{rate}");
        // An exponential distribution deviates as much as its mean.
        let gaps: Vec<_> = moments.windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((0.97..1.03).contains(&(variance.sqrt() / mean)), "{mean} {variance}");
    }

    #[test]
    fn a_seed_decides_the_moments() {
        let first = |seed| moments(1.0, Arrivals::Poisson, seed).take(3).collect::<Vec<_>>();
        let nanos: Vec<_> = first(1).iter().map(Duration::as_nanos).collect();
        assert_eq!(nanos, [446_903_220, 603_604_248, 1_818_402_462]);
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn no_rate_comes_to_no_panic() {
        for rate in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
            let last = moments(rate, Arrivals::Poisson, 1).nth(2);
            assert_eq!(last, Some(Duration::MAX), "{rate}");
        }
    }
}
