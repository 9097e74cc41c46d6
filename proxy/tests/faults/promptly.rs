//! How soon the upstream is told that a client has left.

use std::time::{Duration, Instant};

use weir_sim::{Recorded, Upstream};

use crate::leaving::{WAYS, Way};
use crate::rig::{Api, Client, DEADLINE, ProxyGuard};

const TIMES: usize = 20;

/// What the upstream does when the client leaves, and what the client has read by then.
const STAGES: &[(&str, &str, Option<&str>)] = &[
    ("has not begun to answer", "fault=slow_head:60s", None),
    ("is silent in the middle of a stream", "fault=stall:5", Some("data: ")),
    ("writes all the time", "tokens=1000000,gap=1ms", Some("data: ")),
];

/// On an idle machine the worst of all is a few milliseconds. Other processes may take the processor
/// away from one or the other; they do not from most of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstream_is_told_at_once() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    for (words, plan, text) in STAGES {
        for way in WAYS {
            let mut took = Vec::new();
            for _ in 0..TIMES {
                took.push(one(&upstream, &proxy, plan, *text, way).await);
            }
            took.sort();
            let (median, worst) = (took[TIMES / 2], took[TIMES - 1]);
            eprintln!(
                "the upstream {words}, {way:?}: told after {median:.1?}, at worst {worst:.1?}"
            );
            assert!(median <= Duration::from_millis(100), "{words}, {way:?}: {took:?}");
            assert!(worst <= Duration::from_secs(2), "{words}, {way:?}: {took:?}");
        }
    }
    let asked = (STAGES.len() * WAYS.len() * TIMES) as f64;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_requests_total", &[("status", "client")]), Some(asked));
}

/// The time from the client's leaving to the upstream's seeing the end of its connection.
async fn one(
    upstream: &Upstream,
    proxy: &ProxyGuard,
    plan: &str,
    text: Option<&str>,
    way: Way,
) -> Duration {
    let before = upstream.totals().requests as usize;
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).header("x-sim", plan).bytes()).await;
    let read = |seen: &[Recorded]| seen.get(before).is_some_and(|sent| !sent.body.is_empty());
    upstream.wait_for(read, DEADLINE, "the request has arrived").await;
    if let Some(text) = text {
        client.read_until_text(text).await;
    }
    let left = Instant::now();
    let _half = way.leave(client).await;
    let told = |seen: &[Recorded]| seen[before].client_left();
    upstream.wait_for(told, DEADLINE, "the upstream is told").await;
    left.elapsed()
}
