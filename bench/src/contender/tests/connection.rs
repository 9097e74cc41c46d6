//! A connection over HTTP/1.1, as either end reads and writes it.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(super) struct Connection {
    stream: TcpStream,
    /// Read, and not looked at.
    read: Vec<u8>,
    /// What is to come of a body.
    left: Left,
}

#[derive(Clone, Copy)]
enum Left {
    Bytes(usize),
    /// Of this chunk, and then further ones.
    Chunks(usize),
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, read: Vec::new(), left: Left::Bytes(0) }
    }

    pub(super) async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next head, in small letters; `None` if the connection is closed before it.
    pub(super) async fn head(&mut self) -> Option<String> {
        let head = self.until("\r\n\r\n").await?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        self.left = match length {
            Some(length) => Left::Bytes(length.trim().parse().unwrap()),
            None if head.contains("transfer-encoding: chunked") => Left::Chunks(0),
            None => Left::Bytes(0),
        };
        Some(head)
    }

    /// So many bytes of the body.
    pub(super) async fn part(&mut self, length: usize) -> String {
        let mut part = Vec::new();
        while part.len() < length {
            part.extend(self.more(length - part.len()).await.expect("the body is longer"));
        }
        String::from_utf8(part).unwrap()
    }

    /// The rest of the body.
    pub(super) async fn body(&mut self) -> String {
        let mut body = Vec::new();
        while let Some(more) = self.more(usize::MAX).await {
            body.extend(more);
        }
        String::from_utf8(body).unwrap()
    }

    /// Some bytes of the body, `most` at most; `None` at its end.
    async fn more(&mut self, most: usize) -> Option<Vec<u8>> {
        if let Left::Chunks(0) = self.left {
            self.next_chunk().await;
        }
        let (Left::Bytes(left) | Left::Chunks(left)) = self.left;
        if left == 0 {
            return None;
        }
        if self.read.is_empty() {
            assert!(self.fill().await, "the connection is closed within a body");
        }
        let taken: Vec<u8> = self.read.drain(..left.min(most).min(self.read.len())).collect();
        match &mut self.left {
            Left::Bytes(left) => *left -= taken.len(),
            Left::Chunks(left) => {
                *left -= taken.len();
                if *left == 0 {
                    assert_eq!(self.until("\r\n").await.unwrap(), "\r\n");
                }
            }
        }
        Some(taken)
    }

    async fn next_chunk(&mut self) {
        let size = self.until("\r\n").await.unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        self.left = Left::Chunks(size);
        if size == 0 {
            assert_eq!(self.until("\r\n").await.unwrap(), "\r\n");
            self.left = Left::Bytes(0);
        }
    }

    /// What comes up to this, and this; `None` if the connection is closed before.
    async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            let at = self.read.windows(end.len()).position(|bytes| bytes == end.as_bytes());
            if let Some(at) = at {
                return String::from_utf8(self.read.drain(..at + end.len()).collect()).ok();
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// Whether there was more.
    async fn fill(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.is_ok_and(|length| length > 0)
    }
}
