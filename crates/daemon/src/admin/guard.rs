//! Turns away who may not see a page.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use super::pages::{self, Pages};

/// Pages that anybody may see: probes carry no credentials, and these show no more than that the
/// daemon is there, and what it waits for.
const OPEN: [&str; 2] = ["/health", "/ready"];

/// Lets a request through to its page, or answers 401, whatever the page.
pub(super) async fn check(
    State(pages): State<Arc<dyn Pages>>,
    request: Request,
    next: Next,
) -> Response {
    let access = pages.access();
    if OPEN.contains(&request.uri().path()) || access.allows(request.headers()) {
        return next.run(request).await;
    }
    let body = json!({
        "error": "unauthorized",
        "expected": "an authorization header with the credentials of this daemon's admin_access",
        "open": OPEN,
    });
    let mut answer = pages::page(StatusCode::UNAUTHORIZED, &body);
    for challenge in access.challenges() {
        answer.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}
