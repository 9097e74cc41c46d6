//! A collector that keeps all that it is sent.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Until the process ends.
pub(super) struct Collector {
    pub(super) url: String,
    got: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::<Mutex<Vec<u8>>>::default();
        let keep = Arc::clone(&got);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let keep = Arc::clone(&keep);
                std::thread::spawn(move || keep_all(&mut socket.unwrap(), &keep));
            }
        });
        Self { url, got }
    }

    /// All that came, as far as it is text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.got.lock().unwrap()).into_owned()
    }
}

/// Answers each request once it has come whole.
fn keep_all(socket: &mut TcpStream, keep: &Mutex<Vec<u8>>) {
    let mut request = Vec::new();
    let mut piece = [0; 16 << 10];
    while let Ok(length @ 1..) = socket.read(&mut piece) {
        request.extend_from_slice(&piece[..length]);
        if is_whole(&request) {
            keep.lock().unwrap().append(&mut request);
            let _gone = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.is_some_and(|length| request.len() >= end + 4 + length.trim().parse::<usize>().unwrap())
}
