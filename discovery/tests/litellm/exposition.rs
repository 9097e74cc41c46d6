//! States as metrics.

use std::collections::BTreeSet;
use std::sync::Arc;

use weir_discovery::engine::EngineView;
use weir_discovery::litellm::{Deployment, Deployments, GatewayState, Shown, add};
use weir_families::Families;

use crate::scripted::{KEY, Polled, Scripted};

fn text(gateways: &[Shown<'_>], engines: &[EngineView]) -> String {
    let mut families = Families::default();
    let proxies: BTreeSet<_> = [("127.0.0.1".to_owned(), 9801)].into();
    add(&mut families, gateways, engines, &proxies);
    families.openmetrics()
}

fn samples(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[tokio::test]
async fn a_gateway_and_the_engine_behind_it() {
    let server = Scripted::start().await;
    let polled = Polled::start(&server.url, Some(KEY));
    let state = polled.until("deployments", |state| state.deployments.is_some()).await;
    let shown = Shown { name: "litellm", container_id: Some("c0ffee"), state: &state };
    let engine = EngineView {
        container: "vllm-qwen".to_owned(),
        container_id: "51a0".to_owned(),
        route: Some("qwen".to_owned()),
        models: vec!["Qwen/Qwen3-8B".to_owned(), "qwen3".to_owned()],
        ..EngineView::default()
    };
    let text = text(&[shown, shown], &[engine]);
    let found = samples(&text);
    for line in [
        "litellm_up{gateway=\"litellm\"} 1",
        "litellm_ready{gateway=\"litellm\"} 1",
        "litellm_gateway_info{gateway=\"litellm\",container_id=\"c0ffee\",version=\"1.106.2\"} 1",
        "litellm_deployments_left_out{gateway=\"litellm\"} 0",
        "llm_engine_model_info{route=\"qwen\",model=\"Qwen/Qwen3-8B\",edge_model=\"qwen\",\
         container=\"vllm-qwen\",container_id=\"51a0\"} 1",
        "llm_model_alias_info{alias=\"qwen3\",model=\"Qwen/Qwen3-8B\"} 1",
    ] {
        assert!(found.contains(&line), "{line} in {text}");
    }
    let deployment = found.iter().find(|line| line.contains("edge_model=\"llama\"")).unwrap();
    assert!(deployment.starts_with("litellm_deployment_info{gateway=\"litellm\""), "{deployment}");
    assert!(deployment.contains("api_base=\"http://127.0.0.1:9801/llama/v1\""), "{deployment}");
    assert!(!text.contains("secret") && !text.contains("sk-"), "{text}");
    // Two gateways with the same names are one link.
    let links = found.iter().filter(|line| line.starts_with("llm_engine_model_info")).count();
    assert_eq!(links, 1);
}

#[test]
fn what_is_not_known_is_not_there() {
    let of = |state: &GatewayState| text(&[Shown { name: "a", container_id: None, state }], &[]);
    assert_eq!(of(&GatewayState::default()), "");
    let down = GatewayState { live: Some(false), ..GatewayState::default() };
    assert_eq!(samples(&of(&down)), ["litellm_up{gateway=\"a\"} 0"]);
    let up = GatewayState { live: Some(true), ..GatewayState::default() };
    let expected = ["litellm_gateway_info{gateway=\"a\"} 1", "litellm_up{gateway=\"a\"} 1"];
    assert_eq!(samples(&of(&up)), expected);
}

/// Whoever may start containers may start gateways.
#[test]
fn many_gateways_are_bounded() {
    let deployment = |index: usize| Deployment {
        edge_model: format!("m{index}"),
        model: "m".to_owned(),
        provider: None,
        model_id: None,
        api_base: None,
    };
    let list: Vec<_> = (0..1_000).map(deployment).collect();
    let deployments = Some(Arc::new(Deployments { list, left_out: 7 }));
    let state = GatewayState { live: Some(true), deployments, ..GatewayState::default() };
    let names: Vec<_> = (0..8).map(|index| format!("g{index}")).collect();
    let shown: Vec<_> =
        names.iter().map(|name| Shown { name, container_id: None, state: &state }).collect();
    let text = text(&shown, &[]);
    let found = samples(&text);
    let infos = found.iter().filter(|line| line.starts_with("litellm_deployment_info")).count();
    assert_eq!(infos, 5_000);
    assert!(found.contains(&"litellm_deployments_left_out{gateway=\"g0\"} 7"));
    assert!(found.contains(&"litellm_deployments_left_out{gateway=\"g7\"} 1007"));
}
