//! Upstreams that speak nonsense: what is HTTP passes as it is, the rest is a 502 of Weir's own;
//! the counters say what happened.

use weir_sim::{Plan, Scrape, Upstream};

use crate::rig::scripted::{FINISH, LAST, STREAM, Scripted, Step, chunk, token, whole};
use crate::rig::{Answer, Api, Client, End, ProxyGuard, ask, config, engine, route};
use crate::table::outcomes;

const DONE: &str = "data: [DONE]\n\n";

/// The answer of an upstream that says this and closes the connection, and the outcome.
async fn answer_to(said: impl AsRef<[u8]>, stream: bool) -> (Answer, String, Scrape) {
    let script = vec![Step::Read, Step::Send(said.as_ref().to_vec()), Step::Close];
    let upstream = Scripted::start(script).await;
    let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
    let answer = ask(proxy.engine(), &Api::Chat.request(stream)).await;
    let scrape = proxy.settled().await;
    assert_eq!(upstream.seen().requests, 1, "sent once");
    let outcomes = outcomes(&scrape, Api::Chat);
    assert_eq!(outcomes.iter().map(|(_, count)| count).sum::<u64>(), 1, "{outcomes:?}");
    (answer, outcomes[0].0.clone(), scrape)
}

fn degraded(scrape: &Scrape) -> Vec<String> {
    let series = scrape.matching("weir_meter_degraded_total", &[]);
    let counted = series.filter(|sample| sample.value > 0.0);
    counted.map(|sample| sample.label("reason").unwrap().to_owned()).collect()
}

/// A stream of these pieces, each a chunk.
fn stream_of(pieces: &[&str]) -> String {
    let chunks: Vec<_> = pieces.iter().map(|piece| chunk(piece)).collect();
    format!("{STREAM}{}{LAST}", chunks.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_a_bad_gateway() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(1000));
    for said in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        &many,
    ] {
        let what = &said[..said.len().min(60)];
        let (answer, outcome, _) = answer_to(said, false).await;
        assert_eq!((answer.status, &*outcome), (502, "upstream_error"), "{what:?}");
        assert_eq!(answer.header("x-weir-error"), Some("upstream_invalid"), "{what:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_are_none_end_the_answer() {
    let good = chunk(&token("a"));
    for bad in ["zz\r\nwhat\r\n", "-5\r\n", "FFFFFFFFFFFFFFFFFF\r\n", "5\r\ntoo long\r\n"] {
        let (answer, outcome, _) = answer_to(format!("{STREAM}{good}{bad}"), true).await;
        assert_eq!(answer.status, 200, "{bad:?}");
        assert!(answer.text().starts_with(&token("a")), "{bad:?}: {}", answer.text());
        assert_ne!(answer.end, End::Complete, "{bad:?}: no end is made up");
        assert_eq!(outcome, "upstream_reset", "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_with_another_length_than_it_says() {
    let short =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"id\"";
    let (answer, outcome, _) = answer_to(short, false).await;
    assert_eq!((answer.status, answer.text(), &*outcome), (200, "{\"id\"", "upstream_reset"));
    assert_ne!(answer.end, End::Complete);
    let long = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n{  }{\"more\":1}";
    let (answer, outcome, _) = answer_to(long, false).await;
    assert_eq!((answer.status, answer.text(), &*outcome), (200, "{  }", "success"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_a_framing_ends_with_the_connection() {
    let body = [token("a"), FINISH.to_owned(), DONE.to_owned()].concat();
    let said = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{body}");
    let (answer, outcome, _) = answer_to(said, true).await;
    assert_eq!((answer.text(), &*outcome), (&*body, "success"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_can_not_be_read_flow_on() {
    let (good, end) = (token("a"), [FINISH, DONE].concat());
    for bad in [
        "data: not json\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\n\n",
        "data: {\"choices\":{\"delta\":1}}\n\ndata: {\"choices\":[7,null,{}],\"usage\":[]}\n\n",
        "data: \u{0}\u{1}\u{2}\n\n",
        "neither a field\nnor: one\n\n",
        "data\ndata\ndata:\n\nevent\n\nid: 7\nretry: x\n\n",
        ": comment\r\r\n\n\n\r\n",
        "data: [DONE\n\ndata: DONE]\n\n",
    ] {
        let pieces = [&*good, bad, &*good, &*end];
        let (answer, outcome, scrape) = answer_to(stream_of(&pieces), true).await;
        assert_eq!((answer.text(), &*outcome), (&*pieces.concat(), "success"), "{bad:?}");
        assert_eq!(answer.end, End::Complete, "{bad:?}");
        assert_eq!(scrape.sum("llm_stream_events_total", &[]), Some(2.0), "{bad:?}");
        let unread =
            bad.starts_with("data: not") || bad.contains(":\n\n") && bad.contains("choices");
        if unread {
            assert_eq!(degraded(&scrape), ["invalid_json"], "{bad:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_text_flow_on() {
    let noise: Vec<u8> = (0..=255u8).cycle().take(70_000).collect();
    let mut said = STREAM.as_bytes().to_vec();
    let end = [&*token("a"), FINISH, DONE].concat();
    said.extend(format!("{:x}\r\n", noise.len()).into_bytes());
    said.extend_from_slice(&noise);
    said.extend(format!("\r\n{}{LAST}", chunk(&format!("\n\n{end}"))).into_bytes());
    let (answer, outcome, _) = answer_to(said, true).await;
    assert_eq!(answer.body, [&noise[..], b"\n\n", end.as_bytes()].concat());
    assert_eq!(outcome, "success");
    // Not streamed.
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        noise.len()
    );
    let (answer, outcome, scrape) = answer_to([head.as_bytes(), &noise].concat(), false).await;
    assert_eq!((answer.body, &*outcome), (noise, "success"));
    assert_eq!(degraded(&scrape), ["invalid_json"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_answer_is_not_read() {
    let said = STREAM.replace("transfer", "content-encoding: gzip\r\ntransfer")
        + &chunk("\u{1f}zip")
        + LAST;
    let (answer, outcome, scrape) = answer_to(said, true).await;
    assert_eq!((answer.text(), &*outcome), ("\u{1f}zip", "success"));
    assert_eq!(degraded(&scrape), ["encoded"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn informational_answers_before_the_answer_pass() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(50);
    let said = [hints.as_bytes(), &whole("{}")].concat();
    let (answer, outcome, _) = answer_to(said, false).await;
    assert_eq!((answer.status, answer.text(), &*outcome), (200, "{}", "success"));
    assert_eq!(answer.informational.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_a_known_length_is_not_held_back() {
    let (first, rest) = (token("first"), [FINISH, DONE].concat());
    let length = first.len() + rest.len();
    for kind in ["text/event-stream", "text/event-stream; charset=utf-8"] {
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
        let script =
            vec![Step::Read, Step::Send([head.as_bytes(), first.as_bytes()].concat()), Step::Stall];
        let upstream = Scripted::start(script).await;
        let proxy = ProxyGuard::start(&config([engine([route("default", &upstream.url())])]));
        for api in [Api::Chat, Api::Responses, Api::Messages] {
            let mut client = Client::connect(proxy.engine()).await;
            client.send(api.request(true).bytes()).await;
            client.read_until_text("first").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_too_large_to_read_flows_on() {
    let plan = Plan { text: vec!["word".to_owned()], ..Plan::tokens(5) };
    let upstream = Upstream::builder().plan(plan).start().await.unwrap();
    let limited = weir_proxy::Config {
        max_event: 64 << 10,
        ..config([engine([route("default", &upstream.url())])])
    };
    let proxy = ProxyGuard::start(&limited);
    for api in [Api::Chat, Api::Completions, Api::Responses, Api::Messages] {
        let mut body = api.body("tiny", true);
        if api.has_stream_options() {
            body["stream_options"] = serde_json::json!({"include_usage": true});
        }
        let request =
            api.post(&body).header("x-sim", "fault=huge_event:300000").header("x-request-id", "a");
        let direct = ask(upstream.addr(), &request).await;
        let through = ask(proxy.engine(), &request).await;
        crate::rig::assert_same(&direct, &through);
        assert!(through.body.len() > 300_000, "{api:?}");
        let scrape = proxy.settled().await;
        let generated = scrape.sum("llm_stream_events_total", &[("model", "tiny")]);
        assert!(generated >= Some(4.0), "the others are read: {generated:?}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(
        scrape.value("weir_meter_degraded_total", &[("reason", "event_too_large")]),
        Some(4.0)
    );
    for api in [Api::Chat, Api::Completions, Api::Messages] {
        assert_eq!(outcomes(&scrape, api), [("success".to_owned(), 1)]);
    }
}
