//! `/metrics` as text 0.0.4, with the names that the engine's version has.

use std::fmt::Write;

use super::histogram::Histogram;
use super::{Counts, EngineStats};
use crate::engine::{Engine, Name};
use crate::http_date::unix_seconds;

/// The exposition of this engine, whose first model is `model`.
pub(crate) fn expose(engine: &Engine, model: &str, stats: &EngineStats) -> String {
    let model = model.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    stats.change(|counts| match engine.kind() {
        Name::Vllm => vllm(engine, &model, counts),
        Name::LiteLlm => litellm(&model, counts),
        Name::LlamaCpp => llama_cpp(counts),
    })
}

fn vllm(engine: &Engine, model: &str, counts: &Counts) -> String {
    let labels = match engine.vllm_before(0, 8, 5) {
        true => format!("model_name=\"{model}\""),
        false => format!("engine=\"0\",model_name=\"{model}\""),
    };
    let created = engine.vllm_since(0, 11, 1).then(unix_seconds);
    let mut page = Page { out: String::new(), labels, created };
    gauges(engine, &mut page, counts);
    counters(engine, &mut page, counts);
    histograms(engine, &mut page, counts);
    if !engine.vllm_before(0, 8, 5) {
        http(&mut page, counts);
    }
    page.out
}

fn gauges(engine: &Engine, page: &mut Page, counts: &Counts) {
    // Each running request takes a hundredth of the cache.
    let used = (counts.running as f64 / 100.0).min(1.0);
    page.gauge("vllm:num_requests_running", "Number of requests in execution batches.", {
        counts.running as f64
    });
    page.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", 0.0);
    if engine.vllm_before(0, 12, 0) {
        page.gauge("vllm:gpu_cache_usage_perc", "GPU KV-cache usage. 1 means 100 percent.", used);
    }
    if engine.vllm_since(0, 9, 2) {
        page.gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent.", used);
    }
    page.head("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", "gauge");
    let engine_label = if engine.vllm_before(0, 8, 5) { "" } else { ",engine=\"0\"" };
    let info = format!("block_size=\"16\",cache_dtype=\"auto\"{engine_label}");
    page.line("vllm:cache_config_info", &info, 1.0);
}

fn counters(engine: &Engine, page: &mut Page, counts: &Counts) {
    let (queries, hits) = (counts.cache_queries as f64, counts.cache_hits as f64);
    if engine.vllm_since(0, 7, 3) && engine.vllm_before(0, 12, 0) {
        page.counter("vllm:gpu_prefix_cache_queries_total", "GPU prefix cache queries.", queries);
        page.counter("vllm:gpu_prefix_cache_hits_total", "GPU prefix cache hits.", hits);
    }
    if engine.vllm_since(0, 9, 2) {
        page.counter("vllm:prefix_cache_queries_total", "Prefix cache queries.", queries);
        page.counter("vllm:prefix_cache_hits_total", "Prefix cache hits.", hits);
    }
    page.counter("vllm:num_preemptions_total", "Cumulative number of preemptions.", 0.0);
    let prompt = counts.prompt_tokens as f64;
    page.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", prompt);
    if engine.vllm_since(0, 16, 0) {
        page.counter("vllm:prompt_tokens_cached_total", "Number of cached prompt tokens.", hits);
    }
    let generation = counts.generation_tokens as f64;
    page.counter("vllm:generation_tokens_total", "Number of generation tokens.", generation);
    finished(engine, page, counts);
}

/// Aborts and errors stay 0, as vLLM's do.
fn finished(engine: &Engine, page: &mut Page, counts: &Counts) {
    let name = "vllm:request_success_total";
    page.head(name, "Count of successfully processed requests.", "counter");
    let mut reasons =
        vec![("stop", counts.finished_stop), ("length", counts.finished_length), ("abort", 0)];
    if engine.vllm_since(0, 13, 0) {
        reasons.push(("error", 0));
    }
    for (reason, count) in reasons {
        let labels = format!("finished_reason=\"{reason}\",{}", page.labels);
        page.line(name, &labels, count as f64);
    }
}

fn histograms(engine: &Engine, page: &mut Page, counts: &Counts) {
    page.histogram("vllm:time_to_first_token_seconds", &counts.ttft);
    if engine.vllm_before(0, 15, 0) {
        page.histogram("vllm:time_per_output_token_seconds", &counts.itl);
    }
    if engine.vllm_since(0, 10, 2) {
        page.histogram("vllm:inter_token_latency_seconds", &counts.itl);
    }
    if engine.vllm_since(0, 11, 0) {
        page.histogram("vllm:request_time_per_output_token_seconds", &counts.tpot);
    }
    page.histogram("vllm:e2e_request_latency_seconds", &counts.e2e);
    if engine.vllm_since(0, 6, 6) {
        page.histogram("vllm:request_queue_time_seconds", &counts.queue);
        page.histogram("vllm:request_inference_time_seconds", &counts.e2e);
        page.histogram("vllm:request_prefill_time_seconds", &counts.prefill);
        page.histogram("vllm:request_decode_time_seconds", &counts.decode);
    }
    page.histogram("vllm:request_prompt_tokens", &counts.request_prompt);
    page.histogram("vllm:request_generation_tokens", &counts.request_generation);
}

fn http(page: &mut Page, counts: &Counts) {
    page.head("http_requests_total", "Total number of requests.", "counter");
    for ((handler, method, status), count) in &counts.http {
        let labels = format!("handler=\"{handler}\",method=\"{method}\",status=\"{status}\"");
        page.line("http_requests_total", &labels, *count as f64);
    }
}

fn litellm(model: &str, counts: &Counts) -> String {
    let labels = format!("model=\"{model}\",requested_model=\"{model}\"");
    let mut page = Page { out: String::new(), labels, created: None };
    let finished = (counts.finished_stop + counts.finished_length) as f64;
    page.counter("litellm_proxy_total_requests_metric_total", "Requests to the proxy.", finished);
    let (input, output) = (counts.prompt_tokens as f64, counts.generation_tokens as f64);
    page.counter("litellm_input_tokens_metric_total", "Input tokens.", input);
    page.counter("litellm_output_tokens_metric_total", "Output tokens.", output);
    page.out
}

fn llama_cpp(counts: &Counts) -> String {
    let mut page = Page { out: String::new(), labels: String::new(), created: None };
    // Cached tokens are left out here, unlike in its `usage`.
    let prompt = counts.prompt_tokens.saturating_sub(counts.cache_hits) as f64;
    page.counter("llamacpp:prompt_tokens_total", "Number of prompt tokens processed.", prompt);
    let generation = counts.generation_tokens as f64;
    page.counter("llamacpp:tokens_predicted_total", "Number of generation tokens.", generation);
    let running = counts.running as f64;
    page.gauge("llamacpp:requests_processing", "Number of requests processing.", running);
    page.gauge("llamacpp:requests_deferred", "Number of requests deferred.", 0.0);
    page.out
}

struct Page {
    out: String,
    /// The labels of every series, without braces.
    labels: String,
    /// The moment for `_created` series, in versions that have them.
    created: Option<u64>,
}

impl Page {
    // Writing to a `String` cannot fail, hence the `let _`.

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: f64) {
        let value = number(value);
        let _ = match labels {
            "" => writeln!(self.out, "{name} {value}"),
            labels => writeln!(self.out, "{name}{{{labels}}} {value}"),
        };
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "gauge");
        self.line(name, &self.labels.clone(), value);
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, help, "counter");
        self.line(name, &self.labels.clone(), value);
        self.created(name.trim_end_matches("_total"), help);
    }

    fn created(&mut self, name: &str, help: &str) {
        if let Some(created) = self.created {
            self.gauge(&format!("{name}_created"), help, created as f64);
        }
    }

    fn histogram(&mut self, name: &str, histogram: &Histogram) {
        let help = format!("Histogram of {}.", name.trim_start_matches("vllm:").replace('_', " "));
        self.head(name, &help, "histogram");
        let labels = self.labels.clone();
        for (edge, count) in histogram.cumulative() {
            let labels = format!("le=\"{}\",{labels}", number(edge));
            self.line(&format!("{name}_bucket"), &labels, count as f64);
        }
        self.line(&format!("{name}_count"), &labels, histogram.count() as f64);
        self.line(&format!("{name}_sum"), &labels, histogram.sum());
        self.created(name, &help);
    }
}

/// A number as Python writes it: always with a decimal point.
fn number(value: f64) -> String {
    if value.is_infinite() { "+Inf".to_owned() } else { format!("{value:?}") }
}
