//! A host name and its addresses: once they are known, no request waits for a look-up.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

/// How long addresses are used before the name is asked for again.
const AGE: Duration = Duration::from_secs(5);

/// A host name with a port.
#[derive(Debug)]
pub(crate) struct Name {
    host: String,
    port: u16,
    known: watch::Sender<Known>,
}

#[derive(Debug, Default)]
struct Known {
    addresses: Vec<SocketAddr>,
    /// The one of them that is used: the first, until it can't be connected to.
    current: usize,
    /// When the last look-up ended, whatever came of it.
    asked: Option<Instant>,
    /// A look-up is under way.
    asking: bool,
    /// Why the last look-up found nothing.
    failure: Option<(io::ErrorKind, String)>,
}

impl Name {
    pub(crate) fn new(host: &str, port: u16) -> Arc<Self> {
        Arc::new(Self { host: host.to_owned(), port, known: watch::Sender::default() })
    }

    /// The address to connect to. Only where none is known yet it waits for a look-up, at most for
    /// `limit`; old addresses are looked up again in the background.
    pub(crate) async fn address(self: &Arc<Self>, limit: Duration) -> io::Result<SocketAddr> {
        let look_up = |host: String, port| async move {
            tokio::net::lookup_host((host, port)).await.map(Iterator::collect)
        };
        self.address_by(limit, look_up).await
    }

    async fn address_by<F>(
        self: &Arc<Self>,
        limit: Duration,
        look_up: impl FnOnce(String, u16) -> F,
    ) -> io::Result<SocketAddr>
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        if self.begins_to_ask() {
            tokio::spawn(ask(Arc::clone(self), look_up(self.host.clone(), self.port)));
        }
        if let Some(address) = self.known.borrow().address() {
            return Ok(address);
        }
        let mut changes = self.known.subscribe();
        match timeout(limit, changes.wait_for(|known| !known.asking)).await {
            Ok(Ok(known)) => known.address().ok_or_else(|| known.error(&self.host)),
            Ok(Err(gone)) => Err(io::Error::other(gone)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no address of {} came within {limit:?}", self.host),
            )),
        }
    }

    /// No connection could be made to `address`: the next one is used from now on, by whoever
    /// connects next.
    pub(crate) fn could_not_connect(&self, address: SocketAddr) {
        self.known.send_if_modified(|known| {
            // Many requests may have failed at the same address; it counts once.
            if known.address() == Some(address) {
                known.current = (known.current + 1) % known.addresses.len();
            }
            false
        });
    }

    /// Whether it is time to ask, and nobody does; who calls it has to.
    fn begins_to_ask(&self) -> bool {
        let mut begins = false;
        self.known.send_if_modified(|known| {
            let is_old = known.asked.is_none_or(|asked| asked.elapsed() >= AGE);
            begins = !known.asking && (is_old || known.addresses.is_empty());
            known.asking |= begins;
            false
        });
        begins
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Known {
    fn address(&self) -> Option<SocketAddr> {
        self.addresses.get(self.current).copied()
    }

    /// A name service that fails for a moment is no reason to fail requests: what was known stays.
    fn take(&mut self, found: io::Result<Vec<SocketAddr>>) {
        self.asking = false;
        self.asked = Some(Instant::now());
        match found {
            Ok(found) if found.is_empty() => {
                self.failure = Some((io::ErrorKind::NotFound, "it has none".to_owned()));
            }
            Ok(found) => {
                // Name services rotate their answers: the address that works stays in use.
                let used = self.address();
                self.current =
                    found.iter().position(|address| Some(*address) == used).unwrap_or_default();
                self.addresses = found;
            }
            Err(error) => self.failure = Some((error.kind(), error.to_string())),
        }
    }

    fn error(&self, host: &str) -> io::Error {
        let (kind, why) = match &self.failure {
            Some((kind, why)) => (*kind, why.as_str()),
            None => (io::ErrorKind::Other, "nothing was found"),
        };
        io::Error::new(kind, format!("no address of {host}: {why}"))
    }
}

/// A look-up under way. Its end is told also when its task is dropped: others wait for it.
struct Asking {
    name: Arc<Name>,
    found: io::Result<Vec<SocketAddr>>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let found = std::mem::replace(&mut self.found, Ok(Vec::new()));
        self.name.known.send_modify(|known| known.take(found));
    }
}

async fn ask(name: Arc<Name>, look_up: impl Future<Output = io::Result<Vec<SocketAddr>>>) {
    let broken_off = Err(io::Error::other("the look-up was broken off"));
    let mut asking = Asking { name, found: broken_off };
    asking.found = look_up.await;
}

#[cfg(test)]
mod tests;
