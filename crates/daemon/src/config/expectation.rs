//! serde's words for what it expected, in the words of somebody who writes a configuration file.

/// `expected` as the end of the sentence "expected …".
pub fn plain(expected: &str) -> String {
    let plain = match expected {
        "a boolean" => "true or false",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "a table",
        "path string" => "a path",
        "socket address" => SOCKET_ADDRESS,
        "IP address" => IP_ADDRESS,
        _ if expected.starts_with("a nonzero ") => "a whole number, 1 or more",
        _ if expected.starts_with("struct ") => "a table",
        other => other,
    };
    plain.to_owned()
}

/// `message`, which some type made up, as what is wrong with a value.
pub(super) fn problem(message: &str) -> String {
    match message {
        "invalid socket address syntax" => format!("expected {SOCKET_ADDRESS}"),
        "invalid IP address syntax" => format!("expected {IP_ADDRESS}"),
        other => other.to_owned(),
    }
}

/// `"a"`, `"a" or "b"`, `one of "a", "b", "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => format!("{one:?}"),
        [one, two] => format!("{one:?} or {two:?}"),
        many => {
            let quoted: Vec<_> = many.iter().map(|word| format!("{word:?}")).collect();
            format!("one of {}", quoted.join(", "))
        }
    }
}

const SOCKET_ADDRESS: &str = "an IP address and a port, such as 127.0.0.1:9900";
const IP_ADDRESS: &str = "an IP address, such as 127.0.0.1";
