use std::collections::BTreeSet;

use super::{aliases, join};
use crate::engine::EngineView;
use crate::litellm::{ApiBase, Deployment};

fn engine(name: &str, models: &[&str], reached_at: &[(&str, u16)]) -> EngineView {
    EngineView {
        container: format!("vllm-{name}"),
        container_id: "e".repeat(64),
        route: Some(name.to_owned()),
        models: models.iter().map(|&model| model.to_owned()).collect(),
        reached_at: places(reached_at),
        ..EngineView::default()
    }
}

fn places(places: &[(&str, u16)]) -> BTreeSet<(String, u16)> {
    places.iter().map(|&(host, port)| (host.to_owned(), port)).collect()
}

fn deployment(edge_model: &str, model: &str, api_base: &str) -> Deployment {
    Deployment {
        edge_model: edge_model.to_owned(),
        model: model.to_owned(),
        provider: Some("openai".to_owned()),
        model_id: None,
        api_base: ApiBase::parse(api_base),
    }
}

/// Two engines on the host and in a network, and the proxy in front of them.
fn engines() -> [EngineView; 2] {
    [
        engine("llama", &["llama-3", "llama"], &[("127.0.0.1", 8000), ("172.18.0.5", 8000)]),
        engine(
            "qwen",
            &["Qwen/Qwen3-8B"],
            &[("127.0.0.1", 8001), ("vllm-qwen", 8000), ("qwen", 8000)],
        ),
    ]
}

/// (route, model) of the engines behind a deployment.
fn behind(model: &str, api_base: &str) -> Vec<(String, String)> {
    let proxies = places(&[("127.0.0.1", 9801), ("weir", 9801)]);
    let links = join([&deployment("edge", model, api_base)], &engines(), &proxies);
    links.into_iter().map(|link| (link.route, link.model)).collect()
}

#[test]
fn an_engine_is_found_by_where_it_is() {
    let llama = [("llama".to_owned(), "llama-3".to_owned())];
    let qwen = [("qwen".to_owned(), "Qwen/Qwen3-8B".to_owned())];
    for base in [
        "http://127.0.0.1:8000/v1",
        "http://127.0.0.1:8000/v1/",
        "http://127.0.0.1:8000",
        "http://localhost:8000/v1",
        "http://host.docker.internal:8000/v1",
        "http://[::1]:8000/v1",
        "http://172.18.0.5:8000/v1",
        // Another address of the host: the model agrees.
        "http://192.168.1.7:8000/v1",
    ] {
        assert_eq!(behind("llama", base), llama, "{base}");
    }
    for base in ["http://vllm-qwen:8000/v1", "http://QWEN:8000/v1", "http://127.0.0.1:8001/v1"] {
        assert_eq!(behind("Qwen/Qwen3-8B", base), qwen, "{base}");
    }
}

#[test]
fn an_engine_is_found_through_the_proxy() {
    let llama = [("llama".to_owned(), "llama-3".to_owned())];
    for base in [
        "http://127.0.0.1:9801/llama/v1",
        "http://weir:9801/llama/v1/",
        "http://localhost:9801/llama",
        "http://127.0.0.1:9801/v1",
        "http://127.0.0.1:9801",
        // The proxy at an address that is not known: route and model agree.
        "http://10.1.2.3:9801/llama/v1",
    ] {
        assert_eq!(behind("llama", base), llama, "{base}");
    }
    // The path names the route, whatever the model is called.
    assert_eq!(behind("anything", "http://weir:9801/llama/v1"), llama);
}

#[test]
fn others_are_not_taken_for_engines() {
    for (model, base) in [
        ("llama", "https://api.openai.com/v1"),
        ("llama", "http://127.0.0.1:8002/v1"),
        ("llama", "http://8.8.8.8:8000/v1"),
        ("gpt-4o", "http://192.168.1.7:8000/v1"),
        ("gpt-4o", "http://127.0.0.1:9801/v1"),
        ("llama", "http://127.0.0.1:9801/other/v1"),
        ("gpt-4o", "https://api.example.com/llama/v1"),
        ("llama", "nonsense"),
    ] {
        assert_eq!(behind(model, base), [], "{model} at {base}");
    }
}

#[test]
fn the_label_is_the_one_in_the_engines_metrics() {
    let link = |model| behind(model, "http://127.0.0.1:8000/v1")[0].1.clone();
    assert_eq!(link("llama"), "llama-3");
    assert_eq!(link("llama-3"), "llama-3");
    // Engines that take any name answer with the model that they have.
    assert_eq!(link("whatever"), "llama-3");
    let silent = engine("silent", &[], &[("127.0.0.1", 8000)]);
    let at = deployment("edge", "mine", "http://127.0.0.1:8000/v1");
    let links = join([&at], &[silent], &BTreeSet::new());
    assert_eq!(links.first().unwrap().model, "mine");
}

#[test]
fn a_name_that_several_share_is_told_by_the_model_if_it_can() {
    let one = engine("one", &["a"], &[("vllm", 8000)]);
    let two = engine("two", &["b"], &[("vllm", 8000)]);
    let both = [one, two];
    let routes = |model| {
        let at = deployment("edge", model, "http://vllm:8000/v1");
        join([&at], &both, &BTreeSet::new()).into_iter().map(|link| link.route).collect::<Vec<_>>()
    };
    assert_eq!(routes("a"), ["one"]);
    assert_eq!(routes("b"), ["two"]);
    assert_eq!(routes("c"), ["one", "two"]);
}

#[test]
fn a_model_that_several_serve_needs_a_route() {
    let one = engine("one", &["a"], &[("10.0.0.1", 8000)]);
    let two = engine("two", &["a"], &[("10.0.0.2", 8000)]);
    let proxies = places(&[("weir", 9801)]);
    let routes = |base| {
        let links = join([&deployment("edge", "a", base)], &[one.clone(), two.clone()], &proxies);
        links.into_iter().map(|link| link.route).collect::<Vec<_>>()
    };
    assert_eq!(routes("http://weir:9801/v1"), [""; 0]);
    assert_eq!(routes("http://weir:9801/two/v1"), ["two"]);
    assert_eq!(routes("http://10.0.0.1:8000/v1"), ["one"]);
}

#[test]
fn a_provider_that_is_none_is_part_of_the_name() {
    let engine = engine("oss", &["openai/gpt-oss-20b"], &[("10.0.0.1", 8000)]);
    let at = deployment("edge", "gpt-oss-20b", "http://weir:9801/v1");
    let links = join([&at], &[engine], &places(&[("weir", 9801)]));
    assert_eq!(links.first().unwrap().model, "openai/gpt-oss-20b");
}

#[test]
fn wildcards_are_no_name_of_a_request() {
    let at = deployment("hosted_vllm/*", "*", "http://127.0.0.1:8000/v1");
    assert_eq!(join([&at], &engines(), &BTreeSet::new()), BTreeSet::new());
}

#[test]
fn names_beyond_the_first_are_aliases() {
    let found = aliases(&engines());
    assert_eq!(found, [("llama".to_owned(), "llama-3".to_owned())].into());
    let many: Vec<_> = (0..1_000).map(|index| format!("m{index}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(aliases(&[engine("many", &many, &[])]).len(), 64);
    assert_eq!(aliases(&[engine("same", &["a", "a"], &[]), engine("none", &[], &[])]).len(), 0);
}
