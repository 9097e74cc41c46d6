//! What engines say of their own speed, in the answer itself.

use super::Script;
use crate::json::Obj;

/// vLLM's `metrics`, if it was started to tell them; only for a single choice. They are the plan's
/// times, not measured ones.
pub(super) fn vllm_metrics(script: &Script, nulls: bool) -> Option<String> {
    if !script.engine.tells_metrics() || script.ask.choices > 1 {
        return None;
    }
    let plan = &script.plan;
    let ttft = plan.ttft.as_secs_f64() * 1e3;
    let (tokens, gaps) = (script.output as f64, script.output.saturating_sub(1));
    let per_write = plan.tokens_per_event.max(1) * plan.events_per_write.max(1);
    let decode = (gaps / per_write) as f64 * plan.gap.as_secs_f64() * 1e3;
    let object = Obj::new()
        .raw("time_to_first_token_ms", number(ttft))
        .raw("generation_time_ms", number(decode))
        .raw("queue_time_ms", number(0.0))
        .raw("mean_itl_ms", number(decode / gaps.max(1) as f64))
        // A plan without any time is taken to last a microsecond.
        .raw("tokens_per_second", number(tokens / (ttft + decode).max(1e-3) * 1e3));
    let spec = nulls && script.engine.vllm_since(0, 33, 0);
    Some(object.when(spec, |object| object.nulls(&["speculative_decoding"])).end())
}

/// A number to the microsecond as Python writes it: always with a decimal point.
fn number(value: f64) -> String {
    format!("{:?}", (value * 1e3).round() / 1e3)
}

/// The speeds that llama.cpp adds unasked; only the counts are true.
pub(super) fn llama_timings(script: &Script) -> String {
    let cached = script.plan.cached_tokens.unwrap_or(0);
    Obj::new()
        .raw("cache_n", cached)
        .raw("prompt_n", script.input.saturating_sub(cached))
        .raw("prompt_ms", 12.5)
        .raw("prompt_per_token_ms", 1.25)
        .raw("prompt_per_second", 800.0)
        .raw("predicted_n", script.usage().output)
        .raw("predicted_ms", 50.25)
        .raw("predicted_per_token_ms", 12.5625)
        .raw("predicted_per_second", 79.6)
        .end()
}
