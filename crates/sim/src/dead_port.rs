//! A port at which nobody listens.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 that refuses connections, and that nobody else gets as long as this lives:
/// it is bound, but not listened at.
#[derive(Debug)]
pub struct DeadPort {
    addr: SocketAddr,
    _socket: TcpSocket,
}

impl DeadPort {
    /// Takes a free port.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { addr: socket.local_addr()?, _socket: socket })
    }

    /// The address that refuses.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://ADDRESS:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}
