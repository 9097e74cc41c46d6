//! The beginning of a connection: TLS, where the listener speaks it, and which HTTP follows.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::server::TlsStream;

use super::Tls;
use crate::config::Limits;

/// What a client of HTTP/2 says first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Collects a head and a small body to one packet. Pingora flushes where it matters.
const WRITE_BUFFER: usize = 1460;

/// As much as Pingora reads of a head at first.
const FIRST_READ: usize = 4096;

/// A connection with a write buffer.
pub(super) type Tcp = BufWriter<TcpStream>;

/// What carries the bytes.
pub(super) enum Layer {
    Plain(Tcp),
    Tls(Box<TlsStream<Tcp>>),
}

/// Which HTTP the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http2,
}

/// A connection that has begun.
pub(super) struct Opening {
    pub(super) layer: Layer,
    pub(super) speaks: Speaks,
    /// What was read to find out.
    pub(super) read: Bytes,
}

impl Opening {
    /// `None`: the client left, or said nothing for as long as a connection may idle.
    pub(super) async fn of(
        tcp: TcpStream,
        tls: Option<&Tls>,
        limits: Limits,
    ) -> Result<Option<Self>, Failed> {
        tcp.set_nodelay(true)?;
        find_dead_peers(&tcp)?;
        let tcp = BufWriter::with_capacity(WRITE_BUFFER, tcp);
        match tls {
            // Boxed: each connection would have room for a handshake as long as it lasts.
            Some(tls) => Box::pin(Self::secure(tcp, tls, limits)).await,
            None => Ok(Self::plain(tcp, limits).await?),
        }
    }

    async fn secure(tcp: Tcp, tls: &Tls, limits: Limits) -> Result<Option<Self>, Failed> {
        let accepting = tls.acceptor().accept(tcp).into_fallible();
        let stream = match timeout(limits.head_timeout, accepting).await {
            Ok(Ok(stream)) => stream,
            // It left: as health checks do, which open a connection and close it again.
            Ok(Err((error, _))) if has_left(&error) => return Ok(None),
            Ok(Err((error, mut tcp))) => {
                // The alert that says why; a client that is gone does not read it.
                let _gone = tcp.flush().await;
                return Err(Failed { error, tcp: Some(tcp.into_inner()) });
            }
            Err(_) => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        };
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let speaks = if h2 { Speaks::Http2 } else { Speaks::Http1 };
        Ok(Some(Self { layer: Layer::Tls(Box::new(stream)), speaks, read: Bytes::new() }))
    }

    async fn plain(mut tcp: Tcp, limits: Limits) -> io::Result<Option<Self>> {
        let mut read = BytesMut::with_capacity(FIRST_READ);
        let mut deadline = Instant::now() + limits.idle;
        let speaks = loop {
            let is_first = read.is_empty();
            match timeout_at(deadline, tcp.read_buf(&mut read)).await {
                Ok(Ok(1..)) => {}
                // A reset is a goodbye as well.
                Ok(_) => return Ok(None),
                Err(_) if is_first => return Ok(None),
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
            if let Some(speaks) = told_from(&read) {
                break speaks;
            }
            if is_first {
                deadline = Instant::now() + limits.head_timeout;
            }
        };
        Ok(Some(Self { layer: Layer::Plain(tcp), speaks, read: read.freeze() }))
    }
}

/// A connection that did not come about.
pub(super) struct Failed {
    pub(super) error: io::Error,
    /// Where it is still open: the client is to read why.
    pub(super) tcp: Option<TcpStream>,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self { error, tcp: None }
    }
}

/// `None`: more is needed.
fn told_from(read: &[u8]) -> Option<Speaks> {
    let common = read.len().min(PREFACE.len());
    if read[..common] != PREFACE[..common] {
        return Some(Speaks::Http1);
    }
    (common == PREFACE.len()).then_some(Speaks::Http2)
}

/// A client whose machine is gone never says so; the kernel asks after a silence of a minute.
fn find_dead_peers(tcp: &TcpStream) -> io::Result<()> {
    let asking = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
    socket2::SockRef::from(tcp).set_tcp_keepalive(&asking)
}

fn has_left(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_2_is_told_from_its_preface_alone() {
        let split = |count: usize| told_from(&PREFACE[..count]);
        assert!((0..PREFACE.len()).all(|count| split(count).is_none()));
        assert_eq!(split(PREFACE.len()), Some(Speaks::Http2));
        let more = [PREFACE, b"\0\0"].concat();
        assert_eq!(told_from(&more), Some(Speaks::Http2));
        for http1 in ["G", "PO", "PRX", "PRI * HTTP/1.1\r\n\r\n", "\r\n"] {
            assert_eq!(told_from(http1.as_bytes()), Some(Speaks::Http1), "{http1:?}");
        }
    }
}
