//! `/v1/audio/transcriptions` and `/translations`: vLLM's chunks, OpenAI's events, whole answers.

use super::{Finish, Kind, Piece, Script, Whole};
use crate::api::Api;
use crate::ask::{Format, OpenAiModel};
use crate::frame::Frame;
use crate::json::{Obj, array};
use crate::reply::TEXT;
use crate::usage::Usage;

/// One piece of text; of vLLM's, the finish may ride on it.
pub(crate) fn piece(script: &Script, piece: &Piece) -> Option<Frame> {
    let text = script.text(piece);
    let finish = (piece.last && script.finish_rides).then_some(script.finish);
    let content = !text.is_empty();
    if script.openai_model().is_some() {
        let delta = Obj::new().str("type", "transcript.text.delta").str("delta", &text).end();
        return content.then(|| Frame::data(delta).content(true));
    }
    if !content && finish.is_none() {
        return None;
    }
    Some(
        chunk(script, array([choice(&text, finish)]), per_chunk(script, piece.end))
            .content(content),
    )
}

pub(crate) fn close(script: &Script) -> Vec<Frame> {
    if script.openai_model().is_some() {
        let done = Obj::new()
            .str("type", "transcript.text.done")
            .str("text", &script.text_of(Kind::Text))
            .raw("usage", in_tokens(script))
            .end();
        let done = Frame::data(done).usage(Some(script.usage()));
        return std::iter::once(done).chain(script.done(false).then(Frame::done)).collect();
    }
    let mut frames = Vec::new();
    if !script.finish_rides {
        let choices = array([choice("", Some(script.finish))]);
        frames.push(chunk(script, choices, per_chunk(script, script.output)));
    }
    if script.final_usage {
        frames.push(chunk(script, "[]".to_owned(), Some(script.usage())));
    }
    frames.extend(script.done(true).then(Frame::done));
    frames
}

fn per_chunk(script: &Script, output: usize) -> Option<Usage> {
    script.continuous_usage.then(|| script.usage_so_far(output))
}

fn choice(text: &str, finish: Option<Finish>) -> String {
    let choice = Obj::new().raw("delta", Obj::new().str("content", text).end());
    match finish {
        Some(finish) => choice.str("finish_reason", finish.openai()).nulls(&["stop_reason"]),
        None => choice,
    }
    .end()
}

fn chunk(script: &Script, choices: String, usage: Option<Usage>) -> Frame {
    let (id, object) = match script.api {
        Api::Translations => ("translate", "translation.chunk"),
        _ => ("transcribe", "transcription.chunk"),
    };
    let chunk = Obj::new()
        .str("id", &format!("{id}-{}", script.id))
        .str("object", object)
        .raw("created", script.created)
        .str("model", &script.model)
        .raw("choices", choices);
    let chunk = match &usage {
        Some(usage) => chunk.raw("usage", usage.openai_chunk(&script.engine, true)),
        None => chunk,
    };
    Frame::data(chunk.end()).usage(usage)
}

pub(crate) fn whole(script: &Script) -> Whole {
    let text = script.text_of(Kind::Text);
    let is_openai = script.openai_model().is_some();
    match script.ask.audio.format {
        Format::Text | Format::Subtitles if is_openai => Whole {
            content_type: TEXT,
            body: format!("{text}\n").into_bytes(),
            ..Whole::json(String::new(), None)
        },
        Format::Verbose => Whole::json(verbose(script, &text), None),
        _ => plain(script, &text),
    }
}

fn plain(script: &Script, text: &str) -> Whole {
    let object = Obj::new().str("text", text);
    // vLLM's translations tell nothing, its transcriptions to 0.10.0 neither.
    if script.api == Api::Translations || script.engine.vllm_before(0, 10, 1) {
        return Whole::json(object.end(), None);
    }
    if script.openai_model() == Some(OpenAiModel::Gpt4o) {
        let body = object.raw("usage", in_tokens(script)).end();
        return Whole::json(body, Some(script.usage()));
    }
    let usage = Obj::new().str("type", "duration").raw("seconds", script.seconds()).end();
    let whole = Whole::json(object.raw("usage", usage).end(), None);
    Whole { audio_seconds: Some(script.seconds()), ..whole }
}

/// The duration at the top, and no usage.
fn verbose(script: &Script, text: &str) -> String {
    // A text in vLLM's older versions.
    let seconds = script.seconds();
    let duration = match script.engine.vllm_before(0, 19, 0) {
        true => format!("\"{seconds}.0\""),
        false => format!("{seconds}.0"),
    };
    let object = Obj::new().raw("duration", duration).str("language", "en").str("text", text);
    object.raw("segments", "[]").nulls(&["words"]).end()
}

fn in_tokens(script: &Script) -> String {
    let details = Obj::new().raw("text_tokens", 0).raw("audio_tokens", script.input).end();
    let usage = script.usage();
    Obj::new()
        .str("type", "tokens")
        .raw("input_tokens", usage.input)
        .raw("input_token_details", details)
        .raw("output_tokens", usage.output)
        .raw("total_tokens", usage.total())
        .end()
}
