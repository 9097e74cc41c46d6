//! Two listeners in a row, as in front of a gateway and of its engines: each counts on its own hop.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use weir_proxy::RouteConfig;
use weir_sim::{Engine, Plan, Recorded, Upstream};

use crate::rig::{
    Api, DEADLINE, ProxyGuard, ask, asking, assert_same, config, edge, engine, route,
};
use crate::scene::reference;

/// The gateway between the hops: hands bytes on to an address that is told later.
async fn gateway() -> (SocketAddr, Arc<OnceLock<SocketAddr>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let target = Arc::new(OnceLock::new());
    let told = Arc::clone(&target);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(*told.get().unwrap()).await.unwrap();
            tokio::spawn(async move {
                // Whoever leaves, the other side is told by the closing.
                let _ended = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (addr, target)
}

/// The newest request, once its answer is booked.
async fn newest(sim: &Upstream) -> Recorded {
    let booked = |all: &[Recorded]| all.last().is_some_and(Recorded::finished);
    sim.wait_for(booked, DEADLINE, "the answer is booked").await.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_told_apart_by_hop() {
    let plan = Plan { prompt_tokens: Some(77), reasoning_tokens: 3, ..Plan::tokens(11) };
    for server in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2")] {
        let builder = Upstream::builder().engine(server).models([""; 0]).plan(plan.clone());
        let sim = builder.start().await.unwrap();
        let (between, target) = gateway().await;
        let apis = Api::of(sim.engine());
        let models: Vec<_> = apis.iter().map(|api| format!("{api:?}")).collect();
        let to = |name, url: String| RouteConfig { models: models.clone(), ..route(name, &url) };
        let proxy = ProxyGuard::start(&config([
            edge([to("gateway", format!("http://{between}"))]),
            engine([to("card", sim.url())]),
        ]));
        target.set(proxy.engine()).unwrap();

        for (&api, model) in apis.iter().zip(&models) {
            let body = api.body(model, api.streams());
            let asked = if api.has_stream_options() { asking(&body) } else { body.clone() };
            let (direct, _) = reference(&sim, api, &body).await;
            let through = ask(proxy.edge(), &api.post(&body)).await;
            assert_same(&direct, &through);
            // The engine's hop saw a request that asks already, and left it alone.
            let sent = newest(&sim).await;
            let same = serde_json::from_slice(&sent.body).is_ok_and(|found: Value| found == asked);
            assert!(same || sent.body == api.post(&body).body_bytes(), "{api:?}: {:?}", sent.body);

            let scrape = proxy.settled().await;
            for (route, hop) in [("gateway", "edge"), ("card", "engine")] {
                let here =
                    [("route", route), ("hop", hop), ("endpoint", api.label()), ("model", model)];
                let labels = |more: [(&'static str, &'static str); 2]| {
                    here.iter().copied().chain(more).collect::<Vec<_>>()
                };
                let success = labels([("outcome", "success"), ("status", "success")]);
                assert_eq!(scrape.sum("llm_requests_total", &success), Some(1.0), "{success:?}");
                let input = labels([("kind", "input"), ("source", "reported")]);
                let told = sent.usage.map(|usage| usage.input as f64);
                assert_eq!(scrape.sum("llm_tokens_total", &input), told, "{input:?}");
                let output = labels([("kind", "output"), ("source", "reported")]);
                let told = sent.usage.filter(|_| api.generates()).map(|usage| usage.output as f64);
                assert_eq!(scrape.sum("llm_tokens_total", &output), told, "{output:?}");
            }
        }
        let scrape = proxy.settled().await;
        assert_eq!(scrape.labels_of("llm_requests_total", "hop").len(), 2);
        assert_eq!(
            scrape.sum("llm_requests_total", &[("route", "gateway"), ("hop", "engine")]),
            None
        );
        for hop in ["edge", "engine"] {
            let responses = scrape.value("llm_responses_total", &[("hop", hop), ("code", "200")]);
            assert_eq!(responses, Some(apis.len() as f64), "{hop}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_belongs_to_its_listener_alone() {
    let a = Upstream::builder().models(["of-a"]).start().await.unwrap();
    let b = Upstream::builder().models(["of-b"]).start().await.unwrap();
    let c = Upstream::builder().models(["of-c"]).start().await.unwrap();
    let to = |name: &str, sim: &Upstream, model: &str| RouteConfig {
        models: vec![model.to_owned()],
        ..route(name, &sim.url())
    };
    let proxy = ProxyGuard::start(&config([
        edge([to("a", &a, "of-a")]),
        engine([to("b", &b, "of-b"), to("c", &c, "of-c")]),
    ]));
    let chat = |model: &str| Api::Chat.post(&Api::Chat.body(model, false));
    assert_eq!(ask(proxy.engine(), &chat("of-c")).await.status, 200);
    assert_eq!(ask(proxy.engine(), &chat("of-a")).await.status, 404, "it is an edge route's");
    assert_eq!(ask(proxy.edge(), &chat("of-b")).await.status, 404, "as `a` says itself");
    assert_eq!((a.requests().len(), b.requests().len(), c.requests().len()), (1, 0, 1));
    let scrape = proxy.settled().await;
    let unrouted = [("route", "unrouted"), ("hop", "engine"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &unrouted), Some(1.0));
    assert_eq!(scrape.sum("llm_requests_total", &[("route", "unrouted"), ("hop", "edge")]), None);
}
