//! A request's body that says when it was handed on.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// When the last byte of a body was handed to the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct SentAt(Arc<OnceLock<Instant>>);

impl SentAt {
    pub(super) fn get(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// A body of known length, in one piece.
#[derive(Debug)]
pub(super) struct Body {
    left: Option<Bytes>,
    sent_at: SentAt,
}

impl Body {
    pub(super) fn new(body: Bytes, sent_at: SentAt) -> Self {
        Self { left: Some(body), sent_at }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    /// The connection asks for it once it is open, and writes it at once.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.left.take();
        if piece.is_some() {
            // A request that goes out twice (its connection was found closed) began with the first.
            let _first = self.sent_at.0.set(Instant::now());
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.as_ref().map_or(0, |left| left.len() as u64))
    }
}
