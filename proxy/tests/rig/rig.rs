//! The rig of the end-to-end tests: a proxy in this process on free ports, a client that sees every
//! byte, and the comparison of an answer through Weir with the upstream's own.
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
//! async fn a_chat_is_counted() {
//!     let sim = weir_sim::Upstream::builder().start().await.unwrap();
//!     let proxy = ProxyGuard::to(&sim); // one engine route to `sim`, usage = "exact"
//!     let answer = ask(proxy.engine(), &Api::Chat.request(true)).await;
//!     assert_eq!(answer.status, 200);
//!     let scrape = proxy.settled().await; // started = sum(outcomes), nothing in flight
//!     assert_eq!(scrape.value("llm_requests_total", &[("outcome", "success")]), Some(1.0));
//! }
//! ```
//!
//! Tests need a runtime of several threads: starting and draining a proxy blocks the test's own.
//! No module here knows of a single test; what a test alone needs stands with the test.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part of the rig")]

mod answer;
mod api;
mod client;
mod compare;
mod config;
pub(crate) mod discovery;
mod form;
mod ledger;
mod proxy;
mod request;
pub(crate) mod scripted;
pub(crate) mod websocket;

use std::time::Duration;

pub(crate) use answer::{Answer, End, Head, dechunk};
pub(crate) use api::Api;
pub(crate) use client::{Client, ask};
pub(crate) use compare::{asking, assert_same, both, normal, without_usage_event};
pub(crate) use config::{config, edge, engine, route};
pub(crate) use form::Form;
pub(crate) use ledger::{assert_events_add_up, unsettled};
pub(crate) use proxy::ProxyGuard;
pub(crate) use request::Request;
pub(crate) use websocket::{WebSocket, upgrade};

/// No test waits longer for anything; nothing that works takes a tenth of it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
