//! The trace that a request belongs to, as the upstream sees it.

use weir_sim::{Engine, Recorded, Upstream};

use crate::rig::{Api, ProxyGuard, Request, ask};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Version, trace, parent and flags that the upstream was told.
fn told(recorded: &Recorded) -> [String; 4] {
    let values: Vec<_> = recorded
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("traceparent"))
        .map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        .collect();
    let [value] = &values[..] else { panic!("one traceparent, not {values:?}") };
    let parts: Vec<_> = value.split('-').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

/// What the upstream was told of a request with these headers.
async fn sent(headers: &[(&str, &str)]) -> ([String; 4], Option<String>) {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = headers
        .iter()
        .fold(Api::Chat.request(true), |request, (name, value)| request.header(name, value));
    assert_eq!(ask(proxy.engine(), &request).await.status, 200);
    let recorded = sim.requests().pop().unwrap();
    (told(&recorded), recorded.header("tracestate").map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_trace_goes_on_with_weir_as_the_parent() {
    let (told, state) = sent(&[("traceparent", PARENT), ("tracestate", "a=b,c=d")]).await;
    assert_eq!((told[0].as_str(), told[1].as_str(), told[3].as_str()), ("00", TRACE, "01"));
    assert_ne!(told[2], "00f067aa0ba902b7");
    assert_eq!(state.as_deref(), Some("a=b,c=d"));
    let unsampled = PARENT.replace("-01", "-00");
    assert_eq!(sent(&[("traceparent", &unsampled)]).await.0[3], "00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_a_trace_begins() {
    let (one, _) = sent(&[]).await;
    let (other, _) = sent(&[]).await;
    assert_eq!((one[1].len(), one[2].len(), one[3].as_str()), (32, 16, "01"));
    assert_ne!(one[1], other[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_one_is_replaced_and_a_huge_state_harms_nobody() {
    let huge = (0..1000).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join(",");
    let (told, state) = sent(&[("traceparent", "00-\u{e9}-x-01"), ("tracestate", &huge)]).await;
    assert_eq!((told[1].len(), told[3].as_str()), (32, "01"));
    assert_eq!(state, None, "it belongs to a trace that can't be read");
    let (told, _) = sent(&[("traceparent", PARENT), ("traceparent", PARENT)]).await;
    assert_ne!(told[1], TRACE, "of two, neither is believed");
    let (told, state) = sent(&[("traceparent", PARENT), ("tracestate", &huge)]).await;
    assert_eq!((told[1].as_str(), state), (TRACE, Some(huge)), "as it came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_has_it_and_what_runs_no_model_keeps_its_own() {
    // Refuses what Weir adds, so that the request is sent again as it was written.
    let sim = Upstream::builder().engine(Engine::strict()).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    assert_eq!(ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
    let attempts: Vec<_> = sim.requests().iter().map(told).collect();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], attempts[1]);
    // Of what runs no model there is no span: whoever is the parent stays it.
    for path in ["/v1/models", "/health", "/no/such/page"] {
        ask(proxy.engine(), &Request::get(path).header("traceparent", PARENT)).await;
        let recorded = sim.requests().pop().unwrap();
        assert_eq!(recorded.header("traceparent"), Some(PARENT), "{path}");
        ask(proxy.engine(), &Request::get(path)).await;
        assert_eq!(sim.requests().pop().unwrap().header("traceparent"), None, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sampled_trace_is_an_exemplar_and_another_is_not() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let unsampled = PARENT.replace("4bf9", "5bf9").replace("-01", "-00");
    for traceparent in [PARENT, &unsampled] {
        let request = Api::Chat.request(true).header("traceparent", traceparent);
        assert_eq!(ask(proxy.engine(), &request).await.status, 200);
    }
    proxy.settled().await;
    let openmetrics = proxy.openmetrics().await;
    for metric in [
        "llm_request_duration_seconds",
        "llm_time_to_first_token_seconds",
        "llm_inter_token_latency_seconds",
    ] {
        let lines = openmetrics.text().lines().filter(|line| line.starts_with(metric));
        let exemplars: Vec<_> = lines.filter_map(|line| line.split_once(" # ")).collect();
        let [(_, exemplar)] = exemplars[..] else { panic!("{metric}: {exemplars:?}") };
        assert!(exemplar.starts_with(&format!("{{trace_id=\"{TRACE}\"}} ")), "{exemplar}");
    }
    assert!(!openmetrics.text().contains("5bf92f"));
    assert!(!proxy.page("/metrics").await.text().contains("trace_id"));
}
