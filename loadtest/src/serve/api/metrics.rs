//! Live figures: 503 where nothing is known of any.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::serve::answer;
use crate::serve::live::Shown;
use crate::serve::site::Site;

pub(super) async fn gpu(State(site): State<Arc<Site>>) -> Response {
    shown(&site.live.gpus().await)
}

pub(super) async fn vllm(State(site): State<Arc<Site>>) -> Response {
    shown(&site.live.engines().await)
}

pub(super) async fn proxy(State(site): State<Arc<Site>>) -> Response {
    shown(&site.live.proxy().await)
}

fn shown(shown: &Shown) -> Response {
    let status = if shown.is_known { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::json(status, shown.body.to_string().into_bytes())
}
