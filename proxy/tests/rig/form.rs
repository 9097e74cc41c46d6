//! A multipart form (RFC 7578) as clients write it.

use serde_json::Value;

use super::Request;

/// A form as far as it is written.
#[derive(Clone)]
pub(crate) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// An empty one, with a boundary as httpx writes it.
    pub(crate) fn new() -> Self {
        Self::bounded_by("2fae1b09c9e14d3a8f5c1b7d6e3a4f90")
    }

    pub(crate) fn bounded_by(boundary: &str) -> Self {
        Self { boundary: boundary.to_owned(), body: Vec::new() }
    }

    /// A field for every member of an object.
    pub(crate) fn with(members: &Value) -> Self {
        let members = members.as_object().unwrap().iter();
        members.fold(Self::new(), |form, (name, value)| match value.as_str() {
            Some(text) => form.field(name, text),
            None => form.field(name, &value.to_string()),
        })
    }

    pub(crate) fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes())
    }

    /// The part `file`.
    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: audio/x-wav"
        );
        self.part(&head, content)
    }

    /// A part with these header lines.
    pub(crate) fn part(mut self, head: &str, content: &[u8]) -> Self {
        self.body.extend(format!("--{}\r\n{head}\r\n\r\n", self.boundary).into_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
        self
    }

    /// The whole body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.body[..], format!("--{}--\r\n", self.boundary).as_bytes()].concat()
    }

    pub(crate) fn post(&self, path: &str) -> Request {
        Request::post(path, self.bytes())
            .without("content-type")
            .header("content-type", &format!("multipart/form-data; boundary={}", self.boundary))
    }
}
