//! Clients that leave, at every stage and in every way: the outcome, what was produced for nobody,
//! and that the upstream is told.

pub(crate) mod stages;

use std::time::Duration;

use weir_proxy::RouteConfig;
use weir_sim::{Recorded, Scrape, Upstream, eventually};
use weir_wire::UsagePolicy;

use crate::rig::scripted::{FINISH, STREAM, Scripted, Step, chunk, token};
use crate::rig::{Api, Client, DEADLINE, ProxyGuard, Request, config, engine, route};
use crate::table::outcomes;
use stages::Stage;

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// Closes both sides.
    Close,
    /// Shuts its sending side, and would go on reading.
    HalfClose,
    /// Resets the connection.
    Reset,
}

pub(crate) const WAYS: [Way; 3] = [Way::Close, Way::HalfClose, Way::Reset];

impl Way {
    /// Leaves; a client that only shut one side is given back.
    pub(crate) async fn leave(self, mut client: Client) -> Option<Client> {
        match self {
            Self::Close => client.leave(),
            Self::Reset => client.reset(),
            Self::HalfClose => {
                client.half_close().await;
                return Some(client);
            }
        }
        None
    }
}

/// The outcome of the only request of this endpoint.
async fn outcome(proxy: &ProxyGuard, api: Api) -> (String, Scrape) {
    let scrape = proxy.settled().await;
    let outcomes = outcomes(&scrape, api);
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(outcomes[0].1, 1, "{outcomes:?}");
    (outcomes[0].0.clone(), scrape)
}

async fn under_way(proxy: &ProxyGuard) {
    let counted = async || (proxy.json("/status").await["requests_in_flight"] == 1).then_some(());
    eventually(DEADLINE, "the request is under way", counted).await;
}

async fn upstream_is_told(upstream: &Upstream) -> Recorded {
    let left = |seen: &[Recorded]| seen.iter().any(Recorded::client_left);
    let seen = upstream.wait_for(left, DEADLINE, "the upstream sees that its client left").await;
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen[0].clone()
}

impl Stage {
    /// What counts as produced for nobody, where so many tokens had come.
    fn tokens(&self, count: u64) -> Vec<(String, f64)> {
        self.abandoned.map(|source| (source.to_owned(), count as f64)).into_iter().collect()
    }
}

fn abandoned(scrape: &Scrape) -> Vec<(String, f64)> {
    let series = scrape.matching("llm_abandoned_tokens_total", &[]);
    series.map(|sample| (sample.label("source").unwrap().to_owned(), sample.value)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_body_or_in_the_middle_of_it() {
    let small = Api::Chat.body("tiny", true).to_string();
    let large = small.replace("How", &"x".repeat(200_000));
    for (body, sent) in [(&small, 0), (&small, 20), (&large, 0), (&large, 150_000)] {
        for way in WAYS {
            let upstream = Upstream::builder().start().await.unwrap();
            let proxy = ProxyGuard::to(&upstream);
            let request = Request::post(Api::Chat.path(), body.as_bytes());
            let mut client = Client::connect(proxy.engine()).await;
            client.send(request.head_bytes()).await;
            client.send(&body.as_bytes()[..sent]).await;
            under_way(&proxy).await;
            let _half = way.leave(client).await;
            let what = format!("{way:?} after {sent} of {} bytes", body.len());
            let (kind, scrape) = outcome(&proxy, Api::Chat).await;
            assert_eq!(kind, stages::BODY.outcome, "{what}");
            // What was on its way when a connection is reset is lost.
            if way != Way::Reset && sent < 64 << 10 {
                let size = scrape.sum("llm_request_size_bytes_sum", &[]);
                assert_eq!(size, Some(sent as f64), "{what}");
            }
            if body.len() > 64 << 10 {
                upstream_is_told(&upstream).await;
            } else {
                assert_eq!(upstream.totals().requests, 0, "{what}: nothing was sent on");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_they_wait_for_an_answer() {
    for api in [Api::Chat, Api::Messages, Api::Transcriptions, Api::Speech] {
        // Before the head; after it, before anything was said; after the role.
        wait_and_leave(api, true, "fault=slow_head:60s", None, &stages::HEAD).await;
        wait_and_leave(api, true, "ttft=60s", Some("text/event-stream"), &stages::TOKEN).await;
    }
    for api in [Api::Chat, Api::Messages] {
        wait_and_leave(api, true, "fault=stall:0", Some("role"), &stages::TOKEN).await;
    }
    for api in Api::ALL {
        wait_and_leave(api, false, "ttft=60s", None, &stages::HEAD).await;
        // Half an answer that is not streamed is an answer that has begun.
        let begun = match api {
            Api::Speech => " weir weir",
            _ if api.takes_form() => "{\"text\":",
            _ => "{\"id\":",
        };
        wait_and_leave(api, false, "chunked=true,fault=stall:2", Some(begun), &stages::PART).await;
    }
}

/// Where several routes share a listener, the body is read to find the one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_their_route_is_found() {
    let upstream = Upstream::builder().start().await.unwrap();
    for way in WAYS {
        let routes = ["one", "two"].map(|name| route(name, &upstream.url()));
        let proxy = ProxyGuard::start(&config([engine(routes)]));
        let mut client = Client::connect(proxy.engine()).await;
        client.send(Api::Chat.request(true).head_bytes()).await;
        client.send("{\"mod").await;
        under_way(&proxy).await;
        let _half = way.leave(client).await;
        let (kind, scrape) = outcome(&proxy, Api::Chat).await;
        assert_eq!(kind, stages::ROUTE.outcome, "{way:?}");
        let unrouted = [("route", "unrouted"), ("outcome", stages::ROUTE.outcome)];
        assert_eq!(scrape.sum("llm_requests_total", &unrouted), Some(1.0), "{way:?}");
    }
    assert_eq!(upstream.totals().requests, 0);
}

/// Leaves when this text has come; or, where there is none, when the upstream has the request.
async fn wait_and_leave(api: Api, stream: bool, plan: &str, text: Option<&str>, stage: &Stage) {
    for way in WAYS {
        let upstream = Upstream::builder().start().await.unwrap();
        let proxy = ProxyGuard::to(&upstream);
        let mut client = Client::connect(proxy.engine()).await;
        client.send(api.request(stream).header("x-sim", plan).bytes()).await;
        let read = |seen: &[Recorded]| seen.iter().any(|r| !r.body.is_empty());
        upstream.wait_for(read, DEADLINE, "the request has arrived").await;
        if let Some(text) = text {
            client.read_until_text(text).await;
        }
        let _half = way.leave(client).await;
        upstream_is_told(&upstream).await;
        let (outcome, scrape) = outcome(&proxy, api).await;
        assert_eq!(outcome, stage.outcome, "{plan}, {api:?}, {way:?}");
        assert_eq!(abandoned(&scrape), stage.tokens(0), "{plan}, {api:?}, {way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_stream() {
    for api in Api::ALL.into_iter().filter(|api| api.streams()) {
        let mark = if api == Api::Speech { "\"audio\":" } else { "weirs" };
        for way in WAYS {
            let upstream = Upstream::builder().start().await.unwrap();
            let proxy = ProxyGuard::to(&upstream);
            let mut client = Client::connect(proxy.engine()).await;
            let request = api.request(true).header("x-sim", "text=weirs,fault=stall:5");
            client.send(request.bytes()).await;
            let five = |input: &[u8]| String::from_utf8_lossy(input).matches(mark).count() >= 5;
            client.read_until(five).await;
            let _half = way.leave(client).await;
            let seen = upstream_is_told(&upstream).await;
            let what = format!("{api:?}, {way:?}");
            assert_eq!(seen.output_tokens, 5, "{what}");
            let (kind, scrape) = outcome(&proxy, api).await;
            assert_eq!(kind, stages::STREAM.outcome, "{what}");
            // Sound says nothing of tokens.
            let known = if api == Api::Speech { vec![] } else { stages::STREAM.tokens(5) };
            assert_eq!(abandoned(&scrape), known, "{what}");
            let missing = scrape.value("llm_usage_missing_total", &[("reason", "stream_cut")]);
            assert_eq!(missing, Some(1.0), "{what}");
        }
    }
}

/// A chat that gets these bytes and then nothing; its client leaves when it has them.
async fn leave_after(text: &str, way: Way) -> (String, Scrape) {
    let answer = format!("{STREAM}{text}");
    let script = vec![Step::Read, Step::Send(answer.into_bytes()), Step::Stall];
    let upstream = Scripted::start(script).await;
    // Where Weir may have to take an event out, it holds back what is not yet a whole one.
    let observing =
        RouteConfig { usage: UsagePolicy::Observe, ..route("default", &upstream.url()) };
    let proxy = ProxyGuard::start(&config([engine([observing])]));
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).bytes()).await;
    client.read_until_text("second").await;
    let _half = way.leave(client).await;
    upstream.wait_until(|seen| seen.left == 1, "the upstream is told").await;
    outcome(&proxy, Api::Chat).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_an_event() {
    for way in WAYS {
        let event = token("second");
        let (half, _) = event.split_at(event.find("second").unwrap() + 6);
        let text = [chunk(&token("first")), chunk(half)].concat();
        let (kind, scrape) = leave_after(&text, way).await;
        assert_eq!(kind, stages::EVENT.outcome, "{way:?}");
        assert_eq!(abandoned(&scrape), stages::EVENT.tokens(1), "one was whole, {way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_finish_they_have_all_they_wanted() {
    for way in WAYS {
        let finish = FINISH.replace("\"stop\"", "\"stop\",\"note\":\"second\"");
        let text = [chunk(&token("first")), chunk(&finish)].concat();
        let (kind, scrape) = leave_after(&text, way).await;
        assert_eq!(kind, stages::FINISH.outcome, "{way:?}");
        assert_eq!(abandoned(&scrape), stages::FINISH.tokens(1), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_everything_it_is_a_success() {
    for api in Api::ALL {
        for way in WAYS {
            let upstream = Upstream::builder().start().await.unwrap();
            let proxy = ProxyGuard::to(&upstream);
            let mut client = Client::connect(proxy.engine()).await;
            client.ask(&api.request(api.streams())).await;
            let _half = way.leave(client).await;
            let (kind, scrape) = outcome(&proxy, api).await;
            assert_eq!(kind, stages::END.outcome, "{api:?}, {way:?}");
            assert_eq!(abandoned(&scrape), stages::END.tokens(16), "{api:?}, {way:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_connection_is_enough_where_the_route_allows_it() {
    let upstream = Upstream::builder().start().await.unwrap();
    let mut allowing = route("default", &upstream.url());
    allowing.allow_half_close = true;
    let proxy = ProxyGuard::start(&config([engine([allowing])]));
    for (api, stream) in [(Api::Chat, true), (Api::Responses, false), (Api::Embeddings, false)] {
        let mut client = Client::connect(proxy.engine()).await;
        client.send(api.request(stream).header("x-sim", "ttft=100ms").bytes()).await;
        client.half_close().await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 200, "{api:?}");
        let scrape = proxy.settled().await;
        assert_eq!(outcomes(&scrape, api), [("success".to_owned(), 1)]);
    }
    // Who has really left is noticed when there is something to write.
    let mut client = Client::connect(proxy.engine()).await;
    let endless = Api::Messages.request(true).header("x-sim", "tokens=100000,gap=5ms");
    client.send(endless.bytes()).await;
    client.read_until_text("content_block_delta").await;
    client.leave();
    let told = |seen: &[Recorded]| seen.iter().any(Recorded::client_left);
    upstream.wait_for(told, DEADLINE, "the upstream is told").await;
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape, Api::Messages), [(stages::STREAM.outcome.to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_closed_client_is_not_answered_where_the_route_says_close() {
    let upstream = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).header("x-sim", "ttft=60s").bytes()).await;
    client.read_until_text("text/event-stream").await;
    client.half_close().await;
    let (rest, _) = tokio::time::timeout(Duration::from_secs(10), client.rest()).await.unwrap();
    assert!(!String::from_utf8_lossy(&rest).ends_with("0\r\n\r\n"), "no end is made up");
    assert_eq!(outcome(&proxy, Api::Chat).await.0, stages::TOKEN.outcome);
}
