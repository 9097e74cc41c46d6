//! Clients that leave: what is lost of them, what goes on for nobody, what is taken for a success.

use std::sync::Arc;

use tokio::sync::Notify;
use weir_proxy::RouteConfig;
use weir_sim::{Recorded, Upstream};

use crate::rig::scripted::{FINISH, LAST, STREAM, Scripted, Step, chunk, token};
use crate::rig::{Api, Client, DEADLINE, End, ProxyGuard, ask, config, engine, normal, route};
use crate::scene::{all, outcomes, proxy_to, tokens};

const MIDWAY: &str = "client_closed_mid_stream";

/// A client that has read five tokens of an endless stream.
async fn midway(proxy: &ProxyGuard, api: Api) -> Client {
    let mut client = Client::connect(proxy.engine()).await;
    let endless = api.request(true).header("x-sim", "text=weirs,tokens=1000000,gap=2ms");
    client.send(endless.bytes()).await;
    let five = |input: &[u8]| String::from_utf8_lossy(input).matches("weirs").count() >= 5;
    client.read_until(five).await;
    client
}

async fn told(sim: &Upstream) -> Recorded {
    let left = |seen: &[Recorded]| seen.iter().all(Recorded::client_left);
    sim.wait_for(left, DEADLINE, "the upstream is told").await.pop().unwrap()
}

/// (11) <https://github.com/envoyproxy/ai-gateway/issues/2115>, <https://github.com/envoyproxy/ai-gateway/issues/2116>:
/// 28 % of all streams were missing from the histograms: observed with the context of a client that had left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ai_gateway_2115_who_leaves_is_in_the_histograms() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    midway(&proxy, Api::Messages).await.leave();
    let scrape = proxy.settled().await;
    for name in ["llm_request_duration_seconds_count", "llm_time_to_first_token_seconds_count"] {
        assert_eq!(scrape.sum(name, &[]), Some(1.0), "{name}");
    }
    let events = scrape.sum("llm_stream_events_total", &[]).unwrap();
    assert!(events >= 5.0, "{events}");
}

/// (16) <https://github.com/BerriAI/litellm/issues/14457>, <https://github.com/BerriAI/litellm/issues/30630>,
/// <https://github.com/BerriAI/litellm/issues/35958>: the tokens of clients that left were lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_14457_tokens_of_a_client_that_left_are_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    midway(&proxy, Api::Chat).await.leave();
    let scrape = proxy.settled().await;
    let counted = tokens(&scrape, "output", "estimated").unwrap();
    assert!(counted >= 5.0, "{counted}");
    assert_eq!(scrape.value("llm_usage_missing_total", &[("reason", "stream_cut")]), Some(1.0));
}

/// (16) <https://github.com/BerriAI/litellm/issues/17364>, <https://github.com/BerriAI/litellm/issues/14304>,
/// <https://github.com/BerriAI/litellm/issues/36008>, <https://github.com/BerriAI/litellm/issues/37558>: the upstream
/// went on for clients that had left, drained by a task of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_17364_the_upstream_does_not_go_on_for_nobody() {
    for api in [Api::Chat, Api::Responses, Api::Messages] {
        let sim = Upstream::builder().start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        midway(&proxy, api).await.leave();
        told(&sim).await;
        assert_eq!(sim.totals().open, 0, "{api:?}");
        proxy.settled().await;
    }
}

/// (17) <https://github.com/maximhq/bifrost/issues/5836>: that a client had left was seen only when writing
/// failed; a burst of everything at once was logged as a success.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bifrost_5836_a_burst_to_a_client_that_left_is_no_success() {
    let burst = [&chunk(&token("a")).repeat(20), &chunk(FINISH), LAST].concat();
    let now = Arc::new(Notify::new());
    let script =
        [Step::Read, Step::Send(STREAM.into()), Step::Await(now.clone()), Step::Send(burst.into())];
    let upstream = Scripted::start(script).await;
    let proxy = proxy_to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).bytes()).await;
    client.read_until_text("event-stream").await;
    client.leave();
    // Nothing has been written since: it is seen all the same.
    let before = all("client_closed_before_first_token", 1);
    assert_eq!(outcomes(&proxy.settled().await), before);
    now.notify_one();
    assert_eq!(outcomes(&proxy.settled().await), before);
}

/// (17) <https://github.com/maximhq/bifrost/issues/5850>: to see who has left, a `: heartbeat` was written into
/// every stream ten times a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bifrost_5850_no_heartbeat_is_put_into_a_stream() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = Api::Messages.request(true).header("x-sim", "tokens=3,ttft=400ms,gap=300ms");
    let direct = ask(sim.addr(), &request).await;
    let through = ask(proxy.engine(), &request).await;
    assert_eq!(normal(&through.body), normal(&direct.body));
}

/// (17) <https://github.com/Mesh-LLM/mesh-llm/issues/1448>: a client that shuts its sending side (FIN) may go
/// on reading; one that resets the connection has left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mesh_llm_1448_a_half_close_is_no_leaving_where_the_route_says_so() {
    let sim = Upstream::builder().start().await.unwrap();
    let allowing = RouteConfig { allow_half_close: true, ..route("default", &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([allowing])]));
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).header("x-sim", "ttft=100ms").bytes()).await;
    client.half_close().await;
    assert_eq!(client.answer().await.end, End::Complete);
    assert_eq!(outcomes(&proxy.settled().await), all("success", 1));
    midway(&proxy, Api::Messages).await.reset();
    let scrape = proxy.settled().await;
    let left = [("endpoint", "messages"), ("outcome", MIDWAY)];
    assert_eq!(scrape.sum("llm_requests_total", &left), Some(1.0));
}

/// (18) <https://github.com/yinxulai/one-switch/issues/3>: agents break the stream off when they have their tool
/// call, and the statistics were lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_switch_3_who_leaves_with_a_tool_call_had_success() {
    let call = token("x").replace(
        r#""content":"x""#,
        r#""tool_calls":[{"index":0,"id":"c","function":{"name":"look","arguments":"{}"}}]"#,
    );
    let finish = FINISH.replace("stop", "tool_calls");
    let events = [STREAM, &chunk(&call), &chunk(&finish)].concat();
    let upstream = Scripted::start([Step::Read, Step::Send(events.into()), Step::Stall]).await;
    let proxy = proxy_to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Chat.request(true).bytes()).await;
    client.read_until_text("\"finish_reason\":\"tool_calls\"").await;
    client.reset();
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape), all("client_closed_after_finish", 1));
    assert_eq!(scrape.sum("llm_requests_total", &[("status", "success")]), Some(1.0));
    assert_eq!(scrape.sum("llm_abandoned_tokens_total", &[]), None);
    assert_eq!(scrape.sum("llm_time_to_first_token_seconds_count", &[]), Some(1.0));
}

/// (18) <https://github.com/yinxulai/one-switch/issues/3>: the same without an end: Codex leaves after the call, before
/// `response.completed`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_switch_3_who_leaves_before_the_end_is_measured() {
    let call = "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\
        \"item\":{\"type\":\"function_call\",\"name\":\"look\",\"arguments\":\"\"}}\n\n\
        event: response.function_call_arguments.delta\n\
        data: {\"type\":\"response.function_call_arguments.delta\",\"delta\":\"{}\"}\n\n\
        event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\"}\n\n";
    let events = [STREAM, &chunk(call)].concat();
    let upstream = Scripted::start([Step::Read, Step::Send(events.into()), Step::Stall]).await;
    let proxy = proxy_to(&upstream);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(Api::Responses.request(true).bytes()).await;
    client.read_until_text("output_item.done\"}").await;
    client.leave();
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape), all(MIDWAY, 1));
    for name in ["llm_request_duration_seconds_count", "llm_time_to_first_token_seconds_count"] {
        assert_eq!(scrape.sum(name, &[]), Some(1.0), "{name}");
    }
    assert_eq!(tokens(&scrape, "output", "estimated"), Some(2.0));
}

/// (19) <https://github.com/vllm-project/vllm/issues/54947>: the engine went on for clients that had left, and
/// nobody knew how much.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_54947_tokens_for_nobody_are_counted() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    midway(&proxy, Api::Chat).await.leave();
    let sent = told(&sim).await.output_tokens as f64;
    let scrape = proxy.settled().await;
    let abandoned = scrape.sum("llm_abandoned_tokens_total", &[]).unwrap();
    assert!((5.0..=sent).contains(&abandoned), "{abandoned} of {sent}");
}

/// (19) <https://github.com/ai-dynamo/dynamo/issues/7493>, <https://github.com/ai-dynamo/dynamo/issues/2953>: no metric
/// told who had cancelled, and when.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamo_7493_who_cancels_is_told_by_the_stage() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let mut waiting = Client::connect(proxy.engine()).await;
    waiting.send(Api::Chat.request(true).header("x-sim", "ttft=60s").bytes()).await;
    waiting.read_until_text("event-stream").await;
    waiting.leave();
    midway(&proxy, Api::Chat).await.leave();
    let scrape = proxy.settled().await;
    let both = [all("client_closed_before_first_token", 1), all(MIDWAY, 1)].concat();
    assert_eq!(outcomes(&scrape), both);
    let no_first = scrape.sum("llm_no_first_token_total", &[]);
    assert_eq!(no_first, Some(1.0));
    assert_eq!(scrape.sum("llm_requests_total", &[("status", "error")]), Some(0.0));
}
