//! The proxy follows discovery: engines come and go, and no request is lost; whatever discovery says
//! or fails to say, what works goes on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../rig/rig.rs"]
mod rig;

mod bad_answers;
mod follow;
mod routing;
mod series;
mod start;

use std::time::Duration;

use serde_json::Value;
use weir_proxy::{Config, Discovery as Where, RouteConfig};
use weir_sim::eventually;
use weir_wire::UsagePolicy;

use rig::discovery::Discovery;
use rig::{Answer, Api, ProxyGuard, Request, ask, config, engine};

/// Discovery is asked once a second, and may hang for five.
const DEADLINE: Duration = Duration::from_secs(30);

/// A configuration that follows this discovery beside these routes of the engine listener.
fn following(url: &str, routes: impl IntoIterator<Item = RouteConfig>) -> Config {
    let discovery = Where {
        url: url.to_owned(),
        bearer_file: None,
        tls_ca_file: None,
        tls_verify: true,
        usage: UsagePolicy::Exact,
    };
    Config { discovery: Some(discovery), ..config([engine(routes)]) }
}

/// A proxy that follows this discovery and has heard of the routes.
async fn proxy(discovery: &Discovery, names: &[&str]) -> ProxyGuard {
    let proxy = ProxyGuard::start(&following(&discovery.url(), []));
    until_routes(&proxy, names).await;
    proxy
}

fn routes(status: &Value) -> Vec<String> {
    let routes = status["routes"].as_array().unwrap().iter();
    routes.map(|route| route["name"].as_str().unwrap().to_owned()).collect()
}

/// Waits until these routes are in force, in this order.
async fn until_routes(proxy: &ProxyGuard, names: &[&str]) {
    let probe = async || (routes(&proxy.json("/status").await) == names).then_some(());
    eventually(DEADLINE, &format!("the routes are {names:?}"), probe).await;
}

/// Waits until `/status` says of discovery that it fails, in words with this part.
async fn until_failing(proxy: &ProxyGuard, words: &str) {
    let probe = async || {
        let status = proxy.json("/status").await;
        status["discovery"]["error"].as_str().is_some_and(|it| it.contains(words)).then_some(())
    };
    eventually(DEADLINE, &format!("discovery fails by: {words}"), probe).await;
}

/// A chat for this model on this path.
fn chat(prefix: &str, model: &str) -> Request {
    Api::Chat.post(&Api::Chat.body(model, true)).to(&format!("{prefix}/v1/chat/completions"))
}

/// Sends it to the engine listener.
async fn send(proxy: &ProxyGuard, request: &Request) -> Answer {
    ask(proxy.engine(), request).await
}
