//! `/v1/chat/completions`: the chunks of vLLM, LiteLLM and llama.cpp.

mod whole;

pub(crate) use whole::{whole, whole_vllm};

use super::metrics::{llama_timings, vllm_metrics};
use super::pieces::TOOL;
use super::{Finish, Kind, Piece, Script};
use crate::engine::Name;
use crate::frame::Frame;
use crate::json::{Obj, array, quote};
use crate::usage::Usage;

/// What one chunk says besides the members that all chunks share.
#[derive(Default)]
struct Chunk {
    choices: String,
    usage: Option<Usage>,
    /// The role chunk.
    first: bool,
    /// The last chunk of the stream.
    last: bool,
}

/// The role chunk of every choice.
pub(crate) fn open(script: &Script) -> Vec<Frame> {
    let content = if script.engine.is(Name::LlamaCpp) { "null" } else { "\"\"" };
    let delta = Obj::new().str("role", "assistant").raw("content", content).end();
    (0..script.ask.choices)
        .map(|index| {
            let choices = array([choice(script, index, &delta, None, true)]);
            let usage = script.continuous_usage.then(|| per_chunk(script, 0));
            chunk(script, Chunk { choices, usage, first: true, last: false })
        })
        .collect()
}

/// A piece without text makes no event, unless the finish rides on it.
pub(crate) fn piece(script: &Script, piece: &Piece) -> Option<Frame> {
    let finish = (piece.last && script.finish_rides).then_some(script.finish);
    let text = script.text(piece);
    let content = !text.is_empty() || piece.kind == Kind::ToolName;
    if !content && finish.is_none() {
        return None;
    }
    let delta = delta(script, piece, &text);
    let choices = array([choice(script, piece.choice, &delta, finish, false)]);
    let usage = script.continuous_usage.then(|| per_chunk(script, piece.end));
    let usage = usage.or_else(|| rides_unasked(script, piece.choice, finish));
    let last = finish.is_some() && is_last(script, piece.choice);
    Some(chunk(script, Chunk { choices, usage, first: false, last }).content(content))
}

pub(crate) fn close(script: &Script) -> Vec<Frame> {
    let mut frames = Vec::new();
    if !script.finish_rides {
        frames.extend((0..script.ask.choices).map(|index| finish_chunk(script, index)));
    }
    if script.final_usage {
        let choices = match script.engine.is(Name::LiteLlm) {
            true => r#"[{"index":0,"delta":{}}]"#.to_owned(),
            false => "[]".to_owned(),
        };
        let usage = Some(script.usage());
        frames.push(chunk(script, Chunk { choices, usage, first: false, last: true }));
    }
    if script.done(true) {
        frames.push(Frame::done());
    }
    frames
}

fn finish_chunk(script: &Script, index: usize) -> Frame {
    let delta = if script.engine.is(Name::Vllm) { r#"{"content":""}"# } else { "{}" };
    let choices = array([choice(script, index, delta, Some(script.finish), false)]);
    let usage = script.continuous_usage.then(|| per_chunk(script, script.output));
    let usage = usage.or_else(|| rides_unasked(script, index, Some(script.finish)));
    chunk(script, Chunk { choices, usage, first: false, last: is_last(script, index) })
}

/// vLLM before 0.5 put usage on the last choice chunk, asked or not.
fn rides_unasked(script: &Script, index: usize, finish: Option<Finish>) -> Option<Usage> {
    let rides = script.engine.vllm_before(0, 5, 0) && finish.is_some();
    (rides && index + 1 == script.ask.choices).then(|| script.usage())
}

fn is_last(script: &Script, index: usize) -> bool {
    !script.final_usage && index + 1 == script.ask.choices
}

/// Cumulative usage of one choice; details come at the end only.
fn per_chunk(script: &Script, output: usize) -> Usage {
    Usage { cached: None, reasoning: None, ..script.usage_so_far(output) }
}

fn delta(script: &Script, piece: &Piece, text: &str) -> String {
    let text = quote(text);
    match piece.kind {
        Kind::Reasoning => {
            let fields = script.engine.reasoning_fields().iter();
            fields.fold(Obj::new(), |delta, field| delta.raw(field, &text)).end()
        }
        Kind::Text => Obj::new().raw("content", text).end(),
        Kind::ToolName => {
            let call = tool_call(script, piece.choice, "\"\"", true);
            Obj::new().raw("tool_calls", array([call])).end()
        }
        Kind::ToolArguments => {
            let function = Obj::new().raw("arguments", text).end();
            let call = Obj::new().raw("index", 0).raw("function", function).end();
            Obj::new().raw("tool_calls", array([call])).end()
        }
    }
}

fn tool_call(script: &Script, choice: usize, arguments: &str, streamed: bool) -> String {
    let function = Obj::new().str("name", TOOL).raw("arguments", arguments).end();
    Obj::new()
        .str("id", &format!("chatcmpl-tool-{}{choice}", script.id))
        .str("type", "function")
        .when(streamed, |call| call.raw("index", 0))
        .raw("function", function)
        .end()
}

fn choice(
    script: &Script,
    index: usize,
    delta: &str,
    finish: Option<Finish>,
    first: bool,
) -> String {
    let reason = finish.map(Finish::openai);
    match script.engine.kind() {
        Name::Vllm => Obj::new()
            .raw("index", index)
            .raw("delta", delta)
            .nulls(&["logprobs"])
            .opt_str("finish_reason", reason)
            .when(finish.is_some(), |choice| choice.nulls(&["stop_reason"]))
            .when(script.engine.recent_vllm() && !first, |choice| choice.nulls(&["token_ids"])),
        Name::LiteLlm => {
            let choice = Obj::new().raw("index", index).raw("delta", delta);
            match reason {
                Some(reason) => choice.str("finish_reason", reason),
                None => choice,
            }
        }
        Name::LlamaCpp => {
            Obj::new().opt_str("finish_reason", reason).raw("index", index).raw("delta", delta)
        }
    }
    .end()
}

fn chunk(script: &Script, chunk: Chunk) -> Frame {
    let engine = &script.engine;
    let usage = chunk.usage.map(|usage| usage.openai_chunk(engine, chunk.last));
    let with_usage = |object: Obj| match &usage {
        Some(usage) => object.raw("usage", usage),
        None => object,
    };
    let fingerprint = engine.fingerprint().unwrap_or_default();
    let metrics = vllm_metrics(script, false).filter(|_| chunk.choices == "[]");
    let id = format!("chatcmpl-{}", script.id);
    let object = "chat.completion.chunk";
    let data = match engine.kind() {
        Name::LlamaCpp => with_usage(
            Obj::new()
                .raw("choices", &chunk.choices)
                .raw("created", script.created)
                .str("id", &id)
                .str("model", &script.model)
                .str("system_fingerprint", &fingerprint)
                .str("object", object),
        )
        .when(chunk.last, |object| object.raw("timings", llama_timings(script))),
        Name::LiteLlm if chunk.usage.is_some() => with_usage(
            Obj::new()
                .str("id", &id)
                .raw("created", script.created)
                .str("model", &script.model)
                .str("object", object)
                .raw("choices", &chunk.choices),
        ),
        _ => with_usage(
            Obj::new()
                .str("id", &id)
                .str("object", object)
                .raw("created", script.created)
                .str("model", &script.model)
                .raw("choices", &chunk.choices),
        )
        .when(chunk.first && engine.recent_vllm(), |o| {
            o.nulls(&["prompt_token_ids", "prompt_text"])
        })
        .when(chunk.last && !fingerprint.is_empty(), |o| o.str("system_fingerprint", &fingerprint))
        .opt_raw("metrics", metrics),
    };
    Frame::data(data.end()).usage(chunk.usage)
}
