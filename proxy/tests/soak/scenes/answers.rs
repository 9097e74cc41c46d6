//! Requests that are answered: well, badly, to slow readers, with junk in them.

use std::sync::Arc;
use std::time::Duration;

use super::faults::{ANY, Broken, STREAMS};
use crate::junk;
use crate::rig::{Api, Client, End, Request};
use crate::visitor::{Asked, Visitor};

/// Any endpoint; whether it streams.
pub(super) fn any_api(visitor: &mut Visitor) -> (Api, bool) {
    let api = *visitor.dice.pick(&Api::ALL);
    (api, api.streams() && visitor.dice.below(3) > 0)
}

/// Asks for what goes well.
async fn succeed(visitor: &mut Visitor, api: Api, stream: bool, request: Request) {
    let (id, request) = visitor.with_id(request);
    let tally = Arc::clone(&visitor.tally);
    let _open = stream.then(|| tally.stream());
    let outcome = visitor.ask(id, &request).await;
    tally.ended(api.label(), outcome);
}

/// An answer as it should be.
pub(crate) async fn fine(visitor: &mut Visitor) {
    let (api, stream) = any_api(visitor);
    let (tokens, gap) = (1 + visitor.dice.below(40), *visitor.dice.pick(&[0, 1, 2, 20]));
    let request = api.request(stream).header("x-sim", &format!("tokens={tokens},gap={gap}ms"));
    let request = if visitor.dice.one_in(4) { request.chunked(11) } else { request };
    succeed(visitor, api, stream, request).await;
}

/// An upstream that refuses or breaks off.
pub(crate) async fn broken(visitor: &mut Visitor) {
    let (api, stream) = any_api(visitor);
    let only_streams = stream && visitor.dice.below(2) == 0;
    let of = if only_streams { &STREAMS[..] } else { &ANY[..] };
    let Broken { kind, plan, outcome, own } = *visitor.dice.pick(of);
    visitor.tally.fault(kind);
    let (id, request) = visitor.with_id(api.request(stream).header("x-sim", plan));
    let what = format!("{api:?}, stream {stream}, {plan}");
    let outcome = match visitor.try_ask(id, &request).await {
        Asked::Answered(answer) => {
            let (status, mark) = (answer.status, answer.header("x-weir-error"));
            assert_eq!(mark.is_some(), own, "{what}: {status} {mark:?}");
            outcome
        }
        Asked::Late => "upstream_reset",
        // A reset may take with it what came before, here as without Weir.
        Asked::Nothing => {
            assert!(plan.contains("reset_after_head"), "{what}: no answer");
            outcome
        }
    };
    visitor.tally.ended(api.label(), outcome);
}

/// A client that reads nothing for a while, of an answer that does not fit into its window.
pub(crate) async fn unread(visitor: &mut Visitor) {
    const PAUSE: Duration = Duration::from_millis(200);
    visitor.tally.fault("slow reader");
    let text = "drip".repeat(50);
    let request = Api::Chat.request(true).header("x-sim", &format!("tokens=80,text={text}"));
    // What is chunked never meets a stale connection.
    let (id, request) = visitor.with_id(request.chunked(50));
    let mut client = Client::with_small_window(visitor.addr).await;
    let _open = visitor.tally.stream();
    client.send(request.bytes()).await;
    tokio::time::sleep(PAUSE).await;
    let answer = client.answer().await;
    visitor.check_seen(id, &answer);
    assert_eq!((answer.status, answer.end), (200, End::Complete), "a slow reader");
    visitor.tally.ended(Api::Chat.label(), "success");
}

/// What is not metered.
pub(crate) async fn passed_through(visitor: &mut Visitor) {
    let path = *visitor.dice.pick(&["/v1/models", "/health", "/version"]);
    let (id, request) = visitor.with_id(Request::get(path));
    visitor.ask(id, &request).await;
    visitor.tally.passed_through();
}

/// A model that nobody knows, a key that is none, headers without a meaning.
pub(crate) async fn junk(visitor: &mut Visitor) {
    visitor.tally.fault("junk");
    let (api, stream) = any_api(visitor);
    let body = api.body(&junk::name(&mut visitor.dice), stream);
    let key = format!("Bearer sk-{:x}", visitor.dice.next());
    let header = format!("x-{:x}", visitor.dice.next());
    let request = api.post(&body).header("authorization", &key).header(&header, "junk");
    succeed(visitor, api, stream, request).await;
}
