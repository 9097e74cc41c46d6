//! The names of vLLM's older engine, V0: 0.4 to 0.7, and 0.8 to 0.10 where it was chosen. From 0.8.5 on
//! many of them only showed on request.

use super::page::{Label, Page};
use crate::engine::Engine;
use crate::engine_metrics::counts::Counts;
use crate::engine_metrics::histogram::{Histogram, LATENCY};

pub(super) fn write(engine: &Engine, page: &mut Page, counts: &Counts) {
    let is_hidden = !engine.vllm_before(0, 8, 5);
    gauges(engine, page, counts, is_hidden);
    counters(engine, page, counts);
    histograms(engine, page, counts, is_hidden);
    config(page, counts.cache_hits > 0);
}

fn gauges(engine: &Engine, page: &mut Page, counts: &Counts, is_hidden: bool) {
    let (running, waiting) = (counts.running as f64, counts.waiting as f64);
    page.gauge(
        "vllm:num_requests_running",
        "Number of requests currently running on GPU.",
        running,
    );
    page.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", waiting);
    // Each running request takes a hundredth of the cache.
    let used = (running / 100.0).min(1.0);
    page.ratio("vllm:gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent.", used);
    if !is_hidden {
        page.gauge("vllm:num_requests_swapped", "Number of requests swapped to CPU.", 0.0);
        page.ratio("vllm:cpu_cache_usage_perc", "CPU KV-cache usage. 1 means 100 percent.", 0.0);
    }
    if engine.vllm_since(0, 6, 0) && !is_hidden {
        // It takes prefix caching to be off as long as nothing was cached.
        let rate = match (counts.cache_hits, counts.cache_queries) {
            (0, _) => -1.0,
            (hits, queries) => hits as f64 / queries as f64,
        };
        page.ratio("vllm:cpu_prefix_cache_hit_rate", "CPU prefix cache block hit rate.", -1.0);
        page.ratio("vllm:gpu_prefix_cache_hit_rate", "GPU prefix cache block hit rate.", rate);
    }
    if engine.vllm_before(0, 7, 0) {
        let (prompt, generation) = ("prefill", "generation");
        for (name, help) in [("prompt", prompt), ("generation", generation)] {
            let name = format!("vllm:avg_{name}_throughput_toks_per_s");
            page.ratio(&name, &format!("Average {help} throughput in tokens/s."), 0.0);
        }
    }
}

fn counters(engine: &Engine, page: &mut Page, counts: &Counts) {
    if engine.vllm_since(0, 4, 3) {
        page.counter("vllm:num_preemptions_total", "Cumulative number of preemption.", 0.0);
    }
    let (prompt, generation) = (counts.prompt_tokens as f64, counts.generation_tokens as f64);
    page.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", prompt);
    page.counter("vllm:generation_tokens_total", "Number of generation tokens.", generation);
    if engine.vllm_since(0, 6, 6) && engine.vllm_before(0, 8, 0) {
        let sum = prompt + generation;
        page.counter("vllm:tokens_total", "Number of prefill plus generation tokens.", sum);
    }
    if engine.counts_drafts() {
        let (drafted, accepted) = (counts.draft_tokens as f64, counts.accepted_tokens as f64);
        let rate = if drafted == 0.0 { 0.0 } else { accepted / drafted };
        page.ratio("vllm:spec_decode_draft_acceptance_rate", "Acceptance rate.", rate);
        page.ratio("vllm:spec_decode_efficiency", "System efficiency.", rate);
        page.counter("vllm:spec_decode_num_accepted_tokens_total", "Accepted tokens.", accepted);
        page.counter("vllm:spec_decode_num_draft_tokens_total", "Draft tokens.", drafted);
        let emitted = accepted + counts.drafts as f64;
        page.counter("vllm:spec_decode_num_emitted_tokens_total", "Emitted tokens.", emitted);
    }
    if engine.vllm_since(0, 4, 3) {
        let name = "vllm:request_success_total";
        page.head(name, "Count of successfully processed requests.", "counter");
        // A reason is there once it has occurred.
        for (reason, count) in [("stop", counts.finished_stop), ("length", counts.finished_length)]
        {
            if count > 0 {
                page.series(name, &[("finished_reason", reason)], count as f64);
            }
        }
    }
}

fn histograms(engine: &Engine, page: &mut Page, counts: &Counts, is_hidden: bool) {
    page.histogram("vllm:time_to_first_token_seconds", &counts.ttft);
    page.histogram("vllm:time_per_output_token_seconds", &counts.itl);
    page.histogram("vllm:e2e_request_latency_seconds", &counts.e2e);
    if engine.vllm_since(0, 4, 3) {
        page.histogram("vllm:request_prompt_tokens", &counts.request_prompt);
        page.histogram("vllm:request_generation_tokens", &counts.request_generation);
        page.histogram("vllm:request_params_n", &counts.request_choices);
    }
    if engine.vllm_before(0, 6, 6) {
        return;
    }
    page.histogram("vllm:iteration_tokens_total", &counts.iteration);
    page.histogram("vllm:request_queue_time_seconds", &counts.queue);
    page.histogram("vllm:request_inference_time_seconds", &counts.inference);
    page.histogram("vllm:request_prefill_time_seconds", &counts.prefill);
    page.histogram("vllm:request_decode_time_seconds", &counts.decode);
    if !is_hidden {
        page.histogram("vllm:time_in_queue_requests", &counts.queue);
        // Without detailed traces nothing is observed.
        let none = Histogram::new(&[LATENCY]);
        page.histogram("vllm:model_forward_time_milliseconds", &none);
        page.histogram("vllm:model_execute_time_milliseconds", &none);
    }
}

fn config(page: &mut Page, is_caching: bool) {
    let labels: [Label<'_>; 8] = [
        ("block_size", "16"),
        ("cache_dtype", "auto"),
        ("enable_prefix_caching", if is_caching { "True" } else { "False" }),
        ("gpu_memory_utilization", "0.9"),
        ("num_cpu_blocks", "512"),
        ("num_gpu_blocks", "1024"),
        ("sliding_window", "None"),
        ("swap_space_bytes", "4294967296"),
    ];
    page.head("vllm:cache_config_info", "information of cache_config", "gauge");
    page.bare("vllm:cache_config_info", &labels, 1.0);
}
