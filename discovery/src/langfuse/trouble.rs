//! What can go wrong when LangFuse is asked, and whom it concerns.

use std::time::Duration;

use super::rows::Unreadable;
use crate::fetch::FetchError;

/// Why there is no answer that can be used. In words for the operator: nothing that LangFuse said is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// 404: another API.
    #[error("GET {0}: not there (status 404)")]
    Absent(&'static str),
    /// None of them is there.
    #[error(
        "no API for metrics at this URL: /api/public/v2/metrics, /api/public/metrics and \
         /api/public/metrics/daily answered with status 404"
    )]
    NoApi,
    /// 401, 403.
    #[error(
        "GET {0}: LangFuse refuses the keys (status {1}): check the public key, the secret key, and \
         that both are of this project"
    )]
    Keys(&'static str, u16),
    /// 429.
    #[error(
        "GET {path}: too many requests (status 429): a larger window or interval asks less often"
    )]
    TooMany {
        /// What was asked for.
        path: &'static str,
        /// For how long to be quiet, if it said so.
        wait: Option<Duration>,
    },
    /// 5xx, and 422: ClickHouse has no room for the query.
    #[error("GET {0}: LangFuse could not answer (status {1})")]
    Failing(&'static str, u16),
    /// Any other status.
    #[error("GET {0}: answered with status {1}")]
    Status(&'static str, u16),
    /// 200, and yet no answer.
    #[error("GET {0}: {1}")]
    Unreadable(&'static str, Unreadable),
    /// No whole answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl Trouble {
    /// Whether it may lie in this one question: another one may well be answered.
    pub(super) const fn is_of_question(&self) -> bool {
        matches!(
            self,
            Self::Failing(..)
                | Self::Status(..)
                | Self::Unreadable(..)
                | Self::Fetch(FetchError::Timeout { .. } | FetchError::TooLarge { .. })
        )
    }

    /// Whether asking again will not help for long: the question itself is refused, or its answer is junk.
    pub(super) const fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Status(..) | Self::Unreadable(..) | Self::Fetch(FetchError::TooLarge { .. })
        )
    }

    /// For how long LangFuse wants to be left alone.
    pub(super) const fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany { wait, .. } => *wait,
            _ => None,
        }
    }

    /// As it stands in the label `reason`.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Absent(_) | Self::NoApi => "not_found",
            Self::Keys(..) => "unauthorized",
            Self::TooMany { .. } => "rate_limited",
            Self::Failing(..) => "server_error",
            Self::Status(..) => "refused",
            Self::Unreadable(..) | Self::Fetch(FetchError::TooLarge { .. }) => "unreadable",
            Self::Fetch(FetchError::Timeout { .. }) => "timeout",
            Self::Fetch(_) => "unreachable",
        }
    }
}
