//! The messages of one direction of a WebSocket, read while its bytes pass by.
//!
//! Source: [RFC 6455, 5](https://www.rfc-editor.org/rfc/rfc6455#section-5). Extensions are not
//! read: they change what the frames mean.

mod header;
#[cfg(test)]
mod tests;

use header::{Header, Opcode, Reading};

/// What one direction says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A text message, unmasked.
    Text(&'a [u8]),
    /// A binary message, which is not kept.
    Binary {
        /// Bytes of its payload.
        len: u64,
    },
    /// The end; what follows is nobody's.
    Close {
        /// The status code, where there is one.
        code: Option<u16>,
    },
    Ping,
    Pong,
    /// A text message over the limit, which is not kept.
    TooLarge,
    /// These are no frames, or an extension was agreed on. Said once; what follows is not read.
    Unreadable,
}

/// Cuts a stream of bytes into [`Message`]s, each told once it is whole. It holds at most one
/// incomplete text message, up to the limit, and the header of one frame.
#[derive(Debug)]
pub(crate) struct Frames {
    limit: usize,
    state: State,
    message: Option<Incomplete>,
    text: Vec<u8>,
    /// The first two bytes of a control frame's payload: the code of a close.
    control: [u8; 2],
}

#[derive(Debug)]
enum State {
    Header(Reading),
    Payload { header: Header, taken: u64 },
    Done,
}

/// A message whose last frame has not ended.
#[derive(Clone, Copy, Debug)]
enum Incomplete {
    Text,
    TooLarge,
    Binary { len: u64 },
}

/// Memory that is kept for the next message; more is given back.
const KEEP: usize = 16 << 10;

impl Frames {
    /// A reader that passes over text messages of more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Header(Reading::default()),
            message: None,
            text: Vec::new(),
            control: [0; 2],
        }
    }

    /// Reads on; `sink` gets every message that ends in `piece`.
    pub(crate) fn push(&mut self, mut piece: &[u8], mut sink: impl FnMut(Message<'_>)) {
        while !piece.is_empty() {
            let taken = match &mut self.state {
                State::Done => return,
                State::Header(reading) => {
                    match reading.push(piece[0]) {
                        Ok(None) => {}
                        Ok(Some(header)) => self.begin(header, &mut sink),
                        Err(header::Unreadable) => self.give_up(&mut sink),
                    }
                    1
                }
                State::Payload { header, taken } => {
                    let (header, offset) = (*header, *taken);
                    let left = usize::try_from(header.length - offset).unwrap_or(usize::MAX);
                    let part = &piece[..piece.len().min(left)];
                    *taken += part.len() as u64;
                    self.keep(header, offset, part);
                    if part.len() == left {
                        self.end(header, &mut sink);
                    }
                    part.len()
                }
            };
            piece = &piece[taken..];
        }
    }

    /// Behind a frame's header.
    fn begin(&mut self, header: Header, sink: &mut impl FnMut(Message<'_>)) {
        let message = match (header.opcode, self.message) {
            (Opcode::Text, None) => Some(Incomplete::Text),
            (Opcode::Binary, None) => Some(Incomplete::Binary { len: 0 }),
            (Opcode::Continuation, Some(message)) => Some(message),
            (Opcode::Close | Opcode::Ping | Opcode::Pong, message) => message,
            // A message within a message, or one that goes on and never began.
            (Opcode::Text | Opcode::Binary, Some(_)) | (Opcode::Continuation, None) => {
                return self.give_up(sink);
            }
        };
        self.message = message;
        self.state = State::Payload { header, taken: 0 };
        if header.length == 0 {
            self.end(header, sink);
        }
    }

    /// Takes a part of a frame's payload, which begins at `offset` in it.
    fn keep(&mut self, header: Header, offset: u64, part: &[u8]) {
        if header.opcode.is_control() {
            for (index, byte) in (offset..).zip(part).take(2) {
                if let Some(slot) = self.control.get_mut(usize::try_from(index).unwrap_or(2)) {
                    *slot = byte ^ header.mask_at(index);
                }
            }
            return;
        }
        match &mut self.message {
            Some(Incomplete::Binary { len }) => *len = len.saturating_add(part.len() as u64),
            Some(Incomplete::Text) if self.text.len() + part.len() > self.limit => {
                self.message = Some(Incomplete::TooLarge);
                self.text = Vec::new();
            }
            Some(Incomplete::Text) => self.keep_text(header, offset, part),
            Some(Incomplete::TooLarge) | None => {}
        }
    }

    fn keep_text(&mut self, header: Header, offset: u64, part: &[u8]) {
        let room = self.text.capacity() - self.text.len();
        if part.len() > room {
            // Grows by doubling, but never over the limit.
            let more = part.len().max(self.text.len()).min(self.limit - self.text.len());
            self.text.reserve_exact(more);
        }
        let start = self.text.len();
        self.text.extend_from_slice(part);
        header.unmask(offset, &mut self.text[start..]);
    }

    /// Behind a frame's payload.
    fn end(&mut self, header: Header, sink: &mut impl FnMut(Message<'_>)) {
        self.state = State::Header(Reading::default());
        match header.opcode {
            Opcode::Ping => sink(Message::Ping),
            Opcode::Pong => sink(Message::Pong),
            Opcode::Close => {
                self.stop();
                let code = (header.length >= 2).then(|| u16::from_be_bytes(self.control));
                sink(Message::Close { code });
            }
            Opcode::Text | Opcode::Binary | Opcode::Continuation if header.is_final => {
                match self.message.take() {
                    Some(Incomplete::Text) => sink(Message::Text(&self.text)),
                    Some(Incomplete::TooLarge) => sink(Message::TooLarge),
                    Some(Incomplete::Binary { len }) => sink(Message::Binary { len }),
                    None => {}
                }
                self.text.clear();
                self.text.shrink_to(KEEP);
            }
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {}
        }
    }

    fn give_up(&mut self, sink: &mut impl FnMut(Message<'_>)) {
        self.stop();
        sink(Message::Unreadable);
    }

    fn stop(&mut self) {
        self.state = State::Done;
        self.message = None;
        self.text = Vec::new();
    }
}
