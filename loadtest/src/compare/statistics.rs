//! Estimates and how sure they are: 95 % confidence intervals. Pure.

use rand::{Rng, RngExt as _};
use rand_distr::{Beta, Distribution as _, Normal};

/// Resamples of a bootstrap. Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), section 14.3: a thousand or
/// two for intervals.
const RESAMPLES: usize = 2_000;
/// Of so many values the mean is resampled; that of more is distributed normally as far as anybody can see.
const MOST_RESAMPLED: usize = 2_000;

/// From the lower end to the upper one.
pub(super) type Interval = (f64, f64);

/// The smallest value that at least the part `share` of the values do not exceed (nearest rank, as HDR histograms have
/// it); `sorted` is ascending.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    sorted.get(rank(sorted.len(), share).checked_sub(1)?).copied()
}

/// Counted from 1.
fn rank(length: usize, share: f64) -> usize {
    // 0.95 × 20 is 19 and a little in binary.
    let rank = (share * length as f64 - 1e-9).ceil();
    (rank as usize).clamp(1, length.max(1))
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Of the values around their mean, as an estimate for all that could have been.
fn deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// Mean of paired differences, and its interval by Student's t; a single pair has none. Jain, *The Art of Computer
/// Systems Performance Analysis* (1991), section 13.4.1.
pub(super) fn paired(differences: &[f64]) -> Option<(f64, Option<Interval>)> {
    let mean = mean(differences)?;
    let interval = student(differences.len().saturating_sub(1)).map(|t| {
        let half = t * deviation(differences, mean) / (differences.len() as f64).sqrt();
        (mean - half, mean + half)
    });
    Some((mean, interval))
}

/// The 0.975 quantile of Student's t with so many degrees of freedom.
fn student(freedom: usize) -> Option<f64> {
    // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    const NORMAL: f64 = 1.959_964;
    if let Some(t) = TABLE.get(freedom.checked_sub(1)?) {
        return Some(*t);
    }
    // Abramowitz and Stegun, 26.7.5, first two terms: less than 0.0001 off from here on.
    let (z, freedom) = (NORMAL, freedom as f64);
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    Some(z + (z.powi(3) + z) / (4.0 * freedom) + second / freedom.powi(2))
}

/// What the quantile would be in other samples: that of resamples of `sorted`, drawn without making them. The rank-th
/// smallest of n uniform numbers is Beta(rank, n + 1 − rank), and tells which value is there (David and Nagaraja, *Order
/// Statistics* (2003), section 2.3): so a run of 50,000 requests costs as little as one of 50.
///
/// None where the quantile is the largest value: resamples have nothing above it, and intervals would be wrong more than
/// twice as often as they say.
pub(super) fn quantile_draws(sorted: &[f64], share: f64, dice: &mut impl Rng) -> Vec<f64> {
    let length = sorted.len();
    let rank = rank(length, share);
    if rank >= length {
        return Vec::new();
    }
    let Ok(beta) = Beta::new(rank as f64, (length + 1).saturating_sub(rank) as f64) else {
        return Vec::new();
    };
    let last = length.saturating_sub(1);
    let draw = |_| {
        let place = (beta.sample(dice) * length as f64) as usize;
        sorted.get(place.min(last)).copied()
    };
    (0..RESAMPLES).filter_map(draw).collect()
}

/// What the mean would be in other samples.
pub(super) fn mean_draws(values: &[f64], dice: &mut impl Rng) -> Vec<f64> {
    let Some(mean) = mean(values) else { return Vec::new() };
    let length = values.len();
    if length > MOST_RESAMPLED {
        let error = deviation(values, mean) / (length as f64).sqrt();
        let Ok(normal) = Normal::new(mean, error) else { return Vec::new() };
        return (0..RESAMPLES).map(|_| normal.sample(dice)).collect();
    }
    let mut resample = || {
        let drawn = (0..length).filter_map(|_| values.get(dice.random_range(0..length)));
        drawn.sum::<f64>() / length as f64
    };
    (0..RESAMPLES).map(|_| resample()).collect()
}

/// What the share could really be, having seen `hits` of `all`: by Jeffreys' prior, which does not take 100 % of a few
/// for certain. Brown, Cai and DasGupta, *Interval Estimation for a Binomial Proportion* (2001), section 4.
pub(super) fn share_draws(hits: u64, all: u64, dice: &mut impl Rng) -> Vec<f64> {
    let (hits, misses) = (hits as f64, all.saturating_sub(hits) as f64);
    let Ok(beta) = Beta::new(hits + 0.5, misses + 0.5) else { return Vec::new() };
    (0..RESAMPLES).map(|_| beta.sample(dice)).collect()
}

/// The interval of the difference of what was drawn for two sides: `b − a`, percentile method (Efron and Tibshirani,
/// section 13.3).
pub(super) fn difference_interval(a: &[f64], b: &[f64]) -> Option<Interval> {
    let mut differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    differences.sort_unstable_by(f64::total_cmp);
    Some((quantile(&differences, 0.025)?, quantile(&differences, 0.975)?))
}

#[cfg(test)]
mod tests;
