//! Rounds of a live comparison, and what they come to. Pure.

use super::comparison::Row;
use super::metric::{METRICS, Metric, Of, Statistic};
use super::statistics::{mean, paired};
use crate::report::Report;

/// Both sides, measured one right after the other.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) a: Figures,
    pub(super) b: Figures,
}

/// What a side came to in a round.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    pub(super) ended: u64,
    pub(super) successes: u64,
    /// In the order of [`METRICS`].
    values: Vec<Option<f64>>,
}

impl Figures {
    pub(super) fn of(report: &Report) -> Self {
        let summary = &report.summary;
        Self {
            ended: summary.ended,
            successes: summary.outcomes.get("success").copied().unwrap_or(0),
            values: METRICS.iter().map(|metric| metric.value(report)).collect(),
        }
    }
}

impl Figures {
    /// The median time to the first token, for whoever watches.
    pub(super) fn first_token(&self) -> Option<f64> {
        let at = METRICS.iter().position(|metric| metric.name == "time_to_first_token.p50")?;
        self.values.get(at).copied().flatten()
    }
}

/// Every figure, as the mean of the rounds, with the interval of the difference by round: what drifts between rounds is
/// on both sides of each.
pub(super) fn rows(rounds: &[Round]) -> Vec<Row> {
    METRICS.iter().enumerate().map(|(at, metric)| row(metric, at, rounds)).collect()
}

fn row(metric: &Metric, at: usize, rounds: &[Round]) -> Row {
    let value = |figures: &Figures| figures.values.get(at).copied().flatten();
    let pairs: Vec<_> =
        rounds.iter().filter_map(|round| value(&round.a).zip(value(&round.b))).collect();
    if pairs.is_empty() {
        // One side may have none at all.
        let mean_of = |side: fn(&Round) -> &Figures| {
            mean(&rounds.iter().filter_map(|round| value(side(round))).collect::<Vec<_>>())
        };
        return Row::new(metric, mean_of(|round| &round.a), mean_of(|round| &round.b), None);
    }
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let differences: Vec<_> = pairs.iter().map(|(a, b)| b - a).collect();
    let interval = paired(&differences).and_then(|(_, interval)| interval);
    Row::new(metric, mean(&a), mean(&b), interval)
}

/// What is to be said of high quantiles of short rounds.
pub(super) fn caveat(rounds: &[Round]) -> Option<String> {
    let least = rounds.iter().map(|round| round.a.successes.min(round.b.successes)).min()?;
    let is_slowest = |statistic: Statistic| match statistic {
        Statistic::Quantile(share) => (1.0 - share) * (least as f64) < 1.0 - 1e-9,
        Statistic::Mean => false,
    };
    let mut names: Vec<_> = METRICS
        .iter()
        .filter(|metric| matches!(metric.of, Of::Requests(_, statistic) if is_slowest(statistic)))
        .filter_map(|metric| metric.name.split('.').next_back())
        .collect();
    names.sort_unstable();
    names.dedup();
    (!names.is_empty()).then(|| {
        format!(
            "A round had as few as {least} successes: its {} is its slowest request. More --requests or fewer \
             --rounds help.",
            names.join(" and ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::comparison::Verdict;
    use crate::report::Request;
    use crate::store::sample;

    /// A round of ten requests that all took `seconds` to the first token.
    fn figures(seconds: f64, length: u64) -> Figures {
        let mut report = sample::report("20261122T140501-3fa9c2");
        report.requests = (0..length)
            .map(|number| Request { time_to_first_token: Some(seconds), ..sample::request(number) })
            .collect();
        report.summary.ended = length;
        report.summary.outcomes = [("success".to_owned(), length)].into();
        Figures::of(&report)
    }

    fn rounds(pairs: &[(f64, f64)]) -> Vec<Round> {
        pairs.iter().map(|(a, b)| Round { a: figures(*a, 10), b: figures(*b, 10) }).collect()
    }

    #[test]
    fn what_drifts_on_both_sides_is_no_difference_and_hides_none() {
        // From 100 to 500 ms, and B 2 ms slower, give or take 1: means of all would show nothing.
        let drift = [(0.1, 0.103), (0.2, 0.201), (0.3, 0.303), (0.4, 0.401), (0.5, 0.502)];
        let rows = rows(&rounds(&drift));
        let row = &rows[1];
        assert_eq!((row.name, row.verdict), ("time_to_first_token.p50", Verdict::Worse));
        assert!((row.a.unwrap() - 0.3).abs() < 1e-12);
        assert!((row.difference.unwrap() - 0.002).abs() < 1e-12);
        // Deviation 1 ms, five rounds: 2.776 × 1 / √5 = 1.2415 ms.
        let (low, high) = row.interval.unwrap();
        assert!((low - 0.000_758_5).abs() < 1e-6 && (high - 0.003_241_5).abs() < 1e-6, "{row:?}");
        assert_eq!(rows[13].verdict, Verdict::NoDifferenceSeen, "{:?}", rows[13]);
    }

    #[test]
    fn rounds_without_the_figure_are_left_out() {
        let mut rounds = rounds(&[(0.1, 0.2), (0.1, 0.2), (0.1, 0.3)]);
        rounds[2].b = figures(0.0, 0);
        let row = rows(&rounds).swap_remove(1);
        assert!((row.difference.unwrap() - 0.1).abs() < 1e-12, "{row:?}");
        for round in &mut rounds {
            round.b = figures(0.0, 0);
        }
        let row = rows(&rounds).swap_remove(1);
        assert!((row.a.unwrap() - 0.1).abs() < 1e-12, "{row:?}");
        assert_eq!((row.b, row.verdict), (None, Verdict::Unknown));
        let one = rows(&rounds[..1]).swap_remove(13);
        assert_eq!(one.interval, None);
        assert_eq!(rows(&[])[0].verdict, Verdict::Unknown);
    }

    #[test]
    fn short_rounds_are_said_to_be_short() {
        let of = |length| caveat(&[Round { a: figures(0.1, 200), b: figures(0.1, length) }]);
        assert_eq!(of(100), None);
        assert!(of(20).unwrap().contains("as few as 20 successes: its p99 is its slowest"));
        assert!(of(19).unwrap().contains("its p95 and p99 is its slowest"));
        assert_eq!(caveat(&[]), None);
    }
}
