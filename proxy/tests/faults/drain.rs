//! The end of a proxy: idle it ends at once, live requests may finish, what is left is cut and
//! counted.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_blocking};
use weir_proxy::{Config, Drained};
use weir_sim::{Recorded, Scrape, Upstream, eventually};

use crate::rig::{
    Api, Client, DEADLINE, End, ProxyGuard, Request, ask, config, engine, route, unsettled,
};
use crate::table::outcomes;

fn proxy(upstream: &Upstream, drain_grace: Duration) -> ProxyGuard {
    let plain = config([engine([route("default", &upstream.url())])]);
    ProxyGuard::start(&Config { drain_grace, ..plain })
}

fn drain(proxy: ProxyGuard) -> JoinHandle<(Drained, Scrape)> {
    spawn_blocking(move || proxy.drain())
}

async fn under_way(proxy: &ProxyGuard, requests: usize) {
    let counted =
        async || (proxy.json("/status").await["requests_in_flight"] == requests).then_some(());
    eventually(DEADLINE, "so many requests are under way", counted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_proxy_ends_at_once() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = proxy(&upstream, Duration::from_secs(60));
    let mut idle = Client::connect(proxy.engine()).await;
    assert_eq!(idle.ask(&Api::Chat.request(true)).await.status, 200);
    let mut silent = Client::connect(proxy.engine()).await;
    proxy.settled().await;
    let began = Instant::now();
    let (drained, _) = drain(proxy).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    assert_eq!(drained, Drained { finished: 0, cut: 0 });
    for client in [&mut idle, &mut silent] {
        assert_ne!(client.rest().await.1, End::Complete, "its connection is closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_requests_finish_and_nobody_else_comes_in() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = proxy(&upstream, Duration::from_secs(60));
    let (addr, admin) = (proxy.engine(), proxy.admin());
    assert_eq!(ask(admin, &Request::get("/ready")).await.status, 200);
    let mut stream = Client::connect(addr).await;
    stream.send(Api::Chat.request(true).header("x-sim", "tokens=50,gap=20ms").bytes()).await;
    stream.read_until_text("delta").await;
    let mut waiting = Client::connect(addr).await;
    waiting.send(Api::Embeddings.request(false).header("x-sim", "ttft=500ms").bytes()).await;
    let mut idle = Client::connect(addr).await;
    idle.ask(&Request::get("/health")).await;
    let all = |seen: &[Recorded]| seen.len() == 3;
    upstream.wait_for(all, DEADLINE, "all have arrived").await;
    under_way(&proxy, 2).await;

    let draining = drain(proxy);
    let refused = async || TcpStream::connect(addr).await.is_err().then_some(());
    eventually(DEADLINE, "new connections are refused", refused).await;
    let ready = ask(admin, &Request::get("/ready")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("draining"), "{}", ready.text());
    let status = ask(admin, &Request::get("/status")).await.json();
    assert_eq!((&status["draining"], &status["requests_in_flight"]), (&true.into(), &2.into()));
    assert_ne!(idle.rest().await.1, End::Complete, "an idle connection is closed");

    assert!(stream.answer().await.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(waiting.answer().await.status, 200);
    let (drained, last) = draining.await.unwrap();
    assert_eq!(drained, Drained { finished: 2, cut: 0 });
    assert_eq!(unsettled(&last), Vec::<String>::new());
    assert_eq!(outcomes(&last, Api::Chat), [("success".to_owned(), 1)]);
    assert_eq!(outcomes(&last, Api::Embeddings), [("success".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cut_is_a_shutdown_at_every_stage() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = proxy(&upstream, Duration::from_millis(200));
    let mut clients = Vec::new();
    let body = Request::post(Api::Responses.path(), "x".repeat(100_000));
    let stages = [
        (Api::Chat, Api::Chat.request(true).head_bytes()),
        (Api::Responses, body.head_bytes()),
        (
            Api::Completions,
            Api::Completions.request(true).header("x-sim", "fault=slow_head:60s").bytes(),
        ),
        (Api::Messages, Api::Messages.request(true).header("x-sim", "fault=stall:3").bytes()),
        (Api::Embeddings, Api::Embeddings.request(false).header("x-sim", "fault=stall:0").bytes()),
    ];
    for (_, bytes) in &stages {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(bytes).await;
        clients.push(client);
    }
    under_way(&proxy, stages.len()).await;
    let began = Instant::now();
    let (drained, last) = drain(proxy).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    assert_eq!(drained, Drained { finished: 0, cut: stages.len() });
    assert_eq!(unsettled(&last), Vec::<String>::new());
    for (api, _) in stages {
        assert_eq!(outcomes(&last, api), [("shutdown".to_owned(), 1)], "{api:?}");
    }
    for client in &mut clients {
        let (all, _) = client.rest().await;
        assert!(!all.ends_with(b"0\r\n\r\n"), "no end is made up");
    }
    let told = |seen: &[Recorded]| seen.iter().all(Recorded::client_left);
    upstream.wait_for(told, DEADLINE, "the upstream is told").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_has_no_route_yet_is_cut_too() {
    let upstream = Upstream::builder().start().await.unwrap();
    let routes = ["one", "two"].map(|name| route(name, &upstream.url()));
    let short = Config { drain_grace: Duration::from_millis(50), ..config([engine(routes)]) };
    let proxy = ProxyGuard::start(&short);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).head_bytes()).await;
    under_way(&proxy, 1).await;
    let (drained, last) = drain(proxy).await.unwrap();
    assert_eq!(drained, Drained { finished: 0, cut: 1 });
    assert_eq!(outcomes(&last, Api::Chat), [("shutdown".to_owned(), 1)]);
}
