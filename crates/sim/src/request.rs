//! The head of a request: reading it byte for byte as it came.

pub(crate) mod body;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;

use crate::socket::Socket;

/// vLLM lets uvicorn take this much of an incomplete head.
const MAX_HEAD: usize = 4 * 1024 * 1024;
const MAX_HEADERS: usize = 256;

/// Names in the case and order of the wire, values as the bytes they were.
pub(crate) type Headers = Arc<[(String, Vec<u8>)]>;

pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query as written.
    pub(crate) target: String,
    /// The minor version of HTTP/1.
    pub(crate) minor: u8,
    pub(crate) headers: Headers,
}

/// What came in place of the next request, or the request.
pub(crate) enum Arrival {
    Request(Head),
    /// The client left, or was silent for too long.
    Gone,
    /// Bytes that are no request.
    Invalid,
}

/// Reads the next head. `idle` limits the wait for its first byte only.
pub(crate) async fn next(socket: &mut Socket, idle: Option<Duration>) -> io::Result<Arrival> {
    if socket.input.is_empty() {
        let arrived = match idle {
            Some(idle) => tokio::time::timeout(idle, socket.need()).await.is_ok_and(|r| r.is_ok()),
            None => socket.need().await.is_ok(),
        };
        if !arrived {
            return Ok(Arrival::Gone);
        }
    }
    loop {
        match parse(&socket.input) {
            Ok(Some((head, length))) => {
                socket.input.advance(length);
                return Ok(Arrival::Request(head));
            }
            Ok(None) if socket.input.len() < MAX_HEAD => socket.need().await?,
            Ok(None) | Err(_) => return Ok(Arrival::Invalid),
        }
    }
}

fn parse(input: &[u8]) -> Result<Option<(Head, usize)>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(input)? else {
        return Ok(None);
    };
    let headers = request.headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect();
    let head = Head {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        minor: request.version.unwrap_or(1),
        headers,
    };
    Ok(Some((head, length)))
}

impl Head {
    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The value of a member of the query, as it is written.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|member| member.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether the connection is to become a WebSocket.
    pub(crate) fn wants_websocket(&self) -> bool {
        let has = |name: &str, wanted: &str| {
            let words = self.header(name).unwrap_or_default().split(',');
            words.map(str::trim).any(|word| word.eq_ignore_ascii_case(wanted))
        };
        has("connection", "upgrade") && has("upgrade", "websocket")
    }

    /// Whether the connection may carry another request.
    pub(crate) fn keeps_alive(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default();
        let says_close =
            connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("close"));
        self.minor >= 1 && !says_close
    }
}

/// The first value of a header, if it is text.
pub(crate) fn header<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    str::from_utf8(value).ok()
}
