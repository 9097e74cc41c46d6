//! An upstream that is quick and remembers nothing: good answers and bad ones in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const GOOD: &str = r#"{"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;

/// Starts it in the runtime; it goes with it.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever leaves, leaves.
            let count = Arc::clone(&count);
            tokio::spawn(async move { serve(stream, &count).await.ok() });
        }
    });
    address
}

async fn serve(mut stream: TcpStream, count: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    loop {
        while let Some(length) = whole(&input) {
            input.drain(..length);
            stream.write_all(answer(count.fetch_add(1, Ordering::Relaxed)).as_bytes()).await?;
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

/// The length of the request at the start, if all of it is there.
fn whole(input: &[u8]) -> Option<usize> {
    let head = input.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&input[..head]).to_ascii_lowercase();
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let rest = &input[head + 4..];
    let body = match field("content-length: ") {
        Some(length) => length.trim().parse().ok()?,
        None if field("transfer-encoding: ").is_some() => {
            rest.windows(5).position(|five| five == b"0\r\n\r\n")? + 5
        }
        None => 0,
    };
    (rest.len() >= body).then_some(head + 4 + body)
}

fn answer(number: usize) -> String {
    let (status, body) = match number % 4 {
        0 => ("200 OK", GOOD),
        1 => ("404 Not Found", r#"{"error":{"message":"no such model","code":404}}"#),
        2 => ("429 Too Many Requests", r#"{"error":{"message":"later","code":429}}"#),
        _ => ("500 Internal Server Error", "oh"),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
