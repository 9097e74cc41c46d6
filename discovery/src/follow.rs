//! Following a container runtime: what containers there are, kept up to date.
//!
//! It subscribes to events first, then lists and inspects everything, then inspects what events name. A full list
//! every minute mends what was missed. While the runtime can't be reached, what was known last stays.

mod asked;
mod backoff;
mod kills;
mod known;
mod outlet;
mod runtime;
mod schedule;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use known::Containers;
pub use runtime::{Action, Connect, Runtime, RuntimeError, RuntimeEvent};

use self::backoff::Backoff;
use self::outlet::Outlet;
use crate::config::Docker;
use crate::docker::{Daemon, DockerConfig};
use crate::source::Sources;

/// A connection that lasted this long was a good one: the next failure is a new one.
const STEADY: Duration = Duration::from_secs(10);

/// A container runtime that is followed until this is dropped.
#[derive(Debug)]
pub struct Follower {
    task: JoinHandle<()>,
    containers: watch::Receiver<Arc<Containers>>,
}

impl Follower {
    /// As configured; `None`: containers are not asked for.
    pub fn of(docker: &Docker, sources: &Arc<Sources>) -> Option<Self> {
        let address = match docker {
            Docker::Off => return None,
            Docker::Auto => None,
            Docker::At(address) => Some(address.clone()),
        };
        Some(start(DockerConfig { address, ..DockerConfig::default() }, Arc::clone(sources)))
    }

    /// What is known, as it changes.
    pub fn containers(&self) -> watch::Receiver<Arc<Containers>> {
        self.containers.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Follows Docker or podman. Says how it does as the source `docker` of the same kind.
pub fn start(config: DockerConfig, sources: Arc<Sources>) -> Follower {
    let resync = config.resync;
    start_with(Daemon::new(config), resync, sources)
}

/// Follows any runtime; a full list is read every `resync`.
pub fn start_with<C: Connect>(connect: C, resync: Duration, sources: Arc<Sources>) -> Follower {
    let (sender, containers) = watch::channel(Arc::default());
    let outlet = Outlet::new(sender, sources);
    Follower { task: tokio::spawn(run(connect, resync, outlet)), containers }
}

async fn run<C: Connect>(connect: C, resync: Duration, mut outlet: Outlet) {
    let mut backoff = Backoff::new();
    loop {
        let began = Instant::now();
        let error = match connect.connect().await {
            Ok(runtime) => session::follow(Arc::new(runtime), resync, &mut outlet).await,
            Err(error) => error,
        };
        if outlet.known.seen.listed && began.elapsed() >= STEADY {
            backoff.reset();
        }
        outlet.lost(&error);
        tokio::time::sleep(backoff.wait()).await;
    }
}
