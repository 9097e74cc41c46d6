//! What tokens cost: the prices that were configured, which of them a request has, and what it cost.

use weir_ledger::{Cost, CostKind, CostPart, CostSource, Hop};
use weir_wire::{Endpoint, Outcome, Source, TokenCounts, Tokens};

#[cfg(test)]
mod tests;

/// US dollars for a million tokens of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// The model as requests name it, or the beginning of its name and `*`.
    pub model: String,
    /// The only route where it counts; `None`: on all.
    pub route: Option<String>,
    /// Of prompt tokens.
    pub input: f64,
    /// Of generated tokens, reasoning included.
    pub output: f64,
    /// Of prompt tokens read from a cache; as `input` unless set.
    pub cached_input: Option<f64>,
    /// Of prompt tokens written to a cache; as `input` unless set.
    pub cache_write_input: Option<f64>,
}

/// At which hop costs are counted: at one only, since a request that passes both costs once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CostHop {
    /// At the edge if a configured route is there, else at the engine.
    #[default]
    Auto,
    /// At this one.
    Only(Hop),
    /// Nowhere.
    Off,
}

/// Every price, and where costs are counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// No two of them have both the same model and the same route.
    pub list: Vec<Price>,
    /// Where.
    pub hop: CostHop,
}

impl CostHop {
    /// The one hop, where the configured routes have these.
    pub(crate) fn among(self, mut hops: impl Iterator<Item = Hop>) -> Option<Hop> {
        match self {
            Self::Auto if hops.any(|hop| hop == Hop::Edge) => Some(Hop::Edge),
            Self::Auto => Some(Hop::Engine),
            Self::Only(hop) => Some(hop),
            Self::Off => None,
        }
    }
}

impl Prices {
    /// What a request to this route cost, as far as anybody knows. What LiteLLM says goes first: that is what
    /// it books, its discounts and fees included.
    pub(crate) fn cost(&self, route: &str, outcome: &Outcome) -> Option<Cost> {
        told(outcome).or_else(|| {
            let model = outcome.model.as_deref().unwrap_or_default();
            Cost::of(self.of(route, model)?.parts(&outcome.tokens))
        })
    }

    /// The price that fits best: one for the route goes before one for all; of those, the model's own before
    /// the one with the longest beginning.
    fn of(&self, route: &str, model: &str) -> Option<&Price> {
        let fitting = self.list.iter().filter_map(|price| Some((price.fit(route, model)?, price)));
        fitting.max_by_key(|(fit, _)| *fit).map(|(_, price)| price)
    }
}

/// What LiteLLM says. It writes 0 where it has no price, or does not know yet: at the head of what is streamed
/// it can't know.
fn told(outcome: &Outcome) -> Option<Cost> {
    let is_known = !outcome.streamed && outcome.endpoint != Endpoint::Realtime;
    let usd = outcome.gateway.cost_usd.filter(|usd| is_known && *usd > 0.0)?;
    Cost::told(usd)
}

impl Price {
    /// How well it fits, if it does: for this very route, for this very model, by so many bytes.
    fn fit(&self, route: &str, model: &str) -> Option<(bool, bool, usize)> {
        if self.route.as_ref().is_some_and(|own| own != route) {
            return None;
        }
        let (fits, exact, length) = match self.model.strip_suffix('*') {
            Some(beginning) => (model.starts_with(beginning), false, beginning.len()),
            None => (model == self.model, true, model.len()),
        };
        fits.then_some((self.route.is_some(), exact, length))
    }

    /// Every token is in one part only: the cached ones are among the input.
    fn parts(&self, tokens: &TokenCounts) -> Vec<CostPart> {
        let mut parts = Vec::with_capacity(4);
        let mut add = |kind, source, count: u64, price: f64| {
            let source = match source {
                Source::Reported => CostSource::Priced,
                Source::Estimated => CostSource::Estimated,
            };
            parts.push(CostPart { kind, source, usd: count as f64 * price / 1e6 });
        };
        let TokenCounts { input, output, cached_input, cache_write_input, reasoning_output: _ } =
            *tokens;
        if let Some(Tokens { count, source }) = input {
            let mut left = count;
            for (kind, among, price) in [
                (CostKind::CachedInput, cached_input, self.cached_input),
                (CostKind::CacheWriteInput, cache_write_input, self.cache_write_input),
            ] {
                if let Some(among) = among {
                    // No more than there are, whatever the server says.
                    let among = among.min(left);
                    left -= among;
                    add(kind, source, among, price.unwrap_or(self.input));
                }
            }
            add(CostKind::Input, source, left, self.input);
        }
        if let Some(Tokens { count, source }) = output {
            add(CostKind::Output, source, count, self.output);
        }
        parts
    }
}
