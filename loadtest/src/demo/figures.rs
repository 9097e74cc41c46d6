//! From two scrapes of the proxy to the figures of the table. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use weir_sim::{Histogram, Scrape};

/// The table's figures are those in front of the engines. What came through the edge is among them: never sum both.
const HOP: (&str, &str) = ("hop", "engine");
const EDGE: (&str, &str) = ("hop", "edge");

/// What happened between two scrapes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    /// The time between the two.
    pub(crate) elapsed: Duration,
    /// A row for each model on each route.
    pub(crate) rows: Vec<Row>,
    /// All rows together; quantiles are of the merged histograms.
    pub(crate) all: Measured,
    /// The requests at the engine listener since the proxy's start.
    pub(crate) ledger: Ledger,
    /// The same at the edge listener; they went on to the engine listener.
    pub(crate) edge: Ledger,
}

/// Whether requests are accounted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) started: u64,
    /// With an outcome.
    pub(crate) ended: u64,
    /// The gauge of those under way.
    pub(crate) active: u64,
}

/// One model on one route.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) model: String,
    pub(crate) route: String,
    pub(crate) measured: Measured,
}

/// The figures of a row. What is not known is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Requests since the proxy's start.
    pub(crate) started: u64,
    /// Of those, the ones without an outcome yet.
    pub(crate) in_flight: u64,
    /// Started requests per second.
    pub(crate) requests_per_second: Option<f64>,
    /// Time to first token, seconds.
    pub(crate) first_token_p50: Option<f64>,
    pub(crate) first_token_p95: Option<f64>,
    /// Inter-token latency, seconds.
    pub(crate) inter_token_p50: Option<f64>,
    /// Output tokens per second.
    pub(crate) tokens_per_second: Option<f64>,
    /// Some of these tokens were counted by the proxy and not reported by the engine.
    pub(crate) tokens_estimated: bool,
    /// Requests by outcome since the proxy's start; outcomes that did not occur are left out.
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
}

/// How a request ended, in the order in which outcomes are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) name: String,
}

/// Whose doing an outcome is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Success,
    Client,
    Error,
}

impl Figures {
    pub(crate) fn between(earlier: &Scrape, later: &Scrape, elapsed: Duration) -> Self {
        let between = Between { earlier, later, seconds: elapsed.as_secs_f64() };
        let names: BTreeSet<_> = later
            .matching("llm_requests_started_total", &[HOP])
            .filter(|sample| sample.value > 0.0 || sample.label("route") != Some("unrouted"))
            .filter_map(|sample| Some((sample.label("route")?, sample.label("model")?)))
            .collect();
        let rows = names.into_iter().map(|(route, model)| Row {
            model: model.to_owned(),
            route: route.to_owned(),
            measured: between.measured(&[HOP, ("route", route), ("model", model)]),
        });
        Self {
            elapsed,
            rows: rows.collect(),
            all: between.measured(&[HOP]),
            ledger: Ledger::of(later, HOP),
            edge: Ledger::of(later, EDGE),
        }
    }

    /// Whether every request that was started is accounted for, at both listeners.
    pub(crate) fn ledger_adds_up(&self) -> bool {
        self.ledger.adds_up() && self.edge.adds_up()
    }

    /// Whether nothing is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.ledger.active + self.edge.active == 0
    }
}

impl Ledger {
    fn of(scrape: &Scrape, hop: (&str, &str)) -> Self {
        let sum = |name| count(scrape.sum(name, &[hop]));
        Self {
            started: sum("llm_requests_started_total"),
            ended: sum("llm_requests_total"),
            active: sum("llm_active_requests"),
        }
    }

    pub(crate) fn adds_up(self) -> bool {
        self.started == self.ended + self.active
    }
}

struct Between<'a> {
    earlier: &'a Scrape,
    later: &'a Scrape,
    seconds: f64,
}

impl Between<'_> {
    fn measured(&self, labels: &[(&str, &str)]) -> Measured {
        let outcomes = outcomes(self.later, labels);
        let started = count(self.later.sum("llm_requests_started_total", labels));
        let first_token = self.histogram("llm_time_to_first_token_seconds", labels);
        let inter_token = self.histogram("llm_inter_token_latency_seconds", labels);
        let quantile = |histogram: &Option<Histogram>, q| histogram.as_ref()?.quantile(q);
        let output = |more: &[(&'static str, &'static str)]| {
            let labels = [labels, &[("kind", "output")], more].concat();
            self.increase("llm_tokens_total", &labels)
        };
        Measured {
            // The counters of a scrape are not read at one instant: an outcome may be ahead.
            in_flight: started.saturating_sub(outcomes.values().sum()),
            started,
            requests_per_second: self
                .per_second(self.increase("llm_requests_started_total", labels)),
            first_token_p50: quantile(&first_token, 0.5),
            first_token_p95: quantile(&first_token, 0.95),
            inter_token_p50: quantile(&inter_token, 0.5),
            tokens_per_second: self.per_second(output(&[])),
            tokens_estimated: output(&[("source", "estimated")]).is_some_and(|tokens| tokens > 0.0),
            outcomes,
        }
    }

    /// How much a counter grew; one that is new began at 0.
    fn increase(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        Some(self.later.sum(name, labels)? - self.earlier.sum(name, labels).unwrap_or(0.0))
    }

    fn per_second(&self, increase: Option<f64>) -> Option<f64> {
        increase.filter(|_| self.seconds > 0.0).map(|increase| increase / self.seconds)
    }

    fn histogram(&self, base: &str, labels: &[(&str, &str)]) -> Option<Histogram> {
        let later = self.later.histogram(base, labels)?;
        Some(match self.earlier.histogram(base, labels) {
            Some(earlier) => later.since(&earlier),
            None => later,
        })
    }
}

fn outcomes(scrape: &Scrape, labels: &[(&str, &str)]) -> BTreeMap<Outcome, u64> {
    let mut outcomes = BTreeMap::new();
    for sample in scrape.matching("llm_requests_total", labels) {
        let status = match sample.label("status") {
            Some("success") => Status::Success,
            Some("client") => Status::Client,
            _ => Status::Error,
        };
        let name = sample.label("outcome").unwrap_or_default().to_owned();
        let requests = count(Some(sample.value));
        if requests > 0 {
            *outcomes.entry(Outcome { status, name }).or_insert(0) += requests;
        }
    }
    outcomes
}

fn count(value: Option<f64>) -> u64 {
    value.unwrap_or(0.0).round() as u64
}

#[cfg(test)]
mod tests;
