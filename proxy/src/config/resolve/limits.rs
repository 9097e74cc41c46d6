//! From `[proxy.limits]` to limits.

use std::ops::RangeInclusive;
use std::time::Duration;

use weir_daemon::config::{ConfigError, Loaded, Size, Span};

use crate::config::Limits;
use crate::config::raw::RawProxy;

/// Pingora reads no larger head.
const LARGEST_HEAD: u64 = 1 << 20;

/// More would be a slip of the pen.
const MOST: usize = 1_000_000;

pub(super) fn limits(loaded: &Loaded<RawProxy>) -> Result<Limits, ConfigError> {
    let (raw, default) = (&loaded.value.limits, Limits::default());
    let count = |key: &str, written: Option<usize>, default: usize| match written {
        Some(count) if !(1..=MOST).contains(&count) => {
            Err(loaded.invalid(&path(key), count, format!("1 to {MOST}")))
        }
        written => Ok(written.unwrap_or(default)),
    };
    let size = |key: &str, written: Option<Size>, default: u64, may: RangeInclusive<u64>| {
        let bytes = written.map_or(default, Size::bytes);
        if may.contains(&bytes) {
            return Ok(bytes);
        }
        let [least, most] = [may.start(), may.end()].map(|bytes| Size::from_bytes(*bytes));
        let found = Size::from_bytes(bytes);
        Err(loaded.invalid(&path(key), found, format!("between {least} and {most}")))
    };
    let span = |key: &str, written: Option<Span>, default: Duration, least: Duration| {
        let span = written.map_or(default, Span::duration);
        if span >= least {
            return Ok(span);
        }
        let expected = format!("{}ms or more", least.as_millis());
        Err(loaded.invalid(&path(key), written.unwrap_or_default(), expected))
    };
    let (instant, second) = (Duration::from_millis(1), Duration::from_secs(1));
    let unread = raw.unread.map_or(Duration::ZERO, Span::duration);
    let head = size("head", raw.head, default.head as u64, 1 << 10..=LARGEST_HEAD)?;
    Ok(Limits {
        connections: count("connections", raw.connections, default.connections)?,
        requests: count("requests", raw.requests, default.requests)?,
        head: usize::try_from(head).unwrap_or(default.head),
        body: size("body", raw.body, default.body, 1..=1 << 40)?,
        head_timeout: span("head_timeout", raw.head_timeout, default.head_timeout, instant)?,
        pause: span("pause", raw.pause, default.pause, instant)?,
        body_timeout: span("body_timeout", raw.body_timeout, default.body_timeout, instant)?,
        idle: span("idle", raw.idle, default.idle, second)?,
        unread: (!unread.is_zero()).then_some(unread),
    })
}

fn path(key: &str) -> String {
    format!("proxy.limits.{key}")
}
