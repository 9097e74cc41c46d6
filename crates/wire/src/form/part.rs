//! What the header lines of a part say: the name of its field.

use super::parameters;

/// A line is no header, so that these are no header lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The name of the field, from the header lines of its part.
pub(super) fn name(headers: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
    let mut disposition: Option<Vec<u8>> = None;
    let mut in_disposition = false;
    for line in headers.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        // A line that begins with a blank goes on with the line before.
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(disposition) = disposition.as_mut().filter(|_| in_disposition) {
                disposition.extend_from_slice(line);
            }
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Broken)?;
        let name = line[..colon].trim_ascii();
        in_disposition = disposition.is_none() && name.eq_ignore_ascii_case(b"content-disposition");
        if in_disposition {
            disposition = Some(line[colon + 1..].to_vec());
        }
    }
    let Some(disposition) = disposition else { return Ok(None) };
    Ok(parameters::value(parameters::read(parameters::word(&disposition).1), "name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &str, expected: Result<Option<&str>, Broken>) {
        let expected = expected.map(|name| name.map(|name| name.as_bytes().to_vec()));
        assert_eq!(name(headers.as_bytes()), expected, "{headers}");
    }

    #[test]
    fn names_are_found() {
        check("Content-Disposition: form-data; name=\"model\"\r\n\r\n", Ok(Some("model")));
        check(
            "Content-Type: audio/wav\ncontent-disposition:form-data;filename*=UTF-8''%22;name=file\n\n",
            Ok(Some("file")),
        );
        check(
            "Content-Disposition: form-data; filename=\"; name=\\\"no\\\"\"; name=\"yes\"\r\n\r\n",
            Ok(Some("yes")),
        );
        check("Content-Disposition: form-data;\r\n\tname=\"folded\"\r\n\r\n", Ok(Some("folded")));
        check("Content-Disposition: form-data\r\nX: 1;\r\n name=no\r\n\r\n", Ok(None));
        check("Content-Type: text/plain; name=no\r\n\r\n", Ok(None));
        check("\r\n", Ok(None));
    }

    #[test]
    fn what_is_no_header_is_broken() {
        check("Content-Disposition: form-data; name=a\r\n--x\r\n\r\n", Err(Broken));
    }
}
