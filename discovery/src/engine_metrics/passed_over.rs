//! What of a page is not exported, by why.

/// Why a sample is not exported; the label `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its name is known and of no use.
    Listed,
    /// Its name is not known.
    Unknown,
    /// The same metric is there under a newer name too.
    Superseded,
    /// Its value is none that such a metric can have: not finite, negative, buckets that fall.
    Value,
    /// A label that it needs is missing, too long, or holds what can't be printed.
    Label,
    /// It was there before.
    Duplicate,
    /// The engine shows more series, models or values of a label than are taken.
    Limit,
}

/// How many samples of a page were passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver([u64; Reason::ALL.len()]);

impl Reason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Listed,
        Self::Unknown,
        Self::Superseded,
        Self::Value,
        Self::Label,
        Self::Duplicate,
        Self::Limit,
    ];

    /// As it stands in the label `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Unknown => "unknown",
            Self::Superseded => "superseded",
            Self::Value => "value",
            Self::Label => "label",
            Self::Duplicate => "duplicate",
            Self::Limit => "limit",
        }
    }
}

impl PassedOver {
    pub(super) fn add(&mut self, reason: Reason, samples: usize) {
        self.0[reason as usize] += samples as u64;
    }

    /// How many for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.0[reason as usize]
    }

    /// All reasons with how many, none left out.
    pub fn all(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.0)
    }
}
