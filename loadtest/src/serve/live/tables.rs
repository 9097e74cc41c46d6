//! What the live page shows: METRICS-GPU.md, METRICS-DISCOVERY.md and METRICS.md have these names.

use super::figure::Figure as F;
use super::figure::Only::{self, With, Without};
use super::figure::What::{Ahead, Label, Max, PerSecond, Quantile, Share, Sum, Yes};
use super::figure::{Series, Table, all};

/// `nvidia_gpu_*`, of the GPU exporter.
pub(super) const GPU: Table = Table {
    name: "gpus",
    by: &["gpu", "uuid"],
    figures: &[
        F::new("name", Label(all("nvidia_gpu_info"), "name")),
        F::new("up", Yes(all("nvidia_gpu_up"))),
        F::new("temperature_celsius", Max(all("nvidia_gpu_temperature_celsius"))),
        F::new("memory_used_bytes", Max(all("nvidia_gpu_memory_used_bytes"))),
        F::new("memory_total_bytes", Max(all("nvidia_gpu_memory_total_bytes"))),
        F::new("utilisation", Max(all("nvidia_gpu_duty_cycle"))).per(100.0),
        F::new("power_watts", Max(all("nvidia_gpu_power_usage_milliwatts"))).per(1000.0),
    ],
};

/// `llm_engine_*`, of discovery. Ranks of one engine are added up.
pub(super) const ENGINES: Table = Table {
    name: "engines",
    by: &["container", "model"],
    figures: &[
        F::new("up", Yes(all("llm_engine_up"))),
        F::new("version", Label(all("llm_engine_up"), "engine_version")),
        F::new("running", Sum(all("llm_engine_requests_running"))),
        F::new("waiting", Sum(all("llm_engine_requests_waiting"))),
        F::new("kv_cache_ratio", Max(all("llm_engine_kv_cache_usage_ratio"))),
        F::new(
            "prefix_cache_hit_ratio",
            Share(
                all("llm_engine_prefix_cache_hits_total"),
                all("llm_engine_prefix_cache_queries_total"),
            ),
        ),
        // Of old versions, which have no counters of it.
        F::new("prefix_cache_hit_ratio", Max(all("llm_engine_prefix_cache_hit_ratio"))),
        F::new("prompt_tokens_per_second", PerSecond(all("llm_engine_prompt_tokens_total"))),
        F::new(
            "generation_tokens_per_second",
            PerSecond(all("llm_engine_generation_tokens_total")),
        ),
    ],
};

/// Requests that found no route are no model's.
const ROUTED: &[Only] = &[Without("route", "unrouted")];

const fn routed(name: &'static str) -> Series {
    Series { name, only: ROUTED }
}

const ENDED: Series = routed("llm_requests_total");
const FAILED: Series = Series {
    name: "llm_requests_total",
    only: &[Without("route", "unrouted"), With("status", "error")],
};
const OUTPUT: Series = Series { name: "llm_tokens_total", only: &[With("kind", "output")] };
const INPUT: Series = Series { name: "llm_tokens_total", only: &[With("kind", "input")] };
const CACHED: Series =
    Series { name: "llm_tokens_detail_total", only: &[With("kind", "cached_input")] };
const FIRST_TOKEN: Series = routed("llm_time_to_first_token_seconds");
const GAP: Series = routed("llm_inter_token_latency_seconds");

/// `llm_*`, of the proxy. Each hop by itself: a request that passes both is counted on both.
pub(super) const PROXY: Table = Table {
    name: "models",
    by: &["model", "hop"],
    figures: &[
        F::new("requests_per_second", PerSecond(ENDED)),
        // The gauge of requests under way has no label `model`.
        F::new("active", Ahead(routed("llm_requests_started_total"), ENDED)),
        F::new("error_ratio", Share(FAILED, ENDED)),
        F::new("time_to_first_token_p50", Quantile(FIRST_TOKEN, 0.5)),
        F::new("time_to_first_token_p95", Quantile(FIRST_TOKEN, 0.95)),
        F::new("inter_token_latency_p50", Quantile(GAP, 0.5)),
        F::new("inter_token_latency_p95", Quantile(GAP, 0.95)),
        F::new("output_tokens_per_second", PerSecond(OUTPUT)),
        F::new("prefix_cache_hit_ratio", Share(CACHED, INPUT)),
    ],
};
