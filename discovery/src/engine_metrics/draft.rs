//! A series while its samples come in, and what becomes of it.

use weir_families::Observed;

use super::table::{Kind, Part};

/// Most edges of a histogram.
const MAX_EDGES: usize = 256;
/// The largest whole number that a float holds without loss.
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

/// What was seen of a series.
#[derive(Debug, Default)]
pub(super) struct Draft {
    value: Option<f64>,
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
    /// Something of it is missing.
    pub(super) is_torn: bool,
}

/// What a series says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    Number(f64),
    Histogram(Observed),
}

impl Draft {
    /// Takes a sample; `false`: it was there before.
    pub(super) fn take(&mut self, part: Part, edge: Option<f64>, value: f64) -> bool {
        let place = match part {
            Part::Value => &mut self.value,
            Part::Sum => &mut self.sum,
            Part::Count => &mut self.count,
            Part::Bucket => {
                match edge {
                    Some(edge) if self.buckets.len() < MAX_EDGES => {
                        self.buckets.push((edge, value))
                    }
                    _ => self.is_torn = true,
                }
                return true;
            }
        };
        if place.is_some() {
            return false;
        }
        *place = Some(value);
        true
    }

    /// How many samples it has taken.
    pub(super) fn samples(&self) -> usize {
        let others = [self.value, self.sum, self.count];
        self.buckets.len() + others.iter().flatten().count()
    }

    /// What it says in our unit, if that can be.
    pub(super) fn reading(self, kind: Kind, divisor: f64) -> Option<Reading> {
        match kind {
            Kind::Gauge | Kind::Counter => self.value.filter(is_amount).map(|v| v / divisor),
            Kind::Info => self.value.filter(|value| *value == 1.0),
            Kind::Histogram => return self.histogram(divisor).map(Reading::Histogram),
        }
        .map(Reading::Number)
    }

    /// The last bucket is the count: a page that is written while requests run can have two of them.
    fn histogram(mut self, divisor: f64) -> Option<Observed> {
        if self.is_torn {
            return None;
        }
        self.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let (last, count) = *self.buckets.last()?;
        let sum = self.sum.filter(|sum| sum.is_finite())?;
        let rises = self.buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        let all_counts = self.buckets.iter().all(|(_, count)| is_count(*count));
        if last != f64::INFINITY || self.count.is_none() || !rises || !all_counts {
            return None;
        }
        let buckets = self.buckets.into_iter().map(|(edge, count)| (edge / divisor, count as u64));
        Some(Observed { buckets: buckets.collect(), sum: sum / divisor, count: count as u64 })
    }
}

/// No metric of ours can be negative: −1 says that something is off.
fn is_amount(value: &f64) -> bool {
    value.is_finite() && *value >= 0.0
}

fn is_count(value: f64) -> bool {
    (0.0..=MAX_COUNT).contains(&value) && value.fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, f64)]) -> Option<Reading> {
        let mut draft = Draft::default();
        for (edge, count) in buckets {
            assert!(draft.take(Part::Bucket, Some(*edge), *count));
        }
        assert!(draft.take(Part::Sum, None, 5.0) && draft.take(Part::Count, None, 3.0));
        draft.reading(Kind::Histogram, 1000.0)
    }

    #[test]
    fn a_histogram_comes_in_any_order_and_in_our_unit() {
        let expected =
            Observed { buckets: vec![(0.3, 1), (f64::INFINITY, 3)], sum: 0.005, count: 3 };
        let read = histogram(&[(f64::INFINITY, 3.0), (300.0, 1.0)]);
        assert_eq!(read, Some(Reading::Histogram(expected)));
    }

    #[test]
    fn a_histogram_that_cannot_be_is_left_out() {
        let end = (f64::INFINITY, 3.0);
        assert!(histogram(&[end]).is_some());
        for wrong in [
            vec![],
            vec![(1.0, 3.0)],
            vec![(1.0, 4.0), end],
            vec![(1.0, 2.0), (2.0, 1.0), end],
            vec![(1.0, 1.0), (1.0, 1.0), end],
            vec![(1.0, f64::NAN), end],
            vec![(1.0, -1.0), end],
            vec![(1.0, 0.5), end],
            vec![(f64::NAN, 1.0), end],
            vec![(1.0, 1.0), (f64::INFINITY, 1e300)],
        ] {
            assert_eq!(histogram(&wrong), None, "{wrong:?}");
        }
        let many: Vec<_> = (0..300).map(|edge| (f64::from(edge), 1.0)).chain([end]).collect();
        assert_eq!(histogram(&many), None);
    }

    #[test]
    fn numbers_that_cannot_be_are_left_out() {
        let read = |kind, value| {
            let mut draft = Draft::default();
            assert!(draft.take(Part::Value, None, value));
            assert!(!draft.take(Part::Value, None, value), "the first one stays");
            draft.reading(kind, 1.0)
        };
        assert_eq!(read(Kind::Counter, 2.5), Some(Reading::Number(2.5)));
        assert_eq!(read(Kind::Info, 1.0), Some(Reading::Number(1.0)));
        for value in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(read(Kind::Gauge, value), None);
            assert_eq!(read(Kind::Counter, value), None);
            assert_eq!(read(Kind::Info, value), None);
        }
    }
}
