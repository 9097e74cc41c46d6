//! The response object and its output items, which streams repeat and whole answers are.

use crate::answer::metrics::vllm_metrics;
use crate::answer::pieces::TOOL;
use crate::answer::{Finish, Kind, Script};
use crate::engine::Name;
use crate::json::{Obj, array, quote};

pub(super) fn output_text(text: &str, logprobs: &str) -> String {
    Obj::new()
        .raw("annotations", "[]")
        .str("text", text)
        .str("type", "output_text")
        .raw("logprobs", logprobs)
        .end()
}

pub(super) fn item_id(script: &Script, kind: Kind, index: usize) -> String {
    let prefix = match kind {
        Kind::Reasoning => "rs",
        Kind::Text => "msg",
        Kind::ToolName | Kind::ToolArguments => "fc",
    };
    format!("{prefix}_{}{index}", script.id)
}

/// An output item, empty at its start or with all of its text.
pub(super) fn item(script: &Script, kind: Kind, index: usize, text: &str, done: bool) -> String {
    let status = if done { "completed" } else { "in_progress" };
    let object = Obj::new();
    let id = item_id(script, kind, index);
    match kind {
        Kind::Reasoning => {
            let part = Obj::new().str("text", text).str("type", "reasoning_text").end();
            let content = if done { array([part]) } else { "[]".to_owned() };
            let object = object.str("id", &id).raw("summary", "[]").str("type", "reasoning");
            object.raw("content", content).nulls(&["encrypted_content"]).str("status", status)
        }
        Kind::Text => {
            let content = if done { array([output_text(text, "null")]) } else { "[]".to_owned() };
            let object = object.str("id", &id).raw("content", content).str("role", "assistant");
            object.str("status", status).str("type", "message").nulls(&["phase"])
        }
        Kind::ToolName | Kind::ToolArguments => object
            .raw("arguments", quote(text))
            .str("call_id", &format!("call_{}", script.id))
            .str("name", TOOL)
            .str("type", "function_call")
            .str("id", &id)
            .str("status", status),
    }
    .end()
}

pub(crate) fn whole(script: &Script) -> String {
    let mut items = Vec::new();
    if script.reasoning > 0 {
        items.push((Kind::Reasoning, script.text_of(Kind::Reasoning)));
    }
    if script.calls_tool() && script.output > script.reasoning {
        items.push((Kind::ToolName, script.text_of(Kind::ToolArguments)));
    } else {
        items.push((Kind::Text, script.text_of(Kind::Text)));
    }
    let items = items.iter().enumerate();
    let output = array(items.map(|(index, (kind, text))| item(script, *kind, index, text, true)));
    let status = if script.finish == Finish::Length { "incomplete" } else { "completed" };
    response(script, status, &output)
}

/// A response that is still to be made in the background.
pub(crate) fn queued(script: &Script) -> String {
    response(script, "queued", "[]")
}

/// The response object; it has usage once it is over.
pub(super) fn response(script: &Script, status: &str, output: &str) -> String {
    let over = !matches!(status, "queued" | "in_progress");
    // Only from some version after 0.26 on.
    let metrics = vllm_metrics(script, true).filter(|_| over && script.engine.vllm_since(0, 33, 0));
    let incomplete =
        if status == "incomplete" { r#"{"reason":"max_output_tokens"}"# } else { "null" };
    let limit = script.ask.max_tokens.map_or_else(|| "null".to_owned(), |n| n.to_string());
    let usage = if over { usage(script) } else { "null".to_owned() };
    let vllm = script.engine.is(Name::Vllm);
    Obj::new()
        .str("id", &format!("resp_{}", script.id))
        .raw("created_at", script.created)
        .when(!vllm, |object| object.nulls(&["error"]))
        .raw("incomplete_details", incomplete)
        .nulls(&["instructions", "metadata"])
        .str("model", &script.model)
        .str("object", "response")
        .raw("output", output)
        .raw("parallel_tool_calls", true)
        .raw("temperature", "1.0")
        .str("tool_choice", if script.calls_tool() { "auto" } else { "none" })
        .raw("tools", "[]")
        .raw("top_p", "1.0")
        .when(vllm, |object| object.raw("background", script.ask.background))
        .raw("max_output_tokens", limit)
        .when(vllm, |object| object.nulls(&["max_tool_calls"]))
        .nulls(&["previous_response_id"])
        .when(vllm, |object| object.nulls(&["prompt"]))
        .nulls(&["reasoning"])
        .str("service_tier", "auto")
        .str("status", status)
        .nulls(&["text", "top_logprobs"])
        .str("truncation", "disabled")
        .raw("usage", usage)
        .nulls(&["user"])
        .opt_raw("metrics", metrics)
        .when(script.engine.recent_vllm(), |object| {
            object
                .raw("presence_penalty", "0.0")
                .raw("frequency_penalty", "0.0")
                .nulls(&["kv_transfer_params", "ec_transfer_params"])
                .nulls(&["input_messages", "output_messages"])
        })
        .end()
}

fn usage(script: &Script) -> String {
    let usage = script.usage();
    let recent = script.engine.recent_vllm();
    let per_turn = |object: Obj, keys: [&str; 2]| {
        object.when(recent, |o| o.raw(keys[0], "[]").raw(keys[1], "[]"))
    };
    let input = Obj::new().raw("cached_tokens", usage.cached.unwrap_or(0));
    let input = input.when(recent, |object| object.raw("cache_write_tokens", 0));
    let input = per_turn(input, ["input_tokens_per_turn", "cached_tokens_per_turn"]);
    let output = Obj::new().raw("reasoning_tokens", usage.reasoning.unwrap_or(0));
    let output = output.when(recent, |object| object.raw("tool_output_tokens", 0));
    let output = per_turn(output, ["output_tokens_per_turn", "tool_output_tokens_per_turn"]);
    Obj::new()
        .raw("input_tokens", usage.input)
        .raw("input_tokens_details", input.end())
        .raw("output_tokens", usage.output)
        .raw("output_tokens_details", output.end())
        .raw("total_tokens", usage.total())
        .end()
}
