//! Edge, gateway and engine in one: what the gateway adds is told, request by request.

mod gateway;

use std::time::Duration;

use weir_proxy::{Config, Hop};
use weir_sim::{Scrape, Upstream};

use crate::rig::{Api, Client, ProxyGuard, Request, ask, config, edge, engine, route};
use gateway::{Gateway, Manner};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const BY_TRACE: Manner = Manner { passes_on: &["traceparent"], ..SILENT };
const BY_HEADER: Manner = Manner { passes_on: &["x-weir-hop"], ..SILENT };
const SILENT: Manner = Manner {
    passes_on: &[],
    before: Duration::ZERO,
    after: Duration::ZERO,
    failures: 0,
    buffers: false,
    is_cache: false,
};

struct Scene {
    sim: Upstream,
    proxy: ProxyGuard,
    _gateway: Gateway,
}

impl Scene {
    async fn start(manner: Manner, hop_header: bool) -> Self {
        let sim = Upstream::builder().start().await.unwrap();
        let gateway = Gateway::start(manner).await;
        let listeners =
            [edge([route("gateway", &gateway.url())]), engine([route("llama", &sim.url())])];
        let proxy = ProxyGuard::start(&Config { hop_header, ..config(listeners) });
        gateway.asks(proxy.engine());
        Self { sim, proxy, _gateway: gateway }
    }

    /// Sends a chat with a plan for the engine to the edge, and returns what is known once all has ended.
    async fn chat(&self, stream: bool, plan: &str) -> Scrape {
        let request = Api::Chat.request(stream).header("x-sim", plan);
        assert_eq!(ask(self.proxy.edge(), &request).await.status, 200);
        self.proxy.settled().await
    }
}

fn requests(scrape: &Scrape, result: &str) -> Option<f64> {
    scrape.value("llm_hop_requests_total", &[("model", "tiny"), ("result", result)])
}

/// How many requests have a phase, and how many seconds they have of it together.
fn phase(scrape: &Scrape, phase: &str) -> (f64, f64) {
    let of = |name| scrape.value(name, &[("model", "tiny"), ("phase", phase)]).unwrap_or(0.0);
    (of("llm_hop_added_seconds_count"), of("llm_hop_added_seconds_sum"))
}

fn attempts(scrape: &Scrape) -> Option<f64> {
    scrape.value("llm_hop_attempts_total", &[("model", "tiny")])
}

fn buffered(scrape: &Scrape) -> Option<f64> {
    scrape.value("llm_hop_buffering_total", &[("model", "tiny")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delays_in_the_gateway_are_told_and_the_engines_are_not() {
    let delays = (Duration::from_millis(80), Duration::from_millis(120));
    let manner = Manner { before: delays.0, after: delays.1, ..BY_TRACE };
    let scene = Scene::start(manner, false).await;
    let mut scrape = Scrape::default();
    for _ in 0..3 {
        scrape = scene.chat(true, "tokens=6,ttft=1s,gap=3ms").await;
    }
    assert_eq!((requests(&scrape, "joined"), attempts(&scrape)), (Some(3.0), Some(3.0)));
    assert_eq!(requests(&scrape, "unjoined"), None);
    for (name, least) in [("before_upstream", 0.24), ("after", 0.36)] {
        let (count, sum) = phase(&scrape, name);
        assert_eq!(count, 3.0, "{name}");
        // The engine's second are not in it.
        assert!((least..least + 2.5).contains(&sum), "{name}: {sum}");
    }
    for name in ["first_token", "per_event"] {
        assert_eq!(phase(&scrape, name).0, 3.0, "{name}");
    }
    assert_eq!(buffered(&scrape), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_streamed_has_a_before_and_an_after() {
    let scene = Scene::start(BY_TRACE, false).await;
    let scrape = scene.chat(false, "tokens=6").await;
    let counts = ["before_upstream", "first_token", "per_event", "after"];
    assert_eq!(counts.map(|name| phase(&scrape, name).0), [1.0, 0.0, 0.0, 1.0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_counted() {
    let scene = Scene::start(Manner { failures: 2, ..BY_TRACE }, false).await;
    let scrape = scene.chat(true, "tokens=6").await;
    assert_eq!((requests(&scrape, "joined"), attempts(&scrape)), (Some(1.0), Some(3.0)));
    assert_eq!(phase(&scrape, "first_token").0, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_held_back_is_counted() {
    let scene = Scene::start(Manner { buffers: true, ..BY_TRACE }, false).await;
    let scrape = scene.chat(true, "tokens=20,gap=20ms").await;
    assert_eq!((requests(&scrape, "joined"), buffered(&scrape)), (Some(1.0), Some(1.0)));
    let (count, sum) = phase(&scrape, "first_token");
    assert!(count == 1.0 && sum > 0.3, "{count}, {sum}: it waited for the last one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_holds_many_requests() {
    let scene = Scene::start(BY_TRACE, false).await;
    let asking = (0..20).map(|_| {
        let request = Api::Chat.request(true).header("traceparent", PARENT);
        let edge = scene.proxy.edge();
        tokio::spawn(async move { ask(edge, &request.header("x-sim", "tokens=6")).await.status })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), 200);
    }
    let scrape = scene.proxy.settled().await;
    assert_eq!((requests(&scrape, "joined"), attempts(&scrape)), (Some(20.0), Some(20.0)));
}

/// What the engine was told under this name.
fn told(scene: &Scene, name: &str) -> Option<String> {
    scene.sim.requests().pop().unwrap().header(name).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_joins_and_carries_the_trace() {
    let scene = Scene::start(BY_HEADER, true).await;
    let forged = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    let request = Api::Chat.request(true).header("x-weir-hop", forged);
    let request = request.header("traceparent", PARENT).header("x-sim", "tokens=6");
    assert_eq!(ask(scene.proxy.edge(), &request).await.status, 200);
    let scrape = scene.proxy.settled().await;
    assert_eq!((requests(&scrape, "joined"), attempts(&scrape)), (Some(1.0), Some(1.0)));
    assert_eq!(told(&scene, "x-weir-hop"), None, "it is taken out");
    let trace = told(&scene, "traceparent").unwrap();
    assert!(trace.contains(TRACE) && !trace.contains("00f067aa0ba902b7"), "{trace}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_off_the_header_is_one_like_any_other() {
    let scene = Scene::start(BY_HEADER, false).await;
    let request = Api::Chat.request(true).header("x-weir-hop", "mine").header("x-sim", "tokens=6");
    assert_eq!(ask(scene.proxy.edge(), &request).await.status, 200);
    let scrape = scene.proxy.settled().await;
    assert_eq!(told(&scene, "x-weir-hop").as_deref(), Some("mine"));
    assert_eq!((requests(&scrape, "joined"), requests(&scrape, "unjoined")), (None, Some(1.0)));
    assert_eq!(phase(&scrape, "before_upstream").0, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_engine_was_asked_for_is_not_joined() {
    let scene = Scene::start(Manner { is_cache: true, ..BY_TRACE }, false).await;
    let scrape = scene.chat(false, "tokens=6").await;
    assert_eq!((requests(&scrape, "joined"), requests(&scrape, "unjoined")), (None, Some(1.0)));
    assert_eq!((attempts(&scrape), buffered(&scrape)), (None, None), "unknown is absent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_is_joined_without_times() {
    let scene = Scene::start(BY_TRACE, false).await;
    let mut client = Client::connect(scene.proxy.edge()).await;
    let request = Api::Chat.request(true).header("x-sim", "text=weirs,fault=stall:1");
    client.send(request.bytes()).await;
    client.read_until_text("weirs").await;
    client.leave();
    let scrape = scene.proxy.settled().await;
    assert_eq!(requests(&scrape, "joined"), Some(1.0));
    assert_eq!(phase(&scrape, "before_upstream").0, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_both_hops_there_is_nothing_to_join() {
    let sim = Upstream::builder().start().await.unwrap();
    for listener in [edge([route("only", &sim.url())]), engine([route("only", &sim.url())])] {
        let kind = listener.kind;
        let proxy = ProxyGuard::start(&Config { hop_header: true, ..config([listener]) });
        let request: Request = Api::Chat.request(true).header("traceparent", PARENT);
        assert_eq!(ask(proxy.addr(kind), &request).await.status, 200);
        let scrape = proxy.settled().await;
        assert_eq!(scrape.sum("llm_hop_requests_total", &[]), None);
        // The first of two proxies tells the second.
        let hop = sim.requests().pop().unwrap().header("x-weir-hop").map(str::len);
        assert_eq!(hop, (kind == Hop::Edge).then_some(PARENT.len()));
    }
}
