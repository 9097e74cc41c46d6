//! A client's connection, as Pingora reads and writes it.
//!
//! Over HTTP/1 it also watches whose turn it is: it runs out of patience with a client that does not
//! send, and notices an answer that Pingora writes although no request was there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use pingora::protocols::l4::socket::SocketAddr as PingoraAddr;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::blocked::Blocked;
use super::linger;
use super::opening::{Layer, Opening};
use super::patience::Patience;
use super::places::Place;
use super::refusal::Refusal;
use super::turn::{Phase, Turn};
use crate::config::Limits;

/// How an answer of HTTP/1 begins; three digits follow.
const STATUS_LINE: &[u8] = b"HTTP/1.1 ";

pub(super) struct Connection {
    /// Gone once it lingers.
    layer: Option<Layer>,
    /// What was read before it was known what it is.
    read: Bytes,
    digest: Arc<SocketDigest>,
    id: UniqueIDType,
    /// Of HTTP/1.
    watch: Option<(Arc<Turn>, Patience)>,
    blocked: Blocked,
    place: Option<Place>,
}

impl Connection {
    pub(super) fn new(
        opening: Opening,
        peer: SocketAddr,
        place: Place,
        watch: Option<(Arc<Turn>, Limits)>,
        blocked: Blocked,
    ) -> Self {
        let id = tcp(&opening.layer).as_raw_fd();
        let digest = SocketDigest::from_raw_fd(id);
        // Known already: the system need not be asked.
        let _unset = digest.peer_addr.set(Some(PingoraAddr::Inet(peer)));
        Self {
            layer: Some(opening.layer),
            read: opening.read,
            digest: Arc::new(digest),
            id,
            watch: watch.map(|(turn, limits)| (turn, Patience::new(limits))),
            blocked,
            place: Some(place),
        }
    }

    fn layer(&mut self) -> io::Result<&mut Layer> {
        self.layer.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.read.is_empty() {
            let length = self.read.len().min(buffer.remaining());
            buffer.put_slice(&self.read[..length]);
            self.read.advance(length);
            if self.read.is_empty() {
                // Lets the buffer go.
                self.read = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        match self.layer()? {
            Layer::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Layer::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }

    /// Sends on what lies in the write buffer: nothing more is there to be done, and Pingora flushes an
    /// answer of which it knows the length only at its end.
    fn let_out(&mut self, cx: &mut Context<'_>) {
        let holds = match &self.layer {
            Some(Layer::Plain(tcp)) => !tcp.buffer().is_empty(),
            Some(Layer::Tls(tls)) => {
                !tls.get_ref().0.buffer().is_empty() || tls.get_ref().1.wants_write()
            }
            None => false,
        };
        if holds {
            // An error comes up again where somebody writes.
            let _later = Pin::new(self).poll_flush(cx);
        }
    }

    /// Answers a head that will never be a request; always an error.
    fn refuse(&mut self, cx: &mut Context<'_>, refusal: Refusal) -> io::Result<()> {
        // It fits into the buffer; what is left there is sent when this is dropped.
        let _gone = Pin::new(self).poll_write(cx, refusal.answer().as_bytes());
        Err(io::ErrorKind::InvalidData.into())
    }

    /// Pingora answers by itself what is no request.
    fn notice_unasked(&self, bytes: &[u8]) {
        let Some((turn, _)) = &self.watch else { return };
        if !matches!(turn.phase(), Phase::Waiting | Phase::Head) {
            return;
        }
        let status = bytes.strip_prefix(STATUS_LINE).and_then(|rest| rest.get(..3));
        let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let Some(status) = status {
            turn.answered_unasked(status);
            turn.will_linger();
        }
    }
}

fn tcp(layer: &Layer) -> &TcpStream {
    match layer {
        Layer::Plain(tcp) => tcp.get_ref(),
        Layer::Tls(tls) => tls.get_ref().0.get_ref(),
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.poll_bytes(cx, buffer);
        if polled.is_pending() {
            self.let_out(cx);
        }
        let Some((turn, patience)) = &mut self.watch else { return polled };
        let phase = turn.phase();
        match polled {
            Poll::Ready(_) => {
                let came = buffer.filled().len() - before;
                if let Some(next) = patience.received(phase, came) {
                    turn.set(next);
                }
                if phase == Phase::Head && patience.has_too_much_of_a_head() {
                    return Poll::Ready(self.refuse(cx, Refusal::HEAD_TOO_LARGE));
                }
                polled
            }
            Poll::Pending => {
                ready!(patience.poll_end(phase, cx));
                Poll::Ready(match phase {
                    // As if the client had closed it: nothing was asked.
                    Phase::Waiting => Ok(()),
                    Phase::Head => self.refuse(cx, Refusal::TIMEOUT),
                    Phase::Body | Phase::Answer => {
                        turn.is_now_overdue();
                        Err(io::ErrorKind::TimedOut.into())
                    }
                })
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.notice_unasked(bytes);
        let polled = match self.layer()? {
            Layer::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Layer::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        };
        self.blocked.note(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.notice_unasked(slices.first().map_or(&[], |slice| slice));
        let polled = match self.layer()? {
            Layer::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Layer::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        };
        self.blocked.note(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        match &self.layer {
            Some(Layer::Plain(tcp)) => tcp.is_write_vectored(),
            Some(Layer::Tls(tls)) => tls.is_write_vectored(),
            None => false,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match self.layer()? {
            Layer::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_flush(cx),
        };
        self.blocked.note(&polled);
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.layer()? {
            Layer::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Layer::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // An answer that broke off may lie in the buffer still; nobody is left to wait for the socket.
        let mut once = Context::from_waker(Waker::noop());
        let _as_far_as_it_goes = Pin::new(&mut *self).poll_flush(&mut once);
        // Over HTTP/2 bytes of the client are always under way: what its window lets through.
        let lingers = self.watch.as_ref().is_none_or(|(turn, _)| turn.lingers());
        // Without a runtime the process is about to end.
        let (Some(layer), true, Ok(runtime)) =
            (self.layer.take(), lingers, tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let tcp = match layer {
            Layer::Plain(tcp) => tcp.into_inner(),
            Layer::Tls(tls) => tls.into_inner().0.into_inner(),
        };
        let place = self.place.take();
        runtime.spawn(async move {
            linger::close(tcp).await;
            drop(place);
        });
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("fd", &self.id).finish_non_exhaustive()
    }
}

#[async_trait]
impl Shutdown for Connection {
    async fn shutdown(&mut self) {
        // Where the client is gone there is nothing left to shut.
        let _gone = AsyncWriteExt::shutdown(self).await;
    }
}

impl UniqueID for Connection {
    fn id(&self) -> UniqueIDType {
        self.id
    }
}

impl Ssl for Connection {}

#[async_trait]
impl Peek for Connection {}

impl GetTimingDigest for Connection {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Connection {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Connection {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(Arc::clone(&self.digest))
    }
}
