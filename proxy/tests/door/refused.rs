//! What a refusal looks like, to the client and in the counters.

use weir_proxy::{Config, Limits};
use weir_sim::{Scrape, Upstream, eventually};

use crate::rig::{Answer, Api, DEADLINE, End, ProxyGuard, config, engine, route};

/// A proxy with these limits in front of `upstream`.
pub(crate) fn limited(upstream: &Upstream, limits: Limits) -> ProxyGuard {
    let config = config([engine([route("default", &upstream.url())])]);
    ProxyGuard::start(&Config { limits, ..config })
}

/// An error of Weir's own, in the shape of the endpoint.
pub(crate) fn assert_refused(answer: &Answer, api: Api, status: u16, reason: &str) {
    assert_eq!((answer.status, answer.end), (status, End::Complete), "{reason}");
    assert_eq!(answer.header("x-weir-error"), Some(reason));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    assert!(json["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{json}");
    match api {
        Api::Messages => assert_eq!(json["type"], "error"),
        _ => assert_eq!(json["error"]["code"], reason),
    }
}

/// How often Weir refused for this reason.
pub(crate) fn rejections(scrape: &Scrape, reason: &str) -> f64 {
    scrape.value("weir_rejections_total", &[("reason", reason)]).unwrap()
}

/// Waits until Weir has refused so often for this reason: what is no request is counted when its
/// connection has ended, which a client may see first.
pub(crate) async fn refused(proxy: &ProxyGuard, reason: &str, count: f64) -> Scrape {
    let counted = async || (rejections(&proxy.settled().await, reason) == count).then_some(());
    eventually(DEADLINE, &format!("{reason} is counted {count} times"), counted).await;
    // The outcome is written before the reason; the scrape that first shows the reason may have read
    // the outcomes before that.
    proxy.settled().await
}

/// Requests with the outcome `rejected`, by route.
pub(crate) fn rejected(scrape: &Scrape, route: &str) -> f64 {
    scrape.sum("llm_requests_total", &[("outcome", "rejected"), ("route", route)]).unwrap_or(0.0)
}
