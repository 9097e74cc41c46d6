//! A discovery server that says what it is told to, and takes down how it was asked.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use weir_sim::eventually;

const DEADLINE: Duration = Duration::from_secs(30);

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// This body with an ETag; 304 to whoever has it.
    Page(String),
    /// These bytes, head and all.
    Bytes(Vec<u8>),
    /// Bytes without end.
    Endless,
    /// Nothing, and the connection stays open.
    Hangs,
}

/// How it was asked, and what it answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) status: u16,
}

struct Script {
    says: Says,
    asked: Vec<Asked>,
}

/// The server; dropping it ends it.
pub(crate) struct Discovery {
    addr: SocketAddr,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

/// A route as discovery names it.
pub(crate) fn named(name: &str, upstream: &str, models: &[&str]) -> Value {
    json!({"name": name, "listener": "engine", "hop": "engine", "upstream": upstream, "models": models})
}

/// The page that names these routes.
pub(crate) fn page(routes: &[Value]) -> Says {
    Says::Page(json!({"version": 1, "routes": routes}).to_string())
}

/// A whole answer with this status and body.
pub(crate) fn answer(status: u16, body: &str) -> Says {
    let length = body.len();
    Says::Bytes(
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes(),
    )
}

impl Discovery {
    pub(crate) async fn start(says: Says) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), says).await
    }

    pub(crate) async fn start_at(addr: SocketAddr, says: Says) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(addr).unwrap();
        let listener = socket.listen(64).unwrap();
        let addr = listener.local_addr().unwrap();
        let script = Arc::new(Mutex::new(Script { says, asked: Vec::new() }));
        let serving = tokio::spawn(serve(listener, Arc::clone(&script)));
        Self { addr, script, serving }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// It says so from now on.
    pub(crate) fn says(&self, says: Says) {
        self.script.lock().unwrap().says = says;
    }

    /// It names these routes from now on.
    pub(crate) fn names(&self, routes: &[Value]) {
        self.says(page(routes));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// Waits until what it says now has been heard: whoever asks again has used the answer before.
    pub(crate) async fn heard(&self) {
        let enough = self.asked().len() + 2;
        let probe = async || (self.asked().len() >= enough).then_some(());
        eventually(DEADLINE, "discovery is asked twice more", probe).await;
    }
}

impl Drop for Discovery {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(answer_one(stream, Arc::clone(&script)));
    }
}

/// One request per connection.
async fn answer_one(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if matches!(stream.read_buf(&mut head).await, Ok(0) | Err(_)) {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let says = script.lock().unwrap().says.clone();
    let bytes = match &says {
        Says::Page(body) => paged(&head, body),
        Says::Bytes(bytes) => bytes.clone(),
        Says::Endless => b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{".to_vec(),
        Says::Hangs => Vec::new(),
    };
    let status = bytes.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
    script.lock().unwrap().asked.push(Asked { head, status: status.unwrap_or(0) });
    let mut going = stream.write_all(&bytes).await.is_ok();
    while going && matches!(says, Says::Endless) {
        going = stream.write_all(&[b' '; 64 << 10]).await.is_ok();
    }
    if matches!(says, Says::Hangs) {
        while !matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)) {}
    }
    let _gone = stream.shutdown().await;
}

fn paged(head: &str, body: &str) -> Vec<u8> {
    let tag = body.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let tag = format!("\"{tag:x}\"");
    let close = "connection: close\r\n";
    if head.contains(&format!("if-none-match: {tag}\r\n")) {
        return format!("HTTP/1.1 304 Not Modified\r\netag: {tag}\r\n{close}\r\n").into_bytes();
    }
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\netag: {tag}\r\n{close}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}
