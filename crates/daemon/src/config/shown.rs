//! How a value that was found is put into a message: short, in TOML's spelling, and never a secret.

use figment::value::{Num, Value};

/// Shown instead of a secret.
const HIDDEN: &str = "(hidden)";
/// More than this many characters say no more.
const LONGEST: usize = 120;
/// Keys with one of these words hold secrets, unless they name the file or variable that does.
const SECRETS: [&str; 10] = [
    "authorization",
    "bearer",
    "credentials",
    "key",
    "keys",
    "password",
    "passwords",
    "secret",
    "sha256",
    "token",
];
/// Last words of keys that name where a secret is.
const POINTERS: [&str; 3] = ["file", "path", "env"];

/// `value` as the value of `key`.
pub(super) fn value_of(key: &str, value: &Value) -> String {
    text_of(key, &spelling(value))
}

/// `text`, already spelled as it should be, as the value of `key`.
pub(super) fn text_of(key: &str, text: &str) -> String {
    if is_secret(key) {
        return HIDDEN.to_owned();
    }
    let text = without_password(text);
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Whether the last part of `key` that is not an index names a secret.
fn is_secret(key: &str) -> bool {
    let named = key.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
    let words: Vec<&str> = named.split('_').collect();
    let points = words.last().is_some_and(|last| POINTERS.contains(last));
    !points && words.iter().any(|word| SECRETS.contains(word))
}

/// `text` without what stands between `://` and `@`, where URLs carry a user and a password, and behind
/// `?`, where they carry keys.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#', '"', ' ']).next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => format!("{scheme}://{HIDDEN}{}", without_password(&rest[at..])),
        None => match rest.split_once('?') {
            Some((path, query)) => {
                let rest = query.find(['"', ' ']).map_or("", |end| &query[end..]);
                format!("{scheme}://{path}?{HIDDEN}{}", without_password(rest))
            }
            None => format!("{scheme}://{}", without_password(rest)),
        },
    }
}

fn spelling(value: &Value) -> String {
    match value {
        // A table or an array that a variable spells and that could not be parsed: it may hold a
        // secret.
        Value::String(_, text) if text.starts_with('{') => "\"{…\"".to_owned(),
        Value::String(_, text) if text.starts_with("[{") => "\"[{…\"".to_owned(),
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, character) => format!("{:?}", character.to_string()),
        Value::Bool(_, yes) => yes.to_string(),
        Value::Num(_, number) => number_spelling(*number),
        Value::Empty(..) => "nothing".to_owned(),
        Value::Dict(_, table) if table.is_empty() => "{}".to_owned(),
        Value::Dict(..) => "{…}".to_owned(),
        Value::Array(_, items) => {
            format!("[{}]", items.iter().map(spelling).collect::<Vec<_>>().join(", "))
        }
    }
}

fn number_spelling(number: Num) -> String {
    let whole =
        number.to_u128().map(|n| n.to_string()).or_else(|| number.to_i128().map(|n| n.to_string()));
    whole.or_else(|| number.to_f64().map(|n| format!("{n:?}"))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_as_in_the_file() {
        for (value, shown) in [
            (Value::from("a\"b"), "\"a\\\"b\""),
            (Value::from("[{api_key=abc"), "\"[{…\""),
            (Value::from(30u8), "30"),
            (Value::from(-30), "-30"),
            (Value::from(1.0), "1.0"),
            (Value::from(true), "true"),
            (Value::from(vec!["a", "b"]), "[\"a\", \"b\"]"),
        ] {
            assert_eq!(value_of("proxy.x", &value), shown);
        }
    }

    #[test]
    fn secrets_are_hidden_and_their_files_are_not() {
        let value = Value::from("hunter2");
        for key in
            ["proxy.hash_secret", "a.keys.0.sha256", "a.0.api_key", "proxy.keys.3", "x.bearer"]
        {
            assert_eq!(value_of(key, &value), HIDDEN, "{key}");
        }
        for key in ["proxy.max_tokens", "proxy.secret_file", "proxy.admin"] {
            assert_eq!(value_of(key, &value), "\"hunter2\"", "{key}");
        }
    }

    #[test]
    fn passwords_in_urls_are_hidden() {
        let value = Value::from(vec!["http://me:pw@a:1/x", "http://b/y@z"]);
        assert_eq!(value_of("x", &value), "[\"http://(hidden)@a:1/x\", \"http://b/y@z\"]");
        let value = Value::from("https://h/v1?key=pw");
        assert_eq!(value_of("x", &value), "\"https://h/v1?(hidden)\"");
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let shown = value_of("x", &Value::from("é".repeat(1000)));
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert!(shown.ends_with("é…"), "{shown}");
    }
}
