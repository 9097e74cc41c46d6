//! A proxy in this process, and questions to its admin endpoints.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use weir_proxy::{App, Config, Drained, Hop};
use weir_sim::{Scrape, Upstream};

use super::{Answer, DEADLINE, Request, ask, config, engine, ledger, route};

/// A proxy that serves. Dropping it drains it.
pub(crate) struct ProxyGuard {
    /// Gone once it is drained.
    app: Option<App>,
}

impl ProxyGuard {
    pub(crate) fn start(config: &Config) -> Self {
        Self { app: Some(off_runtime(|| App::start(config)).unwrap()) }
    }

    /// One engine route named `default` to this upstream; see [`route`].
    pub(crate) fn to(upstream: &Upstream) -> Self {
        Self::start(&config([engine([route("default", &upstream.url())])]))
    }

    /// Where a listener listens.
    pub(crate) fn addr(&self, listener: Hop) -> SocketAddr {
        self.app().address(listener).unwrap()
    }

    /// Where the engine listener listens.
    pub(crate) fn engine(&self) -> SocketAddr {
        self.addr(Hop::Engine)
    }

    /// Where the edge listener listens.
    pub(crate) fn edge(&self) -> SocketAddr {
        self.addr(Hop::Edge)
    }

    /// Where the admin endpoints are.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.app().admin_address()
    }

    /// A page of the admin endpoints.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        ask(self.admin(), &Request::get(path)).await
    }

    /// A page of the admin endpoints that is JSON.
    pub(crate) async fn json(&self, path: &str) -> Value {
        self.page(path).await.json()
    }

    /// `/metrics` in text 0.0.4.
    pub(crate) async fn scrape(&self) -> Scrape {
        Scrape::parse(self.page("/metrics").await.text()).unwrap()
    }

    /// `/metrics` in OpenMetrics.
    pub(crate) async fn openmetrics(&self) -> Answer {
        let request =
            Request::get("/metrics").header("accept", "application/openmetrics-text;version=1.0.0");
        ask(self.admin(), &request).await
    }

    /// Waits until no request is in flight and `started = sum(outcomes)`, `active = 0` for every
    /// route, hop, endpoint and model; the scrape of that moment. Checks that events add up.
    pub(crate) async fn settled(&self) -> Scrape {
        let mut left = String::new();
        let settling = async {
            loop {
                let in_flight = self.json("/status").await["requests_in_flight"].clone();
                let scrape = self.scrape().await;
                let unsettled = ledger::unsettled(&scrape);
                if in_flight == 0 && unsettled.is_empty() {
                    return scrape;
                }
                left = format!("{in_flight} in flight, {unsettled:#?}");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let Ok(scrape) = tokio::time::timeout(DEADLINE, settling).await else {
            panic!("the requests have not all ended within {DEADLINE:?}: {left}")
        };
        ledger::assert_events_add_up(&scrape);
        scrape
    }

    /// Drains and tells what became of the requests, with the metrics after the end.
    pub(crate) fn drain(mut self) -> (Drained, Scrape) {
        let app = self.app.take().unwrap();
        let ledger = app.ledger().clone();
        let drained = off_runtime(|| app.drain());
        (drained, Scrape::parse(&ledger.encode()).unwrap())
    }

    /// The proxy itself.
    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().unwrap()
    }
}

impl Drop for ProxyGuard {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            off_runtime(|| app.drain());
        }
    }
}

/// A proxy owns a runtime, which may be neither driven nor dropped on a thread of another.
fn off_runtime<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(act).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
