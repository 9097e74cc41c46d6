//! The ledger after a crowd of everything at once: one request, one outcome.

use std::time::Duration;

use tokio::task::JoinSet;
use weir_proxy::Config;
use weir_sim::{Scrape, Upstream};

use crate::rig::websocket::{CLOSE, TEXT, masked};
use crate::rig::{
    Api, Client, DEADLINE, ProxyGuard, Request, config, engine, route, unsettled, upgrade,
};
use crate::table::TABLE;

const CLIENTS: u64 = 16;
const REQUESTS: u64 = 24;

/// How a client of the crowd leaves before its answer is complete.
const LEAVING: [Leave; 7] = [
    Leave::BeforeBody,
    Leave::MidBody,
    Leave::BeforeHead,
    Leave::AfterHead,
    Leave::MidStream,
    Leave::HalfClosed,
    Leave::Reset,
];

#[derive(Clone, Copy, Debug)]
enum Leave {
    BeforeBody,
    MidBody,
    BeforeHead,
    AfterHead,
    MidStream,
    HalfClosed,
    Reset,
}

/// Numbers that look random and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 33) as usize % limit
    }
}

/// One of the crowd; returns how many of its requests Weir must have seen.
async fn client(addr: std::net::SocketAddr, number: u64) -> usize {
    let mut dice = Dice(number);
    let mut certain = 0;
    for _ in 0..REQUESTS {
        let api = Api::ALL[dice.below(Api::ALL.len())];
        let stream = dice.below(3) > 0;
        match dice.below(11) {
            0..5 => {
                let (plan, ..) = TABLE[dice.below(TABLE.len())];
                let request = api.request(stream).header("x-sim", plan);
                let request = if dice.below(4) == 0 { request.chunked(11) } else { request };
                Client::connect(addr).await.ask(&request).await;
                certain += 1;
            }
            5..7 => {
                let request = api.request(stream).header("x-sim", "tokens=20,gap=1ms");
                Client::connect(addr).await.ask(&request).await;
                certain += 1;
            }
            7 => {
                session(addr, &mut dice).await;
                certain += 1;
            }
            _ => {
                let how = LEAVING[dice.below(LEAVING.len())];
                leave(addr, &api.request(stream), how).await;
                certain += usize::from(!matches!(how, Leave::Reset));
            }
        }
    }
    certain
}

/// A realtime session that ends anyhow: at once, in an answer, or by a goodbye.
async fn session(addr: std::net::SocketAddr, dice: &mut Dice) {
    let (plan, ..) = TABLE[dice.below(TABLE.len())];
    let mut client = Client::connect(addr).await;
    client.send(upgrade("/v1/realtime?model=tiny").header("x-sim", plan).bytes()).await;
    let is_open = client.head().await.status == 101;
    match dice.below(3) {
        0 if is_open => {
            // It may be over already, here and below.
            let create = masked(TEXT, br#"{"type":"response.create"}"#);
            let _gone = client.try_send(create).await;
            let created = b"response.created";
            client.read_until(|input| input.windows(created.len()).any(|w| w == created)).await;
        }
        1 if is_open => {
            let _gone = client.try_send(masked(CLOSE, &[3, 232])).await;
            client.rest().await;
        }
        _ => {}
    }
    if dice.below(2) == 0 { client.leave() } else { client.reset() }
}

async fn leave(addr: std::net::SocketAddr, request: &Request, how: Leave) {
    let mut client = Client::connect(addr).await;
    let stalling = |plan| request.clone().header("x-sim", plan);
    match how {
        Leave::BeforeBody => client.send(request.head_bytes()).await,
        Leave::MidBody => {
            let bytes = request.bytes();
            client.send(&bytes[..bytes.len() - 10]).await;
        }
        Leave::BeforeHead => client.send(stalling("fault=slow_head:60s").bytes()).await,
        Leave::AfterHead | Leave::MidStream => {
            let (plan, some) = match how {
                Leave::AfterHead => ("chunked=true,fault=stall:0", 100),
                _ => ("chunked=true,fault=stall:7", 700),
            };
            client.send(stalling(plan).bytes()).await;
            client.read_until(|input| input.len() >= some.min(200)).await;
        }
        Leave::HalfClosed => {
            client.send(stalling("tokens=1000,gap=1ms,chunked=true").bytes()).await;
            client.half_close().await;
            client.rest().await;
        }
        Leave::Reset => {
            client.send(stalling("tokens=100,gap=1ms").bytes()).await;
            client.reset();
            return;
        }
    }
    client.leave();
}

fn total(scrape: &Scrape, outcome: &str) -> f64 {
    scrape.sum("llm_requests_total", &[("outcome", outcome)]).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_one_outcome() {
    let upstream = Upstream::builder().start().await.unwrap();
    let short = Config {
        drain_grace: Duration::from_secs(1),
        ..config([engine([route("default", &upstream.url())])])
    };
    let proxy = ProxyGuard::start(&short);
    let mut crowd = JoinSet::new();
    (0..CLIENTS).for_each(|number| drop(crowd.spawn(client(proxy.engine(), number))));
    let certain: usize = crowd.join_all().await.into_iter().sum();

    let scrape = proxy.settled().await;
    let started = scrape.sum("llm_requests_started_total", &[]).unwrap();
    let all = (CLIENTS * REQUESTS) as f64;
    assert!(certain as f64 <= started && started <= all, "{certain} <= {started} <= {all}");
    let outcomes = scrape.labels_of("llm_requests_total", "outcome");
    let seen: Vec<_> = outcomes.iter().filter(|outcome| total(&scrape, outcome) > 0.0).collect();
    assert!(seen.len() >= 13, "a mixed crowd: {seen:?}");
    assert_eq!(total(&scrape, "internal_error"), 0.0);
    assert_eq!(total(&scrape, "shutdown"), 0.0);
    let idle = async || (upstream.totals().open == 0).then_some(());
    weir_sim::eventually(DEADLINE, "no request is left at the upstream", idle).await;

    drained_with_live_streams(proxy, started).await;
}

/// Half of the live streams end within the grace period, half are cut.
async fn drained_with_live_streams(proxy: ProxyGuard, started: f64) {
    let mut ending = Vec::new();
    let mut stalled = Vec::new();
    for number in 0..10 {
        let api = [Api::Chat, Api::Completions, Api::Responses, Api::Messages][number % 4];
        for (plan, clients) in
            [("tokens=8,gap=30ms", &mut ending), ("tokens=8,fault=stall:4", &mut stalled)]
        {
            let mut client = Client::connect(proxy.engine()).await;
            client.send(api.request(true).header("x-sim", plan).bytes()).await;
            client.read_until_text("event-stream").await;
            clients.push(client);
        }
    }
    let draining = tokio::task::spawn_blocking(move || proxy.drain());
    for client in &mut ending {
        let (all, _) = client.rest().await;
        assert!(all.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&all));
    }
    let (drained, last) = draining.await.unwrap();
    assert_eq!((drained.finished, drained.cut), (10, 10));
    assert_eq!(unsettled(&last), Vec::<String>::new(), "after the drain");
    assert_eq!(last.sum("llm_requests_started_total", &[]), Some(started + 20.0));
    assert_eq!(total(&last, "shutdown"), 10.0);
    for client in &mut stalled {
        let (all, _) = client.rest().await;
        assert!(!all.ends_with(b"0\r\n\r\n"), "no end is made up");
    }
}
