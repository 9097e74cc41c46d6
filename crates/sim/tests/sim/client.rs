//! A raw HTTP/1.1 client: it sends what it is told and shows what came, to the last byte.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_sim::Upstream;

/// No test waits longer for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// How a connection stood when the answer was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer is complete, the connection is open.
    Complete,
    /// The connection was closed before the answer was complete (or to complete it).
    Closed,
    /// It was reset.
    Reset,
}

/// An answer as far as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers as sent.
    pub(crate) head: String,
    /// Without the chunked coding.
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    ended: Option<End>,
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        Self { stream, input: Vec::new(), ended: None }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn post(&mut self, path: &str, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {length}\r\n");
        self.send(format!("{head}{headers}\r\n{body}")).await;
    }

    /// Reads until `enough` holds for what is there, or the connection ends.
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
        let in_time = tokio::time::timeout(DEADLINE, reading).await.is_ok();
        assert!(in_time, "nothing more came within {DEADLINE:?}");
        &self.input
    }

    /// So many bytes.
    pub(crate) async fn take(&mut self, length: usize) -> Vec<u8> {
        self.read_until(|input| input.len() >= length).await;
        assert!(self.input.len() >= length, "{} of {length} bytes came", self.input.len());
        self.input.drain(..length).collect()
    }

    /// Everything until the connection ends, head and chunk sizes included.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, End) {
        self.read_until(|_| false).await;
        (std::mem::take(&mut self.input), self.ended.unwrap())
    }

    /// How the connection ends.
    pub(crate) async fn answer_end(&mut self) -> End {
        self.rest().await.1
    }

    /// The next answer to a request that was no HEAD.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let (body, complete) = if lower.contains("transfer-encoding: chunked") {
            self.read_until(|input| dechunk(input).2).await;
            let (body, used, complete) = dechunk(&self.input);
            self.input.drain(..used);
            (body, complete)
        } else if let Some(length) = length {
            let length: usize = length.parse().unwrap();
            self.read_until(|input| input.len() >= length).await;
            let here = length.min(self.input.len());
            (self.input.drain(..here).collect(), here == length)
        } else {
            (self.rest().await.0, false)
        };
        let status = head[9..12].parse().unwrap();
        let end = if complete { End::Complete } else { self.ended.unwrap() };
        Answer { status, head, body, end }
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> String {
        let end = |input: &[u8]| input.windows(4).position(|four| four == b"\r\n\r\n");
        self.read_until(|input| end(input).is_some()).await;
        let Some(at) = end(&self.input) else {
            panic!("no head, but {:?} {:?}", String::from_utf8_lossy(&self.input), self.ended);
        };
        String::from_utf8(self.input.drain(..at + 4).collect()).unwrap()
    }
}

/// The body in a chunked coding, how many bytes were used, and whether it is complete.
pub(crate) fn dechunk(input: &[u8]) -> (Vec<u8>, usize, bool) {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = input[at..].windows(2).position(|two| two == b"\r\n") else {
            return (body, at, false);
        };
        let size = str::from_utf8(&input[at..at + line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = at + line + 2;
        let piece = &input[start..input.len().min(start + size)];
        body.extend_from_slice(piece);
        if input.len() < start + size + 2 {
            return (body, input.len(), false);
        }
        at = start + size + 2;
        if size == 0 {
            return (body, at, true);
        }
    }
}

/// One request on a connection of its own.
pub(crate) async fn post(upstream: &Upstream, path: &str, headers: &str, body: &str) -> Answer {
    let mut client = Client::connect(upstream.addr()).await;
    client.post(path, headers, body).await;
    client.answer().await
}

pub(crate) async fn get(upstream: &Upstream, path: &str) -> Answer {
    let mut client = Client::connect(upstream.addr()).await;
    client.send(format!("GET {path} HTTP/1.1\r\nhost: sim\r\n\r\n")).await;
    client.answer().await
}

/// A chat request, streamed or not.
pub(crate) fn chat(stream: bool) -> String {
    format!(r#"{{"model":"tiny","messages":[{{"role":"user","content":"hi"}}],"stream":{stream}}}"#)
}

pub(crate) const CHAT: &str = "/v1/chat/completions";
