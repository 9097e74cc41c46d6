//! Where Weir does not ask for usage, no byte is changed either way.

use weir_proxy::RouteConfig;
use weir_sim::{Engine, Plan, Scrape, Upstream};
use weir_wire::UsagePolicy;

use crate::rig::{Api, ProxyGuard, Request, assert_same, both, config, engine, route};

async fn start(server: Engine, usage: UsagePolicy) -> (Upstream, ProxyGuard) {
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(6) };
    let sim = Upstream::builder().engine(server).plan(plan).start().await.unwrap();
    let only = RouteConfig { usage, ..route("default", &sim.url()) };
    (sim, ProxyGuard::start(&config([engine([only])])))
}

fn vllm() -> Engine {
    Engine::vllm("0.32.0")
}

/// Sends it both ways; asserts that the upstream got the same bytes, and the client too.
async fn assert_untouched(sim: &Upstream, proxy: &ProxyGuard, api: Api, body: &str) -> Scrape {
    let request = Request::post(api.path(), body);
    let (direct, through) = both(sim, proxy.engine(), &request).await;
    assert_eq!(direct.status, 200, "{}", direct.text());
    assert_same(&direct, &through);
    let sent = sim.requests().pop().unwrap();
    assert_eq!(sent.body, body.as_bytes(), "{:?} became {:?}", body, sent.body);
    assert_eq!(sent.header("transfer-encoding"), None, "{body}");
    proxy.settled().await
}

fn tokens(scrape: &Scrape, kind: &str, source: &str) -> Option<f64> {
    scrape.sum("llm_tokens_total", &[("kind", kind), ("source", source)])
}

fn missing(scrape: &Scrape, reason: &str) -> Option<f64> {
    scrape.value("llm_usage_missing_total", &[("reason", reason)])
}

const DECLINED: [&str; 6] = [
    r#"{"include_usage":false}"#,
    r#"{"include_usage":null}"#,
    r#"{"continuous_usage_stats":true}"#,
    "false",
    "null",
    "{}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_declined_is_counted_as_such() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    for (count, options) in (1..).zip(DECLINED) {
        let body =
            format!(r#"{{"model":"tiny","stream_options":{options},"messages":[],"stream":true}}"#);
        let scrape = assert_untouched(&sim, &proxy, Api::Chat, &body).await;
        let count = f64::from(count);
        assert_eq!(missing(&scrape, "client_declined"), Some(count), "{options}");
        // An estimate, and only of what passed by: nobody told the prompt's tokens.
        assert_eq!(tokens(&scrape, "output", "estimated"), Some(count * 6.0), "{options}");
        assert_eq!(tokens(&scrape, "output", "reported"), None);
        assert_eq!(scrape.sum("llm_tokens_total", &[("kind", "input")]), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asked_sees_what_it_asked_for() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    let options = [
        r#"{"include_usage":true}"#,
        r#"{"include_usage":true,"continuous_usage_stats":true}"#,
        r#"{ "include_usage" : true, "unknown" : [1] }"#,
    ];
    for (count, options) in (1..).zip(options) {
        for (api, prompt) in
            [(Api::Chat, r#""messages":[]"#), (Api::Completions, r#""prompt":"a""#)]
        {
            let body =
                format!(r#"{{"stream":true,{prompt},"stream_options":{options},"model":"tiny"}}"#);
            let scrape = assert_untouched(&sim, &proxy, api, &body).await;
            let of = [("endpoint", api.label()), ("source", "reported")];
            let sum = |kind| scrape.sum("llm_tokens_total", &[of[0], of[1], ("kind", kind)]);
            let count = f64::from(count);
            assert_eq!((sum("input"), sum("output")), (Some(count * 40.0), Some(count * 6.0)));
            assert_eq!(scrape.sum("llm_usage_missing_total", &[]), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_stream_is_not_asked() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    let bodies = [
        r#"{"model":"tiny","messages":[],"stream":false}"#,
        r#"{"model":"tiny","messages":[]}"#,
        r#"{"model":"tiny","messages":[],"stream":null}"#,
        r#"{"model":"tiny","messages":[],"stream":"true"}"#,
        r#"{"model":"tiny","messages":[],"stream":true,"stream":false}"#,
        r#"{"model":"tiny","messages":[],"x":{"stream":true}}"#,
    ];
    for (count, body) in (1..).zip(bodies) {
        let scrape = assert_untouched(&sim, &proxy, Api::Chat, body).await;
        assert_eq!(tokens(&scrape, "output", "reported"), Some(f64::from(count) * 6.0), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_dialects_send_usage_unasked() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    for api in [Api::Responses, Api::Messages] {
        let body = api.body("tiny", true).to_string();
        let scrape = assert_untouched(&sim, &proxy, api, &body).await;
        let labels = [("endpoint", api.label()), ("kind", "output"), ("source", "reported")];
        assert_eq!(scrape.value("llm_tokens_total", &labels), Some(6.0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observing_changes_nothing_and_estimates() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Observe).await;
    let body = Api::Chat.body("tiny", true).to_string();
    let scrape = assert_untouched(&sim, &proxy, Api::Chat, &body).await;
    assert_eq!(missing(&scrape, "not_sent"), Some(1.0));
    assert_eq!(tokens(&scrape, "output", "estimated"), Some(6.0));
    assert_eq!(scrape.sum("llm_tokens_total", &[("source", "reported")]), None);

    let long = "w".repeat(200_000);
    let body = format!(r#"{{"prompt":"{long}","stream":true,"model":"tiny"}}"#);
    assert_untouched(&sim, &proxy, Api::Completions, &body).await;

    let body =
        r#"{"model":"tiny","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#;
    let scrape = assert_untouched(&sim, &proxy, Api::Chat, body).await;
    assert_eq!(tokens(&scrape, "output", "reported"), Some(6.0), "the client asked itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_that_the_server_forces_stays_visible() {
    // Asked or not, the client would have seen it, on every chunk or on the last.
    for (server, usage, api) in [
        (vllm().force_usage(), UsagePolicy::Exact, Api::Chat),
        (vllm().force_usage(), UsagePolicy::Exact, Api::Completions),
        (vllm().force_usage(), UsagePolicy::Observe, Api::Chat),
        // One last event only: can't be told from what was asked for.
        (Engine::vllm("0.18.1").force_usage(), UsagePolicy::Observe, Api::Chat),
        (Engine::llama_cpp(), UsagePolicy::Exact, Api::Completions),
    ] {
        let (sim, proxy) = start(server, usage).await;
        let (direct, through) = both(&sim, proxy.engine(), &api.request(true)).await;
        assert!(direct.text().contains(r#""usage":{"#), "{}", direct.text());
        assert_same(&direct, &through);
        let scrape = proxy.settled().await;
        assert_eq!(tokens(&scrape, "output", "reported"), Some(6.0));
        assert_eq!(tokens(&scrape, "input", "reported"), Some(40.0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_can_not_be_read_are_left_alone() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    let body = Api::Chat.body("tiny", true).to_string();
    for (name, value) in
        [("content-encoding", "gzip"), ("content-type", "multipart/form-data; boundary=x")]
    {
        let request = Request::post(Api::Chat.path(), body.as_str())
            .without("content-type")
            .header(name, value);
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_same(&direct, &through);
        assert_eq!(sim.requests().pop().unwrap().body, body.as_bytes(), "{value}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.value("weir_meter_degraded_total", &[("reason", "encoded")]), Some(1.0));
    // A body that is no more than said to be something else is read as servers do it.
    let request = Request::post(Api::Chat.path(), body.as_str())
        .without("content-type")
        .header("content-type", "application/x-www-form-urlencoded");
    let through = crate::rig::ask(proxy.engine(), &request).await;
    assert!(!through.text().contains("usage"));
    assert!(sim.requests().pop().unwrap().body.ends_with(b"\"include_usage\":true}}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_goes_through_as_it_is() {
    let (sim, proxy) = start(vllm(), UsagePolicy::Exact).await;
    let mut count = 0.0;
    for body in [
        &b"{\"model\":\"tiny\",\"stream\":true"[..],
        b"{\"model\":\"tiny\",\"stream\":true}}",
        b"{\"model\":\"tiny\",\"stream\":true} trailing",
        b"{\"model\":\"ti\xff\xfeny\",\"stream\":true,\"messages\":[]}\xc3",
        b"{'model':'tiny','stream':true}",
        b"null",
    ] {
        let request = Request::post(Api::Chat.path(), body);
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!(direct.status, 400, "{}", body.escape_ascii());
        assert_same(&direct, &through);
        let sent = sim.requests().pop().unwrap();
        assert_eq!(sent.body, body, "{}", body.escape_ascii());
        let length = body.len().to_string();
        assert_eq!(sent.header("content-length"), Some(&*length), "{}", body.escape_ascii());
        count += 1.0;
        let scrape = proxy.settled().await;
        let bad = scrape.sum("llm_requests_total", &[("outcome", "bad_request")]);
        assert_eq!(bad, Some(count), "{}", body.escape_ascii());
        let degraded = scrape.value("weir_meter_degraded_total", &[("reason", "invalid_json")]);
        assert_eq!(degraded, Some(count), "{}", body.escape_ascii());
    }
    let (direct, through) = both(&sim, proxy.engine(), &Request::post(Api::Chat.path(), "")).await;
    assert_same(&direct, &through);
    assert_eq!(sim.requests().pop().unwrap().header("content-length"), Some("0"));
}
