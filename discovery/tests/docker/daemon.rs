//! A daemon at a unix socket that says what it is told to say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast;
use tokio::task::{JoinHandle, JoinSet};

use super::id;

/// How a path is answered.
#[derive(Clone)]
pub(super) enum Reply {
    Json(Value),
    Status(u16),
    /// Never.
    Hang,
    /// What is no HTTP.
    Garbage,
    /// A good head, and a body that is no JSON.
    Text(&'static str),
    /// A body of this many bytes that is cut off.
    Huge(usize),
}

/// What a stream of events carries.
#[derive(Clone)]
pub(super) enum Said {
    Line(String),
    /// The connection ends.
    Cut,
}

#[derive(Default)]
struct Script {
    containers: BTreeMap<usize, Value>,
    /// Answers to paths that end like this, before all else.
    replies: BTreeMap<String, Reply>,
    asked: Vec<String>,
}

/// A daemon that listens, until it is stopped or dropped.
pub(super) struct Daemon {
    path: PathBuf,
    script: Arc<Mutex<Script>>,
    events: broadcast::Sender<Said>,
    accepting: JoinHandle<()>,
}

impl Daemon {
    pub(super) fn start() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("weir-docker-{}-{count}.sock", std::process::id());
        let path = std::env::temp_dir().join(name);
        let (script, events) = (Arc::default(), broadcast::channel(1000).0);
        let accepting = accept(&path, &script, &events);
        Self { path, script, events, accepting }
    }

    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// All connections end, and nobody listens any more.
    pub(super) async fn stop(&mut self) {
        self.accepting.abort();
        let _aborted = (&mut self.accepting).await;
        std::fs::remove_file(&self.path).unwrap();
    }

    pub(super) fn start_again(&mut self) {
        self.accepting = accept(&self.path, &self.script, &self.events);
    }

    pub(super) fn put(&self, number: usize, container: Value) {
        self.script.lock().containers.insert(number, container);
    }

    pub(super) fn remove(&self, number: usize) {
        self.script.lock().containers.remove(&number);
    }

    /// From now on, paths that end like this are answered so.
    pub(super) fn reply(&self, path: &str, reply: Reply) {
        self.script.lock().replies.insert(path.to_owned(), reply);
    }

    pub(super) fn reply_as_usual(&self, path: &str) {
        self.script.lock().replies.remove(path);
    }

    /// Something happens to a container.
    pub(super) fn event(&self, number: usize, action: &str) {
        let event = json!({"Type": "container", "Action": action, "Actor": {"ID": id(number),
            "Attributes": {"name": "x"}}, "scope": "local", "time": 1, "timeNano": 1_000_000_000});
        self.say(Said::Line(format!("{event}\n")));
    }

    pub(super) fn say(&self, said: Said) {
        let _nobody_listens = self.events.send(said);
    }

    /// How many streams of events there are.
    pub(super) fn subscribers(&self) -> usize {
        self.events.receiver_count()
    }

    /// The first lines of all requests.
    pub(super) fn asked(&self) -> Vec<String> {
        self.script.lock().asked.clone()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.accepting.abort();
        let _gone = std::fs::remove_file(&self.path);
    }
}

fn accept(
    path: &PathBuf,
    script: &Arc<Mutex<Script>>,
    events: &broadcast::Sender<Said>,
) -> JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    let (script, events) = (Arc::clone(script), events.clone());
    tokio::spawn(async move {
        // Dropped with the task, and its connections with it.
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, Arc::clone(&script), events.clone()));
        }
    })
}

/// One request; the connection ends with the answer.
async fn serve(stream: UnixStream, script: Arc<Mutex<Script>>, events: broadcast::Sender<Said>) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let path = path.split('?').next().unwrap().to_owned();
    let reply = reply(&script, &head[0], &path);
    let stream = stream.get_mut();
    let _gone = match reply {
        None => stream_events(stream, events.subscribe()).await,
        Some(reply) => send(stream, reply).await,
    };
}

/// What is said to a request; `None`: events.
fn reply(script: &Mutex<Script>, line: &str, path: &str) -> Option<Reply> {
    let mut script = script.lock();
    script.asked.push(line.to_owned());
    match script.replies.iter().find(|(end, _)| path.ends_with(end.as_str())) {
        Some((_, scripted)) => Some(scripted.clone()),
        None if path.ends_with("/events") => None,
        None => Some(usual(&script, path)),
    }
}

fn usual(script: &Script, path: &str) -> Reply {
    let path = path.strip_prefix("/v1.41").unwrap_or(path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["version"] => Reply::Json(json!({"ApiVersion": "1.41"})),
        // bollard asks for the newest version that it knows before it has asked which there are.
        [_, "version"] => Reply::Json(json!({"ApiVersion": "1.41"})),
        ["containers", "json"] => {
            let entry = |container: &Value| json!({"Id": container["Id"], "State": container["State"]["Status"]});
            Reply::Json(script.containers.values().map(entry).collect())
        }
        ["containers", id, "json"] => {
            let mut containers = script.containers.values();
            let found = containers.find(|container| container["Id"] == id).cloned();
            found.map_or(Reply::Status(404), Reply::Json)
        }
        ["images", _, "json"] => Reply::Json(json!({"Config": {"Env": ["OF_IMAGE=1"]}})),
        _ => Reply::Status(400),
    }
}

async fn send(stream: &mut UnixStream, reply: Reply) -> std::io::Result<()> {
    let answer = |status: u16, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    match reply {
        Reply::Json(value) => stream.write_all(answer(200, &value.to_string()).as_bytes()).await,
        Reply::Status(status) => {
            let body = json!({"message": "secret words of the daemon"}).to_string();
            stream.write_all(answer(status, &body).as_bytes()).await
        }
        Reply::Text(text) => stream.write_all(answer(200, text).as_bytes()).await,
        Reply::Garbage => stream.write_all(b"\x16\x03\x01 secret garbage\r\n\r\n").await,
        Reply::Hang => std::future::pending().await,
        Reply::Huge(bytes) => {
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[";
            stream.write_all(head.as_bytes()).await?;
            let spaces = vec![b' '; 1 << 16];
            for _ in 0..bytes >> 16 {
                stream.write_all(&spaces).await?;
            }
            Ok(())
        }
    }
}

async fn stream_events(
    stream: &mut UnixStream,
    mut events: broadcast::Receiver<Said>,
) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    while let Ok(Said::Line(line)) = events.recv().await {
        let length = line.len();
        stream.write_all(format!("{length:x}\r\n{line}\r\n").as_bytes()).await?;
    }
    Ok(())
}
