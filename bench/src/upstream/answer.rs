//! What the upstream writes. Heads are those of vLLM: by uvicorn, with the date.

use super::event;
use crate::filler;

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 17:21:34 GMT\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// A whole answer with its head, the body of which has so many bytes.
pub(super) fn whole(bytes: usize) -> Vec<u8> {
    let body = filler::between(
        "{\"id\":\"chatcmpl-0f6f3a0d9a5b4a3f93b8d6973f5a3319\",\"object\":\"chat.completion\",\"created\":1795294758,\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
        "\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":24,\"total_tokens\":152,\"completion_tokens\":128}}",
        bytes,
    );
    sized("200 OK", "application/json", &body)
}

/// The request is not one of the generator's.
pub(super) fn refusal(why: &str) -> Vec<u8> {
    sized("400 Bad Request", "text/plain", &format!("{why}\n"))
}

fn sized(status: &str, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ndate: Sun, 22 Nov 2026 17:21:34 GMT\r\nserver: uvicorn\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A stream's events with content, each a chunk. The first one has the head before it: they are written at once.
pub(super) struct Events {
    bytes: Vec<u8>,
    /// Where the chunk begins.
    chunk: usize,
}

impl Events {
    pub(super) fn new() -> Self {
        let bytes = [STREAM_HEAD, &chunk(&event::unstamped())].concat();
        Self { bytes, chunk: STREAM_HEAD.len() }
    }

    /// Head and first event.
    pub(super) fn first(&mut self, time: u64) -> &[u8] {
        self.next(time);
        &self.bytes
    }

    pub(super) fn next(&mut self, time: u64) -> &[u8] {
        let chunk = &mut self.bytes[self.chunk..];
        let event = chunk.len() - event::LENGTH - "\r\n".len();
        event::stamp(&mut chunk[event..][event::STAMP], time);
        chunk
    }
}

/// What comes after so many events, each event of it a chunk.
pub(super) fn end(events: u32, with_usage: bool) -> Vec<u8> {
    let mut end = chunk(event::FINISH);
    if with_usage {
        end.extend(chunk(&event::usage(events)));
    }
    end.extend(chunk(event::DONE));
    end.extend(LAST_CHUNK);
    end
}

fn chunk(payload: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", payload.len());
    [size.as_bytes(), payload, b"\r\n"].concat()
}
