//! The events of a stream, as vLLM sends them. The content of an event is when it was written.

use std::ops::Range;

const BEFORE: &[u8] = b"data: {\"id\":\"chatcmpl-0f6f3a0d9a5b4a3f93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
const AFTER: &[u8] = b" \"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
/// Of nanoseconds.
const DIGITS: usize = 19;

/// Bytes of an event with content.
pub(crate) const LENGTH: usize = BEFORE.len() + DIGITS + AFTER.len();
/// Where its time stands.
pub(super) const STAMP: Range<usize> = BEFORE.len()..BEFORE.len() + DIGITS;

/// Comes after the last event with content.
pub(crate) const FINISH: &[u8] = b"data: {\"id\":\"chatcmpl-0f6f3a0d9a5b4a3f93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n";
/// Ends a stream.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// An event with content, which is not stamped yet.
pub(super) fn unstamped() -> Vec<u8> {
    [BEFORE, &[b'0'; DIGITS], AFTER].concat()
}

/// Writes a time over the digits of an event.
pub(super) fn stamp(digits: &mut [u8], mut time: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (time % 10) as u8;
        time /= 10;
    }
}

/// When the event with content was written that `bytes` begin with; `None`: they begin with something else, or do not
/// have all of it.
pub(crate) fn stamped(bytes: &[u8]) -> Option<u64> {
    let digits = bytes.get(..LENGTH)?.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
    digits.iter().try_fold(0, |time: u64, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| time.checked_mul(10)?.checked_add(digit.into()))?
    })
}

/// What vLLM sends before the end if it was asked to.
pub(super) fn usage(events: u32) -> Vec<u8> {
    format!(
        "data: {{\"id\":\"chatcmpl-0f6f3a0d9a5b4a3f93b8d6973f5a3319\",\"object\":\"chat.completion.chunk\",\"created\":1795294758,\"model\":\"bench\",\"choices\":[],\"usage\":{{\"prompt_tokens\":24,\"total_tokens\":{},\"completion_tokens\":{events}}}}}\n\n",
        u64::from(events) + 24
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{FINISH, LENGTH, STAMP, stamp, stamped, unstamped, usage};

    fn json(event: &[u8]) -> Value {
        let data = event.strip_prefix(b"data: ").unwrap().strip_suffix(b"\n\n").unwrap();
        serde_json::from_slice(data).unwrap()
    }

    #[test]
    fn a_time_is_read_as_it_was_written() {
        let mut event = unstamped();
        assert_eq!(event.len(), LENGTH);
        for time in [0, 1, 1_795_294_758_123_456_789, 9_999_999_999_999_999_999] {
            stamp(&mut event[STAMP], time);
            assert_eq!(stamped(&event), Some(time));
            assert_eq!(json(&event)["choices"][0]["delta"]["content"], format!("{time:019} "));
        }
        event.extend(b"data: ");
        assert_eq!(stamped(&event), Some(9_999_999_999_999_999_999));
    }

    #[test]
    fn anything_else_has_no_time() {
        let event = unstamped();
        for end in 0..LENGTH {
            assert_eq!(stamped(&event[..end]), None, "{end} bytes of it");
        }
        for index in 0..LENGTH {
            let mut other = event.clone();
            other[index] = b'~';
            assert_eq!(stamped(&other), None, "another byte at {index}");
        }
        assert_eq!(stamped(&FINISH.repeat(2)), None);
    }

    #[test]
    fn a_stream_ends_as_vllms_do() {
        assert_eq!(json(FINISH)["choices"][0]["finish_reason"], "stop");
        let usage = json(&usage(128));
        assert_eq!(usage["choices"].as_array().unwrap().len(), 0);
        assert_eq!(usage["usage"]["completion_tokens"], 128);
        assert_eq!(usage["usage"]["total_tokens"], 152);
    }
}
