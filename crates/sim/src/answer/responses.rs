//! `/v1/responses`: the events of vLLM's Responses API.

mod object;

pub(crate) use object::{queued, whole};

use object::{item, item_id, output_text, response};

use super::{Finish, Kind, Piece, Script};
use crate::engine::Name;
use crate::frame::Frame;
use crate::json::{Obj, array};

/// Where the stream of events stands.
#[derive(Default)]
pub(crate) struct Stream {
    sequence: u64,
    item: Option<Item>,
    /// Finished items as JSON.
    finished: Vec<String>,
}

/// The output item that is being written.
struct Item {
    kind: Kind,
    text: String,
}

impl Stream {
    pub(crate) fn early(&mut self, script: &Script) -> Vec<Frame> {
        let response = response(script, "in_progress", "[]");
        ["response.created", "response.in_progress"]
            .into_iter()
            .map(|name| self.event(name, Obj::new().raw("response", &response)))
            .collect()
    }

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
        if self.item.as_ref().is_none_or(|item| item.kind != kind) {
            frames.extend(self.finish_item(script));
            self.item = Some(Item { kind, text: String::new() });
            frames.extend(self.start_item(script, kind));
        }
        if piece.kind == Kind::ToolName {
            // The item itself, whose start is the last frame, carries the name.
            let start = frames.pop().map(|frame| frame.content(true));
            frames.extend(start);
            return frames;
        }
        frames.push(self.delta(script, kind, &text).content(true));
        if let Some(item) = &mut self.item {
            item.text.push_str(&text);
        }
        frames
    }

    pub(crate) fn close(&mut self, script: &Script) -> Vec<Frame> {
        let mut frames = self.finish_item(script);
        let (status, name) = match script.finish {
            Finish::Length if script.engine.vllm_since(0, 33, 0) => {
                ("incomplete", "response.incomplete")
            }
            Finish::Length => ("incomplete", "response.completed"),
            Finish::Stop | Finish::ToolCalls => ("completed", "response.completed"),
        };
        let output = array(std::mem::take(&mut self.finished));
        let response = response(script, status, &output);
        let last = self.event(name, Obj::new().raw("response", response));
        frames.push(last.usage(Some(script.usage())));
        if script.done(script.engine.is(Name::LiteLlm)) {
            frames.push(Frame::done());
        }
        frames
    }

    fn start_item(&mut self, script: &Script, kind: Kind) -> Vec<Frame> {
        let index = self.finished.len();
        let item = item(script, kind, index, "", false);
        let added = Obj::new().raw("item", item).raw("output_index", index);
        let mut frames = vec![self.event("response.output_item.added", added)];
        if let Some((added, _, part)) = part_events(kind, "", true) {
            let place = self.place(script, kind, None, false).raw("part", part);
            frames.push(self.event(added, place));
        }
        frames
    }

    fn delta(&mut self, script: &Script, kind: Kind, text: &str) -> Frame {
        let (name, _) = text_events(kind);
        let object = self.place(script, kind, Some(("delta", text)), kind == Kind::Text);
        self.event(name, object)
    }

    fn finish_item(&mut self, script: &Script) -> Vec<Frame> {
        let Some(Item { kind, text }) = self.item.take() else {
            return Vec::new();
        };
        let (_, done) = text_events(kind);
        let done = if kind == Kind::ToolName {
            let place = self.place(script, kind, Some(("arguments", &text)), false);
            self.event(done, place)
        } else {
            let place = self.place(script, kind, None, kind == Kind::Text);
            self.event_with(done, place, Some(&text))
        };
        let mut frames = vec![done];
        if let Some((_, done, part)) = part_events(kind, &text, false) {
            let object = self.place(script, kind, None, false).raw("part", part);
            frames.push(self.event(done, object));
        }
        let index = self.finished.len();
        let item = item(script, kind, index, &text, true);
        let object = Obj::new().raw("item", &item).raw("output_index", index);
        frames.push(self.event("response.output_item.done", object));
        self.finished.push(item);
        frames
    }

    /// The members that say where in the output an event belongs, and the text that stands among
    /// them: all keys are in the order of the alphabet.
    fn place(
        &self,
        script: &Script,
        kind: Kind,
        text: Option<(&str, &str)>,
        logprobs: bool,
    ) -> Obj {
        let index = self.finished.len();
        let object =
            Obj::new().when(kind != Kind::ToolName, |object| object.raw("content_index", 0));
        let object = match text {
            Some((key, text)) => object.str(key, text),
            None => object,
        };
        object
            .str("item_id", &item_id(script, kind, index))
            .when(logprobs, |object| object.raw("logprobs", "[]"))
            .raw("output_index", index)
    }

    fn event(&mut self, name: &'static str, object: Obj) -> Frame {
        self.event_with(name, object, None)
    }

    fn event_with(&mut self, name: &'static str, object: Obj, text: Option<&str>) -> Frame {
        let object = object.raw("sequence_number", self.sequence);
        self.sequence += 1;
        let object = match text {
            Some(text) => object.str("text", text),
            None => object,
        };
        Frame::named(name, object.str("type", name).end())
    }
}

/// The names of a kind's delta and of its `done` twin.
fn text_events(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Reasoning => ("response.reasoning_text.delta", "response.reasoning_text.done"),
        Kind::Text => ("response.output_text.delta", "response.output_text.done"),
        Kind::ToolName | Kind::ToolArguments => {
            ("response.function_call_arguments.delta", "response.function_call_arguments.done")
        }
    }
}

/// The names of a kind's part events, and the part; a function call has no parts.
fn part_events(
    kind: Kind,
    text: &str,
    empty: bool,
) -> Option<(&'static str, &'static str, String)> {
    let reasoning = ("response.reasoning_part.added", "response.reasoning_part.done");
    let content = ("response.content_part.added", "response.content_part.done");
    let names = match kind {
        Kind::Reasoning => reasoning,
        Kind::Text => content,
        Kind::ToolName | Kind::ToolArguments => return None,
    };
    let part = match kind {
        Kind::Reasoning => Obj::new().str("text", text).str("type", "reasoning_text").end(),
        _ => output_text(text, if empty { "[]" } else { "null" }),
    };
    Some((names.0, names.1, part))
}
