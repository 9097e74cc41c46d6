//! Listening sockets, bound before anything serves: a port in use is an error at once, and port 0
//! tells which port it became.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use socket2::{Domain, Socket, Type};
use weir_ledger::Hop;

use crate::app::StartError;
use crate::config::Listener;
use crate::door::Tls;

/// Connections that wait to be taken in; the system lowers it to its own limit.
const BACKLOG: i32 = 65_535;

/// A listener whose socket waits to be served.
pub(crate) struct Bound {
    pub(crate) kind: Hop,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<Tls>>,
    socket: TcpListener,
}

impl Bound {
    pub(crate) fn bind(listener: &Listener) -> Result<Self, StartError> {
        let Listener { kind, address, tls, .. } = listener;
        let tls = tls.as_ref().map(Tls::load).transpose()?;
        let failed =
            |source| StartError::Listen { listener: kind.as_str(), address: *address, source };
        let socket = bound_socket(*address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { kind: *kind, address, tls, socket })
    }

    /// To be called within a runtime.
    pub(crate) fn listen(self) -> std::io::Result<tokio::net::TcpListener> {
        tokio::net::TcpListener::from_std(self.socket)
    }
}

fn bound_socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // Connections of the process before may still be closing.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
