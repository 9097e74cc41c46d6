//! Where the text stands in answers, by API. What is not understood is passed over.
//!
//! Sources: the references that `weir_wire::dialect` names; recordings in `crates/wire/tests/corpus`.

use serde_json::Value;
use weir_wire::Endpoint;

use super::text::Kept;

/// An event of a stream.
pub(super) fn event(endpoint: Endpoint, event: &Value, kept: &mut Kept) {
    match endpoint {
        Endpoint::ChatCompletions => message(&first(event)["delta"], kept),
        Endpoint::Completions => kept.answer(str_of(&first(event)["text"])),
        Endpoint::Responses => responses_event(event, kept),
        Endpoint::Messages => messages_event(event, kept),
        _ => {}
    }
}

/// An answer that is no stream.
pub(super) fn whole(endpoint: Endpoint, body: &Value, kept: &mut Kept) {
    match endpoint {
        Endpoint::ChatCompletions => message(&first(body)["message"], kept),
        Endpoint::Completions => kept.answer(str_of(&first(body)["text"])),
        Endpoint::Responses => output(body, kept),
        Endpoint::Messages => {
            for (number, block) in (0..).zip(list(&body["content"])) {
                self::block(number, block, kept);
            }
        }
        _ => {}
    }
}

/// The first of several choices, if it is in here; they come in any order.
fn first(body: &Value) -> &Value {
    let is_first = |choice: &&Value| choice["index"].as_u64().unwrap_or_default() == 0;
    list(&body["choices"]).iter().find(is_first).unwrap_or(&Value::Null)
}

/// A chat's message, or a piece of one.
fn message(message: &Value, kept: &mut Kept) {
    // vLLM calls it `reasoning` since 0.11 and before, as others do, `reasoning_content`; LiteLLM sends both.
    let reasoning = [&message["reasoning"], &message["reasoning_content"]].map(str_of);
    kept.reasoning(reasoning.into_iter().find(|text| !text.is_empty()).unwrap_or_default());
    kept.answer(str_of(&message["content"]));
    for part in list(&message["content"]) {
        kept.answer(str_of(&part["text"]));
    }
    kept.answer(str_of(&message["refusal"]));
    for (place, call) in (0..).zip(list(&message["tool_calls"])) {
        let number = call["index"].as_u64().unwrap_or(place);
        kept.call(number, str_of(&call["function"]["arguments"]));
        kept.call(number, str_of(&call["custom"]["input"]));
    }
    kept.call(0, str_of(&message["function_call"]["arguments"]));
}

fn responses_event(event: &Value, kept: &mut Kept) {
    let piece = str_of(&event["delta"]);
    match str_of(&event["type"]) {
        "response.output_text.delta" | "response.refusal.delta" => kept.answer(piece),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            kept.reasoning(piece);
        }
        "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
            kept.call(event["output_index"].as_u64().unwrap_or_default(), piece);
        }
        // Servers that stream no pieces say all of it here.
        "response.completed" | "response.incomplete" if kept.is_empty() => {
            output(&event["response"], kept);
        }
        _ => {}
    }
}

/// A response's items.
fn output(response: &Value, kept: &mut Kept) {
    for (number, item) in (0..).zip(list(&response["output"])) {
        if str_of(&item["type"]) == "reasoning" {
            for part in list(&item["summary"]).iter().chain(list(&item["content"])) {
                kept.reasoning(str_of(&part["text"]));
            }
            continue;
        }
        for part in list(&item["content"]) {
            kept.answer(str_of(&part["text"]));
            kept.answer(str_of(&part["refusal"]));
        }
        kept.call(number, str_of(&item["arguments"]));
        kept.call(number, str_of(&item["input"]));
    }
}

fn messages_event(event: &Value, kept: &mut Kept) {
    let number = event["index"].as_u64().unwrap_or_default();
    match str_of(&event["type"]) {
        "content_block_start" => {
            let block = &event["content_block"];
            kept.answer(str_of(&block["text"]));
            kept.reasoning(str_of(&block["thinking"]));
        }
        "content_block_delta" => {
            let delta = &event["delta"];
            kept.answer(str_of(&delta["text"]));
            kept.reasoning(str_of(&delta["thinking"]));
            kept.call(number, str_of(&delta["partial_json"]));
        }
        _ => {}
    }
}

/// A block of an answer of the Messages API.
fn block(number: u64, block: &Value, kept: &mut Kept) {
    kept.answer(str_of(&block["text"]));
    kept.reasoning(str_of(&block["thinking"]));
    if block["input"].is_object() {
        kept.call(number, &block["input"].to_string());
    }
}

/// Empty where it is no text. (Indexing a JSON value never panics.)
fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
