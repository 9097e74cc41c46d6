//! What the generator sends: the bytes are made once, and are the same for all.

use std::net::SocketAddr;

use crate::cells::Work;
use crate::filler;
use crate::head::CLIENT;
use crate::upstream::Order;
use crate::upstream::order::HEADER;

/// Bytes of an answer that does not stream.
pub(super) const ANSWER: usize = 1_024;
/// Bytes of a body that asks for a stream.
const STREAM_BODY: usize = 1_024;

/// The request of a piece of work, head and body.
pub(crate) fn bytes(work: &Work, target: SocketAddr) -> Vec<u8> {
    let (order, body) = match *work {
        Work::Json { body, .. } => (Order::Whole { bytes: ANSWER }, chat(false, body)),
        Work::Streams { events, interval, .. } => {
            (Order::Stream { events, interval }, chat(true, STREAM_BODY))
        }
    };
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {target}\r\n{CLIENT}{HEADER}: {order}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Keys in the order of the OpenAI SDK: the prompt comes first.
fn chat(stream: bool, length: usize) -> String {
    let after = format!("\"}}],\"model\":\"bench\",\"max_tokens\":2048,\"stream\":{stream}}}");
    filler::between("{\"messages\":[{\"role\":\"user\",\"content\":\"", &after, length)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    use serde_json::Value;

    use super::bytes;
    use crate::cells::{Pace, Work};

    /// The head, and the body's length and JSON.
    fn split(work: &Work) -> (String, usize, Value) {
        let text = bytes(work, SocketAddr::from((Ipv4Addr::LOCALHOST, 80)));
        let text = String::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.len(), serde_json::from_str(body).unwrap())
    }

    #[test]
    fn a_body_has_the_length_that_was_asked_for() {
        for body in [1 << 10, 16 << 10, 256 << 10, 2 << 20] {
            let work = Work::Json { body, pace: Pace::Saturated { connections: 1 } };
            let (head, length, json) = split(&work);
            assert_eq!(length, body);
            assert!(head.ends_with(&format!("x-bench: bytes=1024\r\ncontent-length: {body}")));
            assert_eq!(json["stream"], false);
        }
    }

    #[test]
    fn a_stream_is_asked_for() {
        let interval = Duration::from_millis(5);
        let work = Work::Streams { streams: 1, interval, events: Some(128) };
        let (head, length, json) = split(&work);
        assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"));
        assert!(head.contains("x-bench: events=128;interval_us=5000\r\n"), "{head}");
        assert_eq!((length, &json["stream"]), (1_024, &true.into()));
        assert_eq!(json.get("stream_options"), None);
    }
}
