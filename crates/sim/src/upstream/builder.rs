//! Settings of an upstream, and starting it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Shared, Upstream};
use crate::connection;
use crate::engine::Engine;
use crate::engine_metrics::EngineStats;
use crate::plan::{Plan, Plans};
use crate::recorder::{Observer, Recorded, Recorder};
use crate::stored::Store;

/// What an [`Upstream`] is to be. Get one from [`Upstream::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    engine: Engine,
    models: Vec<String>,
    plan: Plan,
    bind: SocketAddr,
    keep_alive: Duration,
    keep_requests: usize,
    keep_bodies: usize,
    observer: Option<Observer>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            engine: Engine::vllm("0.32.0"),
            models: vec!["tiny".to_owned()],
            plan: Plan::default(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keep_alive: Duration::from_secs(5),
            keep_requests: 10_000,
            keep_bodies: 1024 * 1024,
            observer: None,
        }
    }
}

impl Builder {
    /// The server to imitate.
    pub fn engine(self, engine: Engine) -> Self {
        Self { engine, ..self }
    }

    /// The names of the models that are served. None at all means that any name will do.
    pub fn models<M: Into<String>>(self, models: impl IntoIterator<Item = M>) -> Self {
        Self { models: models.into_iter().map(Into::into).collect(), ..self }
    }

    /// The default plan.
    pub fn plan(self, plan: Plan) -> Self {
        Self { plan, ..self }
    }

    /// The address to listen on.
    pub fn bind(self, addr: SocketAddr) -> Self {
        Self { bind: addr, ..self }
    }

    /// After how long an idle connection is closed; 5 s by default, as uvicorn does it.
    pub fn keep_alive(self, idle: Duration) -> Self {
        Self { keep_alive: idle, ..self }
    }

    /// How many requests are kept, the newest; 10,000 by default.
    pub fn keep_requests(self, count: usize) -> Self {
        Self { keep_requests: count, ..self }
    }

    /// Calls `see` with every request whose head has been read, before its body is; so every one is
    /// seen, even if none is kept. Let it be quick: the request waits for it.
    pub fn on_request(self, see: impl Fn(&Recorded) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Observer::new(see)), ..self }
    }

    /// How many bytes of each request body are kept; 1 MiB by default.
    pub fn keep_bodies(self, bytes: usize) -> Self {
        Self { keep_bodies: bytes, ..self }
    }

    /// Binds the address and serves, in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(self) -> io::Result<Upstream> {
        let listener = listen(self.bind)?;
        let addr = listener.local_addr()?;
        let stats = Arc::new(EngineStats::new(&self.engine));
        let shared = Arc::new(Shared {
            engine: self.engine,
            models: self.models,
            plans: Plans::new(self.plan),
            recorder: Arc::new(Recorder::new(self.keep_requests, self.keep_bodies, self.observer)),
            stats,
            stored: Store::default(),
            keep_alive: self.keep_alive,
            ids: AtomicU64::new(0),
        });
        let (running, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stopped));
        Ok(Upstream { shared, addr, accepting, running })
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A test that starts an upstream again on the same port must not wait for old connections.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(4096)
}

/// Accepts until the upstream is dropped; aborts the connections then.
async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection::serve(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, most likely: some may be free soon.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}
