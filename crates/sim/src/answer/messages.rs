//! `/v1/messages`: Anthropic events and whole answers of vLLM, LiteLLM and llama.cpp.

use super::pieces::TOOL;
use super::{Kind, Piece, Script};
use crate::engine::Name;
use crate::frame::Frame;
use crate::json::{Obj, array, spaced};
use crate::usage::Usage;

/// Which content block is open.
#[derive(Default)]
pub(crate) struct Stream {
    block: Option<Kind>,
    /// Blocks that were opened so far.
    opened: usize,
}

pub(crate) fn open(script: &Script) -> Vec<Frame> {
    let litellm = script.engine.is(Name::LiteLlm);
    // LiteLLM does not know them yet when it opens the stream.
    let usage = if litellm { Usage::default() } else { script.usage_so_far(0) };
    let counts = match litellm {
        true => Obj::new()
            .raw("input_tokens", 0)
            .raw("output_tokens", 0)
            .raw("cache_creation_input_tokens", 0)
            .raw("cache_read_input_tokens", 0)
            .end(),
        false => counts(&usage),
    };
    let message = Obj::new()
        .str("id", &id(script))
        .str("type", "message")
        .str("role", "assistant")
        .raw("content", "[]")
        .str("model", &script.model)
        .nulls(&["stop_reason", "stop_sequence"])
        .raw("usage", counts)
        .end();
    let data = Obj::new().str("type", "message_start").raw("message", message).end();
    vec![Frame::named("message_start", data).usage(Some(usage))]
}

impl Stream {
    pub(crate) fn piece(&mut self, script: &Script, piece: &Piece) -> Vec<Frame> {
        let text = script.text(piece);
        if text.is_empty() && piece.kind != Kind::ToolName {
            return Vec::new();
        }
        let kind = match piece.kind {
            Kind::ToolArguments => Kind::ToolName,
            kind => kind,
        };
        let mut frames = Vec::new();
        if self.block != Some(kind) {
            frames.extend(self.stop_block(script));
            self.block = Some(kind);
            self.opened += 1;
            let start = self.start_block(script, kind);
            if piece.kind == Kind::ToolName {
                frames.push(start.content(true));
                return frames;
            }
            frames.push(start);
        }
        let (name, field) = match kind {
            Kind::Reasoning => ("thinking_delta", "thinking"),
            Kind::ToolName | Kind::ToolArguments => ("input_json_delta", "partial_json"),
            Kind::Text => ("text_delta", "text"),
        };
        let delta = Obj::new().str("type", name).str(field, &text).end();
        let frame = self.event(script, "content_block_delta", Some(("delta", delta)));
        frames.push(frame.content(true));
        frames
    }

    pub(crate) fn close(&mut self, script: &Script) -> Vec<Frame> {
        let mut frames = self.stop_block(script);
        let litellm = script.engine.is(Name::LiteLlm);
        let usage = script.usage();
        let delta = Obj::new()
            .str("stop_reason", script.finish.anthropic())
            .when(!litellm, |delta| delta.nulls(&["stop_sequence"]))
            .end();
        let counts = match script.engine.is(Name::LlamaCpp) {
            true => Obj::new().raw("output_tokens", usage.output).end(),
            false => counts(&usage),
        };
        let data =
            Obj::new().str("type", "message_delta").raw("delta", delta).raw("usage", counts).end();
        frames.push(frame(script, "message_delta", data).usage(Some(usage)));
        frames.push(frame(script, "message_stop", r#"{"type":"message_stop"}"#.to_owned()));
        if script.done(script.engine.vllm_before(0, 19, 0)) {
            frames.push(Frame::done());
        }
        frames
    }

    fn start_block(&self, script: &Script, kind: Kind) -> Frame {
        let block = match kind {
            Kind::Reasoning => Obj::new().str("type", "thinking").str("thinking", ""),
            Kind::Text => Obj::new().str("type", "text").str("text", ""),
            Kind::ToolName | Kind::ToolArguments => Obj::new()
                .str("type", "tool_use")
                .str("id", &tool_id(script))
                .str("name", TOOL)
                .raw("input", "{}"),
        };
        self.event(script, "content_block_start", Some(("content_block", block.end())))
    }

    fn stop_block(&mut self, script: &Script) -> Vec<Frame> {
        let Some(kind) = self.block.take() else {
            return Vec::new();
        };
        let mut frames = Vec::new();
        if kind == Kind::Reasoning {
            let delta = Obj::new().str("type", "signature_delta").str("signature", "c2ln").end();
            frames.push(self.event(script, "content_block_delta", Some(("delta", delta))));
        }
        frames.push(self.event(script, "content_block_stop", None));
        frames
    }

    /// An event of the open block: vLLM puts the index last, LiteLLM in the middle.
    fn event(&self, script: &Script, name: &'static str, member: Option<(&str, String)>) -> Frame {
        let index = self.opened.saturating_sub(1);
        let object = Obj::new().str("type", name);
        let with_member = |object: Obj| match &member {
            Some((key, value)) => object.raw(key, value),
            None => object,
        };
        let object = match script.engine.is(Name::LiteLlm) {
            true => with_member(object.raw("index", index)),
            false => with_member(object).raw("index", index),
        };
        frame(script, name, object.end())
    }
}

/// LiteLLM writes all but `message_start` through `json.dumps`.
fn frame(script: &Script, name: &'static str, data: String) -> Frame {
    let data = if script.engine.is(Name::LiteLlm) { spaced(&data) } else { data };
    Frame::named(name, data)
}

/// Cached tokens, where they are told, are no part of `input_tokens` here.
fn counts(usage: &Usage) -> String {
    let counts = Obj::new()
        .raw("input_tokens", usage.input.saturating_sub(usage.cached.unwrap_or(0)))
        .raw("output_tokens", usage.output);
    match usage.cached {
        Some(cached) => counts.raw("cache_read_input_tokens", cached),
        None => counts,
    }
    .end()
}

fn id(script: &Script) -> String {
    let prefix = if script.engine.is(Name::Vllm) { "chatcmpl" } else { "msg" };
    format!("{prefix}-{}", script.id)
}

fn tool_id(script: &Script) -> String {
    format!("toolu_{}", script.id)
}

pub(crate) fn whole(script: &Script) -> String {
    let usage = counts(&script.usage());
    let stop = script.finish.anthropic();
    let object = Obj::new().str("id", &id(script)).str("type", "message").str("role", "assistant");
    match script.engine.is(Name::LiteLlm) {
        true => object
            .str("model", &script.model)
            .nulls(&["stop_sequence"])
            .raw("usage", usage)
            .raw("content", content(script))
            .str("stop_reason", stop)
            .nulls(&["stop_details"]),
        false => object
            .raw("content", content(script))
            .str("model", &script.model)
            .str("stop_reason", stop)
            .raw("usage", usage),
    }
    .end()
}

fn content(script: &Script) -> String {
    let mut blocks = Vec::new();
    if script.reasoning > 0 {
        let thinking = script.text_of(Kind::Reasoning);
        let block = Obj::new().str("type", "thinking").str("thinking", &thinking);
        blocks.push(block.str("signature", "c2ln").end());
    }
    if script.calls_tool() && script.output > script.reasoning {
        let arguments = script.text_of(Kind::ToolArguments);
        let input = if arguments.is_empty() { "{}" } else { arguments.as_str() };
        let block = Obj::new().str("type", "tool_use").str("id", &tool_id(script));
        blocks.push(block.str("name", TOOL).raw("input", input).end());
    } else {
        let text = script.text_of(Kind::Text);
        blocks.push(Obj::new().str("type", "text").str("text", &text).end());
    }
    array(blocks)
}
