//! A scripted LangFuse: HTTP, keys, endpoints by version, faults.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;
use reqwest::Url;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::question::{Dialect, answer, instant};
use crate::world::{Observation, World};

/// `pk-lf-1:sk-lf-1`, encoded.
const AUTHORIZATION: &str = "Basic cGstbGYtMTpzay1sZi0x";

/// What a query is answered with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// This status, with `retry-after`.
    Status(u16, Option<u64>),
    /// Nothing, for ever.
    Hang,
    /// 200, and this.
    Body(String),
}

/// What can be changed while it runs.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) version: &'static str,
    pub(crate) world: World,
    pub(crate) mood: Mood,
    /// Only queries that contain this are in that mood.
    pub(crate) about: &'static str,
    /// When what was asked for.
    pub(crate) log: Vec<(Instant, String)>,
}

/// A scripted server. It is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Langfuse {
    pub(crate) script: Arc<Mutex<Script>>,
    port: u16,
    task: Option<JoinHandle<()>>,
}

impl Langfuse {
    pub(crate) async fn start(version: &'static str, world: World) -> Self {
        let script = Script { version, world, mood: Mood::Well, about: "", log: Vec::new() };
        let mut server = Self { script: Arc::new(Mutex::new(script)), port: 0, task: None };
        server.resume().await;
        server
    }

    pub(crate) fn url(&self) -> Url {
        format!("http://127.0.0.1:{}", self.port).parse().unwrap()
    }

    /// Nobody listens any more.
    pub(crate) async fn pause(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // Its listener and its connections are closed once it has ended.
            let _ = task.await;
        }
    }

    /// Listens, at the port of before.
    pub(crate) async fn resume(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let script = Arc::clone(&self.script);
        self.task = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&script)));
            }
        }));
    }

    pub(crate) fn set(&self, mood: Mood, about: &'static str) {
        let mut script = self.script.lock();
        (script.mood, script.about) = (mood, about);
    }

    /// Queries for metrics since the start, with their instants.
    pub(crate) fn queries(&self) -> Vec<(Instant, String)> {
        let is_query = |(_, path): &&(Instant, String)| path.contains("metrics");
        self.script.lock().log.iter().filter(is_query).cloned().collect()
    }
}

impl Drop for Langfuse {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let lower = head.to_lowercase();
    let is_known = lower.contains(&format!("authorization: {}", AUTHORIZATION.to_lowercase()));
    let Some((status, retry_after, body)) = reply(&script, path, is_known) else {
        return std::future::pending().await;
    };
    let retry_after =
        retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n{retry_after}\r\n{body}",
        body.len()
    );
    // Who has left needs no answer.
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// `None`: hang.
fn reply(
    script: &Mutex<Script>,
    path: String,
    is_known: bool,
) -> Option<(u16, Option<u64>, String)> {
    let mut script = script.lock();
    script.log.push((Instant::now(), path.clone()));
    let url = Url::parse(&format!("http://langfuse{path}")).unwrap();
    if url.path() == "/api/public/health" {
        return Some((200, None, json!({"status": "OK", "version": script.version}).to_string()));
    }
    let major = script.version.split('.').next().unwrap();
    let dialect = match (major, url.path()) {
        ("4", "/api/public/v2/metrics") => Some(Dialect::V2),
        ("3", "/api/public/metrics") if script.version == "3.57.0" => Some(Dialect::Early),
        ("3", "/api/public/metrics") => Some(Dialect::V1),
        ("2" | "3", "/api/public/metrics/daily") => None,
        // Before the keys are looked at.
        _ => return Some((404, None, absent(url.path()))),
    };
    if !is_known {
        return Some((401, None, json!({"message": "Invalid credentials sk-lf-1"}).to_string()));
    }
    let query = url.query_pairs().find(|(key, _)| key == "query");
    let query = query.map(|(_, value)| value.into_owned()).unwrap_or_default();
    if query.contains(script.about) {
        match &script.mood {
            Mood::Well => {}
            Mood::Status(status, after) => return Some((*status, *after, "{}".to_owned())),
            Mood::Hang => return None,
            Mood::Body(body) => return Some((200, None, body.clone())),
        }
    }
    let told = match dialect {
        Some(dialect) => serde_json::from_str(&query)
            .map_err(|error| error.to_string())
            .and_then(|query: Json| answer(&script.world, dialect, &query)),
        None => daily(&script.world, &url),
    };
    Some(match told {
        Ok(body) => (200, None, body.to_string()),
        Err(message) => (400, None, json!({"message": message}).to_string()),
    })
}

fn absent(path: &str) -> String {
    json!({
        "message": format!("{path} is not available on deployments running in events_only mode."),
        "_deprecation": {"replacement": "GET /api/public/v2/metrics", "sunsetAt": "2026-11-16"},
    })
    .to_string()
}

/// By the time of the trace, without its end; days with models, whatever the type.
fn daily(world: &World, url: &Url) -> Result<Json, String> {
    let get = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| json!(value)).ok_or_else(|| format!("no {name}"))
    };
    let (from, to) = (instant(&get("fromTimestamp")?)?, instant(&get("toTimestamp")?)?);
    let is_in = |one: &&Observation| (from..to).contains(&(one.start / 1000 * 1000));
    let found: Vec<_> = world.observations.iter().filter(is_in).collect();
    let usage = |model: Option<&str>| {
        let of = |one: &&&Observation| one.model.as_deref() == model;
        let sum = |field: fn(&Observation) -> u64| -> u64 {
            found.iter().filter(of).map(|one| field(one)).sum()
        };
        json!({
            "model": model, "inputUsage": sum(|one| one.input), "outputUsage": sum(|one| one.output),
            "totalUsage": sum(|one| one.input + one.output),
            "totalCost": sum(|one| one.cost) as f64 / 1e6,
            "countObservations": sum(|_| 1), "countTraces": sum(|one| u64::from(one.is_root)),
        })
    };
    let mut models: Vec<_> = found.iter().map(|one| one.model.as_deref()).collect();
    models.sort_unstable();
    models.dedup();
    let traces = found.iter().filter(|one| one.is_root).count();
    let date = OffsetDateTime::from(SystemTime::now()).date().to_string();
    let day = json!({
        "date": date, "countTraces": traces, "countObservations": found.len(), "totalCost": 0,
        "usage": models.into_iter().map(usage).collect::<Vec<_>>(),
    });
    let days = if found.is_empty() { vec![] } else { vec![day] };
    Ok(json!({"data": days, "meta": {"page": 1, "limit": 50, "totalItems": 1, "totalPages": 1}}))
}
