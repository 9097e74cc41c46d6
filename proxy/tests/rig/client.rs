//! A raw HTTP/1.1 client: it sends what it is told, shows what came, and leaves in every way.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::answer::{Answer, End, Head, dechunk};
use super::{DEADLINE, Request};

/// One connection. Dropping it closes it (FIN).
pub(crate) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    ended: Option<End>,
}

/// One request on a connection of its own.
pub(crate) async fn ask(addr: SocketAddr, request: &Request) -> Answer {
    Client::connect(addr).await.ask(request).await
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, input: Vec::new(), ended: None }
    }

    /// One that lets only a few KiB come before they are read.
    pub(crate) async fn with_small_window(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = socket.connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, input: Vec::new(), ended: None }
    }

    /// Sends exactly these bytes.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    /// As [`send`](Self::send), where the server may have closed the connection.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let sending = self.stream.write_all(bytes.as_ref());
        tokio::time::timeout(DEADLINE, sending).await.expect("the bytes are taken in time")
    }

    /// Sends a request and reads its answer; the connection may carry the next one.
    pub(crate) async fn ask(&mut self, request: &Request) -> Answer {
        // Who answers early may not read to the end.
        let _early = self.try_send(request.bytes()).await;
        if request.is_head() { self.answer_to_head().await } else { self.answer().await }
    }

    /// Reads until `enough` holds for what is there and not yet used, or the connection ends.
    pub(crate) async fn read_until(&mut self, enough: impl Fn(&[u8]) -> bool) -> &[u8] {
        let reading = async {
            while self.ended.is_none() && !enough(&self.input) {
                match self.stream.read_buf(&mut self.input).await {
                    Ok(0) => self.ended = Some(End::Closed),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                        self.ended = Some(End::Reset);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        };
        if tokio::time::timeout(DEADLINE, reading).await.is_err() {
            panic!("waited {DEADLINE:?} in vain; so far {}", shown(&self.input));
        }
        &self.input
    }

    /// Reads until this text has come, in a head or a body, and leaves it to be read again.
    pub(crate) async fn read_until_text(&mut self, text: &str) {
        let has = |input: &[u8]| input.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(has(self.read_until(has).await), "no `{text}` in {}", shown(&self.input));
    }

    /// So many bytes.
    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        self.read_until(|input| input.len() >= length).await;
        assert!(self.input.len() >= length, "{} of {length} bytes came", self.input.len());
        self.input.drain(..length).collect()
    }

    /// Everything until the connection ends, heads and chunk sizes included, and how it ended.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, End) {
        self.read_until(|_| false).await;
        (std::mem::take(&mut self.input), self.ended.unwrap())
    }

    /// The next answer to a request that was no HEAD, the informational ones before it included.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.read_answer(true).await
    }

    /// The answer to a HEAD request: no body, whatever its headers say.
    pub(crate) async fn answer_to_head(&mut self) -> Answer {
        self.read_answer(false).await
    }

    /// The next head, informational or final.
    pub(crate) async fn head(&mut self) -> Head {
        self.read_until(|input| Head::parse(input).is_some()).await;
        let Some((head, length)) = Head::parse(&self.input) else {
            panic!("no head, but {} {:?}", shown(&self.input), self.ended);
        };
        self.input.drain(..length);
        head
    }

    async fn read_answer(&mut self, with_body: bool) -> Answer {
        let mut informational = Vec::new();
        let head = loop {
            let head = self.head().await;
            if head.status >= 200 {
                break head;
            }
            informational.push(head);
        };
        let has_body = with_body && !matches!(head.status, 204 | 304);
        let (body, raw_body, complete) =
            if has_body { self.body(&head).await } else { (Vec::new(), Vec::new(), true) };
        let end = if complete { End::Complete } else { self.ended.unwrap() };
        let Head { minor, status, headers } = head;
        Answer { informational, minor, status, headers, body, raw_body, end }
    }

    /// The body, the body as it was on the wire, and whether it is complete by its framing.
    async fn body(&mut self, head: &Head) -> (Vec<u8>, Vec<u8>, bool) {
        if head.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            self.read_until(|input| dechunk(input).complete).await;
            let dechunked = dechunk(&self.input);
            let raw = self.input.drain(..dechunked.used).collect();
            return (dechunked.body, raw, dechunked.complete);
        }
        if let Some(length) = head.header("content-length") {
            let length: usize = length.parse().unwrap();
            self.read_until(|input| input.len() >= length).await;
            let here = length.min(self.input.len());
            let body: Vec<u8> = self.input.drain(..here).collect();
            return (body.clone(), body, here == length);
        }
        let body = self.rest().await.0;
        (body.clone(), body, false)
    }

    /// Shuts the sending side (FIN) and goes on reading.
    pub(crate) async fn half_close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Leaves: both sides are closed. What was not read makes the system send a RST.
    pub(crate) fn leave(self) {
        drop(self);
    }

    /// Leaves with a RST.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

fn shown(input: &[u8]) -> String {
    let start = input.len().saturating_sub(2000);
    format!("{} bytes, ending in {:?}", input.len(), String::from_utf8_lossy(&input[start..]))
}
