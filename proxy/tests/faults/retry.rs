//! What may be sent twice, and that nothing else is.

use std::time::{Duration, Instant};

use weir_sim::{Ending, Fault, Plan, Recorded, Scrape, Upstream};

use crate::rig::scripted::{Scripted, Seen, Step, whole};
use crate::rig::{Answer, Api, DEADLINE, ProxyGuard, Request, ask, config, engine, route};
use crate::table::outcomes;

const ANSWER: &str =
    r#"{"id":"1","model":"tiny","choices":[{"index":0,"finish_reason":"stop","message":{}}]}"#;

fn proxy_to(url: &str) -> ProxyGuard {
    ProxyGuard::start(&config([engine([route("default", url)])]))
}

fn retries(scrape: &Scrape) -> f64 {
    scrape.sum("weir_upstream_retries_total", &[]).unwrap()
}

/// Asks, and waits until the connection to the upstream is back in the pool.
async fn ask_and_settle(proxy: &ProxyGuard, request: &Request) -> Answer {
    let answer = ask(proxy.engine(), request).await;
    proxy.settled().await;
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_pooled_connection_is_no_failure() {
    for api in Api::ALL {
        for fault in [Fault::CloseBeforeHead, Fault::ResetBeforeHead] {
            let upstream = Upstream::builder().plan(Plan::tokens(4)).start().await.unwrap();
            // The second request finds the connection of the first, and that it is closed.
            upstream.script([Plan::tokens(4), Plan::fault(fault.clone())]);
            let proxy = ProxyGuard::to(&upstream);
            let request = api.request(api.streams());
            let first = ask_and_settle(&proxy, &request).await;
            let second = ask(proxy.engine(), &request).await;
            let what = format!("{api:?}, {fault:?}");
            assert_eq!((first.status, second.status), (200, 200), "{what}");
            assert_eq!(second.body.len(), first.body.len(), "{what}");

            let scrape = proxy.settled().await;
            assert_eq!(retries(&scrape), 1.0, "{what}");
            assert_eq!(outcomes(&scrape, api), [("success".to_owned(), 2)], "{what}");
            let seen = upstream.requests();
            let went: Vec<_> = seen.iter().map(|r| (r.connection, r.ending)).collect();
            let twice = [(1, Ending::Finished), (1, Ending::Cut), (2, Ending::Finished)];
            assert_eq!(went, twice, "{what}");
            assert_eq!(seen[1].body, seen[2].body, "{what}: the same is sent again");
            let output = scrape.sum("llm_tokens_total", &[("kind", "output")]);
            let told: u64 = seen.iter().filter_map(|r| Some(r.usage?.output)).sum();
            let wanted = api.generates().then_some(told as f64);
            assert_eq!(output, wanted, "{what}: counted as often as they were answered");
            let size = scrape.sum("llm_request_size_bytes_sum", &[]);
            let sent_by_clients = 2.0 * request.body_bytes().len() as f64;
            assert_eq!(size, Some(sent_by_clients), "{what}: as the clients sent them");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_closes_without_announcement_is_no_failure() {
    let upstream =
        Upstream::builder().plan(Plan::fault(Fault::CloseKeepAlive)).start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    for _ in 0..50 {
        assert_eq!(ask(proxy.engine(), &Api::Chat.request(true)).await.status, 200);
    }
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape, Api::Chat), [("success".to_owned(), 50)]);
    assert_eq!(upstream.totals().finished, 50, "each was answered once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_replayed_gets_a_connection_that_was_in_use_just_now() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let small = Api::Chat.request(false);
    let mut body = Api::Chat.body("tiny", false);
    body["user"] = "x".repeat(64 << 10).into();
    let large = Api::Chat.post(&body);
    let ways = [&small, &small, &large, &large, &small.clone().chunked(7), &small];
    for request in ways {
        assert_eq!(ask_and_settle(&proxy, request).await.status, 200);
    }
    let used: Vec<_> = upstream.requests().iter().map(|request| request.connection).collect();
    // One of its own, as the other may have been idle for seconds.
    assert_eq!(used, [1, 1, 2, 2, 2, 1]);
}

/// The next one might find it stale.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_for_what_can_not_be_replayed_is_soon_closed() {
    let script = [Step::Read, Step::Send(whole(ANSWER)), Step::Stall];
    let upstream = Scripted::start(script).await;
    let proxy = proxy_to(&upstream.url());
    let answer = ask(proxy.engine(), &Api::Chat.request(false).chunked(9)).await;
    assert_eq!(answer.text(), ANSWER);
    let began = Instant::now();
    upstream.wait_until(|seen| seen.left == 1, "the connection is closed").await;
    assert!(began.elapsed() < Duration::from_secs(3), "it was kept for {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_replayed_is_not_sent_to_a_server_that_has_closed() {
    let upstream =
        Upstream::builder().plan(Plan::fault(Fault::CloseKeepAlive)).start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    for _ in 0..20 {
        let chunked = Api::Chat.request(true).chunked(7);
        assert_eq!(ask_and_settle(&proxy, &chunked).await.status, 200);
    }
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape, Api::Chat), [("success".to_owned(), 20)]);
    assert_eq!(retries(&scrape), 0.0);
}

/// The second request on a pooled connection meets `then`.
async fn second_on_a_pooled_connection(then: Vec<Step>) -> (Answer, Seen, f64) {
    let first = [Step::Read, Step::Send(whole(ANSWER)), Step::Read];
    let good = vec![Step::Read, Step::Send(whole(ANSWER)), Step::Stall];
    let upstream = Scripted::of(vec![[&first[..], &then].concat(), good]).await;
    let proxy = proxy_to(&upstream.url());
    let request = Api::Chat.request(false);
    assert_eq!(ask_and_settle(&proxy, &request).await.status, 200);
    let answer = ask(proxy.engine(), &request).await;
    let scrape = proxy.settled().await;
    (answer, upstream.seen(), retries(&scrape))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_may_have_been_worked_on_is_not_sent_again() {
    let late = Step::Wait(Duration::from_millis(400));
    let bytes = |text: &str| Step::Send(text.as_bytes().to_vec());
    let part = bytes("HTTP/1.1 200 OK\r\ncontent-le");
    let half = bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":");
    for (then, status, reason) in [
        (vec![late.clone(), Step::Close], 502, Some("upstream_reset")),
        (vec![late, Step::Reset], 502, Some("upstream_reset")),
        (vec![part.clone(), Step::Close], 502, Some("upstream_reset")),
        (vec![part, Step::Reset], 502, Some("upstream_reset")),
        (vec![bytes("\x16\x03\x01 no HTTP\r\n\r\n"), Step::Close], 502, Some("upstream_invalid")),
        (vec![half.clone(), Step::Close], 200, None),
        (vec![half, Step::Reset], 200, None),
    ] {
        let what = format!("{then:?}");
        let (answer, seen, retries) = second_on_a_pooled_connection(then).await;
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.header("x-weir-error"), reason, "{what}");
        let once = Seen { connections: 1, requests: 2, left: 0 };
        assert_eq!((seen, retries), (once, 0.0), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_connection_that_breaks_is_not_tried_again() {
    for then in [Step::Close, Step::Reset] {
        let upstream = Scripted::start([Step::Read, then]).await;
        let proxy = proxy_to(&upstream.url());
        for request in [
            Api::Chat.request(true),
            Api::Chat.request(true).chunked(5),
            Request::get("/v1/models"),
        ] {
            assert_eq!(ask_and_settle(&proxy, &request).await.status, 502);
        }
        let thrice = Seen { connections: 3, requests: 3, left: 0 };
        assert_eq!(upstream.seen(), thrice, "each was sent once");
        assert_eq!(retries(&proxy.settled().await), 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_started_again_answers() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    assert_eq!(ask_and_settle(&proxy, &Api::Chat.request(true)).await.status, 200);
    let addr = upstream.addr();
    upstream.stop().await;
    assert_eq!(ask_and_settle(&proxy, &Api::Chat.request(true)).await.status, 502);
    let upstream = Upstream::builder().bind(addr).start().await.unwrap();
    assert_eq!(ask_and_settle(&proxy, &Api::Chat.request(true)).await.status, 200);
    let once = |seen: &[Recorded]| seen.len() == 1 && seen[0].finished();
    upstream.wait_for(once, DEADLINE, "it was sent once").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_has_acknowledged_a_request_is_not_sent_it_again() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    for metered in [true, false] {
        let script = [
            Step::Read,
            Step::Send(whole(ANSWER)),
            Step::Read,
            Step::Send(early.into()),
            Step::Close,
        ];
        let upstream = Scripted::start(script).await;
        let proxy = proxy_to(&upstream.url());
        let request = if metered {
            Api::Chat.request(false)
        } else {
            Request::post("/key/generate", r#"{"key_alias":"a"}"#)
        };
        ask_and_settle(&proxy, &request).await;
        ask_and_settle(&proxy, &request).await;
        assert_eq!(upstream.seen().requests, 2, "each was sent once, metered: {metered}");
    }
}
