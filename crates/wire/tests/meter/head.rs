//! The head of a recorded answer.

use weir_wire::ResponseHead;

/// Status and the headers that the meter reads.
#[derive(Debug)]
pub(crate) struct Head {
    status: u16,
    content_type: Option<String>,
    content_encoding: Option<String>,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a status line and headers, with either line end.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let status = text.split_whitespace().nth(1).and_then(|code| code.parse().ok());
        let header = |name: &str| {
            text.lines().skip(1).find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let pairs = text.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers =
            pairs.map(|(name, value)| (name.trim().into(), value.trim().into())).collect();
        Self {
            headers,
            status: status.expect("a status line such as `HTTP/1.1 200 OK`"),
            content_type: header("content-type"),
            content_encoding: header("content-encoding"),
        }
    }

    /// All headers, in their order.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What the meter is given first.
    pub(crate) fn response(&self) -> ResponseHead<'_> {
        ResponseHead {
            status: self.status,
            content_type: self.content_type.as_deref(),
            content_encoding: self.content_encoding.as_deref(),
        }
    }
}
