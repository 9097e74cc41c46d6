use std::collections::BTreeMap;

use super::{MOST, OTHER, Shown, shown};
use crate::snapshot::{Gpu, Identity, Process, Reading};

/// A GPU with this many containers, of one process each. Of each, by its number: SM time and memory.
fn gpu(containers: u32, of: impl Fn(u32) -> (Option<u32>, Option<u64>)) -> Gpu {
    let process = |pid: u32| {
        let (sm, memory) = of(pid);
        Process { pid, sm, memory, container: Some(name(pid)) }
    };
    let processes = Some((0..containers).map(process).collect());
    let reading = Ok(Reading { processes, ..Reading::default() });
    Gpu { identity: Identity::default(), xids: BTreeMap::new(), xid_watched: None, reading }
}

fn name(number: u32) -> String {
    format!("{number:064x}")
}

fn names(shown: &Shown) -> Vec<&str> {
    shown.shares.iter().map(|share| share.container_id.as_str()).collect()
}

#[test]
fn as_many_as_there_is_room_for_have_names() {
    let shown = shown(&gpu(MOST as u32, |_| (Some(1), Some(10))));
    assert_eq!((shown.shares.len(), shown.memory.len(), shown.left_out), (MOST, MOST, 0));
    assert!(!names(&shown).contains(&OTHER));
}

#[test]
fn the_largest_shares_stay_and_the_rest_is_one() {
    let shown = shown(&gpu(1_000, |number| (Some(number), Some(10))));
    let largest: Vec<_> = (744..1_000).map(name).collect();
    let (other, named) =
        names(&shown).split_last().map(|(last, rest)| (*last, rest.to_vec())).unwrap();
    assert_eq!((other, named), (OTHER, largest.iter().map(String::as_str).collect()));
    assert_eq!(shown.left_out, 744);
    let sum: f64 = shown.shares.iter().map(|share| share.share).sum();
    assert_eq!(sum, 1.0);
    let of_all: u32 = (0..1_000).sum();
    let expected = f64::from((0..744_u32).sum::<u32>()) / f64::from(of_all);
    assert!((shown.shares[256].share - expected).abs() < 1e-6);
    assert_eq!((shown.memory.len(), shown.memory[OTHER]), (257, 7_440));
    assert_eq!(shown.memory.values().sum::<u64>(), 10_000);
}

#[test]
fn of_equal_shares_those_with_more_memory_stay() {
    let one_works = |number: u32| (Some(u32::from(number == 0)), Some(u64::from(number)));
    let shown = shown(&gpu(300, one_works));
    assert!(shown.memory.contains_key(&name(0)), "the one that works");
    assert!(shown.memory.contains_key(&name(299)) && !shown.memory.contains_key(&name(1)));
    assert_eq!(shown.shares.iter().map(|share| share.share).sum::<f64>(), 1.0);
}

#[test]
fn memory_that_nobody_tells_stays_untold() {
    let shown = shown(&gpu(300, |_| (None, None)));
    assert_eq!((shown.shares.len(), shown.left_out), (257, 44));
    assert!(shown.memory.is_empty());
}
