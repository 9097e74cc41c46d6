//! What is shown of a GPU's containers: so many of them, and the rest as one.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::share::{Share, container_memory, shares};
use crate::snapshot::Gpu;

/// So many containers of a GPU have a name of their own.
const MOST: usize = 256;

/// In place of an id: all others together. Discovery has no such container, so that rules give it to no
/// model.
pub const OTHER: &str = "other";

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// They sum to exactly 1 all the same.
    pub shares: Vec<Share>,
    /// In bytes.
    pub memory: BTreeMap<String, u64>,
    /// Containers that are part of [`OTHER`].
    pub left_out: usize,
}

/// Those with the largest shares stay, and of equal ones those with the most memory.
pub fn shown(gpu: &Gpu) -> Shown {
    let (mut shares, memory) = (shares(gpu), container_memory(gpu));
    if shares.len() <= MOST {
        return Shown { shares, memory, left_out: 0 };
    }
    let held = |share: &Share| memory.get(&share.container_id).copied();
    shares.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| Reverse(held(a)).cmp(&Reverse(held(b))))
            .then_with(|| a.container_id.cmp(&b.container_id))
    });
    let rest = shares.split_off(MOST);
    shares.sort_by(|a, b| a.container_id.cmp(&b.container_id));
    let first = &rest[0];
    shares.push(Share {
        container_id: OTHER.to_owned(),
        share: rest.iter().map(|share| share.share).sum(),
        attribution: first.attribution,
    });
    let others: BTreeSet<_> = rest.iter().map(|share| share.container_id.as_str()).collect();
    let mut shown = BTreeMap::<String, u64>::new();
    for (container, bytes) in memory {
        let name = if others.contains(container.as_str()) { OTHER.to_owned() } else { container };
        let sum = shown.entry(name).or_default();
        *sum = sum.saturating_add(bytes);
    }
    Shown { shares, memory: shown, left_out: rest.len() }
}
