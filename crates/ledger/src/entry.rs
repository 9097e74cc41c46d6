//! One request in the ledger, from its begin to its one outcome.

use std::sync::Arc;
use std::time::SystemTime;

use weir_wire::{Endpoint, Outcome, OutcomeKind, Progress, Status, TokenCounts};

use crate::clients::Client;
use crate::cost::Cost;
use crate::exemplar::Traced;
use crate::labels::{
    ClientTokenLabels, CostLabels, MissingLabels, ModelOutcomeLabels, ReasonLabels, SourceLabels,
};
use crate::late::LateCounter;
use crate::latency::Feed;
use crate::models;
use crate::series::{Series, observe, observe_of};
use crate::{Across, Route};

/// One request. It ends in exactly one outcome: that of [`settle`](Self::settle), or
/// `internal_error` if it is dropped before.
pub struct Entry {
    route: Route,
    endpoint: Endpoint,
    /// Who sent it, where clients are told apart.
    client: Option<Client>,
    /// What it cost, where that is known and counted.
    cost: Option<Cost>,
    /// Its trace, where others have it too.
    traced: Option<Traced>,
    /// Where the gaps of its stream go, from the first one on.
    gaps: Option<Feed>,
    /// There from the moment when `started` is counted.
    identified: Option<Identified>,
    /// What the end of this entry will be counted as.
    ending: OutcomeKind,
}

struct Identified {
    series: Arc<Series>,
    /// The request's own model name, where it has no label and may yet earn one.
    candidate: Option<Box<str>>,
}

impl Entry {
    pub(crate) fn new(route: Route, endpoint: Endpoint) -> Self {
        let ending = OutcomeKind::InternalError;
        Self {
            route,
            endpoint,
            client: None,
            cost: None,
            traced: None,
            gaps: None,
            identified: None,
            ending,
        }
    }

    /// The model that the request names is known now, or it is known that it names none. The first
    /// call fixes the label for good, counts `started` and makes the request active; later calls do
    /// nothing.
    pub fn identify(&mut self, model: Option<&str>) {
        if self.identified.is_none() {
            self.series(model);
        }
    }

    /// The body told what the path left open: which API the request speaks. Once it is counted as
    /// started, that stays as it is.
    pub fn speaks(&mut self, endpoint: Endpoint) {
        if self.identified.is_none() {
            self.endpoint = endpoint;
        }
    }

    /// Who sent the request: it is counted under that client when it is settled. Without this call
    /// it is in no series of clients.
    pub fn sent_by(&mut self, client: Client) {
        self.client = Some(client);
    }

    /// What the request cost: it is counted when it is settled. Call it at one hop of a request only,
    /// since costs are not told apart by hop.
    pub fn costs(&mut self, cost: Cost) {
        self.cost = Some(cost);
    }

    /// The trace of the request, which ended now: it becomes the exemplar of its times when it is settled.
    /// Not for a trace that nobody keeps.
    pub fn traced(&mut self, trace_id: u128, now: SystemTime) {
        self.traced = Traced::new(trace_id, now);
    }

    /// Where its crossing to the other hop is to be written, which may be known only when this entry is
    /// settled. Identifies the request as its outcome does.
    pub fn across(&mut self, outcome: &Outcome) -> Across {
        self.speaks(outcome.endpoint);
        let series = Arc::clone(self.series(outcome.model.as_deref()));
        Across::new(self.route.clone(), self.endpoint, series)
    }

    /// Whether the request has been counted as started.
    pub fn is_identified(&self) -> bool {
        self.identified.is_some()
    }

    /// What happened in the stream since the last call. Identifies the request as `unknown` if
    /// nothing else came first.
    pub fn progress(&mut self, batch: &Progress) {
        if batch.is_empty() {
            return;
        }
        self.identify(None);
        let Some(Identified { series, .. }) = &self.identified else { return };
        let Progress { events, coalesced, discarded, gaps } = batch;
        series.events.count(*events, *coalesced, *discarded);
        if !gaps.is_empty() {
            let feed = self.gaps.get_or_insert_with(|| series.gap.get().feed());
            gaps.iter().for_each(|gap| feed.observe(*gap));
        }
    }

    /// The request has ended: writes everything that is known about it. Where it was never
    /// identified, the outcome's model is taken.
    pub fn settle(mut self, outcome: &Outcome) {
        self.speaks(outcome.endpoint);
        self.identify(outcome.model.as_deref());
        let Some(Identified { series, candidate }) = &self.identified else { return };
        record(&self.route, series, outcome, self.traced);
        // Of all the gaps only this one: it is what somebody wants to know the reason of.
        if let (Some(traced), Some(gaps)) = (self.traced, &self.gaps) {
            gaps.longest_belongs_to(traced);
        }
        if let Some(cost) = &self.cost {
            record_cost(&self.route, series, cost);
        }
        let well = went_well(outcome);
        if let Some(client) = &self.client {
            if well {
                self.route.clients().earn(client);
            }
            record_client(&self.route, client, &outcome.tokens);
        }
        if let Some(name) = candidate.as_deref().filter(|_| well) {
            // It gets a label, from the next request on.
            self.route.earn(name);
        }
        // Dropping counts the outcome, last of all: who sees it sees the rest too.
        self.ending = outcome.kind;
    }

    /// It was refused before anything was known of it but `code`, which the client was sent.
    pub fn refuse(mut self, code: Option<u16>) {
        self.identify(None);
        if let Some(code) = code {
            self.route.responded(code);
        }
        self.ending = OutcomeKind::Rejected;
    }

    fn series(&mut self, model: Option<&str>) -> &Arc<Series> {
        let (route, endpoint) = (&self.route, self.endpoint);
        let identified = self.identified.get_or_insert_with(|| {
            let (series, is_known) = route.start(endpoint, model);
            let candidate = model.filter(|name| !is_known && models::fits(name)).map(Into::into);
            Identified { series, candidate }
        });
        &identified.series
    }
}

fn went_well(outcome: &Outcome) -> bool {
    // A realtime session that went well began with a 101; a 200 is some page there.
    let is_answered = |code| match outcome.endpoint {
        Endpoint::Realtime => code == 101,
        _ => (200..=299).contains(&code),
    };
    outcome.kind.status() == Status::Success && outcome.http_status.is_some_and(is_answered)
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(Identified { series, .. }) = self.identified.take() {
            // Gaps that still wait are counted before it.
            self.gaps = None;
            series.ended(self.ending).inc();
            series.active.dec();
        }
    }
}

/// Writes an outcome, but for the count of the outcome itself. The fields are listed one by one, so
/// that a new one has to be thought about here.
fn record(route: &Route, series: &Series, outcome: &Outcome, traced: Option<Traced>) {
    let Outcome {
        kind: _,
        endpoint: _,
        model: _,
        response_model: _,
        response_id: _,
        parameters: _,
        http_status,
        streamed: _,
        duration,
        time_to_first_byte,
        time_to_first_token,
        time_to_first_answer_token,
        time_per_output_token,
        client_stall,
        connect,
        overhead,
        request_bytes,
        response_bytes,
        content_events: _,
        tokens,
        audio: _,
        usage_missing: _,
        abandoned: _,
        finish_reason: _,
        tool_calls: _,
        engine: _,
        gateway: _,
        degraded: _,
    } = outcome;
    if let Some(code) = *http_status {
        route.responded(code);
    }
    observe_of(&series.duration, Some(*duration), traced);
    observe_of(&series.first_token, *time_to_first_token, traced);
    observe_of(&series.first_answer_token, *time_to_first_answer_token, traced);
    observe_of(&series.per_token, *time_per_output_token, traced);
    let transport = route.transport();
    observe(&transport.first_byte, *time_to_first_byte);
    observe(&transport.connect, *connect);
    if !client_stall.is_zero() {
        transport.client_stall.inc_by(client_stall.as_secs_f64());
    }
    observe(&transport.overhead, *overhead);
    transport.request_size.get().observe(*request_bytes as f64);
    transport.response_size.get().observe(*response_bytes as f64);
    record_tokens(series, tokens);
    record_rare(route, series, outcome);
}

fn record_tokens(series: &Series, tokens: &TokenCounts) {
    let TokenCounts { input, output, cached_input, cache_write_input, reasoning_output } = *tokens;
    series.input.count(input);
    series.output.count(output);
    let detail = |series: &LateCounter<_>, count| {
        if let Some(count) = count {
            series.get().inc_by(count);
        }
    };
    detail(&series.cached_input, cached_input);
    detail(&series.cache_write_input, cache_write_input);
    detail(&series.reasoning_output, reasoning_output);
}

/// Who used how much; looked up each time, since most operators have this switched off.
fn record_client(route: &Route, client: &Client, tokens: &TokenCounts) {
    let families = &route.families().clients;
    let client = route.client(client);
    families.requests.get_or_create(&client).inc();
    for (kind, tokens) in [("input", tokens.input), ("output", tokens.output)] {
        let Some(tokens) = tokens else { continue };
        let labels = ClientTokenLabels { client: client.clone(), kind };
        families.tokens.get_or_create(&labels).inc_by(tokens.count);
    }
}

/// Looked up each time, since most operators have no prices.
fn record_cost(route: &Route, series: &Series, cost: &Cost) {
    let usd = &route.families().cost.usd;
    let model = series.model_labels();
    for part in cost.parts() {
        let labels = CostLabels {
            route: Arc::clone(&model.route.route),
            model: Arc::clone(&model.model),
            kind: part.kind.as_str(),
            source: part.source.as_str(),
        };
        usd.get_or_create(&labels).inc_by(part.usd);
    }
}

/// What most requests do not have; looked up each time.
fn record_rare(route: &Route, series: &Series, outcome: &Outcome) {
    let families = route.families();
    let model = || series.model_labels();
    if outcome.lacks_first_token() {
        let labels = ModelOutcomeLabels { model: model(), outcome: outcome.kind.as_str() };
        families.stream.no_first_token.get_or_create(&labels).inc();
    }
    if let Some(reason) = outcome.usage_missing {
        let labels = MissingLabels { model: model(), reason: reason.as_str() };
        families.tokens.missing.get_or_create(&labels).inc();
    }
    if let Some(tokens) = outcome.abandoned {
        let labels = SourceLabels { model: model(), source: tokens.source.as_str() };
        families.tokens.abandoned.get_or_create(&labels).inc_by(tokens.count);
    }
    if let Some(length) = outcome.audio {
        families.tokens.audio.get_or_create(&series.labels).inc_by(length.as_secs_f64());
    }
    if let Some(reason) = outcome.degraded {
        families.own.degraded.get_or_create(&ReasonLabels { reason: reason.as_str() }).inc();
    }
}
