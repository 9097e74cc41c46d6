//! The names of vLLM's newer engine, V1: from 0.8 on. Labels and order follow recordings of 0.10.2 and
//! 0.32.0. The front end in Rust has the core of them, and none before its first request.

mod config;

use super::page::{Page, Style};
use crate::engine::Engine;
use crate::engine_metrics::counts::Counts;

pub(super) fn write(engine: &Engine, page: &mut Page, counts: &Counts) {
    let is_rust = page.style() == Style::Rust;
    if is_rust && counts.running == 0 && counts.prompt_tokens == 0 {
        return;
    }
    gauges(engine, page, counts, is_rust);
    caches(engine, page, counts, is_rust);
    counters(engine, page, counts, is_rust);
    histograms(engine, page, counts, is_rust);
    if !is_rust {
        config::write(engine, page);
    }
}

fn gauges(engine: &Engine, page: &mut Page, counts: &Counts, is_rust: bool) {
    let (running, waiting) = (counts.running as f64, counts.waiting as f64);
    page.gauge("vllm:num_requests_running", "Number of requests in execution batches.", running);
    page.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", waiting);
    if engine.vllm_since(0, 20, 0) {
        let name = "vllm:num_requests_waiting_by_reason";
        page.head(name, "Number of waiting requests by reason.", "gauge");
        page.series(name, &[("reason", "capacity")], waiting);
        page.series(name, &[("reason", "deferred")], 0.0);
    }
    if engine.vllm_since(0, 11, 1) && !is_rust {
        let name = "vllm:engine_sleep_state";
        page.head(name, "Engine sleep state.", "gauge");
        for (state, value) in [("awake", 1.0), ("weights_offloaded", 0.0), ("discard_all", 0.0)] {
            page.series(name, &[("sleep_state", state)], value);
        }
    }
    // Each running request takes a hundredth of the cache.
    let used = (running / 100.0).min(1.0);
    if engine.vllm_before(0, 11, 0) {
        page.ratio("vllm:gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent.", used);
    }
    if engine.vllm_since(0, 9, 2) {
        page.ratio("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent.", used);
    }
}

fn caches(engine: &Engine, page: &mut Page, counts: &Counts, is_rust: bool) {
    let (queries, hits) = (counts.cache_queries as f64, counts.cache_hits as f64);
    if engine.vllm_before(0, 11, 0) {
        // Blocks of sixteen before 0.9.
        let unit = if engine.vllm_before(0, 9, 0) { 16.0 } else { 1.0 };
        let (queries, hits) = ((queries / unit).floor(), (hits / unit).floor());
        page.counter("vllm:gpu_prefix_cache_queries_total", "GPU prefix cache queries.", queries);
        page.counter("vllm:gpu_prefix_cache_hits_total", "GPU prefix cache hits.", hits);
    }
    if engine.vllm_since(0, 9, 2) {
        page.counter("vllm:prefix_cache_queries_total", "Prefix cache queries.", queries);
        page.counter("vllm:prefix_cache_hits_total", "Prefix cache hits.", hits);
    }
    if engine.vllm_since(0, 11, 1) && !is_rust {
        for cache in ["external_prefix", "mm"] {
            for what in ["queries", "hits"] {
                let help = format!("{cache} cache {what}.");
                page.counter(&format!("vllm:{cache}_cache_{what}_total"), &help, 0.0);
            }
        }
    }
}

fn counters(engine: &Engine, page: &mut Page, counts: &Counts, is_rust: bool) {
    page.counter("vllm:num_preemptions_total", "Cumulative number of preemptions.", 0.0);
    let (prompt, hits) = (counts.prompt_tokens as f64, counts.cache_hits as f64);
    page.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", prompt);
    if engine.vllm_since(0, 16, 0) {
        let name = "vllm:prompt_tokens_by_source_total";
        page.head(name, "Number of prompt tokens by source.", "counter");
        let computed = (prompt - hits).max(0.0);
        for (source, tokens) in
            [("local_compute", computed), ("local_cache_hit", hits), ("external_kv_transfer", 0.0)]
        {
            page.series(name, &[("source", source)], tokens);
        }
        page.counter("vllm:prompt_tokens_cached_total", "Number of cached prompt tokens.", hits);
    }
    let generation = counts.generation_tokens as f64;
    page.counter("vllm:generation_tokens_total", "Number of generation tokens.", generation);
    finished(engine, page, counts, is_rust);
    if engine.vllm_since(0, 32, 0) && !is_rust {
        let name = "vllm:admission_rejections_total";
        page.head(name, "Requests rejected by admission limits.", "counter");
        for reason in ["max_num_queued_reqs", "max_num_queued_tokens"] {
            page.without_engine(name, &[("reason", reason)], 0.0);
        }
    }
    if engine.counts_drafts() {
        let drafts = counts.drafts as f64;
        page.counter("vllm:spec_decode_num_drafts_total", "Number of drafts.", drafts);
        let (drafted, accepted) = (counts.draft_tokens as f64, counts.accepted_tokens as f64);
        page.counter("vllm:spec_decode_num_draft_tokens_total", "Draft tokens.", drafted);
        page.counter("vllm:spec_decode_num_accepted_tokens_total", "Accepted tokens.", accepted);
    }
}

/// Aborts and errors stay 0, as vLLM's do. In Rust a reason is there once it has occurred.
fn finished(engine: &Engine, page: &mut Page, counts: &Counts, is_rust: bool) {
    let name = "vllm:request_success_total";
    page.head(name, "Count of successfully processed requests.", "counter");
    let mut reasons =
        vec![("stop", counts.finished_stop), ("length", counts.finished_length), ("abort", 0)];
    if engine.vllm_since(0, 13, 0) {
        reasons.push(("error", 0));
    }
    if engine.vllm_since(0, 17, 0) {
        reasons.push(("repetition", 0));
    }
    for (reason, count) in reasons {
        if count > 0 || !is_rust {
            page.series(name, &[("finished_reason", reason)], count as f64);
        }
    }
}

fn histograms(engine: &Engine, page: &mut Page, counts: &Counts, is_rust: bool) {
    page.histogram("vllm:request_prompt_tokens", &counts.request_prompt);
    page.histogram("vllm:request_generation_tokens", &counts.request_generation);
    page.histogram("vllm:iteration_tokens_total", &counts.iteration);
    page.histogram("vllm:request_max_num_generation_tokens", &counts.request_generation);
    page.histogram("vllm:request_params_n", &counts.request_choices);
    page.histogram("vllm:request_params_max_tokens", &counts.request_generation);
    page.histogram("vllm:time_to_first_token_seconds", &counts.ttft);
    if engine.vllm_before(0, 12, 0) {
        page.histogram("vllm:time_per_output_token_seconds", &counts.itl);
    }
    if engine.vllm_since(0, 10, 2) {
        page.histogram("vllm:inter_token_latency_seconds", &counts.itl);
    }
    if engine.vllm_since(0, 11, 0) {
        page.histogram("vllm:request_time_per_output_token_seconds", &counts.tpot);
    }
    page.histogram("vllm:e2e_request_latency_seconds", &counts.e2e);
    page.histogram("vllm:request_queue_time_seconds", &counts.queue);
    page.histogram("vllm:request_inference_time_seconds", &counts.inference);
    page.histogram("vllm:request_prefill_time_seconds", &counts.prefill);
    page.histogram("vllm:request_decode_time_seconds", &counts.decode);
    if engine.vllm_since(0, 30, 0) && !is_rust {
        page.histogram("vllm:request_num_preemptions", &counts.request_preemptions);
    }
    if engine.vllm_since(0, 13, 0) {
        page.histogram("vllm:request_prefill_kv_computed_tokens", &counts.request_prompt);
    }
}
