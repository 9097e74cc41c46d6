//! As much of an HTTP client as these tests need: blocking, one request per connection.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use weir_sim::Scrape;

use crate::process::DEADLINE;

/// Sends a streamed chat whose answer goes as `plan` says.
pub(crate) fn chat(address: SocketAddr, plan: &str) -> TcpStream {
    let body = r#"{"model":"tiny","stream":true,"messages":[]}"#;
    let length = body.len();
    send(
        address,
        &format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-sim: {plan}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )
}

/// Gets a page to its end.
pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    rest(&mut send(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
    ))
}

/// The metrics as they are now.
pub(crate) fn scrape(admin: SocketAddr) -> Scrape {
    let page = get(admin, "/metrics");
    let (_, body) = page.split_once("\r\n\r\n").unwrap();
    Scrape::parse(body).unwrap()
}

/// The metrics when no request is under way any more.
pub(crate) fn settled(admin: SocketAddr) -> Scrape {
    poll("no request is under way", || {
        let idle = get(admin, "/status").contains("\"requests_in_flight\":0");
        idle.then(|| scrape(admin))
    })
}

/// Asks again and again until there is a value.
pub(crate) fn poll<T>(message: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        if let Some(value) = probe() {
            return value;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("waited {DEADLINE:?} in vain until {message}");
}

/// Reads a head, and not a byte more.
pub(crate) fn skip_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
}

/// Reads until `mark` has come; returns all that has.
pub(crate) fn until(stream: &mut TcpStream, mark: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(mark) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "no {mark:?} before the end of {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Reads to the end.
pub(crate) fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    String::from_utf8_lossy(&all).into_owned()
}

/// Connects and sends.
pub(crate) fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}
