//! Why a request is refused, and what its client is told. Never the key, and nothing of the lists.

use std::time::Duration;

use weir_ledger::Rejection;

use super::rate::Rate;

/// A reason to refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The route wants a key, and there is none.
    NoKey,
    /// The route wants a key, and this one is not known.
    UnknownKey,
    /// The key is not on the route's list.
    Key,
    /// The client's address is in none of the route's networks.
    Network,
    /// The endpoint is not on the route's list.
    Endpoint,
    /// The key has been used too often.
    Rate {
        /// How often it may be.
        rate: Rate,
        /// How long to wait.
        wait: Duration,
    },
}

impl Refusal {
    /// What it is counted as.
    pub(crate) fn rejection(self) -> Rejection {
        match self {
            Self::NoKey | Self::UnknownKey => Rejection::Unauthorized,
            Self::Key | Self::Network | Self::Endpoint => Rejection::Forbidden,
            Self::Rate { .. } => Rejection::RateLimited,
        }
    }

    /// Whole seconds after which another try may go well.
    pub(crate) fn retry_after(self) -> Option<u64> {
        let Self::Rate { wait, .. } = self else { return None };
        Some((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1))
    }

    /// What the client reads.
    pub(crate) fn message(self) -> String {
        match self {
            Self::NoKey => {
                "This route needs a key: send it as \"Authorization: Bearer KEY\" or as \
                            \"x-api-key: KEY\"."
                    .to_owned()
            }
            Self::UnknownKey => "This key is not known here.".to_owned(),
            Self::Key => "This key may not use this route.".to_owned(),
            Self::Network => "This route may not be used from this address.".to_owned(),
            Self::Endpoint => "This endpoint may not be used on this route.".to_owned(),
            Self::Rate { rate, .. } => {
                let wait = self.retry_after().unwrap_or_default();
                format!("This key may be used {rate}. Try again in {wait} s.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_that_long_is_not_too_early() {
        for (wait, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)] {
            let rate = Rate::parse("1/minute").unwrap();
            let refusal = Refusal::Rate { rate, wait: Duration::from_millis(wait) };
            assert_eq!(refusal.retry_after(), Some(seconds), "{wait} ms");
        }
        assert_eq!(Refusal::NoKey.retry_after(), None);
    }
}
