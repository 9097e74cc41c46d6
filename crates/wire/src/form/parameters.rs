//! Parameters behind the first word of a header: `form-data; name="model"`.

/// The first word of a header, and what follows it.
pub(super) fn word(header: &[u8]) -> (&[u8], &[u8]) {
    let (word, rest) = cut(header, b";");
    (word.trim_ascii(), rest)
}

/// The parameters behind the first word, with their names in lower case.
pub(super) fn read(mut rest: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut parameters = Vec::new();
    while let Some(behind) = rest.strip_prefix(b";") {
        let (name, behind) = cut(behind, b";=");
        let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
        let Some(value) = behind.strip_prefix(b"=") else {
            rest = behind;
            continue;
        };
        let value = value.trim_ascii_start();
        if let Some(quoted) = value.strip_prefix(b"\"") {
            let (value, behind) = unquote(quoted);
            parameters.push((name, value));
            rest = cut(behind, b";").1;
        } else {
            let (value, behind) = cut(value, b";");
            parameters.push((name, value.trim_ascii().to_vec()));
            rest = behind;
        }
    }
    parameters
}

/// The first parameter of that name.
pub(super) fn value(parameters: Vec<(String, Vec<u8>)>, wanted: &str) -> Option<Vec<u8>> {
    parameters.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// What stands before the first of the separators, and the rest with it.
fn cut<'a>(text: &'a [u8], separators: &[u8]) -> (&'a [u8], &'a [u8]) {
    let at = text.iter().position(|byte| separators.contains(byte)).unwrap_or(text.len());
    text.split_at(at)
}

/// A quoted string from behind its first quote, and what follows the last.
fn unquote(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'"' if !escaped => return (value, &text[index + 1..]),
            b'\\' if !escaped => escaped = true,
            _ => {
                escaped = false;
                value.push(*byte);
            }
        }
    }
    (value, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, word: &str, expected: &[(&str, &str)]) {
        let (found, rest) = super::word(header.as_bytes());
        let parameters = read(rest);
        assert_eq!(found, word.as_bytes(), "{header}");
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect();
        assert_eq!(parameters, expected, "{header}");
    }

    #[test]
    fn parameters_quoted_and_not() {
        check("form-data", "form-data", &[]);
        check(" form-data ; name=a ;b=\"c\"", "form-data", &[("name", "a"), ("b", "c")]);
        check("x; NAME = \"a;b\" ; c=", "x", &[("name", "a;b"), ("c", "")]);
        check("x; a=\"\\\"\\\\\"; b=1", "x", &[("a", "\"\\"), ("b", "1")]);
        check(
            "x; filename*=UTF-8''a%20b; name=c",
            "x",
            &[("filename*", "UTF-8''a%20b"), ("name", "c")],
        );
    }

    #[test]
    fn what_is_broken_says_little() {
        check("", "", &[]);
        check(";;;a;b=", "", &[("b", "")]);
        check("x; a=\"never ends; b=1", "x", &[("a", "never ends; b=1")]);
        check("x; a=\"b\"c; d=e", "x", &[("a", "b"), ("d", "e")]);
    }
}
