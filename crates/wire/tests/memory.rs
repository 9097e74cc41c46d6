//! The memory of the process stays bounded, whatever comes without end. A binary of its own, with
//! one test, so that nothing else moves the number.
#![cfg(target_os = "linux")]

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weir_wire::{End, Endpoint, Exchange, Policy, RequestHead, ResponseHead};

    /// How much is fed to each exchange …
    const TOTAL: usize = 20 << 20;
    /// … in pieces of this size.
    const PIECE: usize = 64 << 10;
    /// Twice the largest event, for a vector that grows by doubling, and some for everything else.
    const ALLOWED: usize = 12 << 20;

    /// The most memory that the process has used so far, in bytes.
    fn peak() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kibibytes = line.trim().trim_end_matches(" kB").parse::<usize>().unwrap();
        kibibytes << 10
    }

    fn exchange(endpoint: Endpoint, policy: Policy) -> Exchange {
        Exchange::new(&RequestHead::json(endpoint), policy)
    }

    fn answer(endpoint: Endpoint, policy: Policy, content_type: &str, begin: &str, repeat: &str) {
        let mut exchange = exchange(endpoint, policy);
        let _ = exchange.on_request_body(br#"{"model":"m","stream":true}"#, true);
        exchange.on_request_sent(Duration::ZERO);
        exchange.on_response_head(&ResponseHead::new(200, Some(content_type)));
        let piece = repeat.repeat(PIECE / repeat.len());
        let _ = exchange.on_response_body(Duration::ZERO, begin.as_bytes());
        for step in 0..TOTAL / PIECE {
            let now = Duration::from_millis(step as u64);
            let _ = exchange.on_response_body(now, piece.as_bytes());
            exchange.take_progress(|_| {});
        }
        let _ = exchange.on_response_end();
        let _ = exchange.outcome(Duration::from_secs(1), End::Complete);
    }

    fn request(begin: &str, repeat: &str) {
        let mut exchange = exchange(Endpoint::ChatCompletions, Policy::exact());
        let piece = repeat.repeat(PIECE / repeat.len());
        let _ = exchange.on_request_body(begin.as_bytes(), false);
        for _ in 0..TOTAL / PIECE {
            let _ = exchange.on_request_body(piece.as_bytes(), false);
        }
        let _ = exchange.on_request_body(b"", true);
        let _ = exchange.outcome(Duration::from_secs(1), End::Complete);
    }

    #[test]
    fn nothing_that_comes_without_end_is_kept() {
        let chat = Endpoint::ChatCompletions;
        let (stream, json) = ("text/event-stream", "application/json");
        let before = peak();
        for policy in [Policy::exact(), Policy::observe()] {
            answer(chat, policy, stream, "data: ", "x");
            answer(chat, policy, stream, "", "data: x\n");
            answer(chat, policy, stream, "", ": ping\n\n");
        }
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        answer(chat, Policy::exact(), stream, "", &event.repeat(20));
        answer(chat, Policy::observe(), json, "{\"choices\":[", "{\"index\":0},");
        answer(chat, Policy::observe(), json, "{\"usage\":\"", "x");
        answer(chat, Policy::observe(), json, "{", "\"model\":\"m\",");
        answer(chat, Policy::observe(), json, "{\"", "k");
        answer(Endpoint::Embeddings, Policy::observe(), json, "{\"data\":", "[");
        request("{\"model\":\"", "m");
        request("{\"stream_options\":[", "[");
        request("{\"stream\":true}", " ");
        request("{", "\"stream\":true,\"model\":\"m\",");
        let grown = peak() - before;
        assert!(grown <= ALLOWED, "{} KiB more than before", grown >> 10);
    }
}
