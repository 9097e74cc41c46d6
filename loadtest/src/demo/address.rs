//! Where programs are to listen: at their usual addresses, or free ones.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The proxy's default ports.
const EDGE: u16 = 9800;
const ENGINE: u16 = 9801;
pub(crate) const ADMIN: u16 = 9900;

/// The proxy's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The edge listener, in front of the gateway.
    pub(crate) edge: SocketAddr,
    /// The engine listener, in front of the engines.
    pub(crate) engine: SocketAddr,
    /// Metrics and status.
    pub(crate) admin: SocketAddr,
}

impl Addresses {
    /// The usual ones, or free ports where those are taken.
    pub(crate) fn choose() -> io::Result<Self> {
        // All are held until all are chosen: they are never the same.
        let (edge, engine, admin) = (free(EDGE)?, free(ENGINE)?, free(ADMIN)?);
        Ok(Self {
            edge: edge.local_addr()?,
            engine: engine.local_addr()?,
            admin: admin.local_addr()?,
        })
    }
}

/// An address of this host with the usual port, or with a free one where that is taken.
pub(crate) fn local(usual: u16) -> io::Result<SocketAddr> {
    free(usual)?.local_addr()
}

fn free(usual: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, usual))
        .or_else(|_taken| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let chosen = free(port).unwrap().local_addr().unwrap().port();
        assert_ne!(chosen, port);
    }
}
