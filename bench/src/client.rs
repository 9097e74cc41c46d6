//! A client with one connection, which asks for one thing after the other and reads each answer to its end. For what is
//! asked beside the load: the load has a generator of its own.

use std::io;
use std::net::SocketAddr;

use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::body::{BadChunk, Body};

/// Bytes that a read may bring.
const READ: usize = 256 << 10;
/// Nothing here sends more of them.
const HEADERS: usize = 64;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("connecting to {address}: has it ended?")]
    Connect { address: SocketAddr, source: io::Error },
    #[error("on a connection to {address}")]
    Connection { address: SocketAddr, source: io::Error },
    #[error("reading an answer of {address}")]
    Answer { address: SocketAddr, source: BadAnswer },
}

/// Bytes that are no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error("its head cannot be read")]
    Head(#[from] httparse::Error),
    #[error("its body cannot be read")]
    Chunk(#[from] BadChunk),
    #[error("nothing tells where its body ends")]
    NoEnd,
    #[error("more follows than was asked for")]
    TooMuch,
}

/// A connection, which is of no use after an error.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    stream: TcpStream,
    received: Vec<u8>,
}

/// A whole answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Reads of the socket that it came in.
    pub(crate) reads: u32,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let failed = |source| ClientError::Connect { address, source };
        let stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(Self { address, stream, received: Vec::new() })
    }

    /// Reads a page, in the format that `accept` names.
    pub(crate) async fn get(&mut self, path: &str, accept: &str) -> Result<Answer, ClientError> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n");
        self.ask(request.as_bytes()).await
    }

    /// Sends these bytes, and reads one answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer, ClientError> {
        let address = self.address;
        let bad = |source| ClientError::Answer { address, source };
        let written = self.stream.write_all(request).await;
        written.map_err(|source| ClientError::Connection { address, source })?;
        let mut answer = Answer::default();
        let mut body = loop {
            self.read(&mut answer).await?;
            if let Some((body, head)) = answer.head(&self.received).map_err(bad)? {
                self.received.drain(..head);
                break body;
            }
        };
        loop {
            answer.take(&mut body, &mut self.received).map_err(bad)?;
            if body.is_over() {
                return Ok(answer);
            }
            self.read(&mut answer).await?;
        }
    }

    async fn read(&mut self, answer: &mut Answer) -> Result<(), ClientError> {
        let failed = |source| ClientError::Connection { address: self.address, source };
        self.received.reserve(READ);
        let read = self.stream.read_buf(&mut self.received).await.map_err(failed)?;
        answer.reads += 1;
        if read == 0 { Err(failed(io::ErrorKind::UnexpectedEof.into())) } else { Ok(()) }
    }
}

impl Answer {
    /// How often `part` stands in the body.
    pub(crate) fn count(&self, part: &[u8]) -> usize {
        self.body.windows(part.len()).filter(|window| *window == part).count()
    }

    /// Reads the head: what the body is like, and how many bytes the head has; `None`: there is more of it to come.
    fn head(&mut self, received: &[u8]) -> Result<Option<(Body, usize)>, BadAnswer> {
        let mut headers = [EMPTY_HEADER; HEADERS];
        let mut head = Response::new(&mut headers);
        let Status::Complete(length) = head.parse(received)? else { return Ok(None) };
        self.status = head.code.unwrap_or_default();
        let body = Body::of(head.headers).ok_or(BadAnswer::NoEnd)?;
        Ok(Some((body, length)))
    }

    /// Takes what has come of the body.
    fn take(&mut self, body: &mut Body, received: &mut Vec<u8>) -> Result<(), BadAnswer> {
        let mut rest = received.as_slice();
        while !rest.is_empty() {
            if body.is_over() {
                return Err(BadAnswer::TooMuch);
            }
            let step = body.step(rest)?;
            self.body.extend_from_slice(&rest[step.payload]);
            rest = &rest[step.used..];
        }
        received.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a client reads of these answers, which come in pieces of so many bytes.
    async fn read(
        answers: &'static [&'static str],
        piece: usize,
    ) -> Vec<Result<Answer, ClientError>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = Client::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let request = server.read(&mut [0; 1_000]).await.unwrap();
                assert!(request > 0);
                for piece in answer.as_bytes().chunks(piece) {
                    server.write_all(piece).await.unwrap();
                }
            }
        });
        let mut read = Vec::new();
        for _ in answers {
            read.push(client.get("/", "*/*").await);
        }
        read
    }

    #[tokio::test]
    async fn answers_are_read_to_their_end() {
        let answers = &[
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nababa",
            "HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ];
        for piece in [1, 7, 1_000] {
            let read: Vec<_> = read(answers, piece).await.into_iter().map(Result::unwrap).collect();
            let bodies: Vec<_> = read.iter().map(|it| (it.status, it.body.as_slice())).collect();
            assert_eq!(bodies, [(200, b"ababa".as_slice()), (404, b"abc"), (200, b"")]);
            assert_eq!(read[0].count(b"aba"), 2);
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_is_refused() {
        for answers in [
            &["HTTP/1.1 200 OK\r\n\r\nhello"],
            &["HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab"],
            &["nothing of the kind\r\n\r\n"],
            // The connection ends.
            &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"],
        ] {
            assert!(read(answers, 1_000).await.iter().all(Result::is_err), "{answers:?}");
        }
    }
}
