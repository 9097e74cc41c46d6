use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::Bounded;

/// Longer than anything here takes: whoever waits so long has found a fault.
const DEADLINE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

/// A server with these bounds; its answer is `megabytes` long.
async fn serve(connections: usize, patience: Duration, megabytes: usize) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(move || async move { "x".repeat(megabytes << 20) }));
    tokio::spawn(axum::serve(Bounded::new(listener, connections, patience), app).into_future());
    addr
}

/// Waits for the server to close the connection.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ =
        timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("the connection stays open");
}

#[tokio::test]
async fn who_asks_nothing_is_cut_off() {
    let addr = serve(1, Duration::from_millis(50), 0).await;
    closed(&mut TcpStream::connect(addr).await.unwrap()).await;
}

#[tokio::test]
async fn who_asks_byte_by_byte_is_cut_off() {
    let addr = serve(1, Duration::from_millis(100), 0).await;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let started = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    while stream.write_all(b"G").await.is_ok() {
        assert!(started.elapsed() < DEADLINE, "the connection stays open");
        pace.tick().await;
    }
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_the_next_has_its_place() {
    // More than the socket buffers of both sides hold.
    let addr = serve(1, Duration::from_millis(500), 64).await;
    let mut slow = TcpStream::connect(addr).await.unwrap();
    slow.write_all(REQUEST).await.unwrap();
    let mut next = TcpStream::connect(addr).await.unwrap();
    next.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 8];
    timeout(DEADLINE, next.read_exact(&mut answer)).await.expect("no place was freed").unwrap();
    assert_eq!(&answer, b"HTTP/1.1");
    drop(slow);
}

#[tokio::test]
async fn who_is_answered_keeps_the_connection() {
    let patience = Duration::from_secs(1);
    let addr = serve(1, patience, 0).await;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let started = Instant::now();
    // Well over patience in all, never over it at once.
    let mut pace = tokio::time::interval(patience / 20);
    while started.elapsed() < patience + patience / 2 {
        stream.write_all(REQUEST).await.unwrap();
        let read = timeout(DEADLINE, stream.read(&mut [0; 1024])).await.unwrap().unwrap();
        assert!(read > 0, "closed after {:?}", started.elapsed());
        pace.tick().await;
    }
}

#[tokio::test]
async fn only_so_many_are_served_at_once() {
    let addr = serve(2, DEADLINE, 0).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        timeout(DEADLINE, stream.read(&mut [0; 1024])).await.unwrap().unwrap();
        held.push(stream);
    }
    let mut third = TcpStream::connect(addr).await.unwrap();
    third.write_all(REQUEST).await.unwrap();
    let mut answer = [0; 1024];
    let early = timeout(Duration::from_millis(100), third.read(&mut answer)).await;
    assert!(early.is_err(), "a third connection is served");
    held.pop();
    let read =
        timeout(DEADLINE, third.read(&mut answer)).await.expect("no place was freed").unwrap();
    assert!(read > 0);
}
