//! An upstream that answers badly, with secrets in what it says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::json;

use super::stem::secret;

/// Every answer that it knows.
pub(super) const ANSWERS: [&str; 20] = [
    "echo-400",
    "echo-401",
    "echo-422",
    "echo-429",
    "echo-500",
    "echo-503",
    "no-http",
    "status",
    "status-code",
    "no-colon",
    "value-byte",
    "length",
    "coding",
    "chunk-size",
    "half",
    "no-json",
    "events",
    "error-event",
    "redirect",
    "upgrade",
];

/// Starts one; `default` answers requests that name none with `x-answer`.
pub(super) fn start(default: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever leaves early is no failure.
            std::thread::spawn(move || serve(stream, default).ok());
        }
    });
    addr
}

fn serve(mut stream: TcpStream, default: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let field = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(name)).map(str::to_owned)
    };
    let length = field("content-length: ").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let name = field("x-answer: ").unwrap_or_else(|| default.to_owned());
    stream.write_all(&answer(&name, &(head + &String::from_utf8_lossy(&body))))
}

/// An answer; the connection is closed behind it.
fn answer(name: &str, request: &str) -> Vec<u8> {
    let here = secret(&format!("answer.{name}"));
    let fine = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let event = json!({"model": "tiny", "choices": [{"index": 0, "delta": {"content": here}}]});
    if let Some(code) = name.strip_prefix("echo-") {
        return echo(code, &here, request).into_bytes();
    }
    let text = match name {
        "no-http" => format!("{here} {here}\r\n\r\n{here}"),
        "status" => format!("HTTP/1.1 {here} OK\r\n\r\n"),
        "status-code" => format!("HTTP/1.1 999 {here}\r\n{here}: {here}\r\n\r\n{here}"),
        "no-colon" => format!("HTTP/1.1 200 OK\r\nset-cookie {here}\r\n\r\n"),
        "value-byte" => format!("HTTP/1.1 200 OK\r\nset-cookie: {here}\u{1}\r\n\r\n"),
        "length" => format!("{fine}content-length: {here}\r\n\r\n{here}"),
        "coding" => format!("{fine}transfer-encoding: {here}\r\n\r\n{here}"),
        "chunk-size" => format!("{fine}transfer-encoding: chunked\r\n\r\n{here}\r\n{here}"),
        "half" => format!("{fine}content-length: 999\r\n\r\n{{\"choices\":\"{here}"),
        "no-json" => format!("{fine}content-length: {}\r\n\r\n{here}", here.len()),
        "events" => format!("{events}data: {event}\n\ndata: {{{here}\n\n{here}: {here}\n\n"),
        "error-event" => {
            let error = json!({"error": {"message": here, "type": here, "code": here}});
            format!("{events}data: {event}\n\nevent: error\ndata: {error}\n\ndata: [DONE]\n\n")
        }
        "redirect" => format!(
            "HTTP/1.1 302 Found\r\nlocation: http://{here}/?key={here}\r\nset-cookie: {here}\r\n\
             content-length: 0\r\n\r\n"
        ),
        "upgrade" => format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: {here}\r\nconnection: upgrade\r\n\r\n{here}"
        ),
        other => unreachable!("no answer {other}"),
    };
    text.into_bytes()
}

/// An error that quotes the whole request, as vLLM's 400 quotes the prompt.
fn echo(code: &str, here: &str, request: &str) -> String {
    let body = json!({"model": here, "error": {"message": format!("stream_options {request}"),
        "type": here, "param": here, "code": here}});
    let (body, length) = (body.to_string(), body.to_string().len());
    format!(
        "HTTP/1.1 {code} {here}\r\ncontent-type: application/json\r\nset-cookie: {here}\r\n\
         retry-after: {here}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
