//! `vllm:cache_config_info`: every version has its own set of labels.

use crate::engine::Engine;
use crate::engine_metrics::exposition::page::{Label, Page};

const ALL: [Label<'_>; 5] = [
    ("block_size", "16"),
    ("cache_dtype", "auto"),
    ("enable_prefix_caching", "True"),
    ("num_gpu_blocks", "1024"),
    ("sliding_window", "None"),
];
/// As recorded of 0.10.2.
const OLDER: [Label<'_>; 4] = [
    ("gpu_memory_utilization", "0.9"),
    ("num_cpu_blocks", "None"),
    ("swap_space", "4.0"),
    ("swap_space_bytes", "4294967296.0"),
];
/// As recorded of 0.32.0.
const NEWER: [Label<'_>; 6] = [
    ("gpu_memory_utilization", "0.92"),
    ("kv_cache_max_concurrency", "1.0"),
    ("kv_cache_memory_bytes", "1073741824"),
    ("kv_cache_size_tokens", "16384"),
    ("num_cpu_blocks", "None"),
    ("user_specified_block_size", "False"),
];

pub(super) fn write(engine: &Engine, page: &mut Page) {
    let mut labels = ALL.to_vec();
    match engine.vllm_since(0, 20, 0) {
        true => labels.extend(NEWER),
        false => labels.extend(OLDER),
    }
    if engine.vllm_since(0, 8, 5) {
        labels.push(("engine", "0"));
    }
    labels.sort_unstable();
    page.head("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", "gauge");
    page.bare("vllm:cache_config_info", &labels, 1.0);
}
