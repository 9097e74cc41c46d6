//! The life of one connection: requests in turn, until either side has enough.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::api::Api;
use crate::error_body;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::pages;
use crate::plan::Plan;
use crate::recorder::Ending;
use crate::reply::Reply;
use crate::request::{self, Arrival, Head, body};
use crate::route::Route;
use crate::socket::{Next, Socket};
use crate::upstream::Shared;

/// Serves one connection to its end.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it Nagle's algorithm would hold small events back.
    let _ = stream.set_nodelay(true);
    let number = shared.recorder.connected();
    let mut socket = Socket::new(stream);
    // As uvicorn does it, the wait for the first request has no limit.
    let mut idle = None;
    let next = loop {
        match request::next(&mut socket, idle).await {
            Ok(Arrival::Request(head)) => match one(&mut socket, &shared, number, &head).await {
                Ok(Next::KeepOpen) => idle = Some(shared.keep_alive),
                Ok(next) => break next,
                Err(_) => break Next::Close,
            },
            Ok(Arrival::Invalid) => {
                let reply = Reply::text(400, "Invalid HTTP request received.");
                let _ = socket.send(&reply.bytes(&shared.engine, true, true)).await;
                break Next::Close;
            }
            Ok(Arrival::Gone) | Err(_) => break Next::Close,
        }
    };
    socket.end(next).await;
}

/// One request and its answer. An error means that the client has left.
async fn one(
    socket: &mut Socket,
    shared: &Arc<Shared>,
    connection: u64,
    head: &Head,
) -> io::Result<Next> {
    let tracker = shared.recorder.begin(&shared.stats, connection, head);
    let route = Route::of(&shared.engine, head);
    let plan = shared.plans.pick(head.header("x-sim"), route.runs_a_model());
    socket.cut_writes(plan.as_ref().ok().and_then(|plan| plan.cut_writes_every));
    let read = body::read(socket, head, |length| tracker.body_grew(length)).await?;
    let started = Instant::now();
    let (length, body) = (read.length, Bytes::from(read.bytes));
    tracker.body(&body);
    let mut exchange = Exchange {
        socket,
        shared,
        head,
        tracker,
        plan: plan.clone().unwrap_or_default(),
        started,
        head_delay: None,
    };
    if let Err(error) = plan {
        return exchange.reply(&Reply::text(400, format!("x-sim: {error}\n"))).await;
    }
    if length > body.len() as u64 {
        return exchange.reply(&Reply::json(413, r#"{"detail":"Request body too large"}"#)).await;
    }
    let api = if let Route::Api(api) = route { api } else { Api::Chat };
    if let Some(next) = early_fault(&mut exchange, api, length).await? {
        return Ok(next);
    }
    match route {
        Route::Api(api) if !api.is_served_by(&shared.engine) => {
            exchange.reply(&error_body::not_found()).await
        }
        Route::Api(Api::Realtime) => exchange.realtime().await,
        Route::Api(api) => exchange.generate(api, &body).await,
        Route::Invocations => exchange.invoke(&body).await,
        Route::Stored(id) => exchange.stored(id).await,
        Route::Page => {
            let reply = pages::answer(shared, head, &body);
            exchange.reply(&reply).await
        }
    }
}

/// The faults that need no look at the request.
async fn early_fault(
    exchange: &mut Exchange<'_>,
    api: Api,
    length: u64,
) -> io::Result<Option<Next>> {
    let engine = &exchange.shared.engine;
    let Plan { fault: Some(fault), .. } = exchange.plan.clone() else {
        return Ok(None);
    };
    Ok(Some(match fault {
        Fault::RefuseStatus { code, body } => {
            let reply = error_body::refusal(engine, api, code, &body);
            exchange.reply(&reply).await?
        }
        Fault::ContextLength => {
            let reply = error_body::context_length(engine, api, length / 4);
            exchange.reply(&reply).await?
        }
        Fault::ResetBeforeHead => exchange.cut(Next::Reset),
        Fault::CloseBeforeHead => exchange.cut(Next::Close),
        Fault::Nonsense => {
            exchange.socket.send(b"\x16\x03\x01 this is no HTTP\r\n\x00\xff\r\n\r\n").await?;
            exchange.cut(Next::Close)
        }
        Fault::SlowHead(delay) => {
            exchange.head_delay = Some(delay);
            exchange.socket.wait_until(exchange.started + delay).await?;
            return Ok(None);
        }
        _ => return Ok(None),
    }))
}

impl Exchange<'_> {
    /// Ends the answer by a fault.
    pub(crate) fn cut(&mut self, next: Next) -> Next {
        self.tracker.end(Ending::Cut);
        next
    }
}
