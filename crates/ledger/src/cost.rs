//! What a request cost, in US dollars, in parts that add up to the whole.

/// What a part of a cost is for; the value of the `kind` label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CostKind {
    /// Prompt tokens, without those that were read from or written to a cache.
    Input,
    /// Generated tokens, reasoning included.
    Output,
    /// Prompt tokens read from a cache.
    CachedInput,
    /// Prompt tokens written to a cache.
    CacheWriteInput,
    /// The whole request, where nobody says for what.
    All,
}

impl CostKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Input, Self::Output, Self::CachedInput, Self::CacheWriteInput, Self::All];

    /// The value of the `kind` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::CachedInput => "cached_input",
            Self::CacheWriteInput => "cache_write_input",
            Self::All => "all",
        }
    }
}

/// Where a cost comes from; the value of the `source` label. The later in the list, the less certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostSource {
    /// LiteLLM said so (`x-litellm-response-cost`).
    Litellm,
    /// A configured price, of tokens that the server reported.
    Priced,
    /// A configured price, of tokens that Weir counted: a lower bound.
    Estimated,
}

impl CostSource {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Litellm, Self::Priced, Self::Estimated];

    /// The value of the `source` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Litellm => "litellm",
            Self::Priced => "priced",
            Self::Estimated => "estimated",
        }
    }
}

/// A part of what a request cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostPart {
    /// What for.
    pub kind: CostKind,
    /// Who says so.
    pub source: CostSource,
    /// US dollars: finite, 0 or more.
    pub usd: f64,
}

/// What a request cost: no two parts of it are for the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    parts: [Option<CostPart>; CostKind::ALL.len()],
}

impl Cost {
    /// No request costs more: the dearest model there is would have to be asked for millions of tokens.
    /// A number that is larger was made up, and would be all that is seen of a sum for ever.
    pub const MOST_USD: f64 = 10_000.0;

    /// What LiteLLM says of a whole request.
    pub fn told(usd: f64) -> Option<Self> {
        Self::of([CostPart { kind: CostKind::All, source: CostSource::Litellm, usd }])
    }

    /// The sum of `parts`, of which each kind has one at most. `None` where there are none, or where they
    /// can't be true: less than nothing, no number, or more than [`MOST_USD`](Self::MOST_USD).
    pub fn of(parts: impl IntoIterator<Item = CostPart>) -> Option<Self> {
        let mut cost = Self { parts: Default::default() };
        for part in parts {
            let place = &mut cost.parts[part.kind as usize];
            if part.usd.is_nan() || part.usd < 0.0 || place.is_some() {
                return None;
            }
            *place = Some(part);
        }
        let is_known = cost.parts.iter().any(Option::is_some);
        (is_known && cost.usd() <= Self::MOST_USD).then_some(cost)
    }

    /// All of it, in US dollars.
    pub fn usd(&self) -> f64 {
        // A sum of nothing is -0.
        self.parts().fold(0.0, |sum, part| sum + part.usd)
    }

    /// Where it comes from: the least certain of its parts.
    pub fn source(&self) -> CostSource {
        self.parts().map(|part| part.source).max().unwrap_or(CostSource::Estimated)
    }

    /// What it consists of.
    pub fn parts(&self) -> impl Iterator<Item = CostPart> + '_ {
        self.parts.iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: CostKind, source: CostSource, usd: f64) -> CostPart {
        CostPart { kind, source, usd }
    }

    #[test]
    fn kinds_are_numbered_in_the_order_of_their_list() {
        for (index, kind) in CostKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{kind:?}");
        }
    }

    #[test]
    fn parts_make_a_whole_as_certain_as_the_least_certain() {
        let cost = Cost::of([
            part(CostKind::Output, CostSource::Estimated, 0.25),
            part(CostKind::Input, CostSource::Priced, 0.5),
        ]);
        let cost = cost.unwrap();
        assert_eq!((cost.usd(), cost.source()), (0.75, CostSource::Estimated));
        assert_eq!(cost.parts().count(), 2);
        let told = Cost::told(0.125).unwrap();
        assert_eq!((told.usd(), told.source()), (0.125, CostSource::Litellm));
    }

    #[test]
    fn free_is_known_and_nothing_is_not() {
        assert_eq!(Cost::of([]), None);
        let free = Cost::of([part(CostKind::Input, CostSource::Priced, 0.0)]).unwrap();
        assert_eq!(free.usd().to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn what_cannot_be_true_is_unknown() {
        for usd in [-0.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 10_000.1] {
            assert_eq!(Cost::told(usd), None, "{usd}");
            let fine = part(CostKind::Input, CostSource::Priced, 1.0);
            assert_eq!(Cost::of([fine, part(CostKind::Output, CostSource::Priced, usd)]), None);
        }
        assert!(Cost::told(Cost::MOST_USD).is_some());
        let one = part(CostKind::Input, CostSource::Priced, 1.0);
        assert_eq!(Cost::of([one, one]), None, "a kind that is counted twice");
    }
}
