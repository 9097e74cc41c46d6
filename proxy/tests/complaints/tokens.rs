//! Tokens that are wrong, missing or made up.

use weir_proxy::RouteConfig;
use weir_sim::{Coding, Engine, Recorded, Upstream};
use weir_wire::{Endpoint, Source, Tokens, UsagePolicy};

use crate::meter::{Meter, content, ending};
use crate::rig::scripted::{LAST, STREAM, Scripted, Step, chunk};
use crate::rig::{Api, DEADLINE, ProxyGuard, ask, config, engine, route};
use crate::scene::{all, outcomes, proxy_to, streaming, tokens};

fn reported(count: u64) -> Option<Tokens> {
    Some(Tokens { count, source: Source::Reported })
}

/// (9) <https://github.com/BerriAI/litellm/issues/5632>: streams had no usage unless each client asked for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_5632_usage_is_asked_for_and_nobody_sees_it() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for api in [Api::Chat, Api::Completions, Api::Invocations] {
        let answer = ask(proxy.engine(), &api.request(true).header("x-sim", "tokens=9")).await;
        assert!(!answer.text().contains("usage"), "{}", answer.text());
    }
    let scrape = proxy.settled().await;
    assert_eq!(tokens(&scrape, "output", "reported"), Some(27.0));
    assert_eq!(tokens(&scrape, "output", "estimated"), None);
}

/// (9) <https://github.com/BerriAI/litellm/issues/8349>: streams were counted as 0 tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_8349_streams_are_counted_to_the_token() {
    for api in streaming().filter(|api| *api != Api::Speech) {
        let sim = Upstream::builder().start().await.unwrap();
        let proxy = ProxyGuard::to(&sim);
        ask(proxy.engine(), &api.request(true)).await;
        let told = |seen: &[Recorded]| seen[0].finished() && seen[0].usage.is_some();
        let usage = sim.wait_for(told, DEADLINE, "usage was told").await[0].usage.unwrap();
        let scrape = proxy.settled().await;
        assert!(usage.input > 0 && usage.output == 16, "{usage:?}");
        assert_eq!(tokens(&scrape, "input", "reported"), Some(usage.input as f64), "{api:?}");
        assert_eq!(tokens(&scrape, "output", "reported"), Some(usage.output as f64), "{api:?}");
    }
}

/// (9) <https://github.com/BerriAI/litellm/issues/12970>: prompts of streams were counted too high.
#[test]
fn litellm_12970_usage_of_every_event_is_not_summed() {
    let mut meter = Meter::chat();
    for count in 1..=3 {
        let usage =
            format!(",\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":{count}}}}}\n\n");
        meter.gets(count, content("a").replace("}\n\n", &usage));
    }
    meter.gets(4, ending(r#"{"prompt_tokens":100,"completion_tokens":3}"#));
    let (outcome, _) = meter.end(5);
    assert_eq!((outcome.tokens.input, outcome.tokens.output), (reported(100), reported(3)));
}

/// (10) <https://github.com/agentgateway/agentgateway/issues/1089>: far too few output tokens of Claude: the
/// count in `message_start` is only a beginning.
#[test]
fn agentgateway_1089_the_last_output_count_is_the_count() {
    let mut meter = Meter::of(Endpoint::Messages);
    meter.gets(1, MESSAGE_START);
    meter.gets(2, MESSAGE_DELTA);
    let (outcome, _) = meter.end(3);
    assert_eq!(outcome.tokens.output, reported(250));
}

const MESSAGE_START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":\
    {\"model\":\"tiny\",\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":90,\
    \"cache_creation_input_tokens\":5,\"output_tokens\":1}}}\n\n";
const MESSAGE_DELTA: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":\
    {\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":90,\
    \"cache_creation_input_tokens\":5,\"output_tokens\":250}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// (11) <https://github.com/envoyproxy/ai-gateway/issues/2236>, <https://github.com/envoyproxy/ai-gateway/issues/2239>:
/// cached tokens of Claude were counted twice.
#[test]
fn ai_gateway_2236_cached_tokens_are_counted_once() {
    let mut meter = Meter::of(Endpoint::Messages);
    meter.gets(1, MESSAGE_START);
    meter.gets(2, MESSAGE_DELTA);
    let (outcome, _) = meter.end(3);
    assert_eq!(outcome.tokens.input, reported(105), "10 + 90 + 5");
    assert_eq!(outcome.tokens.cached_input, Some(90));
    assert_eq!(outcome.tokens.cache_write_input, Some(5));
}

/// (11) <https://github.com/envoyproxy/ai-gateway/issues/2184>: usage in `response.incomplete` and
/// `response.failed` was ignored.
#[test]
fn ai_gateway_2184_answers_that_end_early_have_usage_too() {
    for kind in ["completed", "incomplete", "failed"] {
        let mut meter = Meter::of(Endpoint::Responses);
        meter.gets(
            1,
            format!(
                "event: response.{kind}\ndata: {{\"type\":\"response.{kind}\",\"response\":\
                 {{\"model\":\"tiny\",\"status\":\"{kind}\",\"usage\":{{\"input_tokens\":30,\
                 \"output_tokens\":12,\"total_tokens\":42}}}}}}\n\n"
            ),
        );
        let (outcome, _) = meter.end(2);
        assert_eq!(outcome.tokens.input, reported(30), "{kind}");
        assert_eq!(outcome.tokens.output, reported(12), "{kind}");
    }
}

/// (12) <https://github.com/envoyproxy/ai-gateway/issues/1927>, <https://github.com/github/gh-aw-firewall/issues/1550>:
/// streams that were compressed had no tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ai_gateway_1927_compressed_streams_are_read() {
    for coding in Coding::ALL {
        let sim = Upstream::builder().start().await.unwrap();
        let passing = RouteConfig { pass_accept_encoding: true, ..route("default", &sim.url()) };
        let proxy = ProxyGuard::start(&config([engine([passing])]));
        let plan = format!("tokens=9,coding={}", coding.as_str());
        let request = Api::Messages.request(true).header("accept-encoding", "*");
        let answer = ask(proxy.engine(), &request.header("x-sim", &plan)).await;
        assert_eq!(answer.header("content-encoding"), Some(coding.as_str()));
        let scrape = proxy.settled().await;
        assert_eq!(tokens(&scrape, "output", "reported"), Some(9.0), "{coding:?}");
    }
}

/// (13) <https://github.com/katanemo/plano/issues/980>, <https://github.com/katanemo/plano/issues/988>,
/// <https://github.com/api7/aisix/issues/111>, <https://github.com/api7/aisix/issues/998>,
/// <https://github.com/graniet/llm/issues/90>: events that were split between reads, ended in CRLF or were cut
/// within a character were lost.
#[test]
fn plano_980_where_a_stream_is_cut_changes_nothing() {
    for line_end in ["\n", "\r\n", "\r"] {
        let end = ending(r#"{"prompt_tokens":7,"completion_tokens":3}"#);
        let stream = [content("Größe"), content("😀"), content("!"), end].concat();
        let stream = stream.replace('\n', line_end).into_bytes();
        for at in 0..=stream.len() {
            let mut meter = Meter::chat();
            let (front, back) = stream.split_at(at);
            meter.gets(5, front);
            meter.gets(5, back);
            let (outcome, _) = meter.end(6);
            assert_eq!(outcome.content_events, 3, "cut at {at}");
            assert_eq!(outcome.tokens.output, reported(3), "cut at {at}");
            assert_eq!((outcome.kind.as_str(), outcome.degraded), ("success", None), "cut at {at}");
        }
    }
}

/// (14) <https://github.com/truera/trulens/issues/2708>, <https://github.com/NVIDIA/NeMo-Guardrails/issues/1846>: the
/// event with the usage has `choices: []`, and was dropped for it.
#[test]
fn trulens_2708_usage_beside_no_choices_counts() {
    let mut meter = Meter::chat();
    meter.gets(1, content("a"));
    meter.gets(2, ending(r#"{"prompt_tokens":7,"completion_tokens":3}"#));
    let (outcome, _) = meter.end(3);
    assert_eq!((outcome.tokens.input, outcome.tokens.output), (reported(7), reported(3)));
}

/// (14) <https://github.com/alibaba/higress/issues/2595>: without usage the whole request was missing from the
/// metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn higress_2595_a_stream_without_usage_is_measured() {
    let sim = Upstream::builder().start().await.unwrap();
    let observing = RouteConfig { usage: UsagePolicy::Observe, ..route("default", &sim.url()) };
    let proxy = ProxyGuard::start(&config([engine([observing])]));
    ask(proxy.engine(), &Api::Chat.request(true).header("x-sim", "tokens=9,gap=2ms")).await;
    let scrape = proxy.settled().await;
    assert_eq!(outcomes(&scrape), all("success", 1));
    for name in ["llm_request_duration_seconds_count", "llm_time_to_first_token_seconds_count"] {
        assert_eq!(scrape.sum(name, &[]), Some(1.0), "{name}");
    }
    assert_eq!(tokens(&scrape, "output", "estimated"), Some(9.0));
    let missing = scrape.value("llm_usage_missing_total", &[("reason", "not_sent")]);
    assert_eq!(missing, Some(1.0));
}

/// (15) <https://github.com/Kong/kong/issues/14816>: totals were computed anew, and reasoning was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kong_14816_reasoning_is_told_and_totals_are_the_servers() {
    let sim = Upstream::builder().engine(Engine::litellm("1.101.0")).start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = Api::Chat.request(true).header("x-sim", "tokens=20,reasoning=15,prompt=50");
    ask(proxy.engine(), &request).await;
    let scrape = proxy.settled().await;
    assert_eq!(tokens(&scrape, "input", "reported"), Some(50.0));
    assert_eq!(tokens(&scrape, "output", "reported"), Some(20.0));
    let reasoning = scrape.sum("llm_tokens_detail_total", &[("kind", "reasoning_output")]);
    assert_eq!(reasoning, Some(15.0));
}

/// (15) <https://github.com/Kong/kong/issues/14535>: streams of completions had no output tokens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kong_14535_completions_have_output_tokens() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Api::Completions.request(true).header("x-sim", "tokens=11")).await;
    let scrape = proxy.settled().await;
    assert_eq!(tokens(&scrape, "output", "reported"), Some(11.0));
}

/// (15) <https://github.com/open-telemetry/opentelemetry-ebpf-instrumentation/issues/1854>,
/// <https://github.com/open-telemetry/opentelemetry-ebpf-instrumentation/issues/2496>: 0 tokens and no word of
/// tokens were the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn obi_1854_what_nobody_said_is_absent() {
    let answer = r#"{"id":"1","model":"tiny","choices":[{"finish_reason":"stop"}]}"#;
    for (usage, counted) in [("", None), (r#","usage":{"completion_tokens":0}"#, Some(0.0))] {
        let body = answer.replace("]}", &format!("]{usage}}}"));
        let said = crate::rig::scripted::whole(&body);
        let upstream = Scripted::start([Step::Read, Step::Send(said), Step::Stall]).await;
        let proxy = proxy_to(&upstream);
        ask(proxy.engine(), &Api::Chat.request(false)).await;
        let scrape = proxy.settled().await;
        assert_eq!(scrape.sum("llm_tokens_total", &[("kind", "output")]), counted, "{body}");
        assert_eq!(scrape.sum("llm_tokens_total", &[("kind", "input")]), None, "{body}");
    }
    // Nor is a stream that said nothing one of 0 tokens.
    let stream = [STREAM, &chunk("data: [DONE]\n\n"), LAST].concat();
    let upstream = Scripted::start([Step::Read, Step::Send(stream.into()), Step::Stall]).await;
    let proxy = proxy_to(&upstream);
    ask(proxy.engine(), &Api::Chat.request(true)).await;
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_tokens_total", &[]), None);
}
