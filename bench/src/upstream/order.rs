//! What a request asks the upstream for, in a header that every proxy passes on.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

/// The header.
pub(crate) const HEADER: &str = "x-bench";

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// JSON of so many bytes.
    Whole { bytes: usize },
    /// A stream of so many events; `None`: without end.
    Stream { events: Option<u32>, interval: Duration },
}

/// The header says something else.
#[derive(Debug, thiserror::Error)]
#[error(
    "the header x-bench says \"{0}\": say `bytes=N`, or `events=N;interval_us=N` with 0 events for a stream without end"
)]
pub(crate) struct NoOrder(String);

impl Display for Order {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { bytes } => write!(formatter, "bytes={bytes}"),
            Self::Stream { events, interval } => {
                let events = events.unwrap_or_default();
                write!(formatter, "events={events};interval_us={}", interval.as_micros())
            }
        }
    }
}

impl FromStr for Order {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        whole(text).or_else(|| stream(text)).ok_or_else(|| NoOrder(text.to_owned()))
    }
}

fn whole(text: &str) -> Option<Order> {
    Some(Order::Whole { bytes: text.strip_prefix("bytes=")?.parse().ok()? })
}

fn stream(text: &str) -> Option<Order> {
    let (events, interval) = text.strip_prefix("events=")?.split_once(";interval_us=")?;
    let events: u32 = events.parse().ok()?;
    let interval = Duration::from_micros(interval.parse().ok()?);
    Some(Order::Stream { events: (events > 0).then_some(events), interval })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Order;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let interval = Duration::from_millis(5);
        for (order, text) in [
            (Order::Whole { bytes: 1_024 }, "bytes=1024"),
            (Order::Stream { events: Some(128), interval }, "events=128;interval_us=5000"),
            (Order::Stream { events: None, interval }, "events=0;interval_us=5000"),
        ] {
            assert_eq!(order.to_string(), text);
            assert_eq!(text.parse::<Order>().unwrap(), order);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_to_say() {
        for text in ["", "bytes=", "bytes=-1", "events=1", "events=1;interval_us=5ms"] {
            let error = text.parse::<Order>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{text}\"")) && error.contains("bytes=N"), "{error}");
        }
    }
}
