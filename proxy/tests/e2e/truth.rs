//! What a scrape has to say of one request, told by the simulator that answered it.

use weir_sim::{Recorded, Scrape};

use crate::rig::Api;

/// Asserts every series of a model that had exactly one request, which went well.
pub(crate) fn assert_counted(
    scrape: &Scrape,
    model: &str,
    api: Api,
    stream: bool,
    sent: &Recorded,
) {
    let one = [("model", model), ("endpoint", api.label())];
    assert!(sent.finished(), "{sent:?}");
    let value = |name: &str| scrape.value(name, &one);
    assert_eq!(value("llm_requests_started_total"), Some(1.0), "started {one:?}");
    let outcome = scrape.value("llm_requests_total", &[one[0], one[1], ("outcome", "success")]);
    assert_eq!(outcome, Some(1.0), "success {one:?}");
    assert_eq!(value("llm_request_duration_seconds_count"), Some(1.0), "duration {one:?}");
    assert_tokens(scrape, model, api, sent);
    assert_stream(scrape, model, stream, sent);
}

/// Tokens, their details and seconds of audio, as the answer reported them; nothing where it reported
/// nothing, as of sound.
fn assert_tokens(scrape: &Scrape, model: &str, api: Api, sent: &Recorded) {
    let told = sent.usage;
    if let Some(usage) = told {
        assert_eq!(usage.input, sent.input_tokens, "the simulator says what it means");
        assert_eq!(usage.output, sent.output_tokens, "the simulator says what it means");
    }
    let tokens = |kind, source| {
        let labels =
            [("model", model), ("endpoint", api.label()), ("kind", kind), ("source", source)];
        scrape.value("llm_tokens_total", &labels)
    };
    let input = told.map(|usage| usage.input as f64);
    assert_eq!(tokens("input", "reported"), input, "{model} input");
    let output = told.filter(|_| api.generates()).map(|usage| usage.output as f64);
    assert_eq!(tokens("output", "reported"), output, "{model} output");
    assert_eq!(tokens("input", "estimated"), None, "{model}");
    assert_eq!(tokens("output", "estimated"), None, "{model}");
    let one = [("model", model), ("endpoint", api.label())];
    let seconds = sent.audio_seconds.map(|seconds| seconds as f64);
    assert_eq!(scrape.value("llm_audio_seconds_total", &one), seconds, "{model} seconds");
    let usage = told.unwrap_or_default();
    let detail =
        |kind| scrape.value("llm_tokens_detail_total", &[("model", model), ("kind", kind)]);
    let number = |count: Option<u64>| count.map(|count| count as f64);
    assert_eq!(detail("cached_input"), number(usage.cached), "{model} cached");
    assert_eq!(detail("reasoning_output"), number(usage.reasoning), "{model} reasoning");
    let missing = scrape.sum("llm_usage_missing_total", &[("model", model)]);
    assert_eq!(missing, None, "{model} usage is missing");
}

/// First token, gaps and events of a stream; nothing for an answer that is not one.
fn assert_stream(scrape: &Scrape, model: &str, stream: bool, sent: &Recorded) {
    let value = |name: &str| scrape.value(name, &[("model", model)]);
    let once = stream.then_some(1.0);
    assert_eq!(value("llm_time_to_first_token_seconds_count"), once, "{model} first token");
    let answered = once.filter(|_| sent.reasoning_tokens > 0);
    let first_answer = value("llm_time_to_first_answer_token_seconds_count");
    assert_eq!(first_answer, answered, "{model} first answer token");
    let events = stream.then_some(sent.content_events as f64);
    assert_eq!(value("llm_stream_events_total"), events, "{model} events");
    assert_eq!(value("llm_discarded_gaps_total"), stream.then_some(0.0), "{model} discarded");
    let gaps = value("llm_inter_token_latency_seconds_count");
    let coalesced = value("llm_coalesced_events_total");
    if stream {
        let gaps = gaps.unwrap_or(0.0);
        assert_eq!(1.0 + gaps + coalesced.unwrap(), events.unwrap(), "{model} adds up");
        // More than one instant: the time per token is known.
        let per_token = value("llm_time_per_output_token_seconds_count");
        assert_eq!(per_token, (gaps > 0.0).then_some(1.0), "{model} time per output token");
    } else {
        assert_eq!((gaps, coalesced), (None, None), "{model} is no stream");
    }
    assert_eq!(scrape.sum("llm_no_first_token_total", &[("model", model)]), None, "{model}");
}
