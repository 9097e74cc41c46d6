//! One TCP connection: buffered reading, writing in chosen pieces, and each way to end it.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How much a client may send ahead while its answer is on the way.
const MAX_AHEAD: usize = 64 * 1024;

/// What a server does with the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Waits for the next request.
    KeepOpen,
    /// Closes it (FIN).
    Close,
    /// Resets it (RST).
    Reset,
}

pub(crate) struct Socket {
    stream: TcpStream,
    /// Bytes that were read and not yet used.
    pub(crate) input: BytesMut,
    cut: Option<usize>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, input: BytesMut::with_capacity(8 * 1024), cut: None }
    }

    /// From now on every write has at most `every` bytes.
    pub(crate) fn cut_writes(&mut self, every: Option<usize>) {
        self.cut = every.filter(|&every| every > 0);
    }

    /// Reads some more into `input`; 0 means that the client has shut its side.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        self.stream.read_buf(&mut self.input).await
    }

    /// As [`fill`](Self::fill), with an error in place of the end.
    pub(crate) async fn need(&mut self) -> io::Result<()> {
        match self.fill().await? {
            0 => Err(gone()),
            _ => Ok(()),
        }
    }

    /// Completes when the client has left: a FIN counts, as it does for uvicorn.
    async fn left(&mut self) {
        loop {
            if self.input.len() >= MAX_AHEAD {
                pending::<()>().await;
            }
            match self.fill().await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Waits for the moment `due`, or returns an error if the client leaves before.
    pub(crate) async fn wait_until(&mut self, due: Instant) -> io::Result<()> {
        let late = due <= Instant::now();
        tokio::select! {
            biased;
            () = self.left() => Err(gone()),
            () = std::future::ready(()), if late => Ok(()),
            () = tokio::time::sleep_until(due), if !late => Ok(()),
        }
    }

    /// Waits until the client leaves, for ever if need be.
    pub(crate) async fn wait_for_leave(&mut self) -> io::Error {
        self.left().await;
        gone()
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(every) = self.cut else {
            return self.stream.write_all(bytes).await;
        };
        for piece in bytes.chunks(every) {
            self.stream.write_all(piece).await?;
            // Gives the reader a chance to see the piece by itself.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Ends the connection as `next` says.
    pub(crate) async fn end(mut self, next: Next) {
        if next == Next::Reset {
            // A failure leaves a FIN in place of the RST: the peer is gone already then.
            let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        } else {
            let _ = self.stream.shutdown().await;
        }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the client has left")
}
