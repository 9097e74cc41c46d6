//! What runs no model goes through untouched, and in no series of models.

use weir_sim::{Engine, Scrape, Upstream};

use crate::rig::{ProxyGuard, Request, assert_same, both};

fn assert_no_llm_series(scrape: &Scrape) {
    for sample in scrape.samples().filter(|sample| sample.name.starts_with("llm_")) {
        assert_eq!(sample.value, 0.0, "{sample:?}");
    }
}

fn requests() -> Vec<Request> {
    let post = |path| Request::post(path, r#"{"model":"tiny","prompt":"p","stream":true}"#);
    vec![
        Request::get("/v1/models"),
        Request::get("/v1/models?limit=1"),
        Request::head("/v1/models"),
        Request::get("/v1/models/tiny"),
        Request::get("/health"),
        Request::head("/health"),
        Request::get("/version"),
        Request::get("/metrics"),
        Request::get("/"),
        Request::get("/v1/chat/completions"),
        Request::get("/nowhere/%2e%2e/a%20b//c;d=1?x=%26&y=[1]"),
        post("/tokenize"),
        post("/tokenize").chunked(7),
        post("/v1/chat/completions/render"),
        post("/v1/messages/count_tokens"),
        Request::post("/tokenize", vec![0xff; 200_000]),
        Request::post("/key/generate", "").header("authorization", "Bearer sk-1"),
        Request::get("/v1/files").method("DELETE"),
        Request::get("/v1/chat/completions").method("OPTIONS"),
        post("/v1/files").method("PUT"),
        post("/v1/files").method("PATCH"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_through_and_is_counted_apart() {
    for server in [Engine::vllm("0.32.0"), Engine::litellm("1.106.2"), Engine::llama_cpp()] {
        let sim = Upstream::builder().engine(server).start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        for (count, request) in (1..).zip(requests()) {
            let (mut direct, mut through) = both(&sim, proxy.engine(), &request).await;
            if through.text().contains("process_cpu_seconds") || through.text().contains("# TYPE") {
                // The upstream's own counters have moved in between.
                (direct.body, through.body) = (Vec::new(), Vec::new());
                for answer in [&mut direct, &mut through] {
                    answer.headers.retain(|(name, _)| name.to_lowercase() != "content-length");
                }
            }
            assert_same(&direct, &through);
            let sent = sim.requests();
            let [.., first, second] = &sent[..] else { panic!("{sent:?}") };
            assert_eq!((&first.method, &first.path), (&second.method, &second.path));
            assert_eq!(first.body, second.body, "{}", first.path);
            let scrape = proxy.settled().await;
            let labels = [("route", "default"), ("hop", "engine")];
            let passed = scrape.value("weir_passthrough_requests_total", &labels);
            assert_eq!(passed, Some(f64::from(count)), "{} {}", first.method, first.path);
            assert_no_llm_series(&scrape);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_models_teaches_their_names() {
    let sim = Upstream::builder().models(["one", "two \"quoted\""]).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let known = |models: &serde_json::Value| {
        let names = models["models"].as_array().unwrap().iter();
        names
            .map(|model| {
                let text = |member| model[member].as_str().unwrap().to_owned();
                assert_eq!((text("route"), text("hop")), ("default".into(), "engine".into()));
                (text("model"), text("known_from"))
            })
            .collect::<Vec<_>>()
    };
    let pair = |name: &str, origin: &str| (name.to_owned(), origin.to_owned());
    assert_eq!(known(&proxy.json("/models").await), [pair("tiny", "configured")]);

    // Neither a HEAD nor another page teaches anything.
    both(&sim, proxy.engine(), &Request::head("/v1/models")).await;
    assert_eq!(known(&proxy.json("/models").await), [pair("tiny", "configured")]);

    let (direct, through) = both(&sim, proxy.engine(), &Request::get("/v1/models")).await;
    assert_same(&direct, &through);
    proxy.settled().await;
    let learnt =
        [pair("one", "listed"), pair("tiny", "configured"), pair("two \"quoted\"", "listed")];
    assert_eq!(known(&proxy.json("/models").await), learnt);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn llm_work_of_an_unread_dialect_is_other() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = Request::post("/v1/images/generations", r#"{"model":"tiny","prompt":"a"}"#);
    let (direct, through) = both(&sim, proxy.engine(), &request).await;
    assert_eq!(direct.status, 404);
    assert_same(&direct, &through);
    let scrape = proxy.settled().await;
    let labels = [("endpoint", "other"), ("model", "tiny"), ("outcome", "not_found")];
    assert_eq!(scrape.value("llm_requests_total", &labels), Some(1.0));
    assert_eq!(scrape.value("llm_responses_total", &[("code", "404")]), Some(1.0));
    assert_eq!(scrape.sum("weir_passthrough_requests_total", &[]), Some(0.0));
}
