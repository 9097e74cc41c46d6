//! Bodies of requests as clients write them, by what their text is made of.

/// What the prompt is made of, and the whole body.
pub(crate) fn prompts() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("prose of 64 KiB", body(&message(&prose(64 << 10)))),
        ("code of 64 KiB", body(&message(&code(64 << 10)))),
        ("JSON within JSON of 64 KiB", body(&message(&nested_json(64 << 10)))),
        ("escaped characters of 64 KiB", body(&message(&"\\u4f60\\u597d".repeat((64 << 10) / 12)))),
        ("plain characters of 64 KiB", body(&message(&"你好，世界。".repeat((64 << 10) / 18)))),
        ("an image of 1 MiB", body(&image(1 << 20))),
        ("200 small messages", body(&vec![message("Good, and how are you?"); 200].join(","))),
        ("40 tools", with_tools(40)),
    ]
}

/// A request of about so many bytes whose answer is to come whole.
pub(crate) fn request(length: usize) -> Vec<u8> {
    let message = message(&prose(length));
    format!(r#"{{"messages":[{message}],"model":"tiny","stream":false,"max_tokens":64}}"#)
        .into_bytes()
}

/// An answer of about so many bytes, as vLLM sends it.
pub(crate) fn answer(length: usize) -> Vec<u8> {
    let content = prose(length - 400);
    format!(
        r#"{{"id":"chatcmpl-93b8d6973f5a3319","object":"chat.completion","created":1795294758,"model":"tiny","choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null}},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}}],"service_tier":null,"system_fingerprint":null,"usage":{{"prompt_tokens":200,"total_tokens":264,"completion_tokens":64,"prompt_tokens_details":null}},"prompt_logprobs":null,"kv_transfer_params":null}}"#
    )
    .into_bytes()
}

fn body(messages: &str) -> Vec<u8> {
    format!(r#"{{"messages":[{messages}],"model":"tiny","stream":true}}"#).into_bytes()
}

fn message(content: &str) -> String {
    format!(r#"{{"role":"user","content":"{content}"}}"#)
}

fn prose(length: usize) -> String {
    let paragraph = "The meter reads what goes by and keeps next to nothing of it. A name here, a number \
        there; the rest is text, and text is for the model.\\nShe said: \\\"What is not kept can't be \
        lost, and what is not read costs nothing.\\\" Nobody in the room knew what to say to that, for \
        it was late and the lamps had burned low.\\n\\n";
    paragraph.repeat(length / paragraph.len())
}

fn code(length: usize) -> String {
    let lines = "    for (const row of rows) {\\n        if (row.kind === \\\"a\\\") { found.push(row); }\
        \\n        else { skipped += 1; }\\n    }\\n    // nothing else to do here\\n";
    lines.repeat(length / lines.len())
}

fn nested_json(length: usize) -> String {
    let rows =
        r#"{\"id\":17,\"name\":\"Anna\",\"tags\":[\"a\",\"b\"],\"path\":\"C:\\\\tmp\\\\x\"},"#;
    rows.repeat(length / rows.len())
}

fn image(length: usize) -> String {
    let data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ".repeat(length / 44);
    let url =
        format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}"#);
    format!(r#"{{"role":"user","content":[{{"type":"text","text":"What is this?"}},{url}]}}"#)
}

fn with_tools(tools: usize) -> Vec<u8> {
    let tool = r#"{"type":"function","function":{"name":"get_weather","description":"Weather of a place.","parameters":{"type":"object","properties":{"place":{"type":"string","description":"City and country"},"unit":{"type":"string","enum":["c","f"]}},"required":["place"],"additionalProperties":false},"strict":true}}"#;
    let message = message("How is the weather in Rome?");
    let tools = vec![tool; tools].join(",");
    format!(r#"{{"messages":[{message}],"model":"tiny","tools":[{tools}],"stream":true}}"#)
        .into_bytes()
}
