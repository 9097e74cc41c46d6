//! Gateways as metrics.

use std::collections::BTreeSet;

use weir_families::{Families, Label, Metric};

use super::join::{ModelLink, aliases, join};
use super::state::GatewayState;
use crate::engine::EngineView;

const UP: Metric =
    Metric::gauge("litellm_up", "Whether the LiteLLM proxy answers (/health/liveliness).");
const READY: Metric = Metric::gauge(
    "litellm_ready",
    "Whether the LiteLLM proxy says that it can serve (/health/readiness).",
);
const INFO: Metric = Metric::gauge("litellm_gateway_info", "What a LiteLLM proxy is.");
const DEPLOYMENT: Metric = Metric::gauge(
    "litellm_deployment_info",
    "A deployment of a LiteLLM proxy: the name that clients use, the model, and where it is.",
);
const LEFT_OUT: Metric = Metric::gauge(
    "litellm_deployments_left_out",
    "Deployments that are not shown, since there are too many or their names can't be shown.",
);
const LINK: Metric = Metric::gauge(
    "llm_engine_model_info",
    "A name that clients use at the gateway (edge_model) and the engine behind it, with the name in its \
     metrics (model).",
);
const ALIAS: Metric = Metric::gauge(
    "llm_model_alias_info",
    "Another name of an engine's model, and the one in its metrics.",
);

/// Most deployments of all gateways that are shown, and joined with engines.
const MOST: usize = 5_000;

/// A gateway to show.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The label `gateway`.
    pub name: &'a str,
    /// Its container, if it is known.
    pub container_id: Option<&'a str>,
    /// What is known of it.
    pub state: &'a GatewayState,
}

/// Adds all gateways, and what their names mean to the engines. `proxies` are the hosts and ports of the
/// proxy's engine listener.
pub fn add(
    families: &mut Families,
    gateways: &[Shown<'_>],
    engines: &[EngineView],
    proxies: &BTreeSet<(String, u16)>,
) {
    let mut room = MOST;
    for gateway in gateways {
        add_gateway(families, gateway, &mut room);
    }
    let known = gateways.iter().filter_map(|gateway| gateway.state.deployments.as_ref());
    let known = known.flat_map(|deployments| &deployments.list).take(MOST);
    for link in join(known, engines, proxies).iter().take(MOST) {
        add_link(families, link);
    }
    for (alias, model) in aliases(engines) {
        families.add(&ALIAS, &[("alias", &alias), ("model", &model)], true);
    }
}

fn add_gateway(families: &mut Families, gateway: &Shown<'_>, room: &mut usize) {
    let GatewayState { live, ready, version, deployments, problem: _, lacking: _ } = gateway.state;
    let name = ("gateway", gateway.name);
    families.add(&UP, &[name], *live);
    families.add(&READY, &[name], *ready);
    if *live == Some(true) {
        let id = ("container_id", gateway.container_id.unwrap_or_default());
        let version = ("version", version.as_deref().unwrap_or_default());
        families.add(&INFO, &known(&[name, id, version]), true);
    }
    let Some(deployments) = deployments else { return };
    let all = deployments.list.len();
    let shown = all.min(*room);
    *room -= shown;
    families.add(&LEFT_OUT, &[name], deployments.left_out + all - shown);
    for deployment in &deployments.list[..shown] {
        let base = deployment.api_base.as_ref().map(ToString::to_string);
        let labels = [
            name,
            ("edge_model", &deployment.edge_model),
            ("model", &deployment.model),
            ("provider", deployment.provider.as_deref().unwrap_or_default()),
            ("model_id", deployment.model_id.as_deref().unwrap_or_default()),
            ("api_base", base.as_deref().unwrap_or_default()),
        ];
        families.add(&DEPLOYMENT, &known(&labels), true);
    }
}

fn add_link(families: &mut Families, link: &ModelLink) {
    let ModelLink { route, model, edge_model, container, container_id } = link;
    let labels = [
        ("route", route.as_str()),
        ("model", model),
        ("edge_model", edge_model),
        ("container", container),
        ("container_id", container_id),
    ];
    families.add(&LINK, &known(&labels), true);
}

/// Labels without those that are not known.
fn known<'a>(labels: &[Label<'a>]) -> Vec<Label<'a>> {
    labels.iter().filter(|(_, value)| !value.is_empty()).copied().collect()
}
