//! Engines named by hand: of many versions, at once.

use tokio::runtime::Runtime;
use weir_sim::{Engine, Scrape, Upstream};

use crate::scripted::{Scripted, hang, identity, whole};
use crate::{engine, start};

#[test]
fn ten_engines_are_not_held_up_by_one_that_hangs() {
    let runtime = Runtime::new().unwrap();
    let versions =
        ["0.4.0", "0.6.6", "0.7.3", "0.8.5", "0.9.2", "0.10.2", "0.11.2", "0.20.0", "0.33.0"];
    let sims: Vec<Upstream> = versions
        .iter()
        .map(|version| {
            let sim =
                Upstream::builder().engine(Engine::vllm(version)).models([format!("m-{version}")]);
            runtime.block_on(sim.start()).unwrap()
        })
        .collect();
    let hangs = Scripted::start(|_, stream| hang(stream));
    let mut text = "interval = \"500ms\"\ntimeout = \"60s\"\n".to_owned();
    text += &engine("hangs", hangs.url());
    // One after the other, nobody would be read for a minute.
    let stalls = Scripted::start(|path, stream| match identity(path) {
        Some(said) => whole(stream, 200, said),
        None => hang(stream),
    });
    text += &engine("stalls", stalls.url());
    for (version, sim) in versions.iter().zip(&sims) {
        text += &engine(&format!("v{version}"), sim.url());
    }
    let (weir, _file) = start(&text);
    let are_up = |body: &str| {
        let scrape = Scrape::parse(body).unwrap();
        scrape.sum("llm_engine_up", &[]) == Some(versions.len() as f64 + 1.0)
            && scrape.matching("llm_engine_requests_running", &[]).count() == versions.len()
    };
    let body = weir.until("/metrics", |_, body| are_up(body));
    let scrape = Scrape::parse(&body).unwrap();
    for version in versions {
        let (container, model) = (format!("v{version}"), format!("m-{version}"));
        let labels = [
            ("container", container.as_str()),
            ("model", model.as_str()),
            ("engine_version", version),
        ];
        assert_eq!(scrape.value("llm_engine_up", &labels), Some(1.0), "{version}");
        assert_eq!(
            scrape.value("llm_engine_generation_tokens_total", &labels),
            Some(0.0),
            "{version}"
        );
    }
    assert_eq!(scrape.value("llm_engine_up", &[("container", "hangs")]), Some(0.0));
    assert!(hangs.requests() > 0);
}

#[test]
fn an_engine_that_ends_and_comes_back() {
    let runtime = Runtime::new().unwrap();
    let sim = runtime.block_on(Upstream::builder().models(["one"]).start()).unwrap();
    let address = sim.addr();
    let text = format!("interval = \"500ms\"\n{}", engine("a", sim.url()));
    let (mut weir, _file) = start(&text);
    let up =
        |body: &str| Scrape::parse(body).unwrap().value("llm_engine_up", &[("container", "a")]);
    weir.until("/metrics", |_, body| up(body) == Some(1.0));
    weir.logged("The source can be read.");
    runtime.block_on(sim.stop());
    let body = weir.until("/metrics", |_, body| up(body) == Some(0.0));
    let scrape = Scrape::parse(&body).unwrap();
    assert_eq!(scrape.value("weir_source_up", &[("source", "engine"), ("name", "a")]), Some(0.0));
    assert_eq!(
        scrape.matching("llm_engine_requests_running", &[]).count(),
        0,
        "not known any more"
    );
    let said = weir.logged("The source can't be read.");
    assert_eq!((&said["name"], &said["level"]), (&"a".into(), &"WARN".into()));
    let again = Upstream::builder().bind(address).models(["two"]).start();
    let _again = runtime.block_on(again).unwrap();
    let body = weir.until("/metrics", |_, body| up(body) == Some(1.0));
    let model = [("container", "a"), ("model", "two")];
    assert_eq!(Scrape::parse(&body).unwrap().value("llm_engine_up", &model), Some(1.0));
    weir.logged("The source can be read.");
    assert_eq!(weir.said("The source can't be read.").len(), 1, "said once");
}
