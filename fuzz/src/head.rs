//! Heads as text, as they stand in the corpus: a first line and headers.

use weir_wire::{Endpoint, RequestHead, ResponseHead};

/// A first line and headers.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    first: &'a str,
    rest: &'a str,
}

impl<'a> Head<'a> {
    /// Reads a head; what can't be read is not there.
    pub fn read(bytes: &'a [u8]) -> Self {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        Self { first: first.trim_end(), rest }
    }

    /// All headers.
    pub fn headers(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.rest.lines().filter_map(|line| line.split_once(':'));
        pairs.map(|(name, value)| (name.trim(), value.trim()))
    }

    fn header(self, name: &str) -> Option<&'a str> {
        self.headers().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether a word stands in the first line.
    pub fn says(self, word: &str) -> bool {
        self.first.split(' ').any(|said| said == word)
    }

    /// A request; in its first line stand the name of an endpoint and the path.
    pub fn request(self) -> RequestHead<'a> {
        let by_length = Endpoint::ALL[self.first.len() % Endpoint::ALL.len()];
        let by_name = Endpoint::ALL.into_iter().find(|endpoint| self.says(endpoint.as_str()));
        let mut head = RequestHead::json(by_name.unwrap_or(by_length));
        head.target = self.first.split(' ').find(|word| word.starts_with('/')).unwrap_or_default();
        head.content_type = self.header("content-type").or(head.content_type);
        head.content_encoding = self.header("content-encoding");
        head
    }

    /// An answer; its first line is a status line.
    pub fn response(self) -> ResponseHead<'a> {
        let status = self.first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut head = ResponseHead::new(status.unwrap_or(200), self.header("content-type"));
        head.content_encoding = self.header("content-encoding");
        head
    }
}
