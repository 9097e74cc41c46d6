//! LangFuse's APIs for metrics, and which of them a server has.

/// An API for metrics. A server is asked for the newest first: those of version 4 answer 404 to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    /// `/api/public/v2/metrics`, of version 4 and LangFuse Cloud.
    V2,
    /// `/api/public/metrics`, of version 3.
    V1,
    /// The same as it was from 3.57 to 3.64: it knows all tokens, not those of input and output.
    V1Early,
    /// `/api/public/metrics/daily`, of version 2 and early 3: generations and traces alone.
    Daily,
}

impl Api {
    /// As it stands in the label `api`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "v2",
            Self::V1 | Self::V1Early => "v1",
            Self::Daily => "daily",
        }
    }

    /// Where it is.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::V2 => "/api/public/v2/metrics",
            Self::V1 | Self::V1Early => "/api/public/metrics",
            Self::Daily => "/api/public/metrics/daily",
        }
    }
}

/// Which API is tried, or known to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) api: Api,
    /// Whether it has answered.
    pub(super) is_known: bool,
}

impl Choice {
    /// Nothing is known.
    pub(super) const START: Self = Self { api: Api::V2, is_known: false };

    /// It has answered.
    pub(super) const fn answered(self) -> Self {
        Self { is_known: true, ..self }
    }

    /// It is not there (404): the next older one; from the beginning if it was there before, since then the
    /// server is another. `None`: the server has none of them.
    pub(super) const fn absent(self) -> Option<Self> {
        let api = match (self.is_known, self.api) {
            (true, _) => return Some(Self::START),
            (_, Api::V2) => Api::V1,
            (_, Api::V1 | Api::V1Early) => Api::Daily,
            (_, Api::Daily) => return None,
        };
        Some(Self { api, is_known: false })
    }

    /// It does not take the question about generations (400).
    pub(super) fn refused(self) -> Option<Self> {
        (self.api == Api::V1).then_some(Self { api: Api::V1Early, is_known: false })
    }

    /// What to begin the next question about generations with: a refusal may have been a passing one, and must not
    /// hide tokens for good.
    pub(super) fn anew(self) -> Self {
        if self.api == Api::V1Early { Self { api: Api::V1, ..self } } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_tried_first_and_again_when_a_known_one_is_gone() {
        let v1 = Choice::START.absent().unwrap();
        assert_eq!(v1, Choice { api: Api::V1, is_known: false });
        let daily = v1.absent().unwrap();
        assert_eq!(daily.api, Api::Daily);
        assert_eq!(daily.absent(), None);
        assert_eq!(v1.answered().absent(), Some(Choice::START), "version 3 has become 4");
        assert_eq!(daily.answered().absent(), Some(Choice::START));
    }

    #[test]
    fn only_the_first_of_version_3_has_questions_that_it_refuses() {
        let v1 = Choice::START.absent().unwrap();
        assert_eq!(v1.refused().unwrap().api, Api::V1Early);
        let early = v1.refused().unwrap().answered();
        assert_eq!((early.anew(), v1.anew()), (v1.answered(), v1));
        assert_eq!(v1.refused().unwrap().refused(), None);
        assert_eq!(v1.refused().unwrap().absent().unwrap().api, Api::Daily);
        assert_eq!(Choice::START.refused(), None);
    }
}
