//! Bodies of chat requests, with their keys in the order of the OpenAI SDK: the prompt comes first.

/// A prompt of about so many bytes, whose answer is streamed.
pub(crate) fn streamed(size: usize) -> Vec<u8> {
    body(&message(&prose(size)), r#""stream":true"#)
}

/// The same, whose answer comes whole.
pub(crate) fn whole(size: usize) -> Vec<u8> {
    body(&message(&prose(size)), r#""max_tokens":64"#)
}

/// Makes a body.
type Make = fn() -> Vec<u8>;

/// What else clients send: its name, and its body.
pub(crate) fn others() -> [(&'static str, Make); 4] {
    [
        ("escaped characters, 64 KiB", escaped),
        ("an image, 1 MiB", image),
        ("200 messages", messages),
        ("40 tools", tools),
    ]
}

fn body(messages: &str, rest: &str) -> Vec<u8> {
    format!(r#"{{"messages":[{messages}],"model":"tiny",{rest}}}"#).into_bytes()
}

fn message(content: &str) -> String {
    format!(r#"{{"role":"user","content":"{content}"}}"#)
}

/// 50 bytes again and again, with the escapes of a prompt.
fn prose(size: usize) -> String {
    "The quick brown fox \\\"jumps\\\" over the lazy dog.\\n".repeat(size / 50)
}

/// As clients write them that keep to ASCII.
fn escaped() -> Vec<u8> {
    streaming(&message(&"\\u4f60\\u597d".repeat((64 << 10) / 12)))
}

fn image() -> Vec<u8> {
    let data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ".repeat((1 << 20) / 44);
    let image =
        format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{data}"}}}}"#);
    let text = r#"{"type":"text","text":"What is this?"}"#;
    streaming(&format!(r#"{{"role":"user","content":[{text},{image}]}}"#))
}

fn messages() -> Vec<u8> {
    streaming(&vec![message("Good, and how are you?"); 200].join(","))
}

fn tools() -> Vec<u8> {
    const TOOL: &str = r#"{"type":"function","function":{"name":"get_weather","description":"Weather of a place.","parameters":{"type":"object","properties":{"place":{"type":"string","description":"City and country"},"unit":{"type":"string","enum":["c","f"]}},"required":["place"],"additionalProperties":false},"strict":true}}"#;
    let tools = vec![TOOL; 40].join(",");
    body(&message("How is the weather in Rome?"), &format!(r#""tools":[{tools}],"stream":true"#))
}

fn streaming(messages: &str) -> Vec<u8> {
    body(messages, r#""stream":true"#)
}
