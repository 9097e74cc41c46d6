//! Requests for chat completions that are not those of the load: of other models, with other heads.

use crate::filler;
use crate::upstream::Order;
use crate::upstream::order::HEADER;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Chat<'a> {
    pub(crate) path: &'a str,
    pub(crate) model: &'a str,
    /// More headers, each ended with CR LF.
    pub(crate) headers: &'a str,
    /// More members of the body, each after a comma.
    pub(crate) members: &'a str,
    /// Bytes of the body; more where what has to be in it is longer.
    pub(crate) body: usize,
    pub(crate) order: Order,
}

impl<'a> Chat<'a> {
    /// An ordinary one.
    pub(crate) fn new(model: &'a str, body: usize, order: Order) -> Self {
        let path = "/v1/chat/completions";
        Self { path, model, headers: "", members: "", body, order }
    }

    /// All of it, as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self { path, model, headers, members, body, order } = self;
        let stream = matches!(order, Order::Stream { .. });
        let after = format!(r#""}}],"model":"{model}","stream":{stream}{members}}}"#);
        let body = filler::between(r#"{"messages":[{"role":"user","content":""#, &after, *body);
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\
             {HEADER}: {order}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

    #[test]
    fn a_body_is_json_of_the_length_that_was_asked_for() {
        for length in [1 << 10, 16 << 10, 1021] {
            let chat = Chat::new("m", length, Order::Whole { bytes: 7 });
            let bytes = String::from_utf8(chat.bytes()).unwrap();
            let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.len(), length);
            assert!(head.contains(&format!("content-length: {length}")), "{head}");
            assert!(head.contains("\r\nx-bench: bytes=7\r\n"), "{head}");
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["model"], &body["stream"]), (&"m".into(), &false.into()));
        }
    }

    #[test]
    fn a_stream_may_have_more_in_it() {
        let order = Order::Stream { events: Some(2), interval: Duration::from_micros(5) };
        let chat = Chat { members: r#","user":"u""#, ..Chat::new("m", 0, order) };
        let bytes = String::from_utf8(chat.bytes()).unwrap();
        assert!(bytes.contains("x-bench: events=2;interval_us=5\r\n"), "{bytes}");
        let body: Value = serde_json::from_str(bytes.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((&body["user"], &body["stream"]), (&"u".into(), &true.into()));
    }
}
