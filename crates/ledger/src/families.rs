//! Every family: its name, its help text and its labels. Nothing else in the crate names a metric.
//!
//! Each help text ends with a full stop where it is written.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::buckets::{
    CONNECT, DURATION, FIRST_BYTE, FIRST_TOKEN, HOP_ADDED, OVERHEAD, SIZE, TOKEN_GAP,
};
use crate::family::Family;
use crate::histogram::Histogram;
use crate::hops::Crossers;
use crate::labels::{
    ClientLabels, ClientTokenLabels, CodeLabels, CostLabels, CrossedLabels, CrossingLabels,
    DetailLabels, EndpointLabels, FeedLabels, ListenerLabels, MissingLabels, ModelLabels,
    ModelOutcomeLabels, OutcomeLabels, OverflowLabels, PhaseLabels, ReasonLabels, RequestLabels,
    ResultLabels, RouteLabels, SourceLabels, TokenLabels,
};
use crate::latency::Latency;
use crate::registrar::Registrar;

type Counters<L> = Family<L, Counter>;
type SecondsCounters<L> = Family<L, Counter<f64, AtomicU64>>;
type DollarCounters<L> = Family<L, Counter<f64, AtomicU64>>;
type SecondsGauges<L> = Family<L, Gauge<f64, AtomicU64>>;
type Histograms<L> = Family<L, Histogram>;
type Latencies<L> = Family<L, Latency>;

/// All families.
pub(crate) struct Families {
    pub(crate) requests: RequestFamilies,
    pub(crate) stream: StreamFamilies,
    pub(crate) tokens: TokenFamilies,
    pub(crate) cost: CostFamilies,
    pub(crate) clients: ClientFamilies,
    pub(crate) hops: HopFamilies,
    pub(crate) transport: TransportFamilies,
    pub(crate) own: OwnFamilies,
}

impl Families {
    pub(crate) fn new(to: &mut Registrar) -> Self {
        Self {
            requests: RequestFamilies::new(to),
            stream: StreamFamilies::new(to),
            tokens: TokenFamilies::new(to),
            cost: CostFamilies::new(to),
            clients: ClientFamilies::new(to),
            hops: HopFamilies::new(to),
            transport: TransportFamilies::new(to),
            own: OwnFamilies::new(to),
        }
    }
}

/// How many requests, how they ended, how long they took.
pub(crate) struct RequestFamilies {
    pub(crate) started: Counters<RequestLabels>,
    pub(crate) active: Family<EndpointLabels, Gauge>,
    pub(crate) ended: Counters<OutcomeLabels>,
    pub(crate) duration: Latencies<RequestLabels>,
}

impl RequestFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            started: to.counter(
                "llm_requests_started_total",
                "Requests whose model was settled, each of which ends in exactly one outcome",
            ),
            active: to.gauge("llm_active_requests", "Requests that have started and not ended"),
            ended: to.counter("llm_requests_total", "Requests that have ended, by outcome"),
            duration: to.latency(
                "llm_request_duration_seconds",
                "From the request head being read to the last byte of the answer, or the end",
                &DURATION,
            ),
        }
    }
}

/// What happens in a streamed answer.
pub(crate) struct StreamFamilies {
    pub(crate) first_token: Latencies<ModelLabels>,
    pub(crate) first_answer_token: Latencies<ModelLabels>,
    pub(crate) gap: Latencies<ModelLabels>,
    pub(crate) per_token: Latencies<ModelLabels>,
    pub(crate) no_first_token: Counters<ModelOutcomeLabels>,
    pub(crate) events: Counters<ModelLabels>,
    pub(crate) coalesced: Counters<ModelLabels>,
    pub(crate) discarded: Counters<ModelLabels>,
}

impl StreamFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            first_token: to.latency(
                "llm_time_to_first_token_seconds",
                "From the request being handed on to the first event with generated content",
                &FIRST_TOKEN,
            ),
            first_answer_token: to.latency(
                "llm_time_to_first_answer_token_seconds",
                "From the request being handed on to the first content that is not reasoning",
                &FIRST_TOKEN,
            ),
            gap: to.latency(
                "llm_inter_token_latency_seconds",
                "Gap between consecutive events with generated content",
                &TOKEN_GAP,
            ),
            per_token: to.latency(
                "llm_time_per_output_token_seconds",
                "From the first to the last content event, per output token after the first",
                &TOKEN_GAP,
            ),
            no_first_token: to.counter(
                "llm_no_first_token_total",
                "Streamed requests that ended without a first token, by outcome",
            ),
            events: to.counter("llm_stream_events_total", "Events with generated content"),
            coalesced: to.counter(
                "llm_coalesced_events_total",
                "Content events that share their instant with the one before",
            ),
            discarded: to.counter(
                "llm_discarded_gaps_total",
                "Gaps left out because the client could not take bytes",
            ),
        }
    }
}

/// Tokens, and where their numbers come from.
pub(crate) struct TokenFamilies {
    pub(crate) tokens: Counters<TokenLabels>,
    pub(crate) detail: Counters<DetailLabels>,
    pub(crate) missing: Counters<MissingLabels>,
    pub(crate) abandoned: Counters<SourceLabels>,
    pub(crate) audio: SecondsCounters<RequestLabels>,
}

impl TokenFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            tokens: to.counter("llm_tokens_total", "Tokens by kind, and who says so"),
            detail: to.counter(
                "llm_tokens_detail_total",
                "Parts of llm_tokens_total, never to be summed with it",
            ),
            missing: to.counter(
                "llm_usage_missing_total",
                "Answers without the token usage that they should have carried",
            ),
            abandoned: to.counter(
                "llm_abandoned_tokens_total",
                "Output tokens produced for a client that had left",
            ),
            audio: to.fraction_counter(
                "llm_audio_seconds_total",
                "Length of the audio that was heard, as reported",
            ),
        }
    }
}

/// What the requests cost.
pub(crate) struct CostFamilies {
    pub(crate) usd: DollarCounters<CostLabels>,
}

impl CostFamilies {
    fn new(to: &mut Registrar) -> Self {
        let help = "What requests cost in US dollars, counted at one hop only";
        Self { usd: to.fraction_counter("llm_cost_usd_total", help) }
    }
}

/// Who sends the requests, where that is switched on.
pub(crate) struct ClientFamilies {
    pub(crate) requests: Counters<ClientLabels>,
    pub(crate) tokens: Counters<ClientTokenLabels>,
}

impl ClientFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            requests: to
                .counter("llm_client_requests_total", "Requests that have ended, by client"),
            tokens: to.counter(
                "llm_client_tokens_total",
                "Tokens by client, those of llm_tokens_total from both sources",
            ),
        }
    }
}

/// What the gateway between the hops adds.
pub(crate) struct HopFamilies {
    pub(crate) added: Histograms<PhaseLabels>,
    pub(crate) requests: Counters<CrossingLabels>,
    pub(crate) attempts: Counters<CrossedLabels>,
    pub(crate) buffering: Counters<CrossedLabels>,
    pub(crate) crossers: Crossers,
}

impl HopFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            added: to.histogram(
                "llm_hop_added_seconds",
                "What lies between edge and engine adds to a request that was seen at both",
                &HOP_ADDED,
            ),
            requests: to.counter(
                "llm_hop_requests_total",
                "Requests of the edge, by whether an engine was seen to be asked for them",
            ),
            attempts: to.counter(
                "llm_hop_attempts_total",
                "Requests to engines for requests of the edge that were joined with them",
            ),
            buffering: to.counter(
                "llm_hop_buffering_total",
                "Answers whose events came one by one from the engine and in bursts at the edge",
            ),
            crossers: Crossers::default(),
        }
    }
}

/// What carries the requests.
pub(crate) struct TransportFamilies {
    pub(crate) responses: Counters<CodeLabels>,
    pub(crate) first_byte: Histograms<RouteLabels>,
    pub(crate) request_size: Histograms<RouteLabels>,
    pub(crate) response_size: Histograms<RouteLabels>,
    pub(crate) connect: Histograms<RouteLabels>,
    pub(crate) overhead: Histograms<RouteLabels>,
    pub(crate) client_stall: SecondsCounters<RouteLabels>,
}

impl TransportFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            responses: to.counter("llm_responses_total", "Answers by HTTP status code"),
            first_byte: to.histogram(
                "llm_time_to_first_byte_seconds",
                "From the request being handed on to the first byte of the answer's body",
                &FIRST_BYTE,
            ),
            request_size: to.histogram(
                "llm_request_size_bytes",
                "Body of the request as the client sent it",
                &SIZE,
            ),
            response_size: to.histogram(
                "llm_response_size_bytes",
                "Body of the answer as the upstream sent it",
                &SIZE,
            ),
            connect: to.histogram(
                "llm_upstream_connect_seconds",
                "Time to connect to the upstream, where no pooled connection was used",
                &CONNECT,
            ),
            overhead: to.histogram(
                "llm_proxy_overhead_seconds",
                "From the request head being read to the request being handed on, without connecting",
                &OVERHEAD,
            ),
            client_stall: to.fraction_counter(
                "llm_client_stall_seconds_total",
                "Time in which clients could not take bytes of their answers",
            ),
        }
    }
}

/// How Weir itself fares.
pub(crate) struct OwnFamilies {
    pub(crate) degraded: Counters<ReasonLabels>,
    pub(crate) retries: Counters<RouteLabels>,
    pub(crate) passthrough: Counters<RouteLabels>,
    pub(crate) overflow: Counters<OverflowLabels>,
    pub(crate) reloads: Counters<ResultLabels>,
    pub(crate) last_reload: Gauge,
    pub(crate) rejections: Counters<ReasonLabels>,
    pub(crate) log_lines: Counters<ResultLabels>,
    pub(crate) spans: Counters<ResultLabels>,
    pub(crate) connections: Family<ListenerLabels, Gauge>,
    pub(crate) source_up: Family<FeedLabels, Gauge>,
    pub(crate) source_read: SecondsGauges<FeedLabels>,
}

impl OwnFamilies {
    fn new(to: &mut Registrar) -> Self {
        Self {
            degraded: to.counter(
                "weir_meter_degraded_total",
                "Requests whose meter saw less than everything",
            ),
            retries: to
                .counter("weir_upstream_retries_total", "Further attempts to send a request"),
            passthrough: to.counter(
                "weir_passthrough_requests_total",
                "Requests that run no model and are not metered",
            ),
            overflow: to.counter(
                "weir_label_overflow_total",
                "Values that got no series of their own, by label",
            ),
            reloads: to
                .counter("weir_config_reloads_total", "Configurations read again, by result"),
            last_reload: to.single_gauge(
                "weir_config_last_reload_success",
                "Whether the configuration that was read last is in force",
            ),
            rejections: to
                .counter("weir_rejections_total", "Requests that the proxy itself refused"),
            log_lines: to
                .counter("weir_access_log_lines_total", "Lines of the access log, by result"),
            spans: to.counter("weir_telemetry_spans_total", "Spans for the collector, by result"),
            connections: to
                .gauge("weir_client_connections", "Connections of clients that are open"),
            source_up: to.gauge("weir_source_up", "Whether the source could be read last"),
            source_read: to.seconds_gauge(
                "weir_source_last_success_timestamp_seconds",
                "When the source was last read, Unix time",
            ),
        }
    }
}
