//! What is no request, or hardly one, with secrets in it: parsers like to quote what they refuse.

use super::sent::head;
use super::stem::secret;

/// Every one of them.
pub(super) fn all() -> Vec<Vec<u8>> {
    let mut all = heads();
    all.extend(bodies());
    all.push(http2("http2", "/sim/v1/chat/completions?key="));
    all.push(http2("http2-path", "/sim/v1/<a b>^?key="));
    all
}

/// Heads; `§` stands for the secret of the case, `HEAD` for headers that are fine.
fn heads() -> Vec<Vec<u8>> {
    let all = [
        ("no-http", "§\r\n\r\n"),
        ("no-version", "GET /§\r\n\r\n"),
        ("version", "GET /§ HTTP/3.7\r\nHEAD\r\n"),
        ("word-version", "GET / HTTP/§\r\nHEAD\r\n"),
        ("method", "§ /v1/models HTTP/1.1\r\nHEAD\r\n"),
        ("method-byte", "G\u{1}T-§ / HTTP/1.1\r\nHEAD\r\n"),
        ("connect", "CONNECT §:443 HTTP/1.1\r\nHEAD\r\n"),
        ("trace", "TRACE /§ HTTP/1.1\r\nHEAD\r\n"),
        ("absolute", "GET http://§:§@§/v1/models?key=§ HTTP/1.1\r\nHEAD\r\n"),
        ("authority", "GET http://§:999999/v1/models HTTP/1.1\r\nHEAD\r\n"),
        ("path-byte", "GET /§\u{7f}<>\"^`{|} HTTP/1.1\r\nHEAD\r\n"),
        ("path-blank", "GET /a § HTTP/1.1\r\nHEAD\r\n"),
        ("path-utf8", "GET /é-§ HTTP/1.1\r\nHEAD\r\n"),
        ("nowhere", "GET /§/v1/models?key=§ HTTP/1.1\r\nHEAD\r\n"),
        ("no-colon", "GET / HTTP/1.1\r\nHEADauthorization Bearer §\r\n\r\n"),
        ("blank-name", "GET / HTTP/1.1\r\nHEADx-api-key : §\r\n\r\n"),
        ("value-byte", "GET / HTTP/1.1\r\nHEADx-api-key: §\u{1}\r\n\r\n"),
        ("folded", "GET / HTTP/1.1\r\nHEADx-api-key:\r\n §\r\n\r\n"),
        ("no-host", "GET / HTTP/1.1\r\nx-api-key: §\r\n\r\n"),
        ("two-hosts", "GET / HTTP/1.1\r\nhost: §\r\nhost: b\r\n\r\n"),
        ("host-byte", "GET / HTTP/1.1\r\nhost: <§>\r\n\r\n"),
        ("length", "POST / HTTP/1.1\r\nHEADcontent-length: §\r\n\r\n"),
        ("length-minus", "POST / HTTP/1.1\r\nHEADcontent-length: -5\r\n\r\n§"),
        ("two-lengths", "POST / HTTP/1.1\r\nHEADcontent-length: 9\r\ncontent-length: §\r\n\r\n§"),
        ("coding", "POST / HTTP/1.1\r\nHEADtransfer-encoding: §\r\n\r\n§"),
        ("upgrade", "GET / HTTP/1.1\r\nHEADupgrade: §\r\nconnection: upgrade\r\n\r\n"),
        ("expect", "POST / HTTP/1.1\r\nHEADexpect: §\r\ncontent-length: 9\r\n\r\n"),
        ("encoding", "POST / HTTP/1.1\r\nHEADcontent-encoding: §\r\ncontent-length: 1\r\n\r\n§"),
        ("half", "POST / HTTP/1.1\r\nHEADx-api-key: §"),
    ];
    let filled = |(case, text): &(&str, &str)| {
        let text = text.replace("HEAD", &head(case)).replace('§', &secret(&format!("{case}.here")));
        text.into_bytes()
    };
    let mut all: Vec<_> = all.iter().map(filled).collect();
    let long = format!("GET / HTTP/1.1\r\nx-long: {}", secret("long.here ").repeat(100_000));
    all.push(format!("{long}\r\n\r\n").into_bytes());
    let other = format!("GET / HTTP/1.1\r\nhost: x\r\nx-api-key: {}", secret("bytes.here"));
    all.push([other.as_bytes(), b"\xff\xfe\r\n\r\n"].concat());
    all.push([b"\x16\x03\x01\x00\x0d", secret("tls").as_bytes()].concat());
    all
}

/// Bodies of a chat, behind a head that is fine.
fn bodies() -> Vec<Vec<u8>> {
    let chunked = "transfer-encoding: chunked\r\n\r\n";
    let all = [
        ("chunk-size", format!("{chunked}§\r\n§\r\n0\r\n\r\n")),
        ("chunk-end", format!("{chunked}3\r\nabc§\r\n0\r\n\r\n")),
        ("chunk-extension", format!("{chunked}3;§=§\r\nabc\r\n0\r\n\r\n")),
        ("trailer", format!("{chunked}0\r\nx-api-key: §\r\n§\r\n\r\n")),
        (
            "no-json",
            "content-length: 400\r\n\r\n{\"model\":\"tiny\",\"messages\":[{\"§\"".to_owned(),
        ),
        ("half-body", "content-length: 400\r\n\r\n{\"messages\":\"§\"".to_owned()),
        ("beyond", "content-length: 2\r\n\r\n{}GET /§ HTTP/1.1\r\n§".to_owned()),
        ("no-gzip", "content-encoding: gzip\r\ncontent-length: 4\r\n\r\n§".to_owned()),
        ("form", "content-type: multipart/form-data\r\ncontent-length: 9\r\n\r\n§".to_owned()),
    ];
    let filled = |(case, text): &(&str, String)| {
        let text = text.replace('§', &secret(&format!("{case}.here")));
        format!("POST /sim/v1/chat/completions HTTP/1.1\r\n{}{text}", head(case)).into_bytes()
    };
    all.iter().map(filled).collect()
}

/// A request of HTTP/2 without TLS: preface, settings and a head.
fn http2(case: &str, path: &str) -> Vec<u8> {
    let of = |place: &str| secret(&format!("{case}.{place}"));
    let fields = [
        (":method", "GET".to_owned()),
        (":scheme", "http".to_owned()),
        (":authority", "x".to_owned()),
        (":path", format!("{path}{}", of("query"))),
        ("authorization", format!("Bearer {}", of("authorization"))),
        ("x-api-key", of("x-api-key")),
    ];
    let mut block = Vec::new();
    for (name, value) in &fields {
        // A literal without indexing and without Huffman coding.
        block.push(0);
        for text in [name, value.as_str()] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    let length = u8::try_from(block.len() >> 8).unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let flags = 0x4 | 0x1; // END_HEADERS, END_STREAM
    let headers = [0, length, (block.len() & 0xff) as u8, 1, flags, 0, 0, 0, 1];
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..], &headers, &block].concat()
}
