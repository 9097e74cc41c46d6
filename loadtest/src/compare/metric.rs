//! What is compared.

use serde::Serialize;

use super::statistics::{mean, quantile};
use crate::report::{Figures, Report, Request, Second};

/// A figure that both sides have.
#[derive(Debug)]
pub(super) struct Metric {
    /// Of [`crate::report::LATENCIES`] and the members of a request, with the statistic.
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) better: Better,
    pub(super) of: Of,
}

/// What its number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    Seconds,
    PerSecond,
    /// A part, 0 to 1.
    Share,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Better {
    Lower,
    Higher,
}

/// Where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// The successful requests, and what is made of their values.
    Requests(fn(&Request) -> Option<f64>, Statistic),
    /// The whole, and its parts second by second.
    Seconds(fn(&Figures) -> Option<f64>, fn(&Second) -> u64),
    /// So many of so many requests that ended.
    Share(fn(&Figures) -> Option<(u64, u64)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    Mean,
    Quantile(f64),
}

use Statistic::{Mean, Quantile};

/// In the order in which they are shown.
pub(super) const METRICS: [Metric; 15] = [
    time("time_to_first_token.mean", |it| it.time_to_first_token, Mean),
    time("time_to_first_token.p50", |it| it.time_to_first_token, Quantile(0.5)),
    time("time_to_first_token.p95", |it| it.time_to_first_token, Quantile(0.95)),
    time("time_to_first_token.p99", |it| it.time_to_first_token, Quantile(0.99)),
    time("time_per_output_token.p50", |it| it.time_per_output_token, Quantile(0.5)),
    time("time_per_output_token.p95", |it| it.time_per_output_token, Quantile(0.95)),
    time("mean_gap.p50", |it| it.mean_gap, Quantile(0.5)),
    time("mean_gap.p95", |it| it.mean_gap, Quantile(0.95)),
    time("duration.p50", |it| Some(it.duration), Quantile(0.5)),
    time("duration.p95", |it| Some(it.duration), Quantile(0.95)),
    time("duration.p99", |it| Some(it.duration), Quantile(0.99)),
    rate(
        "requests_per_second",
        |figures| (figures.ended > 0).then_some(figures.requests_per_second),
        |second| second.succeeded + second.failed,
    ),
    rate(
        "output_tokens_per_second",
        |figures| figures.output_tokens.as_ref().map(|tokens| tokens.per_second),
        |second| second.output_tokens,
    ),
    share("success_rate", |figures| {
        let successes = figures.outcomes.get(SUCCESS).copied().unwrap_or(0);
        (figures.ended > 0).then_some((successes, figures.ended))
    }),
    share("goodput", |figures| {
        let goodput = figures.goodput.as_ref()?;
        (figures.ended > 0).then_some((goodput.requests, figures.ended))
    }),
];

/// The outcome of requests whose times count.
const SUCCESS: &str = "success";

const fn time(name: &'static str, of: fn(&Request) -> Option<f64>, statistic: Statistic) -> Metric {
    Metric { name, unit: Unit::Seconds, better: Better::Lower, of: Of::Requests(of, statistic) }
}

const fn rate(
    name: &'static str,
    whole: fn(&Figures) -> Option<f64>,
    second: fn(&Second) -> u64,
) -> Metric {
    Metric { name, unit: Unit::PerSecond, better: Better::Higher, of: Of::Seconds(whole, second) }
}

const fn share(name: &'static str, of: fn(&Figures) -> Option<(u64, u64)>) -> Metric {
    Metric { name, unit: Unit::Share, better: Better::Higher, of: Of::Share(of) }
}

impl Metric {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    /// What it is in a report; absent: nothing in it has this.
    pub(super) fn value(&self, report: &Report) -> Option<f64> {
        match self.of {
            Of::Requests(of, statistic) => statistic.of(&sorted(report, of)),
            Of::Seconds(whole, _) => whole(&report.summary),
            Of::Share(of) => of(&report.summary).map(|(hits, all)| hits as f64 / all as f64),
        }
    }
}

impl Statistic {
    /// `sorted` is ascending.
    pub(super) fn of(self, sorted: &[f64]) -> Option<f64> {
        match self {
            Mean => mean(sorted),
            Quantile(share) => quantile(sorted, share),
        }
    }
}

/// The values of the successful requests, ascending.
pub(super) fn sorted(report: &Report, of: fn(&Request) -> Option<f64>) -> Vec<f64> {
    let successes = report.requests.iter().filter(|request| request.outcome == SUCCESS);
    let mut values: Vec<f64> = successes.filter_map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}
