//! The identities of METRICS.md, asked of a scrape.

use weir_sim::{Sample, Scrape};

/// Every series for which `started = sum(outcomes) + active` with `active = 0` does not hold yet.
pub(crate) fn unsettled(scrape: &Scrape) -> Vec<String> {
    let mut found = Vec::new();
    for started in scrape.matching("llm_requests_started_total", &[]) {
        let labels = labels(started);
        let ended = scrape.sum("llm_requests_total", &labels).unwrap_or(0.0);
        if started.value != ended {
            found.push(format!("{labels:?}: {} started, {ended} ended", started.value));
        }
    }
    for active in scrape.matching("llm_active_requests", &[]).filter(|active| active.value != 0.0) {
        found.push(format!("{:?}: {} active", labels(active), active.value));
    }
    found
}

/// `events = first tokens + gaps + coalesced + discarded` per route, hop and model, in a scrape of
/// a moment without streams.
pub(crate) fn assert_events_add_up(scrape: &Scrape) {
    for events in scrape.matching("llm_stream_events_total", &[]) {
        let labels = labels(events);
        let sum = |name| scrape.sum(name, &labels).unwrap_or(0.0);
        let parts = [
            sum("llm_time_to_first_token_seconds_count"),
            sum("llm_inter_token_latency_seconds_count"),
            sum("llm_coalesced_events_total"),
            sum("llm_discarded_gaps_total"),
        ];
        let all: f64 = parts.iter().sum();
        assert_eq!(events.value, all, "{labels:?}: events against {parts:?}");
    }
}

fn labels(sample: &Sample) -> Vec<(&str, &str)> {
    sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
