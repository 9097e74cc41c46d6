//! What stands above the table: who is where, and what to try.

use weir_sim::Upstream;

use super::address::{self, Addresses};
use super::engines::{ENGINES, EngineSpec};
use super::monitoring::Monitoring;
use crate::sim::curl;

/// What Prometheus can be asked.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "Time to first token, 95th percentile, by model",
        "histogram_quantile(0.95, sum by (le, model) (rate(llm_time_to_first_token_seconds_bucket{hop=\"engine\"}[1m])))",
    ),
    (
        "Part of the requests that failed, by model",
        "sum by (model) (rate(llm_requests_total{hop=\"engine\",status=\"error\"}[1m])) / sum by (model) (rate(llm_requests_total{hop=\"engine\"}[1m]))",
    ),
    (
        "Output tokens per second, by model",
        "sum by (model) (rate(llm_tokens_total{hop=\"engine\",kind=\"output\"}[1m]))",
    ),
];

/// The lines; `engines` are those of [`ENGINES`], in that order.
pub(crate) fn lines(
    addresses: Addresses,
    engines: &[Upstream],
    monitoring: &Monitoring,
) -> Vec<String> {
    let Addresses { edge, engine, admin } = addresses;
    let mut lines = vec![
        "Weir demo: two simulated engines, the proxy in front, light traffic, some of it misbehaving."
            .to_owned(),
        String::new(),
    ];
    let mut address = |what: &str, text: String| lines.push(format!("  {what:<16}{text}"));
    for (spec, upstream) in ENGINES.iter().zip(engines) {
        let EngineSpec { model, version, route, .. } = spec;
        let url = upstream.url();
        address(model, format!("http://{engine}/{route:<6} → vLLM {version} at {url}"));
    }
    address("either", format!("http://{engine}        → by the model in the body"));
    address("at the edge", format!("http://{edge}        → a gateway → http://{engine}"));
    address("metrics", format!("http://{admin}/metrics"));
    address("status", format!("http://{admin}/status"));
    for (what, said) in &monitoring.said {
        address(what, said.clone());
    }
    lines.push(String::new());
    if let Some(prometheus) = monitoring.address() {
        lines.push(format!("Ask Prometheus, at http://{prometheus}/graph:"));
        for (what, question) in QUESTIONS {
            lines.extend([format!("  {what}:"), format!("    {question}")]);
        }
        lines.push(String::new());
    }
    lines.push("Try it in another terminal; Ctrl-C here ends everything:".to_owned());
    let curl = curl(&format!("http://{engine}"), ENGINES[0].model);
    lines.extend(curl.lines().map(str::to_owned));
    lines.extend(["Or load it, 50 requests at once:".to_owned(), load(addresses, monitoring)]);
    lines.push(String::new());
    lines
}

/// A command that loads the edge, for a shell in the same folder.
fn load(Addresses { edge, admin, .. }: Addresses, monitoring: &Monitoring) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "weir-loadtest".to_owned());
    let mut command = format!("{program} run --scenario high-parallelism --target http://{edge}");
    // There `run` looks by itself.
    if admin.port() != address::ADMIN {
        command.push_str(&format!(" --proxy http://{admin}"));
    }
    if let Some(prometheus) = monitoring.address() {
        command.push_str(&format!(" --prometheus http://{prometheus}"));
    }
    command
}
