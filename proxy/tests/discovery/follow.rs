//! Routes come and go, and no request is lost; what was learnt stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_sim::{Engine, Upstream};

use crate::rig::discovery::{Discovery, named, page};
use crate::rig::{Client, End, ProxyGuard, Request, ask, route};
use crate::{chat, following, proxy, send, until_routes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_its_route() {
    let (a, b) =
        (Upstream::builder().start().await.unwrap(), Upstream::builder().start().await.unwrap());
    let discovery = Discovery::start(page(&[named("a", &a.url(), &["tiny"])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let mut live = Client::connect(proxy.engine()).await;
    live.send(chat("", "tiny").header("x-sim", "tokens=60,gap=50ms").bytes()).await;
    live.read_until_text("\"content\"").await;

    discovery.names(&[named("b", &b.url(), &["tiny"])]);
    until_routes(&proxy, &["b"]).await;
    assert_eq!(a.totals().open, 1, "the stream is still there");
    assert_eq!(send(&proxy, &chat("", "tiny")).await.status, 200);
    assert_eq!(
        (
            a.requests().iter().filter(|it| it.path.ends_with("completions")).count(),
            b.totals().open
        ),
        (1, 0)
    );

    let answer = live.answer().await;
    assert_eq!((answer.status, answer.end), (200, End::Complete));
    assert!(answer.text().contains("[DONE]"), "{}", answer.text());
    let scrape = proxy.settled().await;
    for route in ["a", "b"] {
        let of_route = [("route", route), ("model", "tiny"), ("outcome", "success")];
        assert_eq!(scrape.sum("llm_requests_total", &of_route), Some(1.0), "{route}");
    }
    assert_eq!(scrape.sum("llm_stream_events_total", &[("route", "a")]), Some(60.0));
}

/// Clients that never stop asking one engine, while another comes and goes beside it, and its own route
/// changes in what it serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_routes_come_and_go() {
    let (a, b) =
        (Upstream::builder().start().await.unwrap(), Upstream::builder().start().await.unwrap());
    let (of_a, of_b) = (named("a", &a.url(), &["tiny"]), named("b", &b.url(), &["other"]));
    let discovery = Discovery::start(page(std::slice::from_ref(&of_a))).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let ended = Arc::new(AtomicBool::new(false));
    let clients = ["", "/a"].repeat(2).into_iter().map(|prefix| {
        let (ended, addr) = (Arc::clone(&ended), proxy.engine());
        tokio::spawn(async move {
            let mut count = 0;
            while !ended.load(Ordering::Relaxed) {
                let request = chat(prefix, "tiny").header("x-sim", "tokens=5,gap=2ms");
                let answer = ask(addr, &request).await;
                assert_eq!((answer.status, answer.end), (200, End::Complete), "{prefix}");
                assert!(answer.text().contains("[DONE]"));
                count += 1;
            }
            count
        })
    });
    let clients: Vec<_> = clients.collect();
    for _ in 0..2 {
        discovery.names(&[of_a.clone(), of_b.clone()]);
        until_routes(&proxy, &["a", "b"]).await;
        assert_eq!(send(&proxy, &chat("/b", "tiny")).await.status, 200);
        discovery.names(&[named("a", &a.url(), &["tiny", "an-alias"])]);
        until_routes(&proxy, &["a"]).await;
        assert_eq!(send(&proxy, &chat("/b", "tiny")).await.status, 503);
    }
    ended.store(true, Ordering::Relaxed);
    let mut count = 0;
    for client in clients {
        count += client.await.unwrap();
    }
    let scrape = proxy.settled().await;
    let ended = |route, outcome| {
        scrape.sum("llm_requests_total", &[("route", route), ("outcome", outcome)])
    };
    assert_eq!(ended("a", "success"), Some(f64::from(count)));
    assert_eq!((ended("b", "success"), ended("unrouted", "rejected")), (Some(2.0), Some(2.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_is_asked_whether_anything_is_new() {
    let discovery = Discovery::start(page(&[named("a", "http://127.0.0.1:1", &["tiny"])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    discovery.heard().await;
    let asked = discovery.asked();
    assert!(asked[0].head.starts_with("get /routes http/1.1\r\n"), "{}", asked[0].head);
    assert!(!asked[0].head.contains("if-none-match"));
    assert!(!asked[0].head.contains("authorization"));
    let codes: Vec<_> = asked.iter().map(|asked| asked.status).collect();
    assert_eq!(codes[..2], [200, 304]);
    let status = proxy.json("/status").await;
    assert_eq!(
        (&status["discovery"]["up"], &status["discovery"]["error"]),
        (&true.into(), &().into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_names_that_discovery_gives_are_labels_of_the_first_request() {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let discovery = Discovery::start(page(&[named("a", &sim.url(), &["named"])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let started = [("route", "a"), ("model", "named"), ("endpoint", "chat_completions")];
    assert_eq!(proxy.scrape().await.value("llm_requests_started_total", &started), Some(0.0));
    assert_eq!(send(&proxy, &chat("", "named")).await.status, 200);
    let scrape = proxy.settled().await;
    assert_eq!(scrape.value("llm_requests_started_total", &started), Some(1.0));
    let model = proxy.json("/models").await["models"][0].clone();
    assert_eq!((&model["model"], &model["known_from"]), (&"named".into(), &"listed".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_learnt_outlives_other_routes_that_come() {
    let strict = Upstream::builder().engine(Engine::strict()).start().await.unwrap();
    let own = route("own", &strict.url());
    let discovery = Discovery::start(page(&[named("a", &strict.url(), &["tiny"])])).await;
    let proxy = ProxyGuard::start(&following(&discovery.url(), [own]));
    until_routes(&proxy, &["own", "a"]).await;
    for prefix in ["/own", "/a"] {
        assert_eq!(send(&proxy, &chat(prefix, "tiny")).await.status, 200);
    }
    let usage = async || {
        let status = proxy.json("/status").await;
        let routes = status["routes"].as_array().unwrap().clone();
        routes.iter().map(|route| route["usage"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    proxy.settled().await;
    assert_eq!(usage().await, ["observe"; 2]);
    let other_models = named("a", &strict.url(), &["tiny", "alias"]);
    discovery.names(&[other_models, named("b", "http://127.0.0.1:1", &[])]);
    until_routes(&proxy, &["own", "a", "b"]).await;
    assert_eq!(usage().await, ["observe", "observe", "exact"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_route_is_asked_for_its_models_once() {
    let (a, b) =
        (Upstream::builder().start().await.unwrap(), Upstream::builder().start().await.unwrap());
    let discovery = Discovery::start(page(&[named("a", &a.url(), &[])])).await;
    let proxy = proxy(&discovery, &["a"]).await;
    let is_known = async |route: &str| {
        let probe = async || {
            let scrape = proxy.scrape().await;
            scrape
                .sum("llm_requests_started_total", &[("route", route), ("model", "tiny")])
                .map(|_| ())
        };
        weir_sim::eventually(crate::DEADLINE, "its models are known", probe).await;
    };
    is_known("a").await;
    discovery.names(&[named("a", &a.url(), &[]), named("b", &b.url(), &[])]);
    is_known("b").await;
    // What is the same goes on as it was.
    assert_eq!((a.requests().len(), b.requests().len()), (1, 1));
    assert_eq!(send(&proxy, &Request::get("/b/v1/models")).await.status, 200);
}
