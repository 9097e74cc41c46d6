//! Streams that come event by event when the test says so, and what a scrape tells of requests.

use std::sync::Arc;

use tokio::sync::Notify;
use weir_sim::{Scrape, Upstream};

use crate::rig::scripted::{LAST, STREAM, Scripted, Step, chunk};
use crate::rig::{Api, Client, ProxyGuard, ask, config, engine, route};

/// The APIs that have streams.
pub(crate) fn streaming() -> impl Iterator<Item = Api> {
    Api::ALL.into_iter().filter(|api| api.streams())
}

/// A proxy before a scripted upstream.
pub(crate) fn proxy_to(upstream: &Scripted) -> ProxyGuard {
    ProxyGuard::start(&config([engine([route("default", &upstream.url())])]))
}

/// The events of a good stream.
pub(crate) async fn events(api: Api) -> Vec<String> {
    let sim = Upstream::builder().start().await.unwrap();
    let answer = ask(sim.addr(), &api.request(true).header("x-sim", "tokens=4")).await;
    answer.text().split_inclusive("\n\n").map(str::to_owned).collect()
}

/// A client of a stream whose upstream sends the next event only when it is told to.
pub(crate) struct Stepwise {
    pub(crate) proxy: ProxyGuard,
    pub(crate) client: Client,
    _upstream: Scripted,
    next: Arc<Notify>,
    came: String,
}

impl Stepwise {
    /// The request is sent, the answer's head has come; the upstream waits.
    pub(crate) async fn start(api: Api, events: &[String]) -> Self {
        let next = Arc::new(Notify::new());
        let mut script = vec![Step::Read, Step::Send(STREAM.into())];
        for event in events {
            script.push(Step::Await(Arc::clone(&next)));
            script.push(Step::Send(chunk(event).into()));
        }
        script.extend([Step::Await(Arc::clone(&next)), Step::Send(LAST.into()), Step::Stall]);
        let upstream = Scripted::start(script).await;
        let proxy = proxy_to(&upstream);
        let mut client = Client::connect(proxy.engine()).await;
        client.send(api.request(true).bytes()).await;
        assert_eq!(client.head().await.status, 200);
        Self { proxy, client, _upstream: upstream, next, came: String::new() }
    }

    /// The upstream sends this one; the client has it before anything else is sent.
    pub(crate) async fn event(&mut self, event: &str) {
        self.came.push_str(event);
        self.next.notify_one();
        let has_come = |input: &[u8]| crate::rig::dechunk(input).body == self.came.as_bytes();
        self.client.read_until(has_come).await;
    }

    /// The upstream ends the stream.
    pub(crate) async fn end(&mut self) -> Scrape {
        self.next.notify_one();
        self.client.read_until(|input| crate::rig::dechunk(input).complete).await;
        self.proxy.settled().await
    }
}

/// The outcomes that are not 0, over everything else.
pub(crate) fn outcomes(scrape: &Scrape) -> Vec<(String, u64)> {
    let count = |outcome: String| {
        let count = scrape.sum("llm_requests_total", &[("outcome", &outcome)]).unwrap();
        (count > 0.0).then_some((outcome, count as u64))
    };
    scrape.labels_of("llm_requests_total", "outcome").into_iter().filter_map(count).collect()
}

/// So many requests, all with this outcome.
pub(crate) fn all(outcome: &str, count: u64) -> Vec<(String, u64)> {
    vec![(outcome.to_owned(), count)]
}

/// Tokens of a kind, from any source.
pub(crate) fn tokens(scrape: &Scrape, kind: &str, source: &str) -> Option<f64> {
    scrape.sum("llm_tokens_total", &[("kind", kind), ("source", source)])
}
