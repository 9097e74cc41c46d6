//! The line of a session: messages out, messages in, and the frames that are about the line itself.

use std::io;

use bytes::Bytes;
use tokio::time::Instant;

use super::{MAX_HEARD, Session};
use crate::recorder::Ending;
use crate::socket::Next;
use crate::websocket::{self, COMPRESSED, Message, PONG, TEXT, Violation, frame};

/// With so many messages waiting, no more are read while an answer is on the way.
const MAX_BACKLOG: usize = 64;

impl Session<'_, '_> {
    pub(super) async fn send(&mut self, text: &str) -> io::Result<()> {
        let frame = self.text_frame(text)?;
        self.exchange.socket.send(&frame).await
    }

    /// A message as a frame, compressed if that was agreed on.
    pub(super) fn text_frame(&mut self, text: &str) -> io::Result<Vec<u8>> {
        Ok(match &mut self.deflater {
            Some(deflater) => frame(TEXT | COMPRESSED, &deflater.message(text.as_bytes())?),
            None => frame(TEXT, text.as_bytes()),
        })
    }

    /// Tells the client that a message was wrong; the session goes on.
    pub(super) async fn refuse(&mut self, code: &str, message: &str) -> io::Result<()> {
        let id = self.exchange.shared.next_id();
        self.send(&self.dialect.error(&id, code, message)).await
    }

    /// Ends the connection from this side; the client's own close frame isn't waited for.
    pub(super) async fn hang_up(&mut self, code: u16) -> io::Result<Next> {
        self.exchange.socket.send(&websocket::close(code)).await?;
        self.keep_heard();
        let ending = if self.is_faulty { Ending::Cut } else { Ending::Finished };
        self.exchange.tracker.end(ending);
        Ok(Next::Close)
    }

    /// Ends the session by a fault.
    pub(super) fn cut(&mut self, next: Next) -> Next {
        self.keep_heard();
        self.exchange.cut(next)
    }

    /// Books the client's messages: they are the body of its request.
    pub(super) fn keep_heard(&mut self) {
        if !self.heard.is_empty() {
            self.exchange.tracker.body(&Bytes::from(std::mem::take(&mut self.heard)));
        }
    }

    /// The next text message, or what becomes of the connection.
    pub(super) async fn receive(&mut self) -> io::Result<Result<String, Next>> {
        loop {
            if let Some(next) = self.read_frames().await? {
                return Ok(Err(next));
            }
            match self.backlog.pop_front() {
                Some(text) => return Ok(Ok(text)),
                None => self.exchange.socket.need().await?,
            }
        }
    }

    /// Waits for the moment `due` and answers pings; or says that the connection is over.
    pub(super) async fn wait_until(&mut self, due: Instant) -> io::Result<Option<Next>> {
        loop {
            if let Some(next) = self.read_frames().await? {
                return Ok(Some(next));
            }
            if self.backlog.len() >= MAX_BACKLOG {
                tokio::time::sleep_until(due).await;
                return Ok(None);
            }
            match tokio::time::timeout_at(due, self.exchange.socket.need()).await {
                Ok(came) => came?,
                Err(_elapsed) => return Ok(None),
            }
        }
    }

    /// Takes the frames that are there: puts texts into the backlog, and answers the others.
    async fn read_frames(&mut self) -> io::Result<Option<Next>> {
        while self.backlog.len() < MAX_BACKLOG {
            match self.reader.next(&mut self.exchange.socket.input) {
                Ok(None) => break,
                Ok(Some(Message::Text(text))) => self.keep(text),
                Ok(Some(Message::Ping(payload))) => {
                    self.exchange.socket.send(&frame(PONG, &payload)).await?;
                }
                Ok(Some(Message::Pong)) => {}
                Ok(Some(Message::Binary)) => return self.hang_up(1003).await.map(Some),
                Ok(Some(Message::Close(code))) => {
                    return self.hang_up(code.unwrap_or(1000)).await.map(Some);
                }
                Err(Violation(code)) => return self.hang_up(code).await.map(Some),
            }
        }
        Ok(None)
    }

    fn keep(&mut self, text: String) {
        if self.heard.len() < MAX_HEARD {
            self.heard.extend_from_slice(text.as_bytes());
            self.heard.push(b'\n');
        }
        self.since_answer += text.len() as u64;
        self.backlog.push_back(text);
    }
}
