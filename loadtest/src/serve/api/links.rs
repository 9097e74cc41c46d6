//! Where else to look.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use crate::serve::answer::{self, Refusal};
use crate::serve::config::Links;
use crate::serve::site::Site;

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    links: &'a Links,
    /// Whether answers can be pushed to one.
    label_studio: bool,
}

pub(super) async fn links(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    let label_studio = site.label_studio.is_some();
    answer::value(&Shown { links: &site.links, label_studio })
}
