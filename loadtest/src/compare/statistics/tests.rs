use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;

fn dice(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} is not {expected} ± {within}");
}

#[test]
fn quantiles_are_values_that_were_there() {
    let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
    for (share, value) in [(0.5, 10.0), (0.95, 19.0), (0.951, 20.0), (0.99, 20.0), (0.0, 1.0)] {
        assert_eq!(quantile(&twenty, share), Some(value), "{share}");
    }
    assert_eq!(quantile(&[7.0], 0.99), Some(7.0));
    assert_eq!((quantile(&[], 0.5), mean(&[])), (None, None));
}

#[test]
fn students_t_is_that_of_the_tables() {
    assert_eq!((student(0), student(1), student(9)), (None, Some(12.706), Some(2.262)));
    // The same handbook, for 40, 60 and 100.
    for (freedom, t) in [(31, 2.040), (40, 2.021), (60, 2.000), (100, 1.984)] {
        near(student(freedom).unwrap(), t, 0.0006);
    }
}

#[test]
fn pairs_have_an_interval_by_students_t() {
    // Mean 3, deviation √2.5, error √0.5, t with 4 degrees of freedom 2.776.
    let (mean, interval) = paired(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    let (low, high) = interval.unwrap();
    assert_eq!(mean, 3.0);
    near(low, 3.0 - 2.776 * 0.5_f64.sqrt(), 1e-12);
    near(high, 3.0 + 2.776 * 0.5_f64.sqrt(), 1e-12);
    assert_eq!(paired(&[2.0, 2.0]), Some((2.0, Some((2.0, 2.0)))));
    assert_eq!((paired(&[1.0]), paired(&[])), (Some((1.0, None)), None));
}

/// What resamples say, one by one.
fn resampled(sorted: &[f64], share: f64, dice: &mut impl Rng) -> Vec<f64> {
    let mut draws = Vec::new();
    for _ in 0..RESAMPLES {
        let mut resample: Vec<f64> =
            sorted.iter().map(|_| sorted[dice.random_range(0..sorted.len())]).collect();
        resample.sort_unstable_by(f64::total_cmp);
        draws.push(quantile(&resample, share).unwrap());
    }
    draws
}

#[test]
fn quantiles_are_drawn_as_from_resamples() {
    // Squares: not even.
    let sorted: Vec<f64> = (1..=40).map(|number| f64::from(number * number)).collect();
    for share in [0.5, 0.9, 0.95] {
        let drawn = quantile_draws(&sorted, share, &mut dice(1));
        let resampled = resampled(&sorted, share, &mut dice(2));
        let (own, theirs) = (mean(&drawn).unwrap(), mean(&resampled).unwrap());
        near(own, theirs, 0.02 * theirs);
        let spread = deviation(&resampled, theirs);
        near(deviation(&drawn, own), spread, 0.1 * spread);
    }
    // The largest value: resamples have nothing above it.
    assert_eq!(quantile_draws(&sorted, 0.99, &mut dice(1)), Vec::<f64>::new());
    assert_eq!(quantile_draws(&[7.0], 0.5, &mut dice(1)), Vec::<f64>::new());
    assert_eq!(quantile_draws(&[], 0.5, &mut dice(1)), Vec::<f64>::new());
}

#[test]
fn means_are_drawn_with_their_error() {
    // A few are resampled, many are not: both have the error of the mean, deviation / √n.
    for length in [100, 50_000] {
        let values: Vec<f64> = (0..length).map(|number| f64::from(number % 100)).collect();
        let drawn = mean_draws(&values, &mut dice(3));
        let error = deviation(&values, 49.5) / f64::from(length).sqrt();
        near(mean(&drawn).unwrap(), 49.5, error / 5.0);
        near(deviation(&drawn, 49.5), error, error * 0.06);
    }
}

#[test]
fn a_share_of_all_is_not_certain() {
    let mut drawn = share_draws(50, 50, &mut dice(4));
    drawn.sort_unstable_by(f64::total_cmp);
    // Jeffreys' interval for 50 of 50 begins at 0.9510: the 0.025 quantile of Beta(50.5, 0.5).
    near(quantile(&drawn, 0.025).unwrap(), 0.951, 0.006);
    near(mean(&share_draws(250, 1_000, &mut dice(5))).unwrap(), 0.25, 0.002);
}

#[test]
fn the_same_dice_say_the_same() {
    let values: Vec<f64> = (0..30).map(f64::from).collect();
    let interval = |seed| {
        let dice = &mut dice(seed);
        difference_interval(&mean_draws(&values, dice), &mean_draws(&values, dice))
    };
    assert_eq!(interval(7), interval(7));
    assert_ne!(interval(7), interval(8));
    assert_eq!(difference_interval(&[], &[1.0]), None);
    assert_eq!(difference_interval(&[1.0; 40], &[3.0; 40]), Some((2.0, 2.0)));
}

#[test]
fn equal_sides_differ_one_time_in_twenty() {
    let mut dice = dice(9);
    let mut sample = |shift: f64| {
        let mut values: Vec<f64> =
            (0..80).map(|_| -(1.0 - dice.random::<f64>()).ln() + shift).collect();
        values.sort_unstable_by(f64::total_cmp);
        (values.clone(), quantile_draws(&values, 0.5, &mut dice))
    };
    let mut apart = |pairs: usize, shift| {
        let differs = |_: &usize| {
            let ((_, a), (_, b)) = (sample(0.0), sample(shift));
            difference_interval(&a, &b).is_some_and(|(low, high)| low > 0.0 || high < 0.0)
        };
        (0..pairs).filter(differs).count()
    };
    // Five of a hundred are expected; a difference of a whole deviation is always seen.
    let by_chance = apart(100, 0.0);
    assert!((1..=10).contains(&by_chance), "{by_chance}");
    assert_eq!(apart(20, 1.0), 20);
}
