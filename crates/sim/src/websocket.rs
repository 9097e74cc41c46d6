//! The server's side of a WebSocket (RFC 6455): its handshake, and the frames that it sends.

mod deflate;
mod reader;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

pub(crate) use deflate::{ACCEPTED, Deflater, is_offered};
pub(crate) use reader::{Message, Reader, Violation};

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FINAL: u8 = 0x80;
/// Marks a compressed message.
pub(crate) const COMPRESSED: u8 = 0x40;

/// Appended to a client's key before it is hashed (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `sec-websocket-accept` for a `sec-websocket-key`, if that is one: 16 bytes in base64.
pub(crate) fn accept(key: &str) -> Option<String> {
    let is_key = STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    is_key.then(|| STANDARD.encode(hash))
}

/// A frame of a server: whole, and not masked.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![FINAL | opcode];
    match payload.len() {
        length @ ..126 => out.push(length as u8),
        length @ ..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}

/// The frame that ends a connection for this reason (RFC 6455, section 7.4.1).
pub(crate) fn close(code: u16) -> Vec<u8> {
    frame(CLOSE, &code.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standard_is_accepted() {
        let expected = Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned());
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), expected);
        assert_eq!(accept("c2hvcnQ="), None);
    }
}
