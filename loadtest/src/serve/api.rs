//! The page's API. Whatever goes wrong is `{"error": "words"}`.

mod benchmarks;
mod contents;
mod exports;
mod label_studio;
mod links;
mod metrics;
mod parameters;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post, put};

use super::answer::Refusal;
use super::site::Site;

/// Bodies say little: whether an answer is a good one.
const LARGEST_BODY: usize = 64 << 10;

/// For whoever asks for a page that is not there.
pub(super) const PATHS: [&str; 5] = [
    "/api/benchmarks",
    "/api/links",
    "/api/metrics/gpu",
    "/api/metrics/vllm",
    "/api/metrics/proxy",
];

pub(super) fn routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/api/benchmarks", get(benchmarks::list))
        .route("/api/benchmarks/{id}", get(benchmarks::one))
        .route("/api/benchmarks/{id}/contents", get(contents::list))
        .route("/api/benchmarks/{id}/contents/{request}/gold", put(contents::set_gold))
        .route("/api/benchmarks/{id}/export.json", get(exports::run))
        .route("/api/benchmarks/{id}/label-studio.json", get(exports::label_studio))
        .route("/api/benchmarks/{id}/fine-tuning.jsonl", get(exports::fine_tuning))
        .route("/api/benchmarks/{id}/label-studio", post(label_studio::push))
        .route("/api/links", get(links::links))
        .route("/api/metrics/gpu", get(metrics::gpu))
        .route("/api/metrics/vllm", get(metrics::vllm))
        .route("/api/metrics/proxy", get(metrics::proxy))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(site)
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this page does not answer that method")
}
