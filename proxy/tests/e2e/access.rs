//! Who may send what, end to end: what is refused never reaches the upstream, what is not goes through
//! with its key.

mod admitted;
mod clients;
mod lists;
mod refused;

use std::sync::Arc;

use serde_json::Value;
use weir_proxy::{Clients, Config, KeyConfig, KeyHash, Rate, RouteAccess};
use weir_sim::{Scrape, Upstream};

use crate::rig::{Answer, Api, ProxyGuard, Request, config, engine, route};

/// Two keys of which nothing may ever be seen.
pub(crate) const KEY_A: &str = "sk-weir-first-key-that-nobody-may-see";
pub(crate) const KEY_B: &str = "sk-weir-second-key-that-nobody-may-see";

pub(crate) fn key(alias: &str, key: &str, rate: Option<Rate>) -> KeyConfig {
    KeyConfig { alias: alias.into(), hash: KeyHash::of(key.as_bytes()), rate }
}

/// A route that asks for a key.
pub(crate) fn keyed() -> RouteAccess {
    RouteAccess { needs_key: true, ..RouteAccess::default() }
}

/// A list of keys.
pub(crate) fn only(aliases: &[&str]) -> Vec<Arc<str>> {
    aliases.iter().map(|&alias| alias.into()).collect()
}

/// An upstream that knows any model, and a proxy before it with one route, that knows both keys.
pub(crate) async fn house(access: RouteAccess, clients: Clients) -> (Upstream, ProxyGuard) {
    let sim = Upstream::builder().models([""; 0]).start().await.unwrap();
    let mut only = route("default", &sim.url());
    only.access = access;
    let keys = vec![key("team-a", KEY_A, None), key("team-b", KEY_B, None)];
    let config = Config { keys, clients, ..config([engine([only])]) };
    (sim, ProxyGuard::start(&config))
}

pub(crate) fn with_key(request: Request, key: &str) -> Request {
    request.header("authorization", &format!("Bearer {key}"))
}

pub(crate) fn rejected(scrape: &Scrape, reason: &str) -> f64 {
    scrape.value("weir_rejections_total", &[("reason", reason)]).unwrap()
}

/// The answer is a refusal of Weir's own in the shape of the API, and says nothing of any key.
pub(crate) fn assert_refused(answer: &Answer, api: Api, code: u16, reason: &str) {
    assert_eq!(answer.status, code, "{}", answer.text());
    assert_eq!(answer.header("x-weir-error"), Some(reason));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("www-authenticate"), (code == 401).then_some("Bearer"));
    assert_eq!(answer.header("retry-after").is_some(), code == 429);
    let shown = format!("{:?}{}", answer.headers, answer.text());
    assert!(!shown.contains("sk-"), "{shown}");
    let body = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if api == Api::Messages {
        let kind = match code {
            401 => "authentication_error",
            403 => "permission_error",
            _ => "rate_limit_error",
        };
        assert_eq!(
            (text(&body["type"]), text(&body["error"]["type"])),
            ("error".into(), kind.into())
        );
    } else {
        let (kind, word) = match code {
            401 => ("invalid_request_error", "invalid_api_key"),
            403 => ("invalid_request_error", "forbidden"),
            _ => ("requests", "rate_limit_exceeded"),
        };
        let found = (text(&body["error"]["type"]), text(&body["error"]["code"]));
        assert_eq!(found, (kind.into(), word.into()));
        assert!(body["error"].as_object().unwrap().contains_key("param"));
    }
    assert!(text(&body["error"]["message"]).ends_with('.'), "{body}");
}
