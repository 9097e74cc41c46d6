//! Speech to text and text to speech: what is counted of tokens, of seconds, and of sound.

use serde_json::json;
use weir_sim::{Engine, Plan, Scrape};

use crate::rig::{Api, Form, Request, assert_same, both};
use crate::scene::Scene;

const HEARD: [Api; 2] = [Api::Transcriptions, Api::Translations];

fn vllm() -> Engine {
    Engine::vllm("0.32.0")
}

/// Three seconds of sound, as the simulator measures it.
fn form(members: &serde_json::Value) -> Form {
    Form::with(members).file("weir.wav", &[0; 96_000])
}

/// Sends it both ways and asserts that the answers are the same.
async fn through(scene: &Scene, request: &Request) -> Scrape {
    let (direct, through) = both(&scene.sim, scene.proxy.engine(), request).await;
    assert_eq!(direct.status, 200, "{}", direct.text());
    assert_same(&direct, &through);
    let sent = scene.sim.requests();
    let [.., first, second] = &sent[..] else { panic!("two requests") };
    assert!(first.body == second.body, "the upstream gets the same form");
    scene.proxy.settled().await
}

async fn start(server: Engine, models: &[&str]) -> Scene {
    let models: Vec<_> = models.iter().map(|&model| model.to_owned()).collect();
    let plan = Plan { prompt_tokens: Some(40), ..Plan::tokens(6) };
    Scene::start(server, plan, &models).await
}

fn seconds(scrape: &Scrape, model: &str) -> Option<f64> {
    scrape.sum("llm_audio_seconds_total", &[("model", model)])
}

fn tokens(scrape: &Scrape, model: &str, kind: &str, source: &str) -> Option<f64> {
    let labels = [("model", model), ("kind", kind), ("source", source)];
    scrape.sum("llm_tokens_total", &labels)
}

fn missing(scrape: &Scrape, model: &str) -> Option<f64> {
    scrape.value("llm_usage_missing_total", &[("model", model), ("reason", "not_sent")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seconds_are_counted_wherever_they_stand() {
    for (server, format, told, lacking) in [
        (vllm(), "json", Some(3.0), None),
        (vllm(), "text", Some(3.0), None),
        (vllm(), "verbose_json", Some(3.0), None),
        // There the duration is a text.
        (Engine::vllm("0.12.0"), "verbose_json", Some(3.0), None),
        (Engine::litellm("1.106.2"), "verbose_json", Some(3.0), None),
        (Engine::vllm("0.10.0"), "json", None, Some(1.0)),
    ] {
        let scene = start(server.clone(), &["ear"]).await;
        let what = format!("{server:?} {format}");
        let form = form(&json!({"model": "ear", "response_format": format}));
        let scrape = through(&scene, &form.post(Api::Transcriptions.path())).await;
        assert_eq!(seconds(&scrape, "ear"), told, "{what}");
        assert_eq!(missing(&scrape, "ear"), lacking, "{what}");
        assert_eq!(scrape.sum("llm_tokens_total", &[]), None, "{what}");
        assert_eq!(scrape.sum("llm_time_to_first_token_seconds_count", &[]), None, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_models_tell_tokens_or_seconds_or_nothing() {
    let models = ["gpt-4o-transcribe", "whisper-1"];
    let scene = start(Engine::litellm("1.106.2"), &models).await;
    let ask = async |model: &str, format: &str| {
        let form = form(&json!({"model": model, "response_format": format, "stream": "true"}));
        through(&scene, &form.post(Api::Transcriptions.path())).await
    };
    let scrape = ask("gpt-4o-transcribe", "json").await;
    assert_eq!(tokens(&scrape, "gpt-4o-transcribe", "input", "reported"), Some(40.0));
    assert_eq!(tokens(&scrape, "gpt-4o-transcribe", "output", "reported"), Some(6.0));
    assert_eq!(seconds(&scrape, "gpt-4o-transcribe"), None);
    let events = scrape.sum("llm_stream_events_total", &[("model", "gpt-4o-transcribe")]);
    assert_eq!(events, Some(6.0));
    // It is asked for a stream, and answers with JSON.
    let scrape = ask("whisper-1", "json").await;
    assert_eq!(seconds(&scrape, "whisper-1"), Some(3.0));
    assert_eq!(missing(&scrape, "whisper-1"), None);
    let scrape = ask("whisper-1", "srt").await;
    assert_eq!(seconds(&scrape, "whisper-1"), Some(3.0), "subtitles say nothing");
    assert_eq!(missing(&scrape, "whisper-1"), None, "nor could they");
    assert_eq!(tokens(&scrape, "whisper-1", "output", "estimated"), None);
    assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_usage_is_estimated() {
    for api in HEARD {
        for word in ["true", "True", "1", "on", "YES"] {
            let scene = start(vllm(), &["ear"]).await;
            let form = form(&json!({"model": "ear", "stream": word}));
            let scrape = through(&scene, &form.post(api.path())).await;
            assert_eq!(tokens(&scrape, "ear", "output", "estimated"), Some(6.0), "{api:?}");
            assert_eq!(tokens(&scrape, "ear", "output", "reported"), None, "{api:?}");
            assert_eq!(tokens(&scrape, "ear", "input", "reported"), None, "{api:?}");
            assert_eq!(missing(&scrape, "ear"), Some(1.0), "{api:?}");
            let first = scrape.sum("llm_time_to_first_token_seconds_count", &[]);
            assert_eq!(first, Some(1.0), "{api:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_on_every_chunk_is_that_of_the_last() {
    let scene = start(vllm(), &["ear"]).await;
    let options = json!({"model": "ear", "stream": "true", "stream_include_usage": "1",
        "stream_continuous_usage_stats": "1"});
    let scrape = through(&scene, &form(&options).post(Api::Transcriptions.path())).await;
    assert_eq!(tokens(&scrape, "ear", "input", "reported"), Some(40.0));
    assert_eq!(tokens(&scrape, "ear", "output", "reported"), Some(6.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_has_bytes_and_a_first_one() {
    for format in ["mp3", "wav", "pcm", "opus"] {
        let scene = start(vllm(), &["mouth"]).await;
        let mut body = Api::Speech.body("mouth", false);
        body["response_format"] = format.into();
        let request = Api::Speech.post(&body).header("x-sim", "tokens=9,gap=1ms");
        let scrape = through(&scene, &request).await;
        let labels = [("model", "mouth"), ("endpoint", "speech"), ("outcome", "success")];
        assert_eq!(scrape.value("llm_requests_total", &labels), Some(1.0), "{format}");
        assert_eq!(scrape.sum("llm_time_to_first_byte_seconds_count", &[]), Some(1.0), "{format}");
        for name in ["llm_tokens_total", "llm_stream_events_total", "llm_usage_missing_total"] {
            assert_eq!(scrape.sum(name, &[]), None, "{format}: {name}");
        }
        assert_eq!(scrape.sum("llm_time_to_first_token_seconds_count", &[]), None, "{format}");
        assert_eq!(scrape.sum("weir_meter_degraded_total", &[]), Some(0.0), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_in_events_is_counted_by_its_usage() {
    // Omni names its events, OpenAI does not.
    let models = ["mouth", "gpt-4o-mini-tts"];
    let scene = start(vllm(), &models).await;
    for model in models {
        scene.check(Api::Speech, &Api::Speech.body(model, true)).await;
    }
}
