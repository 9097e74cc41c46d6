//! Time: the first token, the gaps, and what shares a write.

use std::time::Duration;

use tokio::time::Instant;
use weir_sim::{Engine, Plan, Upstream};

use crate::client::{CHAT, Client, chat, post};

const TTFT: Duration = Duration::from_millis(80);
const GAP: Duration = Duration::from_millis(20);

fn paced() -> Plan {
    Plan { ttft: TTFT, gap: GAP, ..Plan::tokens(4) }
}

#[tokio::test]
async fn tokens_come_no_earlier_than_planned() {
    for (stream, per_write, total) in
        [(true, 1, TTFT + 3 * GAP), (true, 2, TTFT + GAP), (false, 1, TTFT + 3 * GAP)]
    {
        let plan = Plan { events_per_write: per_write, ..paced() };
        let upstream = Upstream::builder().plan(plan).start().await.unwrap();
        let start = Instant::now();
        post(&upstream, CHAT, "", &chat(stream)).await;
        assert!(start.elapsed() >= total, "{stream} {per_write}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn vllm_sends_the_head_at_once_and_litellm_with_the_first_token() {
    let never = Plan { ttft: Duration::from_secs(1000), ..Plan::default() };
    for (engine, plan) in [(Engine::vllm("0.32.0"), never), (Engine::litellm("1.106.2"), paced())] {
        let upstream = Upstream::builder().engine(engine).plan(plan.clone()).start().await.unwrap();
        let mut client = Client::connect(upstream.addr()).await;
        client.post(CHAT, "", &chat(true)).await;
        let start = Instant::now();
        client.head().await;
        // The one that came at once came, though the first token never does.
        assert!(plan.ttft > Duration::from_secs(1) || start.elapsed() >= plan.ttft / 2);
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_waiting_is_noticed() {
    let upstream = Upstream::builder().start().await.unwrap();
    for (stream, plan) in [(true, "ttft=1000s"), (false, "ttft=1000s"), (true, "gap=1000s")] {
        let mut client = Client::connect(upstream.addr()).await;
        client.post(CHAT, &format!("x-sim: {plan}\r\n"), &chat(stream)).await;
        let begun = |all: &[weir_sim::Recorded]| all.last().is_some_and(|r| r.input_tokens > 0);
        upstream.wait_for(begun, crate::client::DEADLINE, "it is being answered").await;
        drop(client);
        let left = |all: &[weir_sim::Recorded]| all.iter().all(weir_sim::Recorded::client_left);
        upstream.wait_for(left, crate::client::DEADLINE, "the client has left").await;
    }
    assert_eq!((upstream.totals().client_left, upstream.totals().open), (3, 0));
}
