//! The series that one request writes to, resolved before it needs them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use weir_wire::{OutcomeKind, Source, Tokens};

use crate::exemplar::Traced;
use crate::families::{Families, StreamFamilies, TokenFamilies};
use crate::labels::Labels;
use crate::labels::{
    DetailLabels, ModelLabels, OutcomeLabels, RequestLabels, RouteLabels, TokenLabels,
};
use crate::late::{Late, LateCounter, LateHistogram, LateLatency};

const OUTCOMES: usize = OutcomeKind::ALL.len();

/// Series of one route, endpoint and model.
///
/// Outcomes and starts are there from the creation, at 0, so that `rate()` sees the first one;
/// everything else appears when there is something to say.
pub(crate) struct Series {
    pub(crate) labels: RequestLabels,
    pub(crate) started: Counter,
    pub(crate) active: Gauge,
    ended: [Counter; OUTCOMES],
    pub(crate) duration: LateLatency<RequestLabels>,
    pub(crate) first_token: LateLatency<ModelLabels>,
    pub(crate) first_answer_token: LateLatency<ModelLabels>,
    pub(crate) gap: LateLatency<ModelLabels>,
    pub(crate) per_token: LateLatency<ModelLabels>,
    pub(crate) events: EventSeries,
    pub(crate) input: TokenSeries,
    pub(crate) output: TokenSeries,
    pub(crate) cached_input: LateCounter<DetailLabels>,
    pub(crate) cache_write_input: LateCounter<DetailLabels>,
    pub(crate) reasoning_output: LateCounter<DetailLabels>,
}

impl Series {
    pub(crate) fn new(families: &Families, labels: RequestLabels) -> Self {
        let (requests, stream, tokens) = (&families.requests, &families.stream, &families.tokens);
        let model = model_labels(&labels);
        let detail =
            |kind| LateCounter::new(&tokens.detail, &DetailLabels { model: model.clone(), kind });
        Self {
            started: requests.started.get_or_create(&labels),
            active: requests.active.get_or_create(&labels.endpoint),
            ended: OutcomeKind::ALL
                .map(|kind| requests.ended.get_or_create(&outcome_labels(&labels, kind))),
            duration: LateLatency::new(&requests.duration, &labels),
            first_token: LateLatency::new(&stream.first_token, &model),
            first_answer_token: LateLatency::new(&stream.first_answer_token, &model),
            gap: LateLatency::new(&stream.gap, &model),
            per_token: LateLatency::new(&stream.per_token, &model),
            events: EventSeries::new(stream, &model),
            input: TokenSeries::new(tokens, &labels, "input"),
            output: TokenSeries::new(tokens, &labels, "output"),
            cached_input: detail("cached_input"),
            cache_write_input: detail("cache_write_input"),
            reasoning_output: detail("reasoning_output"),
            labels,
        }
    }

    pub(crate) fn ended(&self, kind: OutcomeKind) -> &Counter {
        &self.ended[kind as usize]
    }

    /// How many requests have begun, and how many have ended.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        // The ended first: a request that comes in between is still under way then.
        let ended = self.ended.iter().map(Counter::get).sum();
        (self.started.get(), ended)
    }

    /// Takes every series of this endpoint and model out of its family, but for those that all
    /// models share. The fields are listed one by one, so that a new one has to be thought about.
    pub(crate) fn remove(&self, families: &Families) {
        let Self {
            labels,
            started: _,
            active: _,
            ended: _,
            duration,
            first_token,
            first_answer_token,
            gap,
            per_token,
            events,
            input,
            output,
            cached_input,
            cache_write_input,
            reasoning_output,
        } = self;
        families.requests.started.remove(labels);
        for kind in OutcomeKind::ALL {
            families.requests.ended.remove(&outcome_labels(labels, kind));
        }
        families.tokens.audio.remove(labels);
        duration.remove();
        [first_token, first_answer_token, gap, per_token].into_iter().for_each(Late::remove);
        events.remove();
        [input, output].into_iter().for_each(TokenSeries::remove);
        let details = [cached_input, cache_write_input, reasoning_output];
        details.into_iter().for_each(Late::remove);
    }

    /// Labels of the families that do not tell endpoints apart.
    pub(crate) fn model_labels(&self) -> ModelLabels {
        model_labels(&self.labels)
    }
}

fn model_labels(labels: &RequestLabels) -> ModelLabels {
    ModelLabels { route: labels.endpoint.route.clone(), model: Arc::clone(&labels.model) }
}

fn outcome_labels(request: &RequestLabels, kind: OutcomeKind) -> OutcomeLabels {
    OutcomeLabels {
        request: request.clone(),
        outcome: kind.as_str(),
        status: kind.status().as_str(),
    }
}

/// Series of what a stream consists of. They appear together: once there are events, none coalesced is a fact
/// and not something unknown.
pub(crate) struct EventSeries {
    events: LateCounter<ModelLabels>,
    coalesced: LateCounter<ModelLabels>,
    discarded: LateCounter<ModelLabels>,
}

impl EventSeries {
    fn new(families: &StreamFamilies, model: &ModelLabels) -> Self {
        Self {
            events: LateCounter::new(&families.events, model),
            coalesced: LateCounter::new(&families.coalesced, model),
            discarded: LateCounter::new(&families.discarded, model),
        }
    }

    fn remove(&self) {
        let Self { events, coalesced, discarded } = self;
        [events, coalesced, discarded].into_iter().for_each(Late::remove);
    }

    pub(crate) fn count(&self, events: u64, coalesced: u64, discarded: u64) {
        add(self.events.get(), events);
        add(self.coalesced.get(), coalesced);
        add(self.discarded.get(), discarded);
    }
}

/// All streams of a model share its counters: adding nothing would still hold up the others.
fn add(counter: &Counter, count: u64) {
    if count > 0 {
        counter.inc_by(count);
    }
}

/// Series of one kind of token, by who says so.
pub(crate) struct TokenSeries {
    reported: LateCounter<TokenLabels>,
    estimated: LateCounter<TokenLabels>,
}

impl TokenSeries {
    fn new(families: &TokenFamilies, request: &RequestLabels, kind: &'static str) -> Self {
        let of = |source: Source| {
            let labels = TokenLabels { request: request.clone(), kind, source: source.as_str() };
            LateCounter::new(&families.tokens, &labels)
        };
        Self { reported: of(Source::Reported), estimated: of(Source::Estimated) }
    }

    fn remove(&self) {
        self.reported.remove();
        self.estimated.remove();
    }

    pub(crate) fn count(&self, tokens: Option<Tokens>) {
        let Some(Tokens { count, source }) = tokens else { return };
        let series = match source {
            Source::Reported => &self.reported,
            Source::Estimated => &self.estimated,
        };
        series.get().inc_by(count);
    }
}

/// Series of one route: what carries its requests.
pub(crate) struct TransportSeries {
    pub(crate) first_byte: LateHistogram<RouteLabels>,
    pub(crate) request_size: LateHistogram<RouteLabels>,
    pub(crate) response_size: LateHistogram<RouteLabels>,
    pub(crate) connect: LateHistogram<RouteLabels>,
    pub(crate) overhead: LateHistogram<RouteLabels>,
    pub(crate) client_stall: Counter<f64, AtomicU64>,
}

impl TransportSeries {
    pub(crate) fn new(families: &Families, route: &RouteLabels) -> Self {
        let families = &families.transport;
        Self {
            first_byte: LateHistogram::new(&families.first_byte, route),
            request_size: LateHistogram::new(&families.request_size, route),
            response_size: LateHistogram::new(&families.response_size, route),
            connect: LateHistogram::new(&families.connect, route),
            overhead: LateHistogram::new(&families.overhead, route),
            client_stall: families.client_stall.get_or_create(route),
        }
    }

    /// Takes every series out of its family. The fields are listed one by one, so that a new one has
    /// to be thought about.
    pub(crate) fn remove(&self, families: &Families, route: &RouteLabels) {
        let Self { first_byte, request_size, response_size, connect, overhead, client_stall: _ } =
            self;
        let histograms = [first_byte, request_size, response_size, connect, overhead];
        histograms.into_iter().for_each(Late::remove);
        families.transport.client_stall.remove(route);
    }
}

/// Observes a time of a request if there is one.
pub(crate) fn observe_of<L: Labels>(
    series: &LateLatency<L>,
    time: Option<Duration>,
    traced: Option<Traced>,
) {
    if let Some(time) = time {
        series.get().observe(time, traced);
    }
}

/// Observes a time if there is one.
pub(crate) fn observe<L: Labels>(series: &LateHistogram<L>, time: Option<Duration>) {
    if let Some(time) = time {
        series.get().observe(time.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_numbered_in_the_order_of_their_list() {
        for (index, kind) in OutcomeKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{kind}");
        }
    }
}
