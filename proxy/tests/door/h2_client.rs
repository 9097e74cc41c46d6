//! A client of HTTP/2 that shows every frame's worth of what it gets.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::rig::{Api, DEADLINE};
use crate::slow_io::{Gate, Slow};

/// One connection; dropping it closes it.
pub(crate) struct H2 {
    send: SendRequest<Bytes>,
    driving: JoinHandle<Result<(), h2::Error>>,
    /// Of a slow one.
    gate: Option<Arc<Gate>>,
}

/// A whole answer.
pub(crate) struct Whole {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Whole {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl H2 {
    /// In clear text, by prior knowledge.
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let tcp = TcpStream::connect(addr).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        Self::over(tcp).await
    }

    pub(crate) async fn over(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let (send, connection) = h2::client::Builder::new()
            // Streams that are not read must not hold up the others.
            .initial_connection_window_size(16 << 20)
            .initial_window_size(16 << 20)
            .handshake(io)
            .await
            .unwrap();
        Self { send, driving: tokio::spawn(connection), gate: None }
    }

    /// One that reads no further than a few KiB, until it is told to, with windows that let all through.
    pub(crate) async fn slow(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let tcp = socket.connect(addr).await.unwrap();
        let gate = Arc::new(Gate::default());
        let mut client = Self::over(Slow::new(tcp, &gate)).await;
        client.gate = Some(gate);
        client
    }

    pub(crate) fn go_on(&self) {
        self.gate.as_ref().unwrap().open();
    }

    /// Sends a head, and the body where there is one.
    pub(crate) async fn send(
        &mut self,
        request: Request<()>,
        body: Option<Bytes>,
    ) -> ResponseFuture {
        let (answer, mut sending) = self.begin(request, body.is_none()).await;
        if let Some(body) = body {
            // Who answers early may not read to the end.
            let _early = sending.send_data(body, true);
        }
        answer
    }

    /// Sends a head; what follows is the caller's.
    pub(crate) async fn begin(
        &mut self,
        request: Request<()>,
        end: bool,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        let ready = self.send.clone().ready();
        let mut ready = tokio::time::timeout(DEADLINE, ready).await.unwrap().unwrap();
        ready.send_request(request, end).unwrap()
    }

    pub(crate) async fn ask(&mut self, request: Request<()>, body: Option<Bytes>) -> Whole {
        let answer = self.send(request, body).await;
        whole(answer).await.unwrap()
    }

    /// Waits until the other side has closed the connection.
    pub(crate) async fn closed(self) {
        drop(self.send);
        let _how = tokio::time::timeout(DEADLINE, self.driving).await.expect("it is closed");
    }

    /// Cuts the connection.
    pub(crate) fn cut(self) {
        self.driving.abort();
    }
}

/// The answer to its end.
pub(crate) async fn whole(answer: ResponseFuture) -> Result<Whole, h2::Error> {
    let reading = async {
        let (head, mut stream) = head(answer).await?.into_parts();
        let mut body = Vec::new();
        while let Some(piece) = next(&mut stream).await {
            body.extend_from_slice(&piece?);
        }
        let trailers = stream.trailers().await?;
        Ok(Whole { status: head.status.as_u16(), headers: head.headers, body, trailers })
    };
    tokio::time::timeout(DEADLINE, reading).await.expect("the answer comes in time")
}

pub(crate) async fn head(answer: ResponseFuture) -> Result<Response<RecvStream>, h2::Error> {
    tokio::time::timeout(DEADLINE, answer).await.expect("the head comes in time")
}

/// The next piece of a body, of which the window is given back.
pub(crate) async fn next(stream: &mut RecvStream) -> Option<Result<Bytes, h2::Error>> {
    let piece = tokio::time::timeout(DEADLINE, stream.data()).await.expect("a piece comes");
    if let Some(Ok(piece)) = &piece {
        stream.flow_control().release_capacity(piece.len()).unwrap();
    }
    piece
}

/// A request of this API, without a `content-length`, as HTTP/2 has it.
pub(crate) fn request(api: Api, plan: &str) -> Request<()> {
    Request::post(format!("http://weir.test{}", api.path()))
        .header("content-type", "application/json")
        .header("x-sim", plan)
        .header("x-request-id", "test")
        .body(())
        .unwrap()
}

pub(crate) fn body(api: Api, stream: bool) -> Bytes {
    api.body("tiny", stream).to_string().into()
}
