//! Where programs are to listen: at their usual addresses, or free ones.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The proxy's default ports.
const LISTENER: u16 = 9801;
const ADMIN: u16 = 9900;

/// The proxy's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The engine listener.
    pub(crate) listener: SocketAddr,
    /// Metrics and status.
    pub(crate) admin: SocketAddr,
}

impl Addresses {
    /// The usual ones, or free ports where those are taken.
    pub(crate) fn choose() -> io::Result<Self> {
        // Both are held until both are chosen: they are never the same.
        let (listener, admin) = (free(LISTENER)?, free(ADMIN)?);
        Ok(Self { listener: listener.local_addr()?, admin: admin.local_addr()? })
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
