//! Taking an event stream apart, and finding the generated text in any dialect.

use serde_json::Value;

/// An event: its name, if it has one, and its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// All complete events of a stream; comments are left out.
pub(crate) fn events(stream: &str) -> Vec<Event> {
    let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
    let blocks = stream.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n"));
    blocks.filter_map(event).collect()
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    Some(Event { name: field("event:"), data: field("data:")? })
}

/// The JSON of all events but `[DONE]`.
pub(crate) fn jsons(stream: &str) -> Vec<Value> {
    let events = events(stream).into_iter().filter(|event| event.data != "[DONE]");
    events.map(|event| serde_json::from_str(&event.data).unwrap()).collect()
}

pub(crate) fn ends_with_done(stream: &str) -> bool {
    events(stream).last().is_some_and(|event| event.data == "[DONE]")
}

/// The text, reasoning, tool name or tool arguments that an event brings.
pub(crate) fn content(event: &Value) -> Option<String> {
    let delta = &event["choices"][0]["delta"];
    let call = &delta["tool_calls"][0]["function"];
    let places = [
        &event["choices"][0]["text"],
        &delta["content"],
        &delta["reasoning"],
        &delta["reasoning_content"],
        &call["name"],
        &call["arguments"],
        &event["delta"]["text"],
        &event["delta"]["thinking"],
        &event["delta"]["partial_json"],
        &event["content_block"]["name"],
        &event["delta"],
        &event["item"]["name"],
    ];
    if event["type"] == "response.output_item.done" {
        return None;
    }
    let text = places.into_iter().find_map(|place| place.as_str().filter(|text| !text.is_empty()));
    text.map(str::to_owned)
}

/// All content of a stream, event by event.
pub(crate) fn contents(stream: &str) -> Vec<String> {
    jsons(stream).iter().filter_map(content).collect()
}

/// The usage objects of a stream in their order.
pub(crate) fn usages(stream: &str) -> Vec<Value> {
    let jsons = jsons(stream);
    let places = ["/usage", "/message/usage", "/response/usage"];
    let usages = jsons.iter().flat_map(|json| places.iter().filter_map(|at| json.pointer(at)));
    usages.filter(|usage| usage.is_object()).cloned().collect()
}
