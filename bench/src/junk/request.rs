//! Requests for what nobody has.

use std::time::Duration;

use crate::chat::Chat;
use crate::upstream::Order;

/// The request of this number, which no other number has. Each names another model; now and then the path, the user,
/// the key and the user agent are others too, some are streamed, and some names are longer than a label may be.
pub(super) fn junk(number: u64) -> Vec<u8> {
    let every = |nth| number.is_multiple_of(nth);
    let order = if every(16) {
        Order::Stream { events: Some(4), interval: Duration::ZERO }
    } else {
        Order::Whole { bytes: 512 }
    };
    let model = if every(29) {
        format!("junk-{number}-{}", "long".repeat(100))
    } else {
        format!("junk-{number}")
    };
    let path = match number % 35 {
        0 => format!("/junk-{number}/v1/chat/completions?junk={number}"),
        1 => format!("/v1/junk-{number}"),
        2 => format!("/openai/deployments/junk-{number}/chat/completions"),
        _ => "/v1/chat/completions".to_owned(),
    };
    let mut headers = String::new();
    if every(11) {
        headers.push_str(&format!("authorization: Bearer junk-{number}\r\n"));
    }
    if every(13) {
        headers.push_str(&format!("user-agent: \u{1f9f9} ({number}; {})\r\n", "x".repeat(500)));
    }
    let members = if every(7) { format!(r#","user":"junk-{number}""#) } else { String::new() };
    Chat { path: &path, headers: &headers, members: &members, ..Chat::new(&model, 256, order) }
        .bytes()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_are_alike_and_all_kinds_come_up() {
        let all: HashSet<_> = (0..1_000).map(junk).collect();
        assert_eq!(all.len(), 1_000);
        for part in ["/v1/junk-", "/openai/", "?junk=", "Bearer junk-", "user-agent: ", "longlong"]
        {
            let count = all.iter().filter(|one| String::from_utf8_lossy(one).contains(part));
            assert!((1..500).contains(&count.count()), "{part}");
        }
    }
}
