//! `/v1/completions`: chunks and whole answers of vLLM, LiteLLM and llama.cpp.

use super::chat::whole_vllm;
use super::metrics::{llama_timings, vllm_metrics};
use super::{Finish, Kind, Piece, Script};
use crate::engine::Name;
use crate::frame::Frame;
use crate::json::{Obj, array};
use crate::usage::Usage;

/// What one chunk says besides the members that all chunks share.
struct Chunk {
    choices: String,
    usage: Option<Usage>,
    /// The last chunk of the stream.
    last: bool,
}

pub(crate) fn piece(script: &Script, piece: &Piece) -> Frame {
    let finish = (piece.last && script.finish_rides).then_some(script.finish);
    let mut text = script.text(piece);
    if let Some(prompt) = script.ask.echo.as_ref().filter(|_| piece.start == 0) {
        text.insert_str(0, prompt);
    }
    let choices = array([choice(script, piece.choice, &text, finish)]);
    let usage = script.continuous_usage.then(|| per_chunk(script, piece.end));
    let last = finish.is_some() && is_last(script, piece.choice);
    chunk(script, Chunk { choices, usage, last }).content(!text.is_empty())
}

pub(crate) fn close(script: &Script) -> Vec<Frame> {
    let mut frames = Vec::new();
    if !script.finish_rides {
        frames.extend((0..script.ask.choices).map(|index| finish_chunk(script, index)));
    }
    // llama.cpp has usage on the finish chunk already, asked or not.
    if script.final_usage && !script.engine.is(Name::LlamaCpp) {
        let choices = match script.engine.is(Name::LiteLlm) {
            true => r#"[{"index":0}]"#.to_owned(),
            false => "[]".to_owned(),
        };
        frames.push(chunk(script, Chunk { choices, usage: Some(script.usage()), last: true }));
    }
    if script.done(true) {
        frames.push(Frame::done());
    }
    frames
}

fn finish_chunk(script: &Script, index: usize) -> Frame {
    let choices = array([choice(script, index, "", Some(script.finish))]);
    let usage = match script.engine.is(Name::LlamaCpp) {
        true => (index + 1 == script.ask.choices).then(|| script.usage()),
        false => script.continuous_usage.then(|| per_chunk(script, script.output)),
    };
    let last = is_last(script, index) || usage.is_some() && script.engine.is(Name::LlamaCpp);
    chunk(script, Chunk { choices, usage, last })
}

fn is_last(script: &Script, index: usize) -> bool {
    !script.final_usage && index + 1 == script.ask.choices
}

fn per_chunk(script: &Script, output: usize) -> Usage {
    Usage { cached: None, ..script.usage_so_far(output) }
}

fn choice(script: &Script, index: usize, text: &str, finish: Option<Finish>) -> String {
    let reason = finish.map(Finish::openai);
    match script.engine.kind() {
        Name::Vllm => Obj::new()
            .raw("index", index)
            .str("text", text)
            .nulls(&["logprobs"])
            .opt_str("finish_reason", reason)
            .nulls(&["stop_reason"])
            .when(script.engine.recent_vllm(), |o| o.nulls(&["prompt_token_ids", "token_ids"])),
        Name::LiteLlm => Obj::new()
            .opt_str("finish_reason", reason)
            .raw("index", index)
            .str("text", text)
            .nulls(&["logprobs"]),
        Name::LlamaCpp => Obj::new()
            .str("text", text)
            .raw("index", index)
            .nulls(&["logprobs"])
            .opt_str("finish_reason", reason),
    }
    .end()
}

fn chunk(script: &Script, chunk: Chunk) -> Frame {
    let engine = &script.engine;
    let usage = chunk.usage.map(|usage| usage.openai_chunk(engine, chunk.last));
    // vLLM to 0.18 writes the member on every chunk.
    let null_usage = engine.vllm_before(0, 19, 0);
    let with_usage = |object: Obj| match &usage {
        Some(usage) => object.raw("usage", usage),
        None if null_usage => object.nulls(&["usage"]),
        None => object,
    };
    let fingerprint = engine.fingerprint();
    let metrics = vllm_metrics(script, false).filter(|_| chunk.choices == "[]");
    let data = match engine.is(Name::LlamaCpp) {
        true => with_usage(
            Obj::new()
                .raw("choices", &chunk.choices)
                .raw("created", script.created)
                .str("model", &script.model)
                .opt_str("system_fingerprint", fingerprint.as_deref())
                .str("object", "text_completion"),
        )
        .str("id", &format!("chatcmpl-{}", script.id))
        .when(chunk.last, |object| object.raw("timings", llama_timings(script))),
        false => with_usage(
            Obj::new()
                .str("id", &format!("cmpl-{}", script.id))
                .str("object", "text_completion")
                .raw("created", script.created)
                .str("model", &script.model)
                .raw("choices", &chunk.choices),
        )
        .when(chunk.last && fingerprint.is_some(), |object| {
            object.opt_str("system_fingerprint", fingerprint.as_deref())
        })
        .opt_raw("metrics", metrics),
    };
    Frame::data(data.end()).usage(chunk.usage)
}

pub(crate) fn whole(script: &Script) -> String {
    let choices = array((0..script.ask.choices).map(|index| whole_choice(script, index)));
    let usage = script.usage().openai_whole(&script.engine);
    let id = format!("cmpl-{}", script.id);
    if script.engine.is(Name::Vllm) {
        return whole_vllm(script, &id, "text_completion", &choices, &usage);
    }
    let llama = script.engine.is(Name::LlamaCpp);
    Obj::new()
        .str("id", &id)
        .raw("created", script.created)
        .str("model", &script.model)
        .str("object", "text_completion")
        .raw("choices", choices)
        .raw("usage", usage)
        .when(llama, |object| object.raw("timings", llama_timings(script)))
        .end()
}

fn whole_choice(script: &Script, index: usize) -> String {
    let mut text = script.ask.echo.clone().unwrap_or_default();
    text.push_str(&script.text_of(Kind::Text));
    match script.engine.is(Name::Vllm) {
        true => Obj::new()
            .raw("index", index)
            .str("text", &text)
            .nulls(&["logprobs"])
            .str("finish_reason", script.finish.openai())
            .nulls(&["stop_reason"])
            .when(script.engine.recent_vllm(), |choice| choice.nulls(&["token_ids"]))
            .nulls(&["prompt_logprobs"])
            .when(script.engine.recent_vllm(), |choice| {
                choice.nulls(&["prompt_token_ids", "routed_experts"])
            })
            .end(),
        false => choice(script, index, &text, Some(script.finish)),
    }
}
