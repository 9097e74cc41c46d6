//! Servers that do what no engine should.

use std::io::{Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers each request by a function of its path, on a thread for each connection.
pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Scripted {
    /// `answer` writes what it likes; then the connection is closed.
    pub(crate) fn start(
        answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (answer, counted) = (Arc::new(answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                std::thread::spawn(move || {
                    let Some(path) = path(&mut stream) else { return };
                    counted.fetch_add(1, Ordering::SeqCst);
                    // Whoever asks may leave at any time.
                    let _left = answer(&path, &mut stream);
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The path of a request, read to the end of its head.
pub(crate) fn path(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).ok()?.split(' ').nth(1)?.to_owned())
}

/// A whole answer.
pub(crate) fn whole(stream: &mut impl Write, status: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

/// Says nothing more, until whoever asks has gone.
pub(crate) fn hang(stream: &mut TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}

/// What an engine says that it is; `None` for other paths.
pub(crate) fn identity(path: &str) -> Option<&'static str> {
    match path {
        "/version" => Some(r#"{"version":"0.11.0"}"#),
        "/v1/models" => Some(r#"{"object":"list","data":[{"id":"m"}]}"#),
        _ => None,
    }
}
