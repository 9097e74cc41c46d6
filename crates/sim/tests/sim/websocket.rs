//! A WebSocket client that sees every frame.

use std::net::SocketAddr;

use serde_json::Value;

use crate::client::{Client, End};

/// What a server's frame holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    Text(Value),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With its code.
    Close(u16),
}

pub(crate) struct WebSocket {
    client: Client,
    pub(crate) head: String,
    input: Vec<u8>,
    inflater: flate2::Decompress,
}

impl WebSocket {
    /// Connects; the key is that of RFC 6455, section 1.3.
    pub(crate) async fn connect(addr: SocketAddr, target: &str, headers: &str) -> Self {
        let mut client = Client::connect(addr).await;
        let head = format!("GET {target} HTTP/1.1\r\nhost: sim\r\nupgrade: websocket\r\n");
        let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n";
        client.send(format!("{head}connection: keep-alive, Upgrade\r\n{key}{headers}\r\n")).await;
        let head = client.head().await;
        Self { client, head, input: Vec::new(), inflater: flate2::Decompress::new(false) }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(0x81, text.as_bytes()).await;
    }

    /// A masked frame with this first byte.
    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match payload.len() {
            length @ ..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        let mask = [7, 11, 13, 17];
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        self.client.send(frame).await;
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Frame {
        self.input.extend(self.client.take(2).await);
        let extended = if self.input[1] == 126 { 2 } else { 0 };
        self.input.extend(self.client.take(extended).await);
        let length = match self.input[1] {
            126 => usize::from(u16::from_be_bytes([self.input[2], self.input[3]])),
            short => usize::from(short),
        };
        assert!(length < 126 || extended == 2, "masked, or longer than any test needs");
        let payload = self.client.take(length).await;
        let first = std::mem::take(&mut self.input)[0];
        match first {
            0x81 => Frame::Text(serde_json::from_slice(&payload).unwrap()),
            0xc1 => Frame::Text(serde_json::from_slice(&self.inflated(payload)).unwrap()),
            0x88 => Frame::Close(u16::from_be_bytes([payload[0], payload[1]])),
            0x89 => Frame::Ping(payload),
            0x8a => Frame::Pong(payload),
            other => panic!("a frame that starts with {other:#x}"),
        }
    }

    /// A compressed message (RFC 7692).
    fn inflated(&mut self, mut payload: Vec<u8>) -> Vec<u8> {
        payload.extend([0, 0, 0xff, 0xff]);
        let mut out = Vec::with_capacity(64 * 1024);
        let flush = flate2::FlushDecompress::Sync;
        self.inflater.decompress_vec(&payload, &mut out, flush).unwrap();
        out
    }

    /// The next frame, which is a message.
    pub(crate) async fn message(&mut self) -> Value {
        match self.frame().await {
            Frame::Text(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// All messages to the first of this type.
    pub(crate) async fn messages_until(&mut self, kind: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        while messages.last().is_none_or(|message: &Value| message["type"] != kind) {
            messages.push(self.message().await);
        }
        messages
    }

    /// What is left when the connection ends.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, End) {
        self.client.rest().await
    }
}
