//! Upstreams that stop without a word: Weir has no limit on answers. It waits as the client does, who
//! has got all that came, and tells the upstream when the client leaves.

use weir_sim::{Recorded, Upstream};

use crate::rig::scripted::{Scripted, Step, whole};
use crate::rig::{Api, Client, DEADLINE, ProxyGuard, ask, config, dechunk, engine, normal, route};
use crate::table::{as_asked, outcomes};

const BEFORE: &str = "client_closed_before_first_token";
const MIDWAY: &str = "client_closed_mid_stream";

/// Where an upstream stops: a plan, the same in words, and what it is when the client leaves, of a
/// stream and of an answer that is none.
pub(crate) const TABLE: &[(&str, &str, &str, &str)] = &[
    ("fault=slow_head:60s", "before its answer", BEFORE, BEFORE),
    ("fault=stall:0", "before the first token", BEFORE, MIDWAY),
    ("fault=stall:3", "in the middle of its answer", MIDWAY, MIDWAY),
];

/// As [`Plan`](weir_sim::Plan): tokens of one text, so that they can be counted.
const TOKENS: &str = "tokens=6,text=weirs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_has_all_that_came() {
    for (plan, _, streamed, whole) in TABLE {
        for api in Api::ALL {
            // Of sound nothing has come yet.
            let is_silent = api == Api::Speech && plan.ends_with(":0");
            cell(api, false, plan, if is_silent { BEFORE } else { whole }).await;
            if api.streams() {
                cell(api, true, plan, streamed).await;
            }
        }
    }
}

async fn cell(api: Api, stream: bool, plan: &str, outcome: &str) {
    let what = format!("{plan}, {}, stream {stream}", api.label());
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let good = ask(upstream.addr(), &as_asked(api, stream, TOKENS)).await;
    let came = before_the_stall(api, stream, plan, &good.body);

    let mut client = Client::connect(proxy.engine()).await;
    // Chunked: of an answer with a length not all would come, see below.
    let plan = format!("{TOKENS},chunked=true,{plan}");
    let request = api.request(stream).header("x-sim", &plan).header("x-request-id", "test");
    client.send(request.bytes()).await;
    let read = |seen: &[Recorded]| seen.len() == 2 && !seen[1].body.is_empty();
    upstream.wait_for(read, DEADLINE, "the request has arrived").await;
    if let Some(came) = &came {
        let got = body(client.read_until(|input| body(input).starts_with(came)).await);
        assert!(normal(&good.body).starts_with(&got), "{what}: {got}");
    }
    let status = proxy.json("/status").await;
    assert_eq!(status["requests_in_flight"], 1, "{what}: it waits");
    client.leave();
    let told = |seen: &[Recorded]| seen[1].client_left();
    upstream.wait_for(told, DEADLINE, "the upstream is told").await;
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape, api), [(outcome.to_owned(), 1)], "{what}");
    assert_eq!(upstream.totals().requests, 2, "{what}: sent once");
    assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(0.0), "{what}");
}

/// Pingora flushes an answer with a length at its end only; the door does so as soon as there is nothing
/// else to be done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_answer_with_a_length_no_byte_waits() {
    for length in [100, 100_000] {
        let mut answer = whole(&"x".repeat(length));
        answer.truncate(answer.len() - 10);
        let upstream = Scripted::start([Step::Read, Step::Send(answer), Step::Stall]).await;
        let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
        let mut client = Client::connect(proxy.engine()).await;
        client.send(Api::Speech.request(false).bytes()).await;
        client.head().await;
        client.take(length - 10).await;
        client.leave();
        upstream.wait_until(|seen| seen.left == 1, "the upstream is told").await;
    }
}

/// What of a good answer has to come before it stops, at least; `None` where not even a head does.
fn before_the_stall(api: Api, stream: bool, plan: &str, good: &[u8]) -> Option<String> {
    let tokens: usize = plan.strip_prefix("fault=stall:")?.parse().unwrap();
    if !stream {
        // Sound comes piece by piece, all of the same length.
        let came = if api == Api::Speech { good.len() / 6 * tokens } else { good.len() / 2 };
        return Some(normal(&good[..came]));
    }
    let good = normal(good);
    let mark = if api == Api::Speech { "\"audio\":" } else { "weirs" };
    let mut events = good.split_inclusive("\n\n");
    // What opens the stream, where anything does.
    let mut came = events.next().unwrap().to_owned();
    if tokens == 0 && came.contains(mark) {
        return Some(String::new());
    }
    while came.matches(mark).count() < tokens {
        came.push_str(events.next().unwrap());
    }
    Some(came)
}

/// The body of an answer as far as it came.
fn body(input: &[u8]) -> String {
    let Some(head) = input.windows(4).position(|four| four == b"\r\n\r\n") else {
        return String::new();
    };
    let (head, body) = input.split_at(head + 4);
    match String::from_utf8_lossy(head).to_ascii_lowercase().contains("chunked") {
        true => normal(&dechunk(body).body),
        false => normal(body),
    }
}
