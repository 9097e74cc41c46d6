//! A meter that fails, or can't read what it is given: every byte flows on, what happened is counted,
//! and the request has its one outcome.

mod sessions;

use serde_json::Value;
use weir_proxy::Config;
use weir_sim::{Scrape, Upstream};

use crate::rig::scripted::{LAST, STREAM, Scripted, Step, chunk};
use crate::rig::{Answer, Api, End, ProxyGuard, Request, ask, config, engine, route};
use crate::table::outcomes;

/// Where the meter panics; no other test has it.
const WORD: &str = "weir-panics-here";

const MAX_EVENT: usize = 64 << 10;

/// What the upstream says in the middle of a good stream, and what is counted of it.
fn broken() -> [(&'static str, Vec<u8>, Option<&'static str>); 6] {
    let of_any_type = r#"{"id":7,"type":[],"model":{},"choices":[7,null,{"index":"x","delta":[]}],
        "delta":4,"message":[],"response":"x","item":0,"usage":[1],"text":{},"audio":[]}"#;
    let of_any_type = of_any_type.replace(['\n', ' '], "");
    [
        ("panic", format!("data: {{\"x\":\"{WORD}\"}}\n\n").into_bytes(), Some("panic")),
        (
            "an event over the limit",
            format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(MAX_EVENT)).into_bytes(),
            Some("event_too_large"),
        ),
        ("no JSON", b"data: {\"choices\":[{\"delta\":\n\n".to_vec(), Some("invalid_json")),
        ("wrong types", format!("data: {of_any_type}\n\n").into_bytes(), None),
        ("binary", b"data: \xff\xfe\x00\x80\x1f\x8b\n\n".to_vec(), Some("invalid_json")),
        ("no event", b"\x00\x01neither\xff\nx: y\n\n".to_vec(), None),
    ]
}

/// From now on every meter fails at [`WORD`].
fn plant() {
    weir_wire::plant_trap(WORD.as_bytes());
}

fn proxy_to(upstream: &Scripted) -> ProxyGuard {
    let limited =
        Config { max_event: MAX_EVENT, ..config([engine([route("default", &upstream.url())])]) };
    ProxyGuard::start(&limited)
}

/// The reasons that were counted, and how often.
fn degraded(scrape: &Scrape) -> Vec<(String, f64)> {
    let series = scrape.matching("weir_meter_degraded_total", &[]);
    let counted = series.filter(|sample| sample.value > 0.0);
    counted.map(|sample| (sample.label("reason").unwrap().to_owned(), sample.value)).collect()
}

fn once(reason: Option<&str>) -> Vec<(String, f64)> {
    reason.map(|reason| (reason.to_owned(), 1.0)).into_iter().collect()
}

/// The answer to the plain request, as the upstream would give it directly.
async fn good(api: Api, stream: bool) -> Vec<u8> {
    let sim = Upstream::builder().start().await.unwrap();
    ask(sim.addr(), &api.request(stream).header("x-sim", "tokens=8")).await.body
}

/// What comes of an answer of these bytes to the plain request.
async fn through(api: Api, stream: bool, answer: Vec<u8>) -> (Answer, Scrape) {
    let upstream = Scripted::start([Step::Read, Step::Send(answer), Step::Stall]).await;
    let proxy = proxy_to(&upstream);
    let answer = ask(proxy.engine(), &api.request(stream)).await;
    assert_eq!(upstream.seen().requests, 1, "{api:?}: sent once");
    (answer, proxy.settled().await)
}

/// A chunked stream, a chunk for so many bytes.
fn chunked(body: &[u8], every: usize) -> Vec<u8> {
    let mut answer = STREAM.as_bytes().to_vec();
    for piece in body.chunks(every) {
        answer.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(LAST.as_bytes());
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_flow_on_to_the_byte() {
    plant();
    for api in Api::ALL.into_iter().filter(|api| api.streams()) {
        let good = good(api, true).await;
        let middle = good.windows(2).enumerate().filter(|(_, two)| two == b"\n\n").nth(3).unwrap();
        let (front, back) = good.split_at(middle.0 + 2);
        for (what, event, reason) in broken() {
            let body = [front, &event, back].concat();
            for every in [usize::MAX, 1000, 7] {
                let what = format!("{what}, {api:?}, cut every {every}");
                let (answer, scrape) = through(api, true, chunked(&body, every)).await;
                assert_eq!((answer.status, answer.end), (200, End::Complete), "{what}");
                assert!(answer.body == body, "{what}: {}", String::from_utf8_lossy(&answer.body));
                assert_eq!(degraded(&scrape), once(reason), "{what}");
                assert_eq!(outcomes(&scrape, api), [("success".to_owned(), 1)], "{what}");
            }
        }
    }
}

/// Weir asked for it, but can't tell any more which event it is: better one too many than one too few.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meter_that_failed_takes_nothing_out() {
    plant();
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n";
    let [(_, panic, _), ..] = broken();
    let panic = String::from_utf8(panic).unwrap();
    let events = [&panic, usage, "data: [DONE]\n\n"].concat();
    let answer = format!("{STREAM}{}{LAST}", chunk(&events));
    let (answer, scrape) = through(Api::Chat, true, answer.into_bytes()).await;
    assert_eq!(answer.text(), events);
    assert_eq!(degraded(&scrape), once(Some("panic")));
    let missing = scrape.value("llm_usage_missing_total", &[("reason", "degraded")]);
    assert_eq!(missing, Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_streamed_flow_on_to_the_byte() {
    plant();
    for api in Api::ALL.into_iter().filter(|api| *api != Api::Speech) {
        let good = String::from_utf8(good(api, false).await).unwrap();
        let _json: Value = serde_json::from_str(&good).unwrap();
        let (open, rest) = good.split_at(1);
        for (what, body, reason) in [
            ("panic", format!("{open}\"x\":\"{WORD}\",{rest}"), Some("panic")),
            ("no JSON", format!("{good}}}"), Some("invalid_json")),
            ("half", good[..good.len() / 2].to_owned(), None),
            (
                "wrong types",
                r#"{"id":[],"model":7,"choices":{"0":1},"usage":"much","data":4}"#.to_owned(),
                None,
            ),
        ] {
            let what = format!("{what}, {api:?}");
            let answer = crate::rig::scripted::whole(&body);
            let (answer, scrape) = through(api, false, answer).await;
            assert_eq!((answer.text(), answer.end), (&*body, End::Complete), "{what}");
            assert_eq!(degraded(&scrape), once(reason), "{what}");
            assert_eq!(outcomes(&scrape, api).len(), 1, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_on_to_the_byte() {
    plant();
    for api in Api::ALL {
        let mut body = api.body("tiny", api.streams());
        body["user"] = WORD.into();
        let small = api.post(&body);
        body["padding"] = "x".repeat(100_000).into();
        for request in [small.clone(), small.chunked(1000), api.post(&body)] {
            let sim = Upstream::builder().start().await.unwrap();
            let proxy = ProxyGuard::to(&sim);
            let answer = ask(proxy.engine(), &request).await;
            assert_eq!(answer.status, 200, "{api:?}");
            let whole = request.chunked(usize::MAX);
            let sent = sim.requests().pop().unwrap().body;
            assert!(sent == unchunked(&whole), "{api:?}: {}", String::from_utf8_lossy(&sent));
            let scrape = proxy.settled().await;
            assert_eq!(degraded(&scrape), once(Some("panic")), "{api:?}");
            let success = scrape.sum("llm_requests_total", &[("outcome", "success")]);
            let all = scrape.sum("llm_requests_total", &[]);
            assert_eq!((success, all), (Some(1.0), Some(1.0)), "{api:?}");
        }
    }
}

/// The body of a request without its coding.
fn unchunked(request: &Request) -> Vec<u8> {
    crate::rig::dechunk(&request.body_bytes()).body
}
