//! A histogram out of a scrape: its difference to an earlier one, and its quantiles.

/// A classic histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Upper edges, rising to infinity, with cumulative counts.
    pub buckets: Vec<(f64, f64)>,
    /// The sum of all observations.
    pub sum: f64,
    /// How many observations.
    pub count: f64,
}

impl Histogram {
    /// Adds to the bucket with this edge.
    pub(super) fn add(&mut self, edge: f64, value: f64) {
        match self.buckets.binary_search_by(|(known, _)| known.total_cmp(&edge)) {
            Ok(at) => self.buckets[at].1 += value,
            Err(at) => self.buckets.insert(at, (edge, value)),
        }
    }

    /// What was observed since `earlier`, a scrape of the same histogram.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = self.clone();
        difference.sum -= earlier.sum;
        difference.count -= earlier.count;
        for (edge, count) in &earlier.buckets {
            difference.add(*edge, -count);
        }
        difference
    }

    /// The `q`-quantile (0 to 1) as Prometheus' `histogram_quantile` has it: linear within the
    /// bucket, the last finite edge if it lies beyond, `None` without observations.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (_, total) = *self.buckets.last()?;
        if total <= 0.0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = q * total;
        let last = self.buckets.len() - 1;
        let at = self.buckets.iter().position(|(_, count)| *count >= rank).unwrap_or(last);
        let (edge, upto) = self.buckets[at];
        if edge.is_infinite() {
            return Some(at.checked_sub(1).map_or(f64::NAN, |below| self.buckets[below].0));
        }
        let (start, before) = match at {
            0 if edge <= 0.0 => return Some(edge),
            0 => (0.0, 0.0),
            _ => self.buckets[at - 1],
        };
        Some(start + (edge - start) * (rank - before) / (upto - before))
    }

    /// The mean, `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(counts: [f64; 3]) -> Histogram {
        let edges = [1.0, 2.0, f64::INFINITY];
        let buckets = edges.into_iter().zip(counts).collect();
        Histogram { buckets, sum: 5.0, count: counts[2] }
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let some = histogram([2.0, 6.0, 8.0]);
        assert_eq!(some.quantile(0.125), Some(0.5));
        assert_eq!(some.quantile(0.5), Some(1.5));
        assert_eq!(some.quantile(0.99), Some(2.0));
        assert_eq!(histogram([0.0; 3]).quantile(0.5), None);
    }

    #[test]
    fn a_difference_is_a_histogram_again() {
        let later = histogram([2.0, 6.0, 8.0]);
        let difference = later.since(&histogram([2.0, 2.0, 2.0]));
        assert_eq!(difference, Histogram { sum: 0.0, ..histogram([0.0, 4.0, 6.0]) });
        assert_eq!(difference.quantile(0.5), Some(1.75));
    }
}
