//! Which trace a request belongs to: W3C Trace Context (<https://www.w3.org/TR/trace-context/>).
//!
//! Pure but for the random numbers of new identifiers.

use std::fmt;

use http::{HeaderMap, HeaderName};

/// The header.
pub(crate) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What vendors add; goes with it, and is passed on as it came.
pub(crate) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The flag `sampled`.
const SAMPLED: u8 = 1;
/// `00-<32 digits>-<16 digits>-<2 digits>`
const LENGTH: usize = 55;

/// 16 bytes, not all zero; shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TraceId(pub(crate) u128);

/// 8 bytes, not all zero; shown as 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SpanId(pub(crate) u64);

/// The place of a request in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace: TraceId,
    /// What Weir does for this request; the parent of what the upstream does.
    pub(crate) span: SpanId,
    /// What the client does, if it said so.
    pub(crate) parent: Option<SpanId>,
    /// As the client said, else true: whoever comes after Weir then decides as if it were the first.
    pub(crate) is_sampled: bool,
}

impl TraceContext {
    /// That of a client that said nothing.
    pub(crate) fn new() -> Self {
        Self { trace: TraceId::random(), span: SpanId::random(), parent: None, is_sampled: true }
    }

    /// That which this header tells, written like a `traceparent`. What can't be read counts as nothing said.
    pub(crate) fn told(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut written = headers.get_all(name).iter();
        let (Some(only), None) = (written.next(), written.next()) else { return None };
        let (trace, parent, flags) = read(only.as_bytes())?;
        let is_sampled = flags & SAMPLED != 0;
        Some(Self { trace, span: SpanId::random(), parent: Some(parent), is_sampled })
    }

    /// The header for the upstream.
    pub(crate) fn traceparent(&self) -> [u8; LENGTH] {
        let mut written = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        write_hexadecimal(&mut written[3..35], self.trace.0);
        write_hexadecimal(&mut written[36..52], self.span.0.into());
        write_hexadecimal(&mut written[53..], flags.into());
        written
    }
}

/// Trace, parent and flags. Versions to come are read as far as this one goes.
fn read(written: &[u8]) -> Option<(TraceId, SpanId, u8)> {
    let head = written.get(..LENGTH)?;
    let is_version_0 = head.starts_with(b"00");
    match written.get(LENGTH) {
        None => {}
        Some(b'-') if !is_version_0 => {}
        Some(_) => return None,
    }
    let parts: Vec<&[u8]> = head.split(|&byte| byte == b'-').collect();
    let [version, trace, parent, flags] = parts[..] else { return None };
    if (version.len(), trace.len(), parent.len(), flags.len()) != (2, 32, 16, 2) {
        return None;
    }
    if hexadecimal(version)? == 0xff {
        return None;
    }
    let trace = hexadecimal(trace).filter(|&id| id != 0)?;
    let parent = u64::try_from(hexadecimal(parent)?).ok().filter(|&id| id != 0)?;
    let flags = u8::try_from(hexadecimal(flags)?).ok()?;
    Some((TraceId(trace), SpanId(parent), flags))
}

/// Lower case only, as the specification has it.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(digit))
    })
}

/// As many of the last digits as there is room for. Much faster than `format!`: this is done for each request.
fn write_hexadecimal(digits: &mut [u8], mut number: u128) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
    }
}

impl TraceId {
    fn random() -> Self {
        Self(fastrand::u128(1..))
    }
}

impl SpanId {
    fn random() -> Self {
        Self(fastrand::u64(1..))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(written: &[&str]) -> TraceContext {
        let values = written.iter().map(|value| HeaderValue::from_str(value).unwrap());
        let mut headers = HeaderMap::new();
        values.for_each(|value| {
            headers.append(&TRACEPARENT, value);
        });
        TraceContext::told(&headers, &TRACEPARENT).unwrap_or_else(TraceContext::new)
    }

    fn written(context: &TraceContext) -> String {
        String::from_utf8(context.traceparent().to_vec()).unwrap()
    }

    #[test]
    fn a_trace_goes_on() {
        let context = of(&[GOOD]);
        assert_eq!(context.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.parent.unwrap().to_string(), "00f067aa0ba902b7");
        assert!(context.is_sampled);
        let sent = written(&context);
        let span = context.span.to_string();
        assert_eq!(sent, format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-01"));
        assert_ne!(span, "00f067aa0ba902b7");
        assert!(!of(&[&GOOD.replace("-01", "-00")]).is_sampled);
        // Flags that are not known yet are not passed on.
        let random = of(&[&GOOD.replace("-01", "-03")]);
        assert!(written(&random).ends_with("-01"));
    }

    #[test]
    fn versions_to_come_are_read_as_far_as_this_one_goes() {
        for later in [
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be",
        ] {
            assert!(of(&[later]).parent.is_some(), "{later}");
            assert!(written(&of(&[later])).starts_with("00-4bf9"));
        }
    }

    #[test]
    fn what_can_t_be_read_begins_a_trace() {
        let long = format!("{GOOD}-more");
        let huge = "0".repeat(100_000);
        for bad in [
            "",
            "00",
            "xx-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.x",
            &long,
            &huge,
        ] {
            let context = of(&[bad]);
            assert_eq!((context.parent, context.is_sampled), (None, true), "{bad:.80}");
            assert_ne!(context.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        }
        assert_eq!(of(&[GOOD, GOOD]).parent, None, "of two, neither is believed");
        assert_eq!(of(&[]).parent, None);
    }

    #[test]
    fn new_ones_differ() {
        let (one, other) = (TraceContext::new(), TraceContext::new());
        assert_ne!(one.trace, other.trace);
        assert_ne!(one.span, other.span);
        assert_eq!(of(&[&written(&one)]).trace, one.trace, "it can be read again");
    }
}
