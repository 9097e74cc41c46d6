//! Writing JSON with its keys in the order of the server that is imitated.
//!
//! `serde_json` sorts an object's keys, real servers do not, and a meter that scans bytes must
//! meet the real order.

use std::fmt::{Display, Write};

/// A JSON object that grows key by key.
pub(crate) struct Obj(String);

impl Obj {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    /// Adds `value`, which is JSON already.
    pub(crate) fn raw(mut self, key: &str, value: impl Display) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Writing to a `String` cannot fail.
        let _ = write!(self.0, "\"{key}\":{value}");
        self
    }

    /// Adds text, escaped.
    pub(crate) fn str(self, key: &str, value: &str) -> Self {
        let quoted = quote(value);
        self.raw(key, quoted)
    }

    /// Adds `null` for each of `keys`.
    pub(crate) fn nulls(self, keys: &[&str]) -> Self {
        keys.iter().fold(self, |obj, key| obj.raw(key, "null"))
    }

    /// Adds text or `null`.
    pub(crate) fn opt_str(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.str(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds `value`, which is JSON already, if there is one.
    pub(crate) fn opt_raw(self, key: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.raw(key, value),
            None => self,
        }
    }

    /// Adds what `more` adds, if `condition` holds.
    pub(crate) fn when(self, condition: bool, more: impl FnOnce(Self) -> Self) -> Self {
        if condition { more(self) } else { self }
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// `text` as a JSON string, quotes included.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON array of values that are JSON already.
pub(crate) fn array(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// `compact` with a space after every `:` and `,` outside strings, as Python's `json.dumps` writes.
pub(crate) fn spaced(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() + compact.len() / 8);
    let (mut in_string, mut escaped) = (false, false);
    for c in compact.chars() {
        out.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ':' | ',' if !in_string => out.push(' '),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_text_is_escaped() {
        let json = Obj::new().str("b", "say \"hi\"").raw("a", 1).nulls(&["c"]).end();
        assert_eq!(json, r#"{"b":"say \"hi\"","a":1,"c":null}"#);
    }

    #[test]
    fn spaces_are_added_outside_strings_only() {
        assert_eq!(spaced(r#"{"a":"x,y:\"z\"","b":[1,2]}"#), r#"{"a": "x,y:\"z\"", "b": [1, 2]}"#);
    }
}
