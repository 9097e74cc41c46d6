//! `/metrics`, with the names and in the format that the engine's version has.

mod page;
mod v0;
mod v1;

use super::EngineStats;
use super::counts::Counts;
use crate::engine::{Engine, Name};
use crate::http_date::unix_seconds;
use page::{Page, Style};

/// The exposition of this engine, whose first model is `model`.
pub(crate) fn expose(engine: &Engine, model: &str, stats: &EngineStats) -> String {
    stats.change(|counts| match engine.kind() {
        Name::Vllm => vllm(engine, model, counts),
        Name::LiteLlm => litellm(model, counts),
        Name::LlamaCpp => llama_cpp(counts),
    })
}

/// The format that it is in.
pub(crate) fn content_type(engine: &Engine) -> &'static str {
    match engine.has_rust_front_end() {
        true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        false => "text/plain; version=0.0.4; charset=utf-8",
    }
}

fn vllm(engine: &Engine, model: &str, counts: &Counts) -> String {
    let mut labels = vec![("model_name", model)];
    if !engine.is_v0() && engine.vllm_since(0, 8, 5) {
        labels.push(("engine", "0"));
    }
    let style = if engine.has_rust_front_end() { Style::Rust } else { Style::Python };
    let created = engine.vllm_since(0, 11, 1) && style == Style::Python;
    let mut page = Page::new(style, &labels, created.then(unix_seconds));
    match engine.is_v0() {
        true => v0::write(engine, &mut page, counts),
        false => v1::write(engine, &mut page, counts),
    }
    if !engine.vllm_before(0, 8, 5) && style == Style::Python {
        http(&mut page, counts);
    }
    page.end()
}

fn http(page: &mut Page, counts: &Counts) {
    page.head("http_requests_total", "Total number of requests.", "counter");
    for ((handler, method, status), count) in &counts.http {
        let labels = [("handler", handler.as_str()), ("method", method), ("status", status)];
        page.bare("http_requests_total", &labels, *count as f64);
    }
}

fn litellm(model: &str, counts: &Counts) -> String {
    let labels = [("model", model), ("requested_model", model)];
    let mut page = Page::new(Style::Python, &labels, None);
    let finished = (counts.finished_stop + counts.finished_length) as f64;
    page.counter("litellm_proxy_total_requests_metric_total", "Requests to the proxy.", finished);
    let (input, output) = (counts.prompt_tokens as f64, counts.generation_tokens as f64);
    page.counter("litellm_input_tokens_metric_total", "Input tokens.", input);
    page.counter("litellm_output_tokens_metric_total", "Output tokens.", output);
    page.end()
}

fn llama_cpp(counts: &Counts) -> String {
    let mut page = Page::new(Style::Python, &[], None);
    // Cached tokens are left out here, unlike in its `usage`.
    let prompt = counts.prompt_tokens.saturating_sub(counts.cache_hits) as f64;
    page.counter("llamacpp:prompt_tokens_total", "Number of prompt tokens processed.", prompt);
    let generation = counts.generation_tokens as f64;
    page.counter("llamacpp:tokens_predicted_total", "Number of generation tokens.", generation);
    let running = counts.running as f64;
    page.gauge("llamacpp:requests_processing", "Number of requests processing.", running);
    page.gauge("llamacpp:requests_deferred", "Number of requests deferred.", counts.waiting as f64);
    page.end()
}
