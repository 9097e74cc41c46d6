//! Compressed requests: routed and labelled by what they hold, and not touched.

use serde_json::json;
use weir_proxy::RouteConfig;
use weir_sim::{Coding, Plan, Scrape, Upstream};

use crate::rig::scripted::{FINISH, LAST, STREAM, Scripted, Step, chunk, token, whole};
use crate::rig::{Api, Form, ProxyGuard, Request, ask, config, engine, route};

const WHOLE: &str = r#"{"model":"served","usage":{"prompt_tokens":40,"completion_tokens":6},"choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}]}"#;

/// A body in this coding: the simulator says it as sound, which it compresses. It leaves a text of
/// 4 KiB and more as it is.
async fn coded(coding: Coding, body: &str) -> Vec<u8> {
    assert!(body.len() >= 4096);
    let plan = Plan { text: vec![body.to_owned()], coding: Some(coding), ..Plan::tokens(1) };
    let sim = Upstream::builder().plan(plan).start().await.unwrap();
    let answer = ask(sim.addr(), &Api::Speech.request(false)).await;
    assert_eq!(answer.header("content-encoding"), Some(coding.as_str()));
    answer.body
}

/// Text that is hard to compress, as long as this (SplitMix64).
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut out = String::with_capacity(length + 16);
    while out.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        out.push_str(&format!("{:016x}", mixed ^ (mixed >> 27)));
    }
    out.truncate(length);
    out
}

fn post(path: &str, coding: &str, body: &[u8]) -> Request {
    Request::post(path, body).header("content-encoding", coding)
}

/// The codings that are read in requests: in brotli anybody could ask for a window of 16 MiB.
const READ: [Coding; 3] = [Coding::Gzip, Coding::Deflate, Coding::Zstd];

/// Two upstreams that say this to everyone, and the listener before them.
async fn town(answer: &[u8]) -> ([Scripted; 2], ProxyGuard) {
    let script = [Step::Read, Step::Send(answer.to_vec()), Step::Close];
    let (a, b) = (Scripted::start(script.clone()).await, Scripted::start(script).await);
    let to = |name: &str, upstream: &Scripted| RouteConfig {
        models: vec![format!("of-{name}")],
        ..route(name, &upstream.url())
    };
    let proxy = ProxyGuard::start(&config([engine([to("a", &a), to("b", &b)])]));
    ([a, b], proxy)
}

fn assert_counted(scrape: &Scrape, requests: f64, bytes: usize) {
    let success = [
        ("route", "b"),
        ("endpoint", "chat_completions"),
        ("model", "of-b"),
        ("outcome", "success"),
    ];
    assert_eq!(scrape.value("llm_requests_total", &success), Some(requests));
    let size = scrape.sum("llm_request_size_bytes_sum", &[("route", "b")]);
    assert_eq!(size, Some(requests * bytes as f64), "bytes as they were sent");
    let input = [("model", "of-b"), ("kind", "input"), ("source", "reported")];
    assert_eq!(scrape.sum("llm_tokens_total", &input), Some(requests * 40.0));
    assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_body_is_routed_by_its_model() {
    // Zstandard tells nothing before a block is whole: this one's first is less than 64 KiB.
    let (short, long) = (noise(5000), "x".repeat(100_000) + &noise(300_000));
    for coding in READ {
        for body in [
            json!({"model": "of-b", "messages": [{"content": short}]}).to_string(),
            format!(r#"{{"messages":[{{"content":"{short}"}}],"model":"of-b"}}"#),
            format!(r#"{{"model":"of-b","messages":[{{"content":"{long}"}}]}}"#),
            // Large only once it is decoded.
            format!(r#"{{"messages":"{}","model":"of-b"}}"#, short.repeat(50)),
        ] {
            let coded = coded(coding, &body).await;
            let ([a, b], proxy) = town(&whole(WHOLE)).await;
            let request = post(Api::Chat.path(), coding.as_str(), &coded);
            let what = format!("{coding:?}, {} bytes, {} coded", body.len(), coded.len());
            for request in [request.clone(), request.chunked(5000)] {
                let answer = ask(proxy.engine(), &request).await;
                assert_eq!((answer.status, answer.text()), (200, WHOLE), "{what}");
                assert!(b.newest_body() == coded, "{what}");
                let head = String::from_utf8_lossy(&b.newest()).to_lowercase();
                assert!(head.contains(&format!("content-encoding: {}", coding.as_str())));
            }
            assert_eq!(a.seen().requests, 0);
            assert_counted(&proxy.settled().await, 2.0, coded.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_to_a_compressed_body() {
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":1}}\n\n";
    let said: Vec<_> = [&token("a"), FINISH, usage, "data: [DONE]\n\n"].map(chunk).into();
    let stream = format!("{STREAM}{}{LAST}", said.concat());
    for coding in READ {
        let body = json!({"model": "of-b", "stream": true, "messages": noise(5000)}).to_string();
        let coded = coded(coding, &body).await;
        let ([_, b], proxy) = town(stream.as_bytes()).await;
        let request = post(Api::Chat.path(), coding.as_str(), &coded);
        let answer = ask(proxy.engine(), &request).await;
        assert!(answer.text().contains("usage"), "{coding:?}: {}", answer.text());
        assert!(b.newest_body() == coded, "{coding:?}");
        let scrape = proxy.settled().await;
        assert_counted(&scrape, 1.0, coded.len());
        assert_eq!(scrape.sum("llm_time_to_first_token_seconds_count", &[]), Some(1.0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_form_names_its_model_too() {
    let form = Form::new().field("model", "of-b").file("a.wav", noise(5000).as_bytes());
    let ([_, b], proxy) = town(&whole(r#"{"text":"a"}"#)).await;
    for coding in READ {
        let coded = coded(coding, &String::from_utf8(form.bytes()).unwrap()).await;
        let kind = "multipart/form-data; boundary=2fae1b09c9e14d3a8f5c1b7d6e3a4f90";
        let request = post(Api::Translations.path(), coding.as_str(), &coded)
            .without("content-type")
            .header("content-type", kind);
        assert_eq!(ask(proxy.engine(), &request).await.status, 200, "{coding:?}");
        assert!(b.newest_body() == coded);
    }
    let scrape = proxy.settled().await;
    let labels = [("endpoint", "translations"), ("model", "of-b"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &labels), Some(3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_decoded_passes_where_the_route_is_known() {
    let ([_, b], proxy) = town(&whole(WHOLE)).await;
    let brotli =
        coded(Coding::Brotli, &json!({"model": "of-b", "x": noise(5000)}).to_string()).await;
    let bomb = format!(r#"{{"x":"{}","model":"of-b"}}"#, "w".repeat(3 << 20));
    let bomb = coded(Coding::Gzip, &bomb).await;
    let bodies: [(&str, &[u8]); 6] = [
        ("gzip", b"no gzip at all"),
        ("compress", br#"{"model":"of-b"}"#),
        ("gzip, br", br#"{"model":"of-b"}"#),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("br", &brotli),
        // A thousand times its size.
        ("gzip", &bomb),
    ];
    for (coding, body) in bodies {
        let lost = ask(proxy.engine(), &post(Api::Chat.path(), coding, body)).await;
        assert_eq!((lost.status, lost.header("x-weir-error")), (404, Some("no_route")), "{coding}");
        let path = format!("/b{}", Api::Chat.path());
        let answer = ask(proxy.engine(), &post(&path, coding, body)).await;
        assert_eq!((answer.status, answer.text()), (200, WHOLE), "{coding}");
        assert!(b.newest_body() == body, "{coding}");
    }
    let scrape = proxy.settled().await;
    let success = [("route", "b"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &success), Some(bodies.len() as f64));
}
