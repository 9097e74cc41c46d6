//! The admin server of a daemon, on a thread of its own: a scrape never delays a request, and a
//! daemon that is too busy to serve still says so.

mod access;
mod connection;
mod guard;
mod own_page;
mod pages;
mod timestamp;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

pub use access::AdminAccess;
use connection::Bounded;
pub use own_page::{OwnPage, is_known};
pub use pages::Pages;
use pages::Site;

/// A connection over which nothing could be answered for so long is closed: idle, slow to ask or
/// slow to read. Longer than Prometheus' scrape interval of a minute, so that its connections are
/// kept.
const PATIENCE: Duration = Duration::from_secs(75);

/// Why the admin server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The address cannot be listened on; mostly it is in use by another process.
    #[error(
        "cannot serve the admin pages on {addr}: {source}; free the address or choose another one"
    )]
    Bind {
        /// The address that was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread, or no event queue for it.
    #[error("cannot start the thread of the admin pages: {0}")]
    Thread(io::Error),
}

/// A running admin server; dropping it ends it.
#[derive(Debug)]
pub struct AdminServer {
    addr: SocketAddr,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    /// Never sent on: that it is dropped is the message.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl AdminServer {
    /// Listens on `addr` (port 0: any free one) and serves `pages` from a new thread.
    ///
    /// `name` and `version` are the daemon's, for `/status` and `weir_build_info`. Once this
    /// returns, connections are accepted.
    pub fn bind(
        addr: SocketAddr,
        name: &'static str,
        version: &'static str,
        pages: Arc<dyn Pages>,
    ) -> Result<Self, AdminError> {
        let failed = |source| AdminError::Bind { addr, source };
        let listener = TcpListener::bind(addr).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;

        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(AdminError::Thread)?;
        if !addr.ip().is_loopback() && pages.access().is_open() {
            tracing::info!(%addr, "Everybody who reaches the admin pages may read them.");
        }
        let connections = pages.connections();
        let site = Site::new(name, version, pages);
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("weir-admin".to_owned())
            .spawn(move || serve(&runtime, listener, connections, site, stopped))
            .map_err(AdminError::Thread)?;
        Ok(Self { addr, running: Some(Running { stop, thread }) })
    }

    /// The address that it listens on, with the port that the system chose.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops listening, cuts open connections and waits for the thread to end.
    pub fn stop(self) {}
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        let Some(Running { stop, thread }) = self.running.take() else { return };
        drop(stop);
        if thread.join().is_err() {
            tracing::error!("The thread of the admin pages panicked.");
        }
    }
}

/// Whoever else has work to do comes first: on Linux this is of the thread that asks for it, setpriority(2). A page is
/// written in a few ms, and would keep a request waiting for as long on a core that it shares with one.
fn give_way() {
    const NICE: i32 = 5;
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "Scrapes are served with the priority of the rest.");
    }
}

fn serve(
    runtime: &Runtime,
    listener: TcpListener,
    connections: usize,
    site: Site,
    stopped: oneshot::Receiver<()>,
) {
    give_way();
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => Bounded::new(listener, connections, PATIENCE),
            Err(error) => return tracing::error!(%error, "The admin pages cannot be served."),
        };
        tokio::select! {
            ended = axum::serve(listener, pages::router(site)) => {
                tracing::error!(?ended, "The admin pages are no longer served.");
            }
            _ = stopped => {}
        }
    });
}

#[cfg(test)]
mod tests;
