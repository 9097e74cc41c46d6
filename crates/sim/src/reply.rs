//! The head of an answer as each engine writes it, and answers that need no more than a head and
//! a body.

use std::io;

use crate::coding::Coding;
use crate::engine::{Engine, Name};
use crate::http_date::{http_date, unix_seconds};

pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
    /// By the end of the connection: for clients that speak HTTP/1.0.
    UntilClose,
}

/// All that is to be known for a head.
pub(crate) struct ReplyHead<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) status: u16,
    pub(crate) content_type: &'a str,
    pub(crate) framing: Framing,
    /// Whether the server says that it will close the connection.
    pub(crate) close: bool,
    pub(crate) extra: Vec<(&'static str, String)>,
}

impl ReplyHead<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Lines::new(self.status);
        match self.engine.kind() {
            Name::LiteLlm => self.litellm(&mut out),
            Name::LlamaCpp => self.llama_cpp(&mut out),
            Name::Vllm => self.uvicorn(&mut out),
        }
        for (name, value) in &self.extra {
            out.add(name, value);
        }
        if self.close {
            out.add("connection", "close");
        }
        out.end()
    }

    fn uvicorn(&self, out: &mut Lines) {
        out.add("date", &http_date(unix_seconds()));
        out.add("server", "uvicorn");
        self.length(out);
        self.kind(out);
        if self.engine.recent_vllm() {
            out.add("vary", "Origin");
        }
        if self.framing == Framing::Chunked {
            out.add("transfer-encoding", "chunked");
        }
    }

    fn litellm(&self, out: &mut Lines) {
        out.add("date", &http_date(unix_seconds()));
        self.length(out);
        if self.framing != Framing::Chunked {
            self.kind(out);
        }
        out.add("x-litellm-call-id", "ad00dcca-369b-4293-9dc2-729363e55d2a");
        out.add("x-litellm-model-api-base", "http://127.0.0.1:8000/v1");
        out.add("x-litellm-version", self.engine.version());
        out.add("x-litellm-response-cost-original", "0.0");
        out.add("x-litellm-key-spend", "0.0");
        out.add("x-litellm-attempted-retries", "0");
        out.add("x-litellm-attempted-fallbacks", "0");
        if self.framing == Framing::Chunked {
            out.add("cache-control", "no-cache");
            out.add("x-accel-buffering", "no");
            self.kind(out);
        }
        out.add("vary", "Origin");
        out.add("x-frame-options", "DENY");
        out.add("content-security-policy", "frame-ancestors 'none'");
        out.add("x-content-type-options", "nosniff");
        if self.framing == Framing::Chunked {
            out.add("Transfer-Encoding", "chunked");
        }
    }

    fn llama_cpp(&self, out: &mut Lines) {
        if !self.close {
            out.add("Keep-Alive", "timeout=5, max=100");
        }
        out.add("Server", "llama.cpp");
        if let Framing::Length(length) = self.framing {
            out.add("Content-Length", &length.to_string());
        }
        out.add("Content-Type", self.content_type);
        if self.framing == Framing::Chunked {
            out.add("Transfer-Encoding", "chunked");
        }
    }

    fn length(&self, out: &mut Lines) {
        if let Framing::Length(length) = self.framing {
            out.add("content-length", &length.to_string());
        }
    }

    fn kind(&self, out: &mut Lines) {
        if !self.content_type.is_empty() {
            out.add("content-type", self.content_type);
        }
    }
}

/// A complete answer with a body of known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) extra: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: JSON, body: body.into().into_bytes(), extra: Vec::new() }
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { content_type: TEXT, ..Self::json(status, body) }
    }

    /// The same with a compressed body.
    pub(crate) fn coded(&self, coding: Coding) -> io::Result<Self> {
        let mut coded = Self { body: coding.encode(&self.body)?, ..self.clone() };
        coded.extra.push(("content-encoding", coding.as_str().to_owned()));
        Ok(coded)
    }

    /// The head and, unless the request was a HEAD, the body.
    pub(crate) fn bytes(&self, engine: &Engine, close: bool, with_body: bool) -> Vec<u8> {
        let head = ReplyHead {
            engine,
            status: self.status,
            content_type: self.content_type,
            framing: Framing::Length(self.body.len()),
            close,
            extra: self.extra.clone(),
        };
        let mut bytes = head.bytes();
        if with_body {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// The chunk that says that a chunked body is complete.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

impl Framing {
    /// The framing of a body whose length is not said.
    pub(crate) fn open_ended(minor: u8) -> Self {
        if minor >= 1 { Self::Chunked } else { Self::UntilClose }
    }

    /// Adds a piece of the body as this framing writes it.
    pub(crate) fn put(self, out: &mut Vec<u8>, piece: &[u8]) {
        if self == Self::Chunked {
            out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            out.extend_from_slice(piece);
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(piece);
        }
    }
}

struct Lines(Vec<u8>);

impl Lines {
    fn new(status: u16) -> Self {
        Self(format!("HTTP/1.1 {status} {}\r\n", reason(status)).into_bytes())
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        self.0.extend_from_slice(value.as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(b"\r\n");
        self.0
    }
}

/// The reason phrase of a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        422 => "Unprocessable Entity",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

/// Whether this engine sends the head of a stream before it has anything to say.
pub(crate) fn head_goes_first(engine: &Engine) -> bool {
    !engine.is(Name::LiteLlm)
}
