//! Times that are wrong: of the first token, and between tokens.

use std::time::Duration;

use weir_sim::Upstream;

use crate::meter::{Meter, content, delta, ending, ms};
use crate::rig::{Api, ProxyGuard, ask};
use crate::scene::{Stepwise, events, streaming};

/// (1) <https://github.com/BerriAI/litellm/issues/25598>: on streams of `/v1/messages` the time to the
/// first token was the whole duration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_25598_ttft_is_not_the_duration() {
    let pause = Duration::from_millis(50);
    for api in streaming() {
        let events = events(api).await;
        let mut stream = Stepwise::start(api, &events).await;
        for (number, event) in events.iter().enumerate() {
            if number + 1 == events.len() {
                // The tokens have come; the end lets wait for itself.
                tokio::time::sleep(pause).await;
            }
            stream.event(event).await;
        }
        let scrape = stream.end().await;
        let first = scrape.sum("llm_time_to_first_token_seconds_sum", &[]).unwrap();
        let duration = scrape.sum("llm_request_duration_seconds_sum", &[]).unwrap();
        assert!(first + pause.as_secs_f64() <= duration, "{api:?}: {first} s of {duration} s");
    }
}

/// (1) <https://github.com/tingly-dev/tingly-box/issues/1225>, <https://github.com/langfuse/langfuse/issues/3046>:
/// answers that are not streamed had a time to the first token, which was their latency.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tingly_box_1225_without_a_stream_there_is_no_first_token() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    for api in Api::ALL {
        assert_eq!(ask(proxy.engine(), &api.request(false)).await.status, 200, "{api:?}");
    }
    let scrape = proxy.settled().await;
    assert_eq!(scrape.sum("llm_time_to_first_token_seconds_count", &[]), None);
    assert_eq!(scrape.sum("llm_no_first_token_total", &[]), None);
}

/// (2) <https://github.com/BerriAI/litellm/issues/26102>, <https://github.com/BerriAI/litellm/issues/38689>,
/// <https://github.com/BerriAI/litellm/issues/26699>: streams were held back, and all tokens came in one millisecond.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_26102_no_event_waits_for_the_next() {
    for api in streaming() {
        let events = events(api).await;
        let mut stream = Stepwise::start(api, &events).await;
        for event in &events {
            stream.event(event).await;
        }
        stream.end().await;
    }
}

/// (2) <https://github.com/BerriAI/litellm/issues/39431>: `message_start` was held until the model had
/// ended its thinking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litellm_39431_message_start_comes_before_any_thought() {
    let events = events(Api::Messages).await;
    assert!(events[0].starts_with("event: message_start"), "{}", events[0]);
    let mut stream = Stepwise::start(Api::Messages, &events).await;
    stream.event(&events[0]).await;
}

/// (3) <https://github.com/envoyproxy/ai-gateway/issues/1170>: the time per token was the last gap over all
/// tokens, written twice for some requests and never for others.
#[test]
fn ai_gateway_1170_every_gap_is_told_once() {
    let mut meter = Meter::chat();
    for at in [10, 20, 40, 80] {
        meter.gets(at, content("a"));
    }
    meter.gets(81, ending(r#"{"prompt_tokens":1,"completion_tokens":8}"#));
    let (outcome, gaps) = meter.end(90);
    assert_eq!(gaps, [ms(10), ms(20), ms(40)]);
    assert_eq!(outcome.time_per_output_token, Some(ms(70) / 7), "first to last, by tokens - 1");
}

/// (4) <https://github.com/vllm-project/vllm/issues/19776>, <https://github.com/vllm-project/vllm/issues/47382>,
/// <https://github.com/vllm-project/vllm/issues/52853>: under speculative decoding a gap between chunks went by
/// the name of a time per token.
#[test]
fn vllm_19776_a_gap_is_no_time_per_token() {
    let mut meter = Meter::chat();
    for number in 0..5 {
        meter.gets(100 + 40 * number, content("two tokens"));
    }
    meter.gets(261, ending(r#"{"prompt_tokens":1,"completion_tokens":10}"#));
    let (outcome, gaps) = meter.end(262);
    assert_eq!(gaps, [ms(40); 4]);
    assert_eq!(outcome.time_per_output_token, Some(ms(160) / 9));
}

/// (5) <https://github.com/vllm-project/vllm/issues/34370>, <https://github.com/vllm-project/vllm/issues/48175>:
/// buckets began at 300 ms and 10 ms, so that small models were all in one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vllm_34370_small_models_have_buckets() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    ask(proxy.engine(), &Api::Chat.request(true).header("x-sim", "gap=5ms")).await;
    let scrape = proxy.settled().await;
    for (name, below) in [
        ("llm_request_duration_seconds_bucket", 0.3),
        ("llm_time_to_first_token_seconds_bucket", 0.3),
        ("llm_inter_token_latency_seconds_bucket", 0.01),
    ] {
        let edges = scrape.labels_of(name, "le");
        let fine = edges.iter().filter(|edge| edge.parse::<f64>().unwrap() < below);
        assert!(fine.count() >= 4, "{name}: {edges:?}");
    }
}

/// (6) <https://github.com/api7/aisix/issues/869>, <https://github.com/api7/aisix/issues/929>: the first token was
/// one of the answer, then one of the reasoning, then any event at all; under one name.
#[test]
fn aisix_869_reasoning_is_a_token_and_the_answer_has_its_own_time() {
    for name in ["reasoning_content", "reasoning"] {
        let mut meter = Meter::chat();
        meter.gets(5, ": ping\n\n");
        meter.gets(6, delta(r#""role":"assistant","content":"""#));
        meter.gets(30, delta(&format!(r#""{name}":"Hm.""#)));
        meter.gets(90, content("Yes."));
        meter.gets(91, ending(r#"{"prompt_tokens":1,"completion_tokens":2}"#));
        let (outcome, _) = meter.end(92);
        assert_eq!(outcome.time_to_first_byte, Some(ms(5)), "{name}");
        assert_eq!(outcome.time_to_first_token, Some(ms(30)), "{name}");
        assert_eq!(outcome.time_to_first_answer_token, Some(ms(90)), "{name}");
    }
}

/// (7) <https://github.com/smg-project/smg/issues/1773>: where prefill and decode are apart, the time to the
/// first token began with the decoding.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smg_1773_the_first_token_is_timed_from_the_request() {
    let sim = Upstream::builder().start().await.unwrap();
    let proxy = ProxyGuard::to(&sim);
    let request = Api::Chat.request(true).header("x-sim", "fault=slow_head:60ms,ttft=40ms");
    assert_eq!(ask(proxy.engine(), &request).await.status, 200);
    let scrape = proxy.settled().await;
    let first = scrape.sum("llm_time_to_first_token_seconds_sum", &[]).unwrap();
    assert!(first >= 0.1, "{first} s");
}

/// (8) <https://github.com/computesdk/benchmarks/issues/299>, <https://github.com/router-for-me/CLIProxyAPI/issues/5474>:
/// who held everything back had the most tokens per second.
#[test]
fn computesdk_benchmarks_299_a_burst_has_no_speed() {
    let mut meter = Meter::chat();
    let all = [content("a"), content("b"), content("c")].concat();
    meter.gets(500, all + &ending(r#"{"prompt_tokens":1,"completion_tokens":300}"#));
    let (outcome, gaps) = meter.end(501);
    assert_eq!((outcome.time_per_output_token, gaps), (None, vec![]));
    assert_eq!(outcome.time_to_first_token, Some(ms(500)));
    assert_eq!(outcome.duration, ms(501));
}
