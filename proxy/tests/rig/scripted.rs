//! An upstream that follows a script byte by byte, for what the simulator does not do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use weir_sim::eventually;

use super::DEADLINE;
use super::answer::dechunk;

/// What it does next with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads a request to its end.
    Read,
    Send(Vec<u8>),
    Wait(Duration),
    /// Waits until it is told to go on.
    Await(Arc<Notify>),
    /// Sends nothing more, and waits for the client to leave.
    Stall,
    /// Closes it (FIN). The end of a script does the same.
    Close,
    /// Resets it (RST).
    Reset,
    /// Sends back whatever comes, until the client leaves.
    Echo,
}

/// What it saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    /// Clients that left while it stalled.
    pub(crate) left: usize,
}

/// Requests as they came, head and body.
type Requests = Arc<Mutex<Vec<Vec<u8>>>>;

/// A scripted upstream on a port of its own; dropping it ends it.
pub(crate) struct Scripted {
    addr: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    requests: Requests,
    serving: JoinHandle<()>,
}

impl Scripted {
    /// Every connection follows the same script.
    pub(crate) async fn start(script: impl Into<Vec<Step>>) -> Self {
        Self::of(vec![script.into()]).await
    }

    /// The first connection follows the first script and so on; the last one is for all others.
    pub(crate) async fn of(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (seen, requests) = (Arc::default(), Arc::default());
        let follower = Follower { seen: Arc::clone(&seen), requests: Arc::clone(&requests) };
        let serving = tokio::spawn(serve(listener, scripts, follower));
        Self { addr, seen, requests, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub(crate) fn seen(&self) -> Seen {
        *self.seen.lock().unwrap()
    }

    /// The newest request as it came, head and body.
    pub(crate) fn newest(&self) -> Vec<u8> {
        self.requests.lock().unwrap().last().unwrap().clone()
    }

    /// Its body without the chunked coding.
    pub(crate) fn newest_body(&self) -> Vec<u8> {
        let request = self.newest();
        let head = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
        match text.contains("\r\ntransfer-encoding: chunked\r\n") {
            true => dechunk(&request[head..]).body,
            false => request[head..].to_vec(),
        }
    }

    /// Waits until what was seen is this.
    pub(crate) async fn wait_until(&self, enough: impl Fn(Seen) -> bool, message: &str) {
        let probe = async || enough(self.seen()).then_some(());
        eventually(DEADLINE, message, probe).await;
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Follows scripts, and takes down what it sees.
#[derive(Clone)]
struct Follower {
    seen: Arc<Mutex<Seen>>,
    requests: Requests,
}

async fn serve(listener: TcpListener, scripts: Vec<Vec<Step>>, follower: Follower) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let number = follower.seen.lock().unwrap().connections;
        follower.seen.lock().unwrap().connections += 1;
        let script = scripts[number.min(scripts.len() - 1)].clone();
        connections.spawn(follower.clone().follow(stream, script));
    }
}

impl Follower {
    async fn follow(self, mut stream: TcpStream, script: Vec<Step>) {
        stream.set_nodelay(true).unwrap();
        for step in script {
            let going = match step {
                Step::Read => read_request(&mut stream).await.is_some_and(|request| {
                    self.requests.lock().unwrap().push(request);
                    self.seen.lock().unwrap().requests += 1;
                    true
                }),
                Step::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
                Step::Wait(time) => {
                    tokio::time::sleep(time).await;
                    true
                }
                Step::Await(told) => {
                    told.notified().await;
                    true
                }
                Step::Stall => {
                    while !matches!(stream.read(&mut [0; 1024]).await, Ok(0) | Err(_)) {}
                    self.seen.lock().unwrap().left += 1;
                    false
                }
                Step::Echo => {
                    let (mut from, mut to) = stream.split();
                    // Whoever leaves, it is over.
                    let _ended = tokio::io::copy(&mut from, &mut to).await;
                    false
                }
                Step::Close => false,
                Step::Reset => {
                    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                    return;
                }
            };
            if !going {
                break;
            }
        }
        // The peer may be gone already.
        let _gone = stream.shutdown().await;
    }
}

/// Reads head and body, sized or chunked; `None` if the client leaves before.
async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut input = Vec::new();
    loop {
        if let Some(head) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&input[..head]).to_ascii_lowercase();
            let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
            let body = &input[head + 4..];
            let complete = match field("content-length: ") {
                Some(length) => body.len() >= length.parse().unwrap(),
                None if field("transfer-encoding: ").is_some() => body.ends_with(b"0\r\n\r\n"),
                None => true,
            };
            if complete {
                return Some(input);
            }
        }
        if stream.read_buf(&mut input).await.ok()? == 0 {
            return None;
        }
    }
}

/// The head of a chunked stream of events.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The end of a chunked body.
pub(crate) const LAST: &str = "0\r\n\r\n";

/// A chunk.
pub(crate) fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

/// An event of a chat with this text.
pub(crate) fn token(text: &str) -> String {
    format!(
        "data: {{\"id\":\"1\",\"model\":\"tiny\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\
         \"{text}\"}},\"finish_reason\":null}}]}}\n\n"
    )
}

/// The event that ends a choice of a chat.
pub(crate) const FINISH: &str = "data: {\"id\":\"1\",\"model\":\"tiny\",\"choices\":[{\"index\":0,\
     \"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

/// A whole answer that is not streamed, after which the connection stays open.
pub(crate) fn whole(body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
