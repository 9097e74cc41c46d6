//! The one `impl ProxyHttp`: each phase of Pingora calls the part that owns it.
//!
//! ```text
//! request_filter ── prepare: route, peek ── upstream_peer ── upstream_request_filter
//!    └─ request_body_filter ──► upstream ──► response_filter ── response_body_filter
//!                                               └─ error_while_proxy, fail_to_proxy
//! logging, or the context's Drop: settle
//! ```

mod admit;
mod answer;
mod coding;
mod context;
mod ending;
mod find_route;
mod forwarded;
mod hop;
mod limits;
mod no_route;
mod prepare;
mod refusal;
mod rejection;
mod request;
mod response;
mod retry;
mod settle;
mod stall;
mod told;
mod upgrade;

use std::future::poll_fn;
use std::mem;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::prelude::{Error, HttpPeer, ProxyHttp, Result, Session};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyWarnLogContext};

pub(crate) use context::Context;

use crate::shared::Shared;
use weir_ledger::Hop;

/// A listener's gate: what Pingora asks at every phase of a request.
pub(crate) struct Gate {
    pub(crate) listener: Hop,
    pub(crate) shared: Arc<Shared>,
}

/// Lets the other half of the exchange go on, which is of the same task; the runtime's `yield_now` looks for new
/// events of the system, too.
async fn make_way() {
    let mut has_waited = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl ProxyHttp for Gate {
    // Boxed: Pingora moves it about within futures, which grow with it.
    type CTX = Box<Context>;

    fn new_ctx(&self) -> Box<Context> {
        Box::new(Context::new(Arc::clone(&self.shared), self.listener))
    }

    /// None: by default Pingora has one that compresses, and is off.
    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    async fn request_filter(&self, session: &mut Session, ctx: &mut Box<Context>) -> Result<bool> {
        // All that can fail before an upstream is chosen is reading from the client and writing to it.
        prepare::request(self, session, ctx).await.map_err(Error::into_down)
    }

    async fn upstream_peer(
        &self,
        _: &mut Session,
        ctx: &mut Box<Context>,
    ) -> Result<Box<HttpPeer>> {
        request::peer(ctx).await
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        reused: bool,
        _: &HttpPeer,
        socket: RawFd,
        _: Option<&Digest>,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        request::connected(ctx, reused, socket);
        Ok(())
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        head: &mut RequestHeader,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        request::head(head, ctx)
    }

    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        request::body(body, end, ctx)?;
        if end && ctx.fills_the_pipe() {
            // Lets what came before be sent. Pingora watches for a client that leaves only if there
            // is room behind the last piece of its request, and does not look for room again. Once
            // may not do: what is sent has a budget of the runtime's, which may be used up, and that there
            // is room in the socket is learnt from the system.
            make_way().await;
            tokio::task::yield_now().await;
        }
        if end && ctx.body_pieces > 1 && !ctx.sending.upgrade {
            // Where the length was not told, the end is a chunk of its own.
            ctx.hold_back();
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        ctx: &mut Box<Context>,
    ) -> Result<()> {
        response::head(session, head, ctx)
    }

    fn response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Box<Context>,
    ) -> Result<Option<Duration>> {
        response::body(body, end, ctx)?;
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        peer: &HttpPeer,
        ctx: &mut Box<Context>,
        error: Box<Error>,
    ) -> Box<Error> {
        retry::after_failed_connect(peer, ctx, error)
    }

    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Box<Context>,
        reused: bool,
    ) -> Box<Error> {
        retry::after_failed_exchange(session, ctx, error, reused)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Box<Context>,
    ) -> FailToProxy {
        answer::to_failure(session, error, ctx).await
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Box<Context>) {
        settle::ended(session, error, ctx);
    }

    // Weir logs failures itself, once, from the outcome.
    fn suppress_error_log(&self, _: &Session, _: &Box<Context>, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Box<Context>,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true
    }
}
