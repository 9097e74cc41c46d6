//! A multipart form (RFC 7578) that is there whole: its fields, and how long its file is.

use memchr::memmem;

/// The parts of one form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    /// Bytes of the part `file`, if it is one.
    pub(crate) file: Option<u64>,
}

/// A body that is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadForm(pub(crate) &'static str);

impl Form {
    pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<Self, BadForm> {
        let boundary = boundary(content_type).ok_or(BadForm("Missing boundary in multipart."))?;
        let delimiter = format!("\r\n--{boundary}");
        // The first delimiter has no line before it that would have to end.
        let first = body.strip_prefix(&delimiter.as_bytes()[2..]);
        let mut rest = first.ok_or(BadForm("The form does not begin with its boundary."))?;
        let mut form = Self::default();
        while !rest.starts_with(b"--") {
            let end = memmem::find(rest, delimiter.as_bytes());
            let end = end.ok_or(BadForm("The form does not end."))?;
            form.add(&rest[..end]).ok_or(BadForm("A part of the form has no name."))?;
            rest = &rest[end + delimiter.len()..];
        }
        Ok(form)
    }

    /// Adds what stands between two delimiters.
    fn add(&mut self, part: &[u8]) -> Option<()> {
        let part = part.strip_prefix(b"\r\n")?;
        let head_end = memmem::find(part, b"\r\n\r\n")?;
        let head = str::from_utf8(&part[..head_end]).ok()?;
        let content = &part[head_end + 4..];
        let disposition = head.lines().find(|line| {
            line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
        })?;
        let name = parameter(disposition, "name")?;
        if parameter(disposition, "filename").is_some() {
            self.file = Some(content.len() as u64);
        } else {
            self.fields.push((name.to_owned(), String::from_utf8_lossy(content).into_owned()));
        }
        Some(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A field that is true as pydantic reads it.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let value = self.get(name).unwrap_or_default().to_ascii_lowercase();
        ["true", "1", "yes", "on", "t", "y"].contains(&value.as_str())
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let is_form = content_type.to_ascii_lowercase().starts_with("multipart/form-data");
    parameter(content_type, "boundary").filter(|boundary| is_form && !boundary.is_empty())
}

/// `key=value` or `key="value"` behind a semicolon; an escaped quote is not expected.
fn parameter<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, mut rest) = line.split_once(';')?;
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim().eq_ignore_ascii_case(key) {
            return Some(value.trim());
        }
        rest = after.trim_start().strip_prefix(';')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"";

    fn part(head: &str, content: &str) -> String {
        format!("--a b\r\n{head}\r\n\r\n{content}\r\n")
    }

    #[test]
    fn fields_and_the_file_are_found() {
        let mut body = part("Content-Disposition: form-data; name=\"model\"", "tiny");
        let head = "content-type: audio/wav\r\ncontent-disposition: form-data; name=\"file\"; \
                    filename=\"a; name=b.wav\"";
        body.push_str(&part(head, "RIFF\r\n--a\r\n\0"));
        body.push_str(&part("content-disposition: form-data; name=stream", "True"));
        body.push_str("--a b--\r\n");
        let form = Form::read(TYPE, body.as_bytes()).unwrap();
        assert_eq!((form.get("model"), form.file), (Some("tiny"), Some(12)));
        assert!(form.flag("stream") && !form.flag("model") && !form.flag("nosuch"));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let part = part("content-disposition: form-data; name=\"a\"", "b");
        for (kind, body) in [
            ("application/json", part.as_str()),
            ("multipart/form-data", part.as_str()),
            (TYPE, "{}"),
            (TYPE, part.as_str()),
            (TYPE, "--a b\r\ncontent-disposition: form-data\r\n\r\n\r\n--a b--"),
        ] {
            assert!(Form::read(kind, body.as_bytes()).is_err(), "{kind} {body}");
        }
    }
}
