//! A request as bytes: what a test wants to say, with the framing that it wants.

/// A request. [`bytes`](Self::bytes) is exactly what goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    minor: u8,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    /// Length of the chunks, where the body is sent in such.
    chunks: Option<usize>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        let headers = vec![("host".to_owned(), "weir.test".to_owned())];
        Self { method: "GET", path: path.to_owned(), minor: 1, headers, body: None, chunks: None }
    }

    pub(crate) fn head(path: &str) -> Self {
        Self { method: "HEAD", ..Self::get(path) }
    }

    /// A POST of JSON with a `content-length`.
    pub(crate) fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST", body: Some(body.into()), ..Self::get(path) }
            .header("content-type", "application/json")
    }

    /// Another method, with or without a body.
    pub(crate) fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    /// The same to another path.
    pub(crate) fn to(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// Sends the body in chunks of at most so many bytes, without a `content-length`.
    pub(crate) fn chunked(self, size: usize) -> Self {
        Self { chunks: Some(size), ..self }
    }

    /// As a client of HTTP/1.0.
    pub(crate) fn http10(self) -> Self {
        Self { minor: 0, ..self }
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The head with its closing empty line.
    pub(crate) fn head_bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.{}\r\n", self.method, self.path, self.minor);
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        match (&self.body, self.chunks) {
            (Some(_), Some(_)) => out.push_str("transfer-encoding: chunked\r\n"),
            (Some(body), None) => out.push_str(&format!("content-length: {}\r\n", body.len())),
            (None, _) => {}
        }
        out.push_str("\r\n");
        out.into_bytes()
    }

    /// The body as it goes over the wire.
    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        let body = self.body.clone().unwrap_or_default();
        let Some(size) = self.chunks else { return body };
        let mut out = Vec::new();
        for chunk in body.chunks(size) {
            out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    }

    /// Head and body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = self.head_bytes();
        out.extend(self.body_bytes());
        out
    }
}
