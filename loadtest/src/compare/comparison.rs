//! What a comparison came to: plain data, the JSON of `--json` and `--output`.

use serde::Serialize;

use super::gate::{Gate, GateVerdict};
use super::metric::{Better, Metric, Unit};
use super::statistics::Interval;

/// Of the JSON; a change that readers would misread makes it one more.
pub(super) const SCHEMA: u32 = 1;

/// Two sides, figure by figure.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// [`SCHEMA`].
    pub(super) schema: u32,
    pub(super) method: Method,
    /// Of all intervals.
    pub(super) confidence: f64,
    pub(super) a: Side,
    pub(super) b: Side,
    /// Rounds of a live comparison in which both sides were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rounds: Option<usize>,
    /// Ended early: what there is.
    pub(super) interrupted: bool,
    /// In what the sides are not alike, besides their figures.
    pub(super) differences: Vec<Unlike>,
    /// What a reader should know before trusting a number, in words.
    pub(super) warnings: Vec<String>,
    pub(super) metrics: Vec<Row>,
    pub(super) gates: Vec<Judged>,
    /// Whether the gates let it pass.
    pub(super) passed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    /// Measured now, side by side: differences by round, Student's t.
    Rounds,
    /// Measured before: bootstrap over each side's requests.
    Requests,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Side {
    /// As it was given.
    pub(super) given: String,
    /// Of a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) target: String,
    pub(super) models: Vec<String>,
    /// That came to an end of their own.
    pub(super) requests: u64,
}

/// Something in which the sides are not alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Unlike {
    pub(super) what: String,
    pub(super) a: String,
    pub(super) b: String,
}

/// A figure on both sides. What is not known is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) better: Better,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) a: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) b: Option<f64>,
    /// `b − a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) difference: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<Interval>,
    /// `(b − a) / a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relative: Option<f64>,
    /// `interval / a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relative_interval: Option<Interval>,
    pub(super) verdict: Verdict,
}

/// What can be said of the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// B is better: the whole interval says so.
    Better,
    Worse,
    /// The interval holds both signs, or none.
    NoDifferenceSeen,
    /// One side has no such figure, or there is too little for an interval.
    Unknown,
}

/// A gate and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Judged {
    pub(super) gate: Gate,
    pub(super) verdict: GateVerdict,
}

impl Row {
    /// From what is known of both sides.
    pub(super) fn new(
        metric: &Metric,
        a: Option<f64>,
        b: Option<f64>,
        interval: Option<Interval>,
    ) -> Self {
        let difference = a.zip(b).map(|(a, b)| b - a);
        let interval = interval.filter(|_| difference.is_some());
        let by = a.filter(|a| *a > 0.0);
        Self {
            name: metric.name,
            unit: metric.unit,
            better: metric.better,
            a,
            b,
            difference,
            interval,
            relative: difference.zip(by).map(|(difference, a)| difference / a),
            relative_interval: interval.zip(by).map(|((low, high), a)| (low / a, high / a)),
            verdict: Verdict::of(metric.better, interval),
        }
    }
}

impl Verdict {
    fn of(better: Better, interval: Option<Interval>) -> Self {
        match (interval, better) {
            (None, _) => Self::Unknown,
            (Some((_, high)), Better::Lower) if high < 0.0 => Self::Better,
            (Some((low, _)), Better::Lower) if low > 0.0 => Self::Worse,
            (Some((low, _)), Better::Higher) if low > 0.0 => Self::Better,
            (Some((_, high)), Better::Higher) if high < 0.0 => Self::Worse,
            _ => Self::NoDifferenceSeen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_knows_what_is_better() {
        let verdict = |name: &str, interval| {
            let metric = Metric::named(name).unwrap();
            Row::new(metric, Some(2.0), Some(3.0), interval).verdict
        };
        let (time, rate) = ("duration.p50", "success_rate");
        assert_eq!(verdict(time, Some((0.5, 1.5))), Verdict::Worse);
        assert_eq!(verdict(time, Some((-1.5, -0.5))), Verdict::Better);
        assert_eq!(verdict(rate, Some((0.5, 1.5))), Verdict::Better);
        assert_eq!(verdict(rate, Some((-1.5, -0.5))), Verdict::Worse);
        assert_eq!(verdict(rate, Some((-0.5, 0.5))), Verdict::NoDifferenceSeen);
        assert_eq!(verdict(time, Some((0.0, 0.0))), Verdict::NoDifferenceSeen);
        assert_eq!(verdict(time, None), Verdict::Unknown);
    }

    #[test]
    fn a_row_knows_only_what_both_sides_know() {
        let metric = Metric::named("duration.p50").unwrap();
        let row = Row::new(metric, Some(2.0), Some(3.0), Some((0.5, 1.5)));
        assert_eq!((row.difference, row.relative), (Some(1.0), Some(0.5)));
        assert_eq!(row.relative_interval, Some((0.25, 0.75)));
        let row = Row::new(metric, None, Some(3.0), Some((0.5, 1.5)));
        assert_eq!((row.difference, row.interval, row.relative), (None, None, None));
        assert_eq!(row.verdict, Verdict::Unknown);
        // A part of nothing is not known.
        let row = Row::new(metric, Some(0.0), Some(3.0), Some((0.5, 1.5)));
        assert_eq!((row.difference, row.relative, row.relative_interval), (Some(3.0), None, None));
    }
}
