//! A connection of the generator, and the answers that are read from it.

use std::io;
use std::net::SocketAddr;

use httparse::{EMPTY_HEADER, Response, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::body::{BadChunk, Body, has};

/// Bytes that are read at a time. What is not used is not resident.
const BUFFER: usize = 64 << 10;
/// A proxy adds its own to the upstream's.
const HEADERS: usize = 64;

/// One to the target. After a failure it cannot be used any more.
pub(super) struct Connection {
    stream: TcpStream,
    /// Bytes of an answer that were read and not used yet; empty between answers.
    buffer: Vec<u8>,
}

/// What a head says.
pub(super) struct Head {
    pub(super) body: Body,
    /// Whether the connection ends with the answer.
    pub(super) closes: bool,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("connecting failed: {0}")]
    Connect(#[source] io::Error),
    #[error("the connection broke: {0}")]
    Connection(#[from] io::Error),
    #[error("the answer was broken off")]
    BrokenOff,
    #[error("the answer has a head that cannot be read: {0}")]
    Head(#[from] httparse::Error),
    #[error("the answer has a head of more than 64 KiB")]
    LongHead,
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer tells no length")]
    NoLength,
    #[error("the answer is not in chunks as it says: {0}")]
    Chunk(#[from] BadChunk),
    #[error("the answer is not what was sent: {0}")]
    Unlike(&'static str),
}

impl Connection {
    pub(super) async fn open(target: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(target).await.map_err(Failure::Connect)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER) })
    }

    /// Sends a request, and reads the head of its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<Head, Failure> {
        self.stream.write_all(request).await?;
        loop {
            self.fill().await?;
            if let Some((length, head)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(head);
            }
        }
    }

    /// The payload that has come and was not used, framing taken out.
    pub(super) fn payload(&mut self, body: &mut Body) -> Result<&[u8], Failure> {
        self.unframe(0, body)?;
        Ok(&self.buffer)
    }

    /// As [`Self::payload`] once more has come.
    pub(super) async fn more_payload(&mut self, body: &mut Body) -> Result<&[u8], Failure> {
        let unused = self.buffer.len();
        self.fill().await?;
        self.unframe(unused, body)?;
        Ok(&self.buffer)
    }

    /// So many bytes of payload are done with.
    pub(super) fn used(&mut self, payload: usize) {
        self.buffer.drain(..payload);
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        if self.buffer.len() == self.buffer.capacity() {
            return Err(Failure::LongHead);
        }
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(Failure::BrokenOff),
            _ => Ok(()),
        }
    }

    /// Leaves of the bytes from `start` on only payload.
    fn unframe(&mut self, start: usize, body: &mut Body) -> Result<(), Failure> {
        let (mut at, mut kept) = (start, start);
        while at < self.buffer.len() {
            if body.is_over() {
                return Err(Failure::Unlike("something comes after it"));
            }
            let step = body.step(&self.buffer[at..])?;
            let length = step.payload.len();
            self.buffer.copy_within(at + step.payload.start..at + step.payload.end, kept);
            kept += length;
            at += step.used;
        }
        self.buffer.truncate(kept);
        Ok(())
    }
}

/// The length of a head of status 200, and what it says; `None`: it is not whole yet.
fn parse(buffer: &[u8]) -> Result<Option<(usize, Head)>, Failure> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let Status::Complete(length) = response.parse(buffer)? else { return Ok(None) };
    match response.code {
        Some(200) => {}
        other => return Err(Failure::Status(other.unwrap_or_default())),
    }
    let closes = response.version == Some(0) || has(response.headers, "connection", "close");
    let body = Body::of(response.headers).ok_or(Failure::NoLength)?;
    Ok(Some((length, Head { body, closes })))
}
