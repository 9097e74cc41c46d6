use axum::Router;
use axum::extract::RawQuery;
use axum::routing::get;
use tokio::net::TcpListener;
use weir_sim::{DeadPort, Engine, Upstream};

use super::*;
use crate::http;

async fn asked(url: &str, prometheus: Option<&Prometheus>, model: &str) -> Environment {
    let client = http::client().build().unwrap();
    let url = url.parse().unwrap();
    let labels = BTreeMap::from([("change".to_owned(), "none".to_owned())]);
    environment(&client, &url, None, prometheus, &[model.to_owned()], labels).await
}

#[tokio::test]
async fn an_engine_tells_of_itself() {
    let engine = Upstream::builder().engine(Engine::vllm("0.10.0")).models(["a"]).start();
    let engine = engine.await.unwrap();
    let found = asked(&format!("{}/v1/", engine.url()), None, "a").await;
    assert!(found.weir_version.starts_with(env!("CARGO_PKG_VERSION")));
    assert_eq!(found.labels["change"], "none");
    assert!(found.cores.unwrap() >= 1 && found.host.is_some() && found.gpus.is_empty());
    let [facts] = &found.engines[..] else { panic!("{found:?}") };
    assert_eq!(facts.model.as_deref(), Some("a"));
    assert_eq!((facts.name.as_deref(), facts.version.as_deref()), (Some("vllm"), Some("0.10.0")));
    assert!(facts.max_model_len.unwrap() > 0, "{facts:?}");
    assert_eq!(facts.flags["block_size"], "16");
    assert_eq!(facts.flags["root"], "models/a");
    assert!(!facts.flags.values().any(|value| value == "None"), "{facts:?}");
}

#[tokio::test]
async fn a_gateway_says_nothing_of_the_engine() {
    let gateway = Upstream::builder().engine(Engine::litellm("1.80.0")).models(["a"]).start();
    let found = asked(&gateway.await.unwrap().url(), None, "a").await;
    assert_eq!(found.engines, []);
}

#[tokio::test]
async fn nobody_is_no_error() {
    let nobody = DeadPort::new().unwrap();
    let prometheus =
        Prometheus::new(http::client().build().unwrap(), &nobody.url().parse().unwrap());
    let found = asked(&nobody.url(), Some(&prometheus), "a").await;
    assert_eq!((found.engines, found.gpus), (Vec::new(), BTreeMap::new()));
}

#[tokio::test]
async fn behind_a_gateway_discovery_knows_the_engine() {
    let answer = |RawQuery(query): RawQuery| async move {
        let labels: &[&str] = match query.unwrap().split('=').next_back().unwrap() {
            "llm_engine_up+%3D%3D+1" => {
                &[r#""container":"e","container_id":"aa","model":"big","engine_version":"0.32.0""#]
            }
            "llm_container_info" => &[
                r#""container":"e","container_id":"aa","model":"big","role":"vllm","image":"vllm:x""#,
            ],
            "llm_engine_cache_config_info" => {
                &[r#""container":"e","container_id":"aa","model":"big","cache_dtype":"fp8""#]
            }
            "llm_engine_model_info" => {
                &[r#""container":"e","container_id":"aa","model":"big","edge_model":"a""#]
            }
            "nvidia_gpu_info" => &[
                r#""uuid":"1","name":"H200""#,
                r#""uuid":"2","name":"H200""#,
                r#""uuid":"3","name":"L4""#,
            ],
            "nvidia_gpu_container_share" => {
                &[r#""uuid":"1","container_id":"aa""#, r#""uuid":"2","container_id":"aa""#]
            }
            _ => &[],
        };
        let series: Vec<_> = labels
            .iter()
            .map(|labels| format!(r#"{{"metric":{{{labels}}},"value":[1.0,"1"]}}"#))
            .collect();
        let series = series.join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/api/v1/query", get(answer));
    tokio::spawn(async { axum::serve(listener, router).await });
    let prometheus = Prometheus::new(http::client().build().unwrap(), &url.parse().unwrap());

    let gateway = Upstream::builder().engine(Engine::litellm("1.80.0")).models(["a"]).start();
    let found = asked(&gateway.await.unwrap().url(), Some(&prometheus), "a").await;
    let flags = [("cache_dtype", "fp8"), ("container", "e"), ("image", "vllm:x")];
    let flags = flags.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let expected = EngineFacts {
        model: Some("a".to_owned()),
        name: Some("vllm".to_owned()),
        version: Some("0.32.0".to_owned()),
        max_model_len: None,
        flags: BTreeMap::from(flags),
    };
    assert_eq!(found.engines, [expected]);
    // Those of its container.
    assert_eq!(found.gpus, BTreeMap::from([("H200".to_owned(), 2)]));
}

#[test]
fn what_is_too_long_is_cut_and_what_is_too_much_left_out() {
    let flags = (0..100).map(|at| (format!("{at:03}"), "é".repeat(200)));
    let flags = bounded(flags);
    assert_eq!((flags.len(), flags["000"].len()), (MOST_FLAGS, MOST_BYTES));
}
