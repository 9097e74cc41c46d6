//! Clients that leave before their answer is complete. Their requests are chunked: those never meet
//! a stale connection, which would end them otherwise.

use std::sync::Arc;

use crate::rig::{Api, Client};
use crate::visitor::Visitor;

const BEFORE: &str = "client_closed_before_first_token";
const MIDWAY: &str = "client_closed_mid_stream";

/// Those whose streams say `drip`.
const DRIPPING: [Api; 4] = [Api::Chat, Api::Completions, Api::Responses, Api::Messages];

pub(crate) async fn leave(visitor: &mut Visitor) {
    match visitor.dice.below(5) {
        0 => within_the_request(visitor).await,
        1 | 2 => before_the_answer(visitor).await,
        _ => in_the_stream(visitor).await,
    }
}

/// Closes, or resets: both sides at once.
fn go(visitor: &mut Visitor, client: Client) {
    if visitor.dice.below(2) == 0 { client.leave() } else { client.reset() }
}

/// With a part of the body still to come. Nothing was read, so that closing is a FIN: a reset could
/// take the beginning with it, and then the request would never have been.
async fn within_the_request(visitor: &mut Visitor) {
    visitor.tally.fault("left within the request");
    // Of an invocation only the body says which API it is.
    let (api, stream) = match super::answers::any_api(visitor) {
        (Api::Invocations, stream) => (Api::Chat, stream),
        any => any,
    };
    let (_, request) = visitor.with_id(api.request(stream).chunked(20));
    let mut client = visitor.connect().await;
    let head = request.head_bytes().len();
    let body = request.body_bytes().len();
    let sent = head + visitor.dice.below(body - 1);
    client.send(&request.bytes()[..sent]).await;
    client.leave();
    visitor.tally.ended(api.label(), BEFORE);
}

/// While the upstream has the request and says nothing.
async fn before_the_answer(visitor: &mut Visitor) {
    visitor.tally.fault("left before the answer");
    let (api, stream) = super::answers::any_api(visitor);
    let request = api.request(stream).header("x-sim", "fault=slow_head:60s");
    let (id, request) = visitor.with_id(request.chunked(50));
    let mut client = visitor.connect().await;
    client.send(request.bytes()).await;
    visitor.seen_by_upstream(id).await;
    go(visitor, client);
    visitor.tally.ended(api.label(), BEFORE);
}

/// Once a token has come, of a stream that never ends.
async fn in_the_stream(visitor: &mut Visitor) {
    let api = *visitor.dice.pick(&DRIPPING);
    let plan = match visitor.dice.below(2) {
        0 => "text=drip,fault=stall:5",
        _ => "text=drip,tokens=100000,gap=2ms",
    };
    let (_, request) = visitor.with_id(api.request(true).header("x-sim", plan).chunked(50));
    let mut client = visitor.connect().await;
    let tally = Arc::clone(&visitor.tally);
    let _open = tally.stream();
    client.send(request.bytes()).await;
    client.read_until_text("drip").await;
    if visitor.dice.one_in(3) {
        visitor.tally.fault("half-closed mid-stream");
        client.half_close().await;
        // Weir takes it for a goodbye, as uvicorn does, and closes.
        client.rest().await;
    } else {
        visitor.tally.fault("left mid-stream");
        go(visitor, client);
    }
    visitor.tally.ended(api.label(), MIDWAY);
}
