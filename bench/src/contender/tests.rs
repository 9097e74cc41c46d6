//! Each contender that is installed, before an upstream that does as the test says.

mod connection;
mod upstream;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::client::Client;
use connection::Connection;
use tokio::net::TcpStream;
use upstream::Upstream;

/// For whatever has to happen sooner or later; only a failing test waits so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The largest body that is measured.
const LARGE: usize = 2 << 20;

const STREAM: &str =
    r#"{"messages":[],"model":"bench","stream":true,"stream_options":{"include_usage":true}}"#;

/// The programs of this build, and of `make bench` what it installs.
fn surroundings() -> Surroundings {
    let test = std::env::current_exe().unwrap();
    let build = test.ancestors().nth(2).unwrap();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bare = build.join("bare-pingora");
    let weir = build.join("weir-proxy");
    Surroundings { bare_plain: bare.clone(), bare, weir, ..Surroundings::new(&top, None) }
}

fn directory(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("weir-bench-{}-{name}", std::process::id()))
}

async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what} takes for ever"))
}

async fn serves(contender: Contender) {
    let surroundings = surroundings();
    let mut upstream = Upstream::start().await;
    let directory = directory(contender.name());
    let running = match contender.start(&surroundings, upstream.address, &directory).await {
        Err(absent) if absent.is_absence() => {
            let remedy =
                "`make build`, `make tools-bench` and `make .venv/bench/ready` bring all of them";
            // Not by a macro, whose output is kept from who does not ask for it.
            writeln!(io::stderr(), "SKIPPED {contender}: its program is not there; {remedy}")
                .unwrap();
            return;
        }
        started => started.unwrap(),
    };
    if contender != Contender::Direct {
        within_deadline("the first request, which start() sends", upstream.body()).await;
    }
    let version = contender.version(&surroundings).unwrap();
    assert_eq!(version.is_some(), contender != Contender::Direct, "{version:?}");

    let before = running.cpu();
    let mut client = Connection::new(TcpStream::connect(running.address).await.unwrap());
    within_deadline("a large request", passes_a_large_request(&mut client, &mut upstream)).await;
    within_deadline("a stream", passes_events_one_by_one(&mut client, &mut upstream)).await;
    if let Some(process) = &running.process {
        assert!(running.cpu() > before, "{before:?}");
        assert!(running.resident_memory() > 1 << 20, "{}", running.resident_memory());
        let id = process.id();
        assert_eq!(children(id), 0, "their time on a processor would not be counted");
        let address = running.address;
        running.end().await;
        assert!(procfs::process::Process::new(id.cast_signed()).is_err());
        assert!(TcpStream::connect(address).await.is_err());
    }
    let _nothing_was_written = fs::remove_dir_all(directory);
}

async fn passes_a_large_request(client: &mut Connection, upstream: &mut Upstream) {
    let filler: String = ('a'..='z').cycle().take(LARGE).collect();
    let body = format!(r#"{{"messages":[{{"content":"{filler}"}}],"model":"bench"}}"#);
    ask(client, "bytes=1024", &body).await;
    assert!(upstream.body().await == body, "the body of the request has changed");
    answered(client).await;
    assert_eq!(client.body().await, upstream::answer());
}

/// Each is there before the next is sent.
async fn passes_events_one_by_one(client: &mut Connection, upstream: &mut Upstream) {
    ask(client, "events=5;interval_us=0", STREAM).await;
    assert_eq!(upstream.body().await, STREAM);
    answered(client).await;
    for word in ["once", "upon", "a", "time", "there"] {
        let event = format!(
            "data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"bench\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word} \"}},\"finish_reason\":null}}]}}\n\n"
        );
        upstream.send(&event);
        assert_eq!(client.part(event.len()).await, event);
    }
    upstream.send("data: [DONE]\n\n");
    upstream.end_stream();
    assert_eq!(client.body().await, "data: [DONE]\n\n");
}

async fn ask(client: &mut Connection, order: &str, body: &str) {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         x-bench: {order}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.write(&head).await;
    client.write(body).await;
}

async fn answered(client: &mut Connection) {
    let head = client.head().await.unwrap();
    assert!(head.starts_with("http/1.1 200"), "{head}");
}

fn children(of: u32) -> usize {
    let stats =
        procfs::process::all_processes().unwrap().filter_map(|process| process.ok()?.stat().ok());
    stats.filter(|stat| stat.ppid == of.cast_signed()).count()
}

#[tokio::test]
async fn direct() {
    serves(Contender::Direct).await;
}

#[tokio::test]
async fn haproxy_tcp() {
    serves(Contender::HaproxyTcp).await;
}

#[tokio::test]
async fn haproxy_http() {
    serves(Contender::HaproxyHttp).await;
}

#[tokio::test]
async fn nginx() {
    serves(Contender::Nginx).await;
}

#[tokio::test]
async fn envoy() {
    serves(Contender::Envoy).await;
}

#[tokio::test]
async fn bare_plain() {
    serves(Contender::BarePlain).await;
}

#[tokio::test]
async fn bare() {
    serves(Contender::Bare).await;
}

#[tokio::test]
async fn weir() {
    serves(Contender::Weir).await;
}

#[tokio::test]
async fn who_is_absent_is_told_with_what_to_do() {
    let surroundings = Surroundings { nginx: "/nowhere/nginx".into(), ..surroundings() };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let started = Contender::Nginx.start(&surroundings, nowhere, &directory("absent")).await;
    let error = started.unwrap_err();
    assert!(error.is_absence());
    assert_eq!(
        error.to_string(),
        "nginx is absent: there is no program /nowhere/nginx: \
         install it, on Debian with `apt-get install nginx`"
    );
}

#[tokio::test]
async fn who_ends_instead_of_serving_is_told_with_its_last_words() {
    // `ls` ends at once, and does not know the flags.
    let surroundings = Surroundings { bare: "ls".into(), ..surroundings() };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let directory = directory("ends");
    let started = Contender::Bare.start(&surroundings, nowhere, &directory).await;
    let error = started.unwrap_err();
    assert!(!error.is_absence());
    let text = error.to_string();
    assert!(text.starts_with("bare ended (exit status: 2) instead of serving"), "{text}");
    assert!(text.contains("--listen"), "{text}");
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_contender_runs_under_another_program() {
    let surroundings = Surroundings { bare: "true".into(), ..surroundings() };
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let directory = directory("under");
    let under = ["sh", "-c", r#"echo "$0 $*"; exit 3"#].map(str::to_owned).into();
    let apart = Apart { under, ..Apart::default() };
    let started = Contender::Bare.start_apart(&apart, &surroundings, nowhere, &directory).await;
    let text = started.unwrap_err().to_string();
    assert!(text.starts_with("bare ended (exit status: 3)"), "{text}");
    assert!(text.contains("/true --listen 127.0.0.1:"), "{text}");
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn weir_knows_models_that_it_is_told() {
    let upstream = Upstream::start().await;
    let directory = directory("models");
    let apart = Apart { models: vec!["m \"1\"".to_owned()], ..Apart::default() };
    let surroundings = surroundings();
    let started =
        Contender::Weir.start_apart(&apart, &surroundings, upstream.address, &directory).await;
    let weir = match started {
        Err(absent) if absent.is_absence() => {
            writeln!(io::stderr(), "SKIPPED models of weir: its program is not there").unwrap();
            return;
        }
        started => started.unwrap(),
    };
    let mut admin = Client::connect(weir.admin.unwrap()).await.unwrap();
    let models = admin.get("/models", "*/*").await.unwrap();
    let models: serde_json::Value = serde_json::from_slice(&models.body).unwrap();
    // The question whether it serves may have earned its own.
    let all = models["models"].as_array().unwrap();
    let known = all.iter().find(|model| model["model"] == "m \"1\"").unwrap();
    assert_eq!(known["known_from"], "configured");
    weir.end().await;
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn names_are_those_of_the_results() {
    for contender in Contender::ALL {
        assert_eq!(serde_json::to_value(contender).unwrap(), contender.name());
    }
}
