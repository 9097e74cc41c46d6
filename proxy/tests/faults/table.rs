//! Every fault of the simulator, at every endpoint, streamed and not: what the client sees, which
//! outcome it is, and that nothing is sent twice.

use weir_sim::{Scrape, Upstream};

use crate::rig::{Answer, Api, End, ProxyGuard, Request, ask, normal};

/// What comes of a fault.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// Status, headers and body are the upstream's own, as far as they came.
    Same(&'static str),
    /// Weir's own answer: the outcome, the status, the value of `x-weir-error`.
    Own(&'static str, u16, &'static str),
}
use Seen::{Own, Same};

pub(crate) const RESET: Seen = Own("upstream_reset", 502, "upstream_reset");
const INVALID: Seen = Own("upstream_error", 502, "upstream_invalid");

/// A plan, what comes of it in a stream, and in an answer that is none.
pub(crate) const TABLE: &[(&str, Seen, Seen)] = &[
    ("tokens=6", Same("success"), Same("success")),
    ("fault=slow_head:30ms", Same("success"), Same("success")),
    ("fault=close_keep_alive", Same("success"), Same("success")),
    ("fault=huge_event:300000", Same("success"), Same("success")),
    ("fault=status:400", Same("bad_request"), Same("bad_request")),
    ("fault=status:400:html", Same("bad_request"), Same("bad_request")),
    ("fault=status:401", Same("unauthorized"), Same("unauthorized")),
    ("fault=status:403:plain", Same("unauthorized"), Same("unauthorized")),
    ("fault=status:404", Same("not_found"), Same("not_found")),
    ("fault=status:408", Same("upstream_timeout"), Same("upstream_timeout")),
    ("fault=status:422:empty", Same("bad_request"), Same("bad_request")),
    ("fault=status:429", Same("rate_limited"), Same("rate_limited")),
    ("fault=status:500", Same("upstream_error"), Same("upstream_error")),
    ("fault=status:502:html", Same("upstream_error"), Same("upstream_error")),
    ("fault=status:503:empty", Same("overloaded"), Same("overloaded")),
    ("fault=status:504:plain", Same("upstream_timeout"), Same("upstream_timeout")),
    ("fault=status:529", Same("overloaded"), Same("overloaded")),
    ("fault=context_length", Same("context_length"), Same("context_length")),
    ("fault=reset_before_head", RESET, RESET),
    ("fault=close_before_head", RESET, RESET),
    ("fault=nonsense", INVALID, INVALID),
    ("fault=oversized_head", INVALID, INVALID),
    ("fault=reset_after_head", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=close_after_head", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=reset_mid_event:0", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=reset_mid_event:3", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=reset_mid_event:99", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=close_mid_stream:0", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=close_mid_stream:3", Same("upstream_reset"), Same("upstream_reset")),
    ("chunked=true,fault=close_mid_stream:3", Same("upstream_reset"), Same("upstream_reset")),
    ("fault=end_without_finish:0", Same("truncated"), Same("truncated")),
    ("fault=end_without_finish:3", Same("truncated"), Same("truncated")),
    ("chunked=true,fault=end_without_finish:3", Same("truncated"), Same("truncated")),
    ("fault=in_band_error:0", Same("stream_error"), Same("upstream_error")),
    ("fault=in_band_error:3", Same("stream_error"), Same("upstream_error")),
    ("fault=in_band_error:3:done", Same("stream_error"), Same("upstream_error")),
    ("fault=in_band_error:3:old", Same("stream_error"), Same("upstream_error")),
    ("fault=in_band_error:3:flat:done", Same("stream_error"), Same("upstream_error")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streamed() {
    for (plan, seen, _) in TABLE {
        row(plan, *seen, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_streamed() {
    for (plan, _, seen) in TABLE {
        row(plan, *seen, false).await;
    }
}

/// One fault at every endpoint, through a proxy of its own: no pooled connection of another fault
/// is in the way.
async fn row(plan: &str, seen: Seen, stream: bool) {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let apis: Vec<_> = Api::ALL.into_iter().filter(|api| !stream || api.streams()).collect();
    for &api in &apis {
        let seen = seen_of(api, stream, plan, seen);
        let what = format!("{plan}, {}, stream {stream}", api.label());
        let through = ask(proxy.engine(), &request(api, stream, plan)).await;
        match seen {
            Same(_) => {
                let direct = ask(upstream.addr(), &as_asked(api, stream, plan)).await;
                let asked = stream && api.has_stream_options();
                same(&what, &direct, &through, asked);
            }
            Own(_, status, reason) => own(&what, api, &through, status, reason),
        }
        let sent = upstream.requests();
        let sent = sent.iter().filter(|seen| seen.path == api.path());
        let direct = usize::from(matches!(seen, Same(_)));
        assert_eq!(sent.count() - direct, 1, "{what}: sent once");
    }
    let scrape = proxy.settled().await;
    for &api in &apis {
        let (Same(outcome) | Own(outcome, ..)) = seen_of(api, stream, plan, seen);
        let all = (outcome.to_owned(), sharing(&apis, api));
        assert_eq!(outcomes(&scrape, api), [all], "{plan}, {}", api.label());
    }
    assert_eq!(scrape.sum("weir_upstream_retries_total", &[]), Some(0.0), "{plan}");
}

/// What comes of a fault here: sound is a stream that holds neither an error nor an end.
fn seen_of(api: Api, stream: bool, plan: &str, seen: Seen) -> Seen {
    match plan {
        _ if api != Api::Speech || stream => seen,
        _ if plan.contains("in_band_error") => Same("upstream_reset"),
        _ if plan.contains("end_without_finish") => Same("success"),
        _ => seen,
    }
}

/// How many of these APIs have the same label as this one.
pub(crate) fn sharing(apis: &[Api], api: Api) -> u64 {
    apis.iter().filter(|other| other.label() == api.label()).count() as u64
}

/// As a client sends it; the id makes the answers alike, even where they break off within it.
fn request(api: Api, stream: bool, plan: &str) -> Request {
    api.request(stream).header("x-sim", plan).header("x-request-id", "test")
}

/// As Weir sends it on.
pub(crate) fn as_asked(api: Api, stream: bool, plan: &str) -> Request {
    let mut body = api.body("tiny", stream);
    if stream && api.has_stream_options() {
        body["stream_options"] = serde_json::json!({"include_usage": true});
    }
    api.post(&body).header("x-sim", plan).header("x-request-id", "test")
}

/// The same answer as far as it came, but for the usage that Weir has `asked` for.
fn same(what: &str, direct: &Answer, through: &Answer, asked: bool) {
    assert_eq!(through.status, direct.status, "{what}");
    assert_eq!(through.header("x-weir-error"), None, "{what}");
    for name in ["content-type", "content-length", "server", "vary"] {
        assert_eq!(through.header(name), direct.header(name), "{what}: {name}");
    }
    let direct_body = normal(&direct.body);
    let wanted = if asked { without_usage(&direct_body) } else { direct_body };
    assert_eq!(normal(&through.body), wanted, "{what}: body");
    let complete = |answer: &Answer| answer.end == End::Complete;
    assert_eq!(complete(through), complete(direct), "{what}: {:?}", through.end);
}

/// A stream without the event that has usage and nothing else, if there is one.
fn without_usage(stream: &str) -> String {
    let is_usage = |event: &str| event.contains(r#""choices":[],"usage":{"#);
    stream.split_inclusive("\n\n").filter(|event| !is_usage(event)).collect()
}

/// An answer of Weir's own, in the shape that clients of the endpoint read.
pub(crate) fn own(what: &str, api: Api, answer: &Answer, status: u16, reason: &str) {
    assert_eq!(answer.status, status, "{what}");
    assert_eq!(answer.header("x-weir-error"), Some(reason), "{what}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    assert_eq!(answer.end, End::Complete, "{what}");
    let json = answer.json();
    assert!(json["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{json}");
    match api {
        Api::Messages => assert_eq!(json["type"], "error", "{what}"),
        _ => assert_eq!(json["error"]["code"], reason, "{what}"),
    }
}

/// The outcomes of an endpoint that are not 0, over all models.
pub(crate) fn outcomes(scrape: &Scrape, api: Api) -> Vec<(String, u64)> {
    let of = |outcome: String| {
        let labels = [("endpoint", api.label()), ("outcome", &*outcome)];
        let count = scrape.sum("llm_requests_total", &labels).unwrap() as u64;
        (count > 0).then_some((outcome, count))
    };
    scrape.labels_of("llm_requests_total", "outcome").into_iter().filter_map(of).collect()
}
