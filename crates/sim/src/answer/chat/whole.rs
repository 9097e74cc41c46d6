//! Chat completions that are not streamed.

use super::tool_call;
use crate::answer::metrics::{llama_timings, vllm_metrics};
use crate::answer::{Kind, Script};
use crate::engine::Name;
use crate::json::{Obj, array, quote};

pub(crate) fn whole(script: &Script) -> String {
    let choices = array((0..script.ask.choices).map(|index| whole_choice(script, index)));
    let usage = script.usage().openai_whole(&script.engine);
    let id = format!("chatcmpl-{}", script.id);
    let object = "chat.completion";
    match script.engine.kind() {
        Name::Vllm => whole_vllm(script, &id, object, &choices, &usage),
        Name::LiteLlm => Obj::new()
            .str("id", &id)
            .raw("created", script.created)
            .str("model", &script.model)
            .str("object", object)
            .raw("choices", choices)
            .raw("usage", usage)
            .end(),
        Name::LlamaCpp => Obj::new()
            .raw("choices", choices)
            .raw("created", script.created)
            .str("model", &script.model)
            .opt_str("system_fingerprint", script.engine.fingerprint().as_deref())
            .str("object", object)
            .raw("usage", usage)
            .str("id", &id)
            .raw("timings", llama_timings(script))
            .end(),
    }
}

/// What vLLM's whole chat and text completions have in common.
pub(crate) fn whole_vllm(
    script: &Script,
    id: &str,
    object: &str,
    choices: &str,
    usage: &str,
) -> String {
    let recent = script.engine.recent_vllm();
    let fingerprint = script.engine.fingerprint();
    let is_chat = object == "chat.completion";
    let metrics = vllm_metrics(script, true).unwrap_or_else(|| "null".to_owned());
    Obj::new()
        .str("id", id)
        .str("object", object)
        .raw("created", script.created)
        .str("model", &script.model)
        .raw("choices", choices)
        .when(recent, |o| {
            o.nulls(&["service_tier"]).opt_str("system_fingerprint", fingerprint.as_deref())
        })
        .raw("usage", usage)
        .when(is_chat, |o| o.nulls(&["prompt_logprobs"]))
        .when(is_chat && recent, |o| o.nulls(&["prompt_token_ids", "prompt_text"]))
        .when(recent, |o| o.nulls(&["kv_transfer_params", "ec_transfer_params"]))
        .when(recent, |o| o.raw("metrics", metrics))
        .end()
}

fn whole_choice(script: &Script, index: usize) -> String {
    let recent = script.engine.recent_vllm();
    match script.engine.is(Name::Vllm) {
        true => Obj::new()
            .raw("index", index)
            .raw("message", message(script, index))
            .nulls(&["logprobs"])
            .str("finish_reason", script.finish.openai())
            .nulls(&["stop_reason"])
            .when(recent, |choice| choice.nulls(&["token_ids", "routed_experts"])),
        false => Obj::new()
            .str("finish_reason", script.finish.openai())
            .raw("index", index)
            .raw("message", message(script, index)),
    }
    .end()
}

fn message(script: &Script, choice: usize) -> String {
    let engine = &script.engine;
    let fields = engine.reasoning_fields();
    let text = script.text_of(Kind::Text);
    let calls = script.calls_tool() && script.output > script.reasoning;
    let arguments = quote(&script.text_of(Kind::ToolArguments));
    let reasoning = (script.reasoning > 0).then(|| script.text_of(Kind::Reasoning));
    let content = (!text.is_empty() || !calls).then_some(text.as_str());
    let extra = ["refusal", "annotations", "audio", "function_call"];
    let object = match engine.is(Name::Vllm) {
        true => Obj::new()
            .str("role", "assistant")
            .opt_str("content", content)
            .when(engine.recent_vllm(), |message| message.nulls(&extra)),
        false => Obj::new().opt_str("content", content).str("role", "assistant"),
    };
    let object = object.when(calls, |message| {
        message.raw("tool_calls", array([tool_call(script, choice, &arguments, false)]))
    });
    let says = engine.recent_vllm() || reasoning.is_some();
    fields
        .iter()
        .filter(|_| says)
        .fold(object, |message, field| message.opt_str(field, reasoning.as_deref()))
        .end()
}
