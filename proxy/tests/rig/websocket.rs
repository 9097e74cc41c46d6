//! A WebSocket client that sees every frame (RFC 6455).

use std::net::SocketAddr;

use serde_json::Value;

use super::answer::{End, Head};
use super::{Client, Request};

/// First bytes of frames that are whole messages.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// A request for an upgrade; its key is that of RFC 6455, section 1.3.
pub(crate) fn upgrade(target: &str) -> Request {
    Request::get(target)
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// A client's frame with this first byte.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 11, 13, 17];
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(0x80 | length as u8),
        length @ ..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A connection that was upgraded. Dropping it closes it (FIN) without a goodbye.
pub(crate) struct WebSocket {
    pub(crate) client: Client,
    /// The head of the answer that upgraded it.
    pub(crate) head: Head,
    /// Bytes of frames so far.
    pub(crate) sent: usize,
    pub(crate) received: usize,
}

impl WebSocket {
    pub(crate) async fn open(addr: SocketAddr, request: &Request) -> Self {
        let mut client = Client::connect(addr).await;
        client.send(request.bytes()).await;
        let head = client.head().await;
        assert_eq!(head.status, 101, "{head:?}");
        Self { client, head, sent: 0, received: 0 }
    }

    /// Sends exactly these bytes.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.sent += bytes.len();
        self.client.send(bytes).await;
    }

    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.send_bytes(&masked(first, payload)).await;
    }

    /// Sends a text message.
    pub(crate) async fn send(&mut self, text: &str) {
        self.send_frame(TEXT, text.as_bytes()).await;
    }

    /// The next frame of the server: its first byte and its payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.take(2).await;
        let extended = match head[1] {
            126 => self.take(2).await,
            127 => self.take(8).await,
            short => vec![short],
        };
        let length = extended.iter().fold(0_usize, |sum, &byte| sum << 8 | usize::from(byte));
        (head[0], self.take(length).await)
    }

    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        self.received += length;
        self.client.take(length).await
    }

    /// The next frame, which is a text message of JSON.
    pub(crate) async fn message(&mut self) -> Value {
        let (first, payload) = self.frame().await;
        assert_eq!(first, TEXT, "{}", String::from_utf8_lossy(&payload));
        serde_json::from_slice(&payload).unwrap()
    }

    /// The first message of this type; those before it are passed over.
    pub(crate) async fn message_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.message().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// As [`close`](Self::close), for a session of which nothing has been read.
    pub(crate) async fn close_after_greeting(&mut self) {
        self.message_of("session.created").await;
        self.close().await;
    }

    /// Says goodbye, and sees that the server does, too.
    pub(crate) async fn close(&mut self) {
        self.send_frame(CLOSE, &1000_u16.to_be_bytes()).await;
        assert_eq!(self.frame().await, (CLOSE, 1000_u16.to_be_bytes().to_vec()));
        assert_eq!(self.client.rest().await, (Vec::new(), End::Closed));
    }
}
