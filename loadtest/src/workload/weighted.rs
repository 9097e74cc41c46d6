//! One of several, some more often than others.

use rand::{Rng, RngExt as _};

/// The index of one of these weights; 0 where none is above 0.
pub(super) fn choose(weights: impl Iterator<Item = f64> + Clone, random: &mut impl Rng) -> usize {
    let mut left = random.random::<f64>() * weights.clone().sum::<f64>();
    for (index, weight) in weights.enumerate() {
        if left < weight {
            return index;
        }
        left -= weight;
    }
    // Rounding, or weights that are none.
    0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::choose;

    #[test]
    fn weights_are_kept_and_0_is_never_chosen() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut counts = [0; 4];
        for _ in 0..10_000 {
            counts[choose([0.0, 1.0, 3.0, 0.0].into_iter(), &mut random)] += 1;
        }
        assert_eq!((counts[0], counts[3]), (0, 0));
        assert!((2_350..2_650).contains(&counts[1]), "{counts:?}");
    }
}
