//! `/v1/audio/speech`: bare audio, or events with audio in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Piece, Script};
use crate::engine::Name;
use crate::frame::Frame;
use crate::json::Obj;

/// A token's text is said so many times over, as bytes of audio.
const REPEATED: usize = 32;
/// But not a text of this length, which is meant to be what it is.
const HUGE: usize = 4096;

/// A piece without text makes no sound.
pub(crate) fn piece(script: &Script, piece: &Piece) -> Option<Frame> {
    let text = script.text(piece);
    if text.is_empty() {
        return None;
    }
    let times = if text.len() < HUGE { REPEATED } else { 1 };
    let audio = text.repeat(times).into_bytes();
    if script.is_bare_audio() {
        return Some(Frame::bare(audio).content(true));
    }
    let delta = Obj::new()
        .str("type", "speech.audio.delta")
        .str("audio", &STANDARD.encode(audio))
        .when(names_events(script), |delta| delta.str("response_format", "mp3"));
    Some(event(script, "speech.audio.delta", delta).content(true))
}

pub(crate) fn close(script: &Script) -> Vec<Frame> {
    if script.is_bare_audio() {
        return Vec::new();
    }
    let told = script.usage();
    let usage = Obj::new()
        .raw("input_tokens", told.input)
        .raw("output_tokens", told.output)
        .raw("total_tokens", told.total())
        .end();
    let done = Obj::new().str("type", "speech.audio.done").raw("usage", usage);
    let done = event(script, "speech.audio.done", done).usage(Some(told));
    std::iter::once(done).chain(script.done(false).then(Frame::done)).collect()
}

fn event(script: &Script, name: &'static str, object: Obj) -> Frame {
    match names_events(script) {
        true => Frame::named(name, object.end()),
        false => Frame::data(object.end()),
    }
}

/// vLLM-Omni names its events, OpenAI does not.
fn names_events(script: &Script) -> bool {
    script.engine.is(Name::Vllm) && script.openai_model().is_none()
}
