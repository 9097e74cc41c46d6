//! What stands above the table: who is where, and what to try.

use weir_sim::Upstream;

use super::address::Addresses;
use super::engines::{ENGINES, EngineSpec};
use crate::sim::curl;

/// The lines; `engines` are those of [`ENGINES`], in that order.
pub(crate) fn lines(addresses: Addresses, engines: &[Upstream]) -> Vec<String> {
    let Addresses { listener, admin } = addresses;
    let mut lines = vec![
        "Weir demo: two simulated engines, the proxy in front, light traffic, some of it misbehaving."
            .to_owned(),
        String::new(),
    ];
    let mut address = |what: &str, text: String| lines.push(format!("  {what:<16}{text}"));
    for (spec, engine) in ENGINES.iter().zip(engines) {
        let EngineSpec { model, version, route, .. } = spec;
        let url = engine.url();
        address(model, format!("http://{listener}/{route:<6} → vLLM {version} at {url}"));
    }
    address("either", format!("http://{listener}        → by the model in the body"));
    address("metrics", format!("http://{admin}/metrics"));
    address("status", format!("http://{admin}/status"));
    lines.push(String::new());
    lines.push("Try it in another terminal; Ctrl-C here ends everything:".to_owned());
    let curl = curl(&format!("http://{listener}"), ENGINES[0].model);
    lines.extend(curl.lines().map(str::to_owned));
    lines.push(String::new());
    lines
}
