//! Requests that nobody should send: their bytes pass, the counters say what happened, and no
//! series is made of them.

use serde_json::json;
use weir_sim::{Recorded, Scrape, Upstream, eventually};

use crate::rig::{Answer, Api, Client, DEADLINE, End, ProxyGuard, Request, ask, assert_same, both};
use crate::table::{outcomes, sharing};

fn degraded(scrape: &Scrape, reason: &str) -> f64 {
    scrape.value("weir_meter_degraded_total", &[("reason", reason)]).unwrap()
}

/// All series, but for those of the process.
fn series(scrape: &Scrape) -> Vec<String> {
    let ours = scrape.samples().filter(|sample| !sample.name.starts_with("process_"));
    let mut all: Vec<_> =
        ours.map(|sample| format!("{} {:?}", sample.name, sample.labels)).collect();
    all.sort();
    all
}

fn models(scrape: &Scrape) -> Vec<String> {
    scrape.labels_of("llm_requests_started_total", "model").into_iter().collect()
}

/// Through Weir as directly, and the upstream gets the same bytes.
async fn passes(upstream: &Upstream, proxy: &ProxyGuard, request: &Request) -> Answer {
    let (direct, through) = both(upstream, proxy.engine(), request).await;
    assert_same(&direct, &through);
    let seen = upstream.requests();
    let [.., a, b] = &seen[..] else { panic!("two requests, not {seen:?}") };
    assert_eq!((&a.method, &a.path, &a.body), (&b.method, &b.path, &b.body));
    through
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_json_is_the_upstreams_to_refuse() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let deep = [r#"{"model":"tiny","stream":true,"a":"#, &"[".repeat(30_000)].concat();
    let bodies: &[&[u8]] = &[
        b"",
        b"{",
        b"}",
        b"nope",
        b"[]",
        b"\"model\"",
        b"{\"model\":\"tiny\",\"stream\":true",
        b"{\"model\":\"tiny\",\"stream\":true,}",
        b"{\"model\":\"tiny\",\"stream\":true}}",
        b"{\"model\":\"tiny\",\"stream\":true} {}",
        b"{'model':'tiny','stream':True}",
        b"{\"model\":\"tiny\" \"stream\":true}",
        b"{\"model\":\"t\xff\xfeiny\",\"stream\":false,\"messages\":[]}",
        b"{\"model\":\"tiny\",\"messages\":\"\xc3\x28\",\"stream\":false}",
        b"{\"model\":\"tiny\",\"messages\":\"\x00\n\",\"stream\":false}",
        deep.as_bytes(),
    ];
    for body in bodies {
        for api in [Api::Chat, Api::Responses] {
            let answer = passes(&upstream, &proxy, &Request::post(api.path(), *body)).await;
            assert_eq!(answer.status, 400, "{:?}", String::from_utf8_lossy(body));
        }
    }
    let scrape = proxy.settled().await;
    for api in [Api::Chat, Api::Responses] {
        assert_eq!(outcomes(&scrape, api), [("bad_request".to_owned(), bodies.len() as u64)]);
    }
    assert!(degraded(&scrape, "invalid_json") >= bodies.len() as f64);
    assert_eq!(models(&scrape), ["tiny", "unknown"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_name_is_a_label_only_if_it_can_be_one() {
    // No list of models: the upstream answers to any name.
    let upstream = Upstream::builder().models(Vec::<String>::new()).start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let huge = "m".repeat(1 << 20);
    let odd = "a \"quoted\"\nname\\ with = {braces} and ünicode \u{1F980}";
    for name in [odd, &huge, "", "\u{0}\u{7}"] {
        for _ in 0..2 {
            let answer = passes(
                &upstream,
                &proxy,
                &Api::Embeddings.post(&json!({"model": name, "input": "x"})),
            )
            .await;
            assert_eq!(answer.status, 200);
            proxy.settled().await;
        }
    }
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape, Api::Embeddings), [("success".to_owned(), 8)]);
    let started = |model| {
        let labels = [("endpoint", "embeddings"), ("model", model)];
        scrape.value("llm_requests_started_total", &labels)
    };
    assert_eq!(started(odd), Some(1.0), "from the second request on: {:?}", models(&scrape));
    assert!(models(&scrape).iter().all(|model| model.len() <= 256), "the huge one is none");
    let openmetrics = proxy.openmetrics().await;
    assert!(
        Scrape::parse(openmetrics.text())
            .unwrap()
            .value("llm_requests_started_total", &[("endpoint", "embeddings"), ("model", odd)])
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_junk_names_make_no_series() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    let junk = async |client: &mut Client, number: usize| {
        let body = json!({"model": format!("junk-{number}"), "input": "x"});
        assert_eq!(client.ask(&Api::Embeddings.post(&body)).await.status, 404);
    };
    junk(&mut client, 0).await;
    let before = proxy.settled().await;
    for number in 1..2000 {
        junk(&mut client, number).await;
    }
    let after = proxy.settled().await;
    assert_eq!(series(&after), series(&before));
    assert_eq!(outcomes(&after, Api::Embeddings), [("not_found".to_owned(), 2000)]);
    assert_eq!(after.value("weir_label_overflow_total", &[("label", "model")]), Some(2000.0));
    let known = proxy.json("/models").await["models"].as_array().unwrap().len();
    assert_eq!(known, 1, "tiny alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_endpoints_pass() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let long = format!("/{}", "p".repeat(30_000));
    let posts = ["/v1/unknown", "/v1/audio/hum", "/rank?x=1", "//v1//odd//", "/v1/%00%ff/x"];
    let others = ["/nope", "/?", "/a?b?c", "/v1/../x", "/\u{fc}ml", &long];
    for path in posts {
        passes(&upstream, &proxy, &Request::post(path, "{\"model\":\"tiny\"}")).await;
    }
    for path in others {
        passes(&upstream, &proxy, &Request::get(path)).await;
        passes(&upstream, &proxy, &Request::get(path).method("DELETE")).await;
        passes(&upstream, &proxy, &Request::get(path).method("BREW")).await;
    }
    let scrape = proxy.settled().await;
    let other = scrape.sum("llm_requests_total", &[("endpoint", "other")]);
    assert_eq!(other, Some(posts.len() as f64));
    let passed = scrape.sum("weir_passthrough_requests_total", &[("route", "default")]);
    assert_eq!(passed, Some(3.0 * others.len() as f64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_harms_nobody() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let before = series(&proxy.settled().await);
    let header = format!("POST /v1/embeddings HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(3 << 20));
    // What is waited for after it, a client that goes on or one that begins anew.
    let garbage: &[(&[u8], bool)] = &[
        (b"\r\n\r\n\r\n", true),
        (b"GET /v1/mod", true),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", false),
        (b"\x00\x00\x00\x00", false),
        (b"GET\r\n\r\n", false),
        (b"POST /v1/embeddings HTTP/1.1\r\nno colon\r\n\r\n", false),
        (b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n", false),
        (header.as_bytes(), false),
    ];
    for (bytes, waits) in garbage {
        let mut client = Client::connect(proxy.engine()).await;
        // It may be refused before all of it was taken.
        let _refused = client.try_send(bytes).await;
        if *waits {
            client.half_close().await;
        }
        let (answer, end) = client.rest().await;
        assert_ne!(end, End::Complete);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let after = series(&proxy.settled().await);
    let mut new = after.iter().filter(|series| !before.contains(series));
    assert!(new.all(|series| series.contains("\"unrouted\"")), "those of one that was rejected");
    assert_eq!(upstream.totals().requests, 0);
    assert_eq!(ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_framed_wrongly_is_refused() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    for (api, chunk) in
        [(Api::Chat, "zz\r\n{}\r\n0\r\n\r\n"), (Api::Embeddings, "2\r\n{}{}0\r\n\r\n")]
    {
        let mut client = Client::connect(proxy.engine()).await;
        let head = Request::post(api.path(), "x").chunked(1).head_bytes();
        client.send([&head[..], chunk.as_bytes()].concat()).await;
        let answer = client.answer().await;
        let reason = answer.header("x-weir-error");
        assert_eq!((answer.status, reason), (400, Some("bad_request")), "{api:?}");
        let scrape = proxy.settled().await;
        assert_eq!(outcomes(&scrape, api), [("rejected".to_owned(), 1)], "{api:?}");
    }
    assert_eq!(upstream.totals().finished, 0, "{:?}", upstream.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_never_end_stop_nobody() {
    const MANY: usize = 56;
    // What `/invocations` is asked for only its body says.
    let apis: Vec<_> = Api::ALL.into_iter().filter(|api| *api != Api::Invocations).collect();
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let mut stalled = Vec::new();
    for number in 0..MANY {
        let api = apis[number % apis.len()];
        let mut client = Client::connect(proxy.engine()).await;
        let request = api.request(true);
        if number % 2 == 0 {
            client.send(request.clone().chunked(4).head_bytes()).await;
            client.send("8\r\n{\"model\"\r\n").await;
        } else {
            client.send(request.head_bytes()).await;
            client.send("{\"model\":\"ti").await;
        }
        stalled.push(client);
    }
    let all = async || (proxy.json("/status").await["requests_in_flight"] == MANY).then_some(());
    eventually(DEADLINE, "all of them are under way", all).await;
    for &api in &apis {
        assert_eq!(ask(proxy.engine(), &api.request(false)).await.status, 200, "{api:?}");
    }
    drop(stalled);
    let scrape = proxy.settled().await;
    for &api in &apis {
        let alike = sharing(&apis, api);
        let left = (MANY / apis.len()) as u64 * alike;
        let left = ("client_closed_before_first_token".to_owned(), left);
        assert_eq!(outcomes(&scrape, api), [left, ("success".to_owned(), alike)], "{api:?}");
    }
    let none_open = |seen: &[Recorded]| seen.iter().all(|r| r.ending != weir_sim::Ending::Open);
    upstream.wait_for(none_open, DEADLINE, "the upstream is told of all of them").await;
}
