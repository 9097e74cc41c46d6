//! Requests as clients send them, with a secret wherever there can be one.

use serde_json::{Value, json};

use super::stem::secret;

/// An API, and a body with a secret in every member that a client fills.
pub(super) struct Api {
    pub(super) name: &'static str,
    path: &'static str,
    body: Value,
}

/// Every API whose requests are JSON.
pub(super) fn apis() -> Vec<Api> {
    let api = |name, path, mut body: Value| {
        body["model"] = json!("tiny");
        body["user"] = json!(secret(&format!("{name}.user")));
        body[secret(&format!("{name}.member"))] = json!(secret(&format!("{name}.metadata")));
        Api { name, path, body }
    };
    let text = |place| secret(place);
    vec![
        api("chat", "/v1/chat/completions", chat()),
        api("completions", "/v1/completions", json!({"prompt": text("completions.prompt")})),
        api(
            "responses",
            "/v1/responses",
            json!({"input": text("responses.input"), "instructions": text("responses.instructions")}),
        ),
        api(
            "messages",
            "/v1/messages",
            json!({"max_tokens": 9, "system": text("messages.system"),
                   "messages": [{"role": "user", "content": text("messages.content")}]}),
        ),
        api("embeddings", "/v1/embeddings", json!({"input": [text("embeddings.input")]})),
        api(
            "rerank",
            "/v1/rerank",
            json!({"query": text("rerank.query"), "documents": [text("rerank.document")]}),
        ),
        api("speech", "/v1/audio/speech", json!({"voice": "a", "input": text("speech.input")})),
        api("other", "/v1/somewhere", json!({"input": text("other.input")})),
    ]
}

fn chat() -> Value {
    let text = |place| secret(place);
    json!({
        "messages": [
            {"role": "system", "content": text("chat.system")},
            {"role": "user", "content": [
                {"type": "text", "text": text("chat.text")},
                {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", text("chat.image"))}},
            ]},
            {"role": "tool", "tool_call_id": text("chat.call"), "content": text("chat.tool")},
        ],
        "tools": [{"type": "function", "function": {"name": text("chat.function"), "parameters": {}}}],
        "stop": [text("chat.stop")],
    })
}

impl Api {
    /// Its request to a route; `case` names the secrets of the head, `more` are further headers.
    pub(super) fn request(&self, route: &str, case: &str, stream: bool, more: &str) -> String {
        let mut body = self.body.clone();
        body["stream"] = json!(stream);
        post(&format!("/{route}{}", self.path), case, more, "application/json", &body.to_string())
    }
}

/// A request with secrets of its own in its query and in every header that carries one.
pub(super) fn post(path: &str, case: &str, more: &str, kind: &str, body: &str) -> String {
    let (head, length) = (head(case), body.len());
    let query = secret(&format!("{case}.query"));
    format!(
        "POST {path}?key={query} HTTP/1.1\r\n{head}{more}content-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// The headers of a request, but for those of its body.
pub(super) fn head(case: &str) -> String {
    let of = |place: &str| secret(&format!("{case}.{place}"));
    let basic = "d29ybXdvb2Q6d29ybXdvb2Q="; // wormwood:wormwood
    format!(
        "host: x\r\nconnection: close\r\nauthorization: Bearer sk-{}\r\nx-api-key: {}\r\n\
         api-key: {}\r\ncookie: session={}\r\nproxy-authorization: Basic {basic}\r\n\
         x-goog-api-key: {}\r\nopenai-organization: {}\r\nreferer: https://x/?token={}\r\n\
         user-agent: a/{}\r\nx-request-id: {}\r\ntraceparent: {}\r\n{}: 1\r\n",
        of("authorization"),
        of("x-api-key"),
        of("api-key"),
        of("cookie"),
        of("x-goog-api-key"),
        of("organization"),
        of("referer"),
        of("user-agent"),
        of("x-request-id"),
        of("traceparent"),
        of("header-name"),
    )
}

/// A transcription, whose form has secrets in its boundary, names, file name and file.
pub(super) fn transcription(case: &str, more: &str) -> String {
    let of = |place: &str| secret(&format!("{case}.{place}"));
    let boundary = of("boundary");
    let part = |head: &str, content: &str| {
        format!("--{boundary}\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    let body = [
        part("name=\"model\"", "tiny"),
        part("name=\"prompt\"", &of("prompt")),
        part(&format!("name=\"{}\"", of("field")), "1"),
        part(&format!("name=\"file\"; filename=\"{}.wav\"", of("file-name")), &of("file")),
        format!("--{boundary}--\r\n"),
    ];
    let kind = format!("multipart/form-data; boundary={boundary}");
    post("/sim/v1/audio/transcriptions", case, more, &kind, &body.concat())
}

/// A realtime session that begins with an event of the client.
pub(super) fn session(case: &str) -> Vec<u8> {
    let (head, of) = (head(case), |place: &str| secret(&format!("{case}.{place}")));
    let upgrade = format!(
        "GET /sim/v1/realtime?model=tiny&api-key={} HTTP/1.1\r\n{}upgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: realtime, openai-insecure-api-key.{}\r\n\r\n",
        of("query"),
        head.replace("connection: close\r\n", ""),
        of("protocol"),
    );
    let event = json!({"type": "conversation.item.create", "item": {"type": "message",
        "role": "user", "content": [{"type": "input_text", "text": of("text")}]}});
    [upgrade.as_bytes(), &frame(event.to_string().as_bytes()), &frame(of("no-json").as_bytes())]
        .concat()
}

/// A text frame whose mask is zero.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[0x81, 0x80 | 126][..], &length, &[0; 4], payload].concat()
}
