//! Reading a request: its head, and its body to the end, of which little is kept.

use std::io;

use httparse::{EMPTY_HEADER, Header, Request as Head, Status};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::order::{HEADER, NoOrder, Order};
use crate::body::{BadChunk, Body, has};

/// Bytes that are read at a time, and that a head may have.
pub(super) const BUFFER: usize = 64 << 10;
/// A proxy adds its own to the generator's.
const HEADERS: usize = 64;
/// Weir asks for usage at the very end of a body.
const ASKS_FOR_USAGE: &[u8] = b"\"include_usage\":true";

/// A request that was read to its end.
pub(super) struct Request {
    pub(super) order: Result<Order, NoOrder>,
    /// Whether its body asks for usage.
    pub(super) with_usage: bool,
    /// Whether the connection ends with it.
    pub(super) closes: bool,
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("the connection broke")]
    Connection(#[from] io::Error),
    #[error("it ended within a request")]
    BrokenOff,
    #[error("a head that cannot be read")]
    Head(#[from] httparse::Error),
    #[error("a head of more than 64 KiB")]
    LongHead,
    #[error(transparent)]
    Body(#[from] BadChunk),
}

/// The next request, of which `buffer` may have the beginning and has afterwards what follows it; `None`: there are no
/// more.
pub(super) async fn read(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<Option<Request>, RequestError> {
    let (mut request, mut body) = loop {
        if let Some((length, request, body)) = parse(buffer)? {
            buffer.drain(..length);
            break (request, body);
        }
        if buffer.len() == buffer.capacity() {
            return Err(RequestError::LongHead);
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(None) } else { Err(RequestError::BrokenOff) };
        }
    };
    let mut tail = Tail::default();
    while !take(buffer, &mut body, &mut tail)? {
        if stream.read_buf(buffer).await? == 0 {
            return Err(RequestError::BrokenOff);
        }
    }
    request.with_usage = tail.has(ASKS_FOR_USAGE);
    Ok(Some(request))
}

/// The head's length and what it says; `None`: it is not whole yet.
fn parse(buffer: &[u8]) -> Result<Option<(usize, Request, Body)>, RequestError> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut head = Head::new(&mut headers);
    let Status::Complete(length) = head.parse(buffer)? else { return Ok(None) };
    let closes = head.version == Some(0) || has(head.headers, "connection", "close");
    let request = Request { order: order(head.headers), with_usage: false, closes };
    let body = Body::of(head.headers).unwrap_or(Body::Sized(0));
    Ok(Some((length, request, body)))
}

fn order(headers: &[Header<'_>]) -> Result<Order, NoOrder> {
    let said = headers.iter().find(|header| header.name.eq_ignore_ascii_case(HEADER));
    String::from_utf8_lossy(said.map_or(b"", |header| header.value)).parse()
}

/// Takes what `buffer` has of the body; returns whether that is the rest of it.
fn take(buffer: &mut Vec<u8>, body: &mut Body, tail: &mut Tail) -> Result<bool, BadChunk> {
    let mut used = 0;
    while used < buffer.len() && !body.is_over() {
        let rest = &buffer[used..];
        let step = body.step(rest)?;
        tail.push(&rest[step.payload]);
        used += step.used;
    }
    buffer.drain(..used);
    Ok(body.is_over())
}

/// The last bytes of a body: all that has to be looked at, however long the body.
struct Tail {
    bytes: [u8; Self::LENGTH],
}

impl Default for Tail {
    fn default() -> Self {
        Self { bytes: [0; Self::LENGTH] }
    }
}

impl Tail {
    const LENGTH: usize = 128;

    fn push(&mut self, payload: &[u8]) {
        let new = &payload[payload.len().saturating_sub(Self::LENGTH)..];
        let kept = Self::LENGTH - new.len();
        self.bytes.copy_within(new.len().., 0);
        self.bytes[kept..].copy_from_slice(new);
    }

    fn has(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpStream};

    use super::{BUFFER, Request, RequestError, Tail, read};
    use crate::upstream::order::Order;

    /// Reads what a client sends and then ends with.
    async fn requests(sent: &[u8]) -> Vec<Result<Request, RequestError>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let sends = async {
            client.write_all(sent).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let reads = async {
            let mut buffer = Vec::with_capacity(BUFFER);
            let mut requests = Vec::new();
            while let Some(request) = read(&mut stream, &mut buffer).await.transpose() {
                let is_last = request.is_err();
                requests.push(request);
                if is_last {
                    break;
                }
            }
            requests
        };
        tokio::join!(sends, reads).1
    }

    #[tokio::test]
    async fn requests_follow_one_another() {
        let text = "{\"messages\":[]}".repeat(20_000);
        let asking = "{\"messages\":[],\"stream_options\":{\"include_usage\":true}}";
        let sent = format!(
            "POST / HTTP/1.1\r\nX-Bench: bytes=7\r\ncontent-length: {}\r\n\r\n{text}\
             POST / HTTP/1.1\r\nx-bench: bytes=8\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n{:x}\r\n{asking}\r\n0\r\n\r\n\
             GET / HTTP/1.1\r\nconnection: Close\r\n\r\n",
            text.len(),
            text.len(),
            asking.len(),
        );
        let requests: Vec<_> =
            requests(sent.as_bytes()).await.into_iter().map(Result::unwrap).collect();
        let [sized, chunked, last] = requests.as_slice() else { panic!("{}", requests.len()) };
        assert_eq!(*sized.order.as_ref().unwrap(), Order::Whole { bytes: 7 });
        assert_eq!(*chunked.order.as_ref().unwrap(), Order::Whole { bytes: 8 });
        assert!(last.order.is_err());
        assert_eq!([sized, chunked, last].map(|one| one.with_usage), [false, true, false]);
        assert_eq!([sized, chunked, last].map(|one| one.closes), [false, false, true]);
    }

    #[tokio::test]
    async fn what_is_not_whole_is_an_error() {
        for sent in [
            "POST / HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nfour",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n",
        ] {
            let requests = requests(sent.as_bytes()).await;
            assert!(matches!(requests.as_slice(), [Err(RequestError::BrokenOff)]), "{sent}");
        }
        let long = format!("POST / HTTP/1.1\r\na: {}", "b".repeat(2 * BUFFER));
        for (sent, reason) in [(long.as_str(), "64 KiB"), (" / HTTP/1.1\r\n", "cannot be read")] {
            let outcomes = requests(sent.as_bytes()).await;
            let [Err(error)] = outcomes.as_slice() else { panic!("{sent}") };
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn a_tail_is_the_end_of_all_pieces() {
        let text: Vec<u8> = (0..=255).cycle().take(700).collect();
        for size in [1, 7, 127, 128, 129, 300] {
            let mut tail = Tail::default();
            text.chunks(size).for_each(|piece| tail.push(piece));
            assert_eq!(tail.bytes, text[text.len() - Tail::LENGTH..], "in pieces of {size}");
        }
    }
}
