//! Where several outcomes apply: `stream_error` before `upstream_*` before `truncated` before the
//! client's.

use crate::rig::scripted::{FINISH, LAST, STREAM, Scripted, Step, chunk, token};
use crate::rig::{Api, Client, End, ProxyGuard, ask, config, engine, route};
use crate::table::outcomes;

const ERROR: &str = "data: {\"error\":{\"message\":\"it broke\",\"code\":500}}\n\n";

fn proxy_to(upstream: &Scripted) -> ProxyGuard {
    ProxyGuard::start(&config([engine([route("default", &upstream.url())])]))
}

/// The outcome of a streamed chat that gets these events, and then this.
async fn outcome_of(events: &[&str], then: Step) -> String {
    let mut answer = STREAM.to_owned();
    events.iter().for_each(|event| answer.push_str(&chunk(event)));
    if matches!(then, Step::Close) {
        answer.push_str(LAST);
    }
    let stalls = matches!(then, Step::Stall);
    let script = vec![Step::Read, Step::Send(answer.clone().into_bytes()), then];
    let upstream = Scripted::start(script).await;
    let proxy = proxy_to(&upstream);
    if stalls {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(Api::Chat.request(true).bytes()).await;
        client.read_until_text(events.last().unwrap().trim_end()).await;
        client.reset();
    } else {
        let got = ask(proxy.engine(), &Api::Chat.request(true)).await;
        assert_eq!(got.text(), events.concat());
        assert_eq!(got.end == End::Complete, answer.ends_with(LAST));
    }
    let scrape = proxy.settled().await;
    let outcomes = outcomes(&scrape, Api::Chat);
    assert_eq!(outcomes.iter().map(|(_, count)| count).sum::<u64>(), 1, "{outcomes:?}");
    outcomes[0].0.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_in_the_stream_comes_first() {
    let events = [&token("a"), ERROR];
    assert_eq!(outcome_of(&events, Step::Reset).await, "stream_error", "then a reset");
    assert_eq!(outcome_of(&events, Step::Stall).await, "stream_error", "then the client leaves");
    assert_eq!(outcome_of(&events, Step::Close).await, "stream_error", "then a proper end");
    let finished = [&token("a"), ERROR, FINISH, "data: [DONE]\n\n"];
    assert_eq!(outcome_of(&finished, Step::Close).await, "stream_error", "then all is well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_upstream_comes_before_what_was_seen_of_the_stream() {
    assert_eq!(outcome_of(&[&token("a"), FINISH], Step::Reset).await, "upstream_reset");
    assert_eq!(outcome_of(&[&token("a")], Step::Reset).await, "upstream_reset");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proper_end_needs_a_finish() {
    assert_eq!(outcome_of(&[&token("a")], Step::Close).await, "truncated");
    assert_eq!(outcome_of(&[&token("a"), FINISH], Step::Close).await, "success", "without [DONE]");
}
