//! A gateway as LiteLLM is one: it makes requests of its own to an engine, and passes on of the client's headers what
//! it was told to. It adds delays that are known.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::WriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::rig::{Answer, Request, ask};

/// What it does with a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Of the client's headers, these go on, and `x-sim`.
    pub(crate) passes_on: &'static [&'static str],
    /// Time before the engine is asked.
    pub(crate) before: Duration,
    /// Time from the end of the engine's answer to the end of its own.
    pub(crate) after: Duration,
    /// Requests to the engine that fail before the one that counts.
    pub(crate) failures: usize,
    /// It reads the engine's answer to its end before it sends anything.
    pub(crate) buffers: bool,
    /// It answers by itself.
    pub(crate) is_cache: bool,
}

/// It serves until it is dropped.
pub(crate) struct Gateway {
    addr: SocketAddr,
    engine: Arc<OnceLock<SocketAddr>>,
    serving: JoinHandle<()>,
}

impl Gateway {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let engine = Arc::new(OnceLock::new());
        let to = Arc::clone(&engine);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, *to.get().unwrap(), manner));
            }
        });
        Self { addr, engine, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Where engines are asked.
    pub(crate) fn asks(&self, engine: SocketAddr) {
        self.engine.set(engine).unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, engine: SocketAddr, manner: Manner) {
    stream.set_nodelay(true).unwrap();
    let Some((head, body)) = read(&mut stream).await else { return };
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let mut request = Request::post(&path, body).header("connection", "close");
    for name in manner.passes_on.iter().chain(&["x-sim"]) {
        if let Some(value) = field(name) {
            request = request.header(name, &value);
        }
    }
    if manner.is_cache {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2";
        stream
            .write_all(format!("{head}\r\nconnection: close\r\n\r\n{{}}").as_bytes())
            .await
            .unwrap();
        return;
    }
    tokio::time::sleep(manner.before).await;
    for _ in 0..manner.failures {
        let failing = request.clone().without("x-sim").header("x-sim", "fault=status:503");
        let answer: Answer = ask(engine, &failing).await;
        assert_eq!(answer.status, 503);
    }
    relay(stream, engine, &request, manner).await;
}

/// Passes on the answer, whose last piece waits where that is wanted. A client that leaves ends it.
async fn relay(mut stream: TcpStream, engine: SocketAddr, request: &Request, manner: Manner) {
    let (mut client, mut out) = stream.split();
    let mut upstream = TcpStream::connect(engine).await.unwrap();
    upstream.write_all(&request.bytes()).await.unwrap();
    let waits = !manner.after.is_zero();
    let (mut held, mut piece, mut more) = (Vec::new(), vec![0; 1 << 16], [0]);
    loop {
        let read = tokio::select! {
            read = upstream.read(&mut piece) => read.unwrap_or(0),
            _left = client.read(&mut more) => return,
        };
        if read == 0 {
            break;
        }
        if waits && !manner.buffers {
            send(&mut out, &mut held).await;
        }
        held.extend_from_slice(&piece[..read]);
        if !waits && !manner.buffers {
            send(&mut out, &mut held).await;
        }
    }
    tokio::time::sleep(manner.after).await;
    send(&mut out, &mut held).await;
}

async fn send(out: &mut WriteHalf<'_>, held: &mut Vec<u8>) {
    // The client may have left.
    let _gone = out.write_all(held).await;
    held.clear();
}

/// Reads a request: its head, and its body without the chunked coding.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut input = Vec::new();
    loop {
        if let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&input[..end]).into_owned();
            let lower = head.to_ascii_lowercase();
            let body = &input[end + 4..];
            match lower.lines().find_map(|line| line.strip_prefix("content-length: ")) {
                Some(length) if body.len() >= length.parse().unwrap() => {
                    return Some((head, body.to_vec()));
                }
                None if body.ends_with(b"0\r\n\r\n") => {
                    return Some((head, crate::rig::dechunk(body).body));
                }
                _ => {}
            }
        }
        if stream.read_buf(&mut input).await.ok()? == 0 {
            return None;
        }
    }
}
