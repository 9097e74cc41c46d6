//! An upstream that does as the test says.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::connection::Connection;

pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    bodies: UnboundedReceiver<String>,
    /// `None`: the stream is at its end.
    events: UnboundedSender<Option<String>>,
}

/// What a connection has of the test.
#[derive(Clone)]
struct Test {
    bodies: UnboundedSender<String>,
    events: Arc<Mutex<UnboundedReceiver<Option<String>>>>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (bodies, received) = unbounded_channel();
        let (events, to_be_sent) = unbounded_channel();
        let test = Test { bodies, events: Arc::new(Mutex::new(to_be_sent)) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(test.clone().serve(Connection::new(stream)));
            }
        });
        Self { address, bodies: received, events }
    }

    /// The body of the next request that came.
    pub(super) async fn body(&mut self) -> String {
        self.bodies.recv().await.unwrap()
    }

    pub(super) fn send(&self, event: &str) {
        self.events.send(Some(event.to_owned())).unwrap();
    }

    pub(super) fn end_stream(&self) {
        self.events.send(None).unwrap();
    }
}

impl Test {
    async fn serve(self, mut connection: Connection) {
        while let Some(head) = connection.head().await {
            let body = connection.body().await;
            if !head.starts_with("post ") {
                // Weir asks which models there are.
                connection.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await;
                continue;
            }
            self.bodies.send(body).unwrap();
            connection.write("HTTP/1.1 200 OK\r\n").await;
            if head.contains("x-bench: bytes=1024\r\n") {
                connection.write(&format!("content-length: 1024\r\n\r\n{}", answer())).await;
            } else {
                self.stream(&mut connection).await;
            }
        }
    }

    async fn stream(&self, connection: &mut Connection) {
        let head = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        connection.write(head).await;
        while let Some(event) = self.events.lock().await.recv().await.unwrap() {
            connection.write(&format!("{:x}\r\n{event}\r\n", event.len())).await;
        }
        connection.write("0\r\n\r\n").await;
    }
}

/// The body of an answer that is no stream.
pub(super) fn answer() -> String {
    format!(r#"{{"filler":"{}"}}"#, "x".repeat(1_024 - r#"{"filler":""}"#.len()))
}
