//! Who may send the request: asks `access`, and refuses in its words.

use std::slice;
use std::sync::Arc;

use http::header;
use pingora::prelude::Session;

use super::context::Context;
use super::rejection::Rejected;
use crate::access::{Asked, Refusal};
use crate::route::Route;

/// Why the request is refused, told from its head: before a byte of the body is read. One of `routes`
/// has to take it; which one, the body may have to tell.
pub(super) fn refused(
    session: &mut Session,
    ctx: &mut Context,
    target: &str,
    routes: &[Arc<Route>],
) -> Option<Rejected> {
    let has_body = !session.is_body_empty();
    let head = session.req_header();
    let from = session.client_addr().and_then(|address| address.as_inet());
    let caller = ctx.in_force.access.caller(&Asked {
        method: &head.method,
        target,
        class: ctx.class,
        headers: &head.headers,
        is_bare: !has_body && !head.headers.contains_key(header::UPGRADE),
        from: from.map(|address| address.ip()),
    });
    let refused = caller.may_use(routes.iter().map(|route| &route.config.access)).err();
    ctx.caller = Some(caller);
    refused.map(in_words)
}

/// The same for the route that was found, which may be more particular than others; and whether the key
/// has been used too often. What Weir refuses for another reason is no use of it.
pub(super) fn refused_by(route: &Route, ctx: &Context) -> Option<Rejected> {
    let caller = ctx.caller.as_ref()?;
    let may = caller.may_use(slice::from_ref(&route.config.access));
    may.and_then(|()| caller.spend()).err().map(in_words)
}

fn in_words(refusal: Refusal) -> Rejected {
    Rejected {
        reason: refusal.rejection(),
        message: refusal.message().into(),
        retry_after: refusal.retry_after(),
    }
}
