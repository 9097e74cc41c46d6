//! How much of a GPU each container has.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::snapshot::{Gpu, Process};

/// What a container has of a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Empty: processes outside of containers, or of which it is not known.
    pub container_id: String,
    /// 0 to 1. Those of one GPU sum to exactly 1, in whatever order they are added.
    pub share: f64,
    /// How it was found.
    pub attribution: Attribution,
}

/// How a share was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribution {
    /// Nobody else is on the GPU: all of it is the container's.
    Exclusive,
    /// Several are: an estimate.
    Shared,
}

impl Attribution {
    /// As it stands in the label `attribution`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
        }
    }
}

/// Shares are multiples of 2⁻³⁰: sums of such are exact in floating point, those of 0.1 are not.
const PARTS: u32 = 1 << 30;

/// The share of each container, by container id. None of a GPU that nobody uses, or that does not say who.
///
/// Several containers have what their processes took of the SMs' time lately. If all are idle, or the
/// driver doesn't tell processes apart, they have what they hold of the memory; where not even that
/// is known of all, they have equal parts.
pub fn shares(gpu: &Gpu) -> Vec<Share> {
    let containers = by_container(gpu);
    let attribution =
        if containers.len() > 1 { Attribution::Shared } else { Attribution::Exclusive };
    let weights: Vec<u128> = weights(&containers);
    let parts = parts(&weights).into_iter().map(|part| f64::from(part) / f64::from(PARTS));
    let ids = containers.into_keys().map(str::to_owned);
    ids.zip(parts).map(|(container_id, share)| Share { container_id, share, attribution }).collect()
}

/// Bytes of the GPU's memory that each container's processes hold; without those whose processes the driver
/// says nothing of.
pub fn container_memory(gpu: &Gpu) -> BTreeMap<String, u64> {
    let told = by_container(gpu).into_iter().filter_map(|(container, processes)| {
        let bytes =
            processes.iter().filter_map(|process| process.memory).reduce(u64::saturating_add)?;
        Some((container.to_owned(), bytes))
    });
    told.collect()
}

fn by_container(gpu: &Gpu) -> BTreeMap<&str, Vec<&Process>> {
    let mut containers = BTreeMap::<_, Vec<_>>::new();
    let processes = gpu.reading.as_ref().ok().and_then(|reading| reading.processes.as_deref());
    for process in processes.unwrap_or_default() {
        containers
            .entry(process.container.as_deref().unwrap_or_default())
            .or_default()
            .push(process);
    }
    containers
}

/// What speaks for each container; never all 0.
fn weights(containers: &BTreeMap<&str, Vec<&Process>>) -> Vec<u128> {
    // The driver leaves out processes that did nothing lately.
    let busy = sums(containers, |process| Some(process.sm.unwrap_or(0).into()));
    let held = sums(containers, |process| process.memory.map(u128::from));
    let of_use = |weights: &Vec<u128>| weights.iter().any(|&weight| weight > 0);
    let equal = || vec![1; containers.len()];
    busy.filter(of_use).or_else(|| held.filter(of_use)).unwrap_or_else(equal)
}

/// Nothing if it is not known of all processes.
fn sums(
    containers: &BTreeMap<&str, Vec<&Process>>,
    number: impl Fn(&Process) -> Option<u128>,
) -> Option<Vec<u128>> {
    let of_all = |processes: &Vec<&Process>| processes.iter().map(|process| number(process)).sum();
    containers.values().map(of_all).collect()
}

/// Splits `PARTS` in proportion to the weights. What rounding leaves over goes to the largest remainders.
fn parts(weights: &[u128]) -> Vec<u32> {
    let total: u128 = weights.iter().sum();
    let scaled = weights.iter().map(|weight| weight * u128::from(PARTS));
    let (mut parts, remainders): (Vec<u32>, Vec<u128>) =
        scaled.map(|scaled| ((scaled / total) as u32, scaled % total)).unzip();
    let left_over = PARTS - parts.iter().sum::<u32>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&index| std::cmp::Reverse(remainders[index]));
    for &index in by_remainder.iter().take(left_over as usize) {
        parts[index] += 1;
    }
    parts
}
