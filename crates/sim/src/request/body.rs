//! The body of a request, sized or chunked; kept as far as an answer needs it, drained beyond.

use std::io;

use bytes::Buf;

use super::Head;
use crate::socket::Socket;

/// A longer body is drained and answered with 413.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;

/// A body as far as it is kept.
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    /// All of its bytes, kept or not.
    pub(crate) length: u64,
}

/// Reads the whole body, telling `progress` its length so far.
pub(crate) async fn read(
    socket: &mut Socket,
    head: &Head,
    progress: impl Fn(u64),
) -> io::Result<Body> {
    let chunked = head
        .header("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    let length = head.header("content-length").and_then(|length| length.trim().parse().ok());
    if (chunked || length.unwrap_or(0) > 0) && expects_continue(head) && socket.input.is_empty() {
        socket.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let mut reader = Reader { socket, progress, body: Body { bytes: Vec::new(), length: 0 } };
    if chunked {
        reader.chunks().await?;
    } else {
        reader.take(length.unwrap_or(0)).await?;
    }
    Ok(reader.body)
}

fn expects_continue(head: &Head) -> bool {
    head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue"))
}

struct Reader<'a, F> {
    socket: &'a mut Socket,
    progress: F,
    body: Body,
}

impl<F: Fn(u64)> Reader<'_, F> {
    async fn take(&mut self, length: u64) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            if self.socket.input.is_empty() {
                self.socket.need().await?;
            }
            let here = self.socket.input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let room = MAX_BODY.saturating_sub(self.body.bytes.len()).min(here);
            self.body.bytes.extend_from_slice(&self.socket.input[..room]);
            self.socket.input.advance(here);
            left -= here as u64;
            self.body.length += here as u64;
            (self.progress)(self.body.length);
        }
        Ok(())
    }

    async fn chunks(&mut self) -> io::Result<()> {
        loop {
            let size = self.chunk_size().await?;
            if size == 0 {
                return self.trailers().await;
            }
            self.take(size).await?;
            self.line().await?;
        }
    }

    async fn chunk_size(&mut self) -> io::Result<u64> {
        loop {
            match httparse::parse_chunk_size(&self.socket.input) {
                Ok(httparse::Status::Complete((length, size))) => {
                    self.socket.input.advance(length);
                    return Ok(size);
                }
                Ok(httparse::Status::Partial) => self.socket.need().await?,
                Err(_) => return Err(invalid("a chunk of the request has no size")),
            }
        }
    }

    async fn trailers(&mut self) -> io::Result<()> {
        while !self.line().await? {}
        Ok(())
    }

    /// Drops the rest of a line; true if it was empty.
    async fn line(&mut self) -> io::Result<bool> {
        loop {
            if let Some(end) = self.socket.input.iter().position(|&byte| byte == b'\n') {
                let empty = matches!(&self.socket.input[..end], b"" | b"\r");
                self.socket.input.advance(end + 1);
                return Ok(empty);
            }
            if self.socket.input.len() > 64 * 1024 {
                return Err(invalid("a line of a chunked request does not end"));
            }
            self.socket.need().await?;
        }
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
