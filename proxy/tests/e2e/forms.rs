//! Multipart forms: those of every client are read while they pass by, and not touched.

use std::fmt::Write as _;

use weir_proxy::RouteConfig;
use weir_sim::{Recorded, Upstream};

use crate::rig::{
    Api, Client, DEADLINE, Form, ProxyGuard, Request, ask, assert_same, both, config, engine, route,
};

const PATH: &str = "/v1/audio/transcriptions";

fn sound(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

const CLIENTS: [&str; 3] = ["httpx", "curl", "undici"];

/// The form of httpx (and with it the Python SDK), curl or undici; the first puts its file last,
/// the others first.
fn form(client: &str, model: &str, sound: &[u8]) -> Form {
    let curls = "Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
                 Content-Type: application/octet-stream";
    match client {
        "httpx" => {
            return Form::new().field("language", "en").field("model", model).file("a.wav", sound);
        }
        "curl" => Form::bounded_by("------------------------d74496d66958873e").part(curls, sound),
        _ => Form::bounded_by("----formdata-undici-012345678901").file("blob", sound),
    }
    .field("model", model)
    .field("language", "en")
}

async fn start(models: &[&str]) -> (Upstream, ProxyGuard) {
    let sim = Upstream::builder().models([""; 0]).keep_bodies(8 << 20).start().await.unwrap();
    let models = models.iter().map(|&model| model.to_owned()).collect();
    let only = RouteConfig { models, ..route("default", &sim.url()) };
    (sim, ProxyGuard::start(&config([engine([only])])))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forms_of_every_client_are_read_at_any_size() {
    for length in [1, 60_000, 70_000, 3 << 20] {
        let (sim, proxy) = start(&CLIENTS).await;
        for client in CLIENTS {
            let form = form(client, client, &sound(length));
            for request in [form.post(PATH), form.post(PATH).chunked(4000)] {
                let what = format!("{client}, {length} bytes");
                let (direct, through) = both(&sim, proxy.engine(), &request).await;
                assert_eq!(direct.status, 200, "{what}: {}", direct.text());
                assert_same(&direct, &through);
                let sent = sim.requests().pop().unwrap();
                assert!(sent.body == form.bytes(), "{what}: the upstream gets the same form");
            }
            let scrape = proxy.settled().await;
            let labels =
                [("model", client), ("endpoint", "transcriptions"), ("outcome", "success")];
            assert_eq!(scrape.value("llm_requests_total", &labels), Some(2.0), "{client} {length}");
            let told = sim.requests().pop().unwrap().audio_seconds.unwrap();
            let heard = scrape.sum("llm_audio_seconds_total", &[("model", client)]);
            assert_eq!(heard, Some(2.0 * told as f64), "{client} {length}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_form_is_sent_on_while_it_comes() {
    let (sim, proxy) = start(&["ear"]).await;
    let form = Form::new().field("model", "ear").file("a.wav", &sound(2 << 20));
    let request = form.post(PATH);
    let bytes = request.bytes();
    let (most, last) = bytes.split_at(bytes.len() - 10);
    let mut client = Client::connect(proxy.engine()).await;
    client.send(most).await;
    let half = |seen: &[Recorded]| seen.iter().any(|sent| sent.body_length > 1 << 20);
    sim.wait_for(half, DEADLINE, "the upstream gets what has come").await;
    client.send(last).await;
    assert_eq!(client.answer().await.status, 200);
    proxy.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_names_its_route_within_64_kib() {
    let a = Upstream::builder().models([""; 0]).start().await.unwrap();
    let b = Upstream::builder().models([""; 0]).start().await.unwrap();
    let to = |name: &str, sim: &Upstream| RouteConfig {
        models: vec![format!("of-{name}")],
        ..route(name, &sim.url())
    };
    let proxy = ProxyGuard::start(&config([engine([to("a", &a), to("b", &b)])]));
    let mut routed = 0;
    for length in [1, 60_000, 3 << 20] {
        for client in CLIENTS {
            let form = form(client, "of-b", &sound(length));
            for request in [form.post(PATH), form.post(PATH).chunked(4000)] {
                // In the large ones of curl and undici the model stands behind the file.
                let found = length <= 60_000 || client == "httpx";
                routed += usize::from(found);
                let answer = ask(proxy.engine(), &request).await;
                let expected = if found { 200 } else { 404 };
                assert_eq!(answer.status, expected, "{client} {length}: {}", answer.text());
                assert_eq!((a.requests().len(), b.requests().len()), (0, routed), "{client}");
            }
            let prefixed = form.post(&format!("/b{PATH}"));
            assert_eq!(ask(proxy.engine(), &prefixed).await.status, 200, "{client} {length}");
            routed += 1;
        }
    }
    let scrape = proxy.settled().await;
    let of_b = [("route", "b"), ("model", "of-b"), ("outcome", "success")];
    assert_eq!(scrape.sum("llm_requests_total", &of_b), Some(routed as f64));
    let unrouted = [("route", "unrouted"), ("outcome", "rejected")];
    assert_eq!(scrape.sum("llm_requests_total", &unrouted), Some(4.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_in_the_file_or_a_text_is_no_field() {
    let (_sim, proxy) = start(&["ear", "trap"]).await;
    let mut trap = String::new();
    for boundary in ["2fae1b09c9e14d3a8f5c1b7d6e3a4f9", "x2fae1b09c9e14d3a8f5c1b7d6e3a4f90", "x"] {
        let part = "Content-Disposition: form-data; name=\"model\"";
        write!(trap, "\r\n--{boundary}\r\n{part}\r\n\r\ntrap\r\n--{boundary}--\r\n").unwrap();
    }
    for form in [
        Form::new().file("a.wav", trap.as_bytes()).field("model", "ear"),
        Form::new().field("prompt", &trap).field("model", "ear").file("a.wav", b"x"),
        Form::new().field("model", "ear").field("Model", "trap").file("name=\\\"model\\\"", b"x"),
    ] {
        assert_eq!(ask(proxy.engine(), &form.post(PATH)).await.status, 200);
    }
    let scrape = proxy.settled().await;
    let started = |model| scrape.sum("llm_requests_started_total", &[("model", model)]);
    assert_eq!((started("ear"), started("trap")), (Some(3.0), Some(0.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_are_none_are_the_upstreams_to_refuse() {
    let (sim, proxy) = start(&["ear"]).await;
    let whole = Form::new().field("model", "ear").file("a.wav", b"x");
    let cut = Request::post(PATH, whole.bytes()[..100].to_vec());
    let kind = "multipart/form-data; boundary=2fae1b09c9e14d3a8f5c1b7d6e3a4f90";
    let as_form = |request: Request| request.without("content-type").header("content-type", kind);
    for (request, status) in [
        (Api::Transcriptions.post(&serde_json::json!({})).without("content-type"), 400),
        (Request::post(PATH, r#"{"model":"ear"}"#), 400),
        (as_form(cut), 400),
        (as_form(Request::post(PATH, "")), 400),
        (Form::new().field("model", "ear").post(PATH), 400),
        (Form::new().file("a.wav", b"x").post(PATH), 200),
    ] {
        let (direct, through) = both(&sim, proxy.engine(), &request).await;
        assert_eq!(direct.status, status, "{}", direct.text());
        assert_same(&direct, &through);
        let sent = sim.requests();
        let [.., first, second] = &sent[..] else { panic!("two requests") };
        assert_eq!(first.body, second.body);
    }
    let scrape = proxy.settled().await;
    let sum = |outcome| scrape.sum("llm_requests_total", &[("outcome", outcome)]);
    assert_eq!((sum("bad_request"), sum("success")), (Some(5.0), Some(1.0)));
}
