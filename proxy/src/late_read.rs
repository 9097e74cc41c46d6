//! A connection for WebSockets that looks for an answer only once everything else has been done.
//!
//! Pingora 0.9.1 ends a session whose `101` it reads before it has taken note that the request has no
//! body (cloudflare/pingora#946): of servers that answer at once, one session in a hundred. Both stand
//! ready then and it picks one by chance; so the answer must not be ready at the first look.

use std::io;
use std::net::SocketAddr as Address;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::prelude::{Error, ErrorType, Result};
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Makes such connections.
#[derive(Debug)]
pub(crate) struct LateReads {
    pub(crate) connect_timeout: Duration,
}

#[async_trait]
impl L4Connect for LateReads {
    async fn connect(&self, addr: &SocketAddr) -> Result<Stream> {
        let Some(addr) = addr.as_inet() else {
            return Error::e_explain(ErrorType::ConnectNoRoute, "not an internet address");
        };
        let tcp = self.tcp(*addr).await?;
        let socket = LateRead { tcp, wrote: false };
        Ok(VirtualSocketStream::new(Box::new(socket)).into())
    }
}

impl LateReads {
    async fn tcp(&self, addr: Address) -> Result<TcpStream> {
        let connecting = tokio::time::timeout(self.connect_timeout, TcpStream::connect(addr));
        let connected = connecting.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        connected.map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::ConnectionRefused => ErrorType::ConnectRefused,
                io::ErrorKind::TimedOut => ErrorType::ConnectTimedout,
                io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::AddrNotAvailable => ErrorType::ConnectNoRoute,
                _ => ErrorType::ConnectError,
            };
            Error::because(kind, format!("connecting to {addr}"), error)
        })
    }
}

/// The first read behind a write waits for the next look.
#[derive(Debug)]
struct LateRead {
    tcp: TcpStream,
    wrote: bool,
}

impl VirtualSocket for LateRead {
    fn set_socket_option(&self, option: VirtualSockOpt) -> io::Result<()> {
        match option {
            VirtualSockOpt::NoDelay => self.tcp.set_nodelay(true),
            // Weir sets no other.
            _ => Ok(()),
        }
    }
}

impl AsyncRead for LateRead {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.wrote) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for LateRead {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.wrote = true;
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
