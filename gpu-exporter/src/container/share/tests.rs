use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Attribution, container_memory, shares};
use crate::snapshot::{Gpu, GpuError, Identity, Process, Reading};

fn gpu(processes: Option<Vec<Process>>) -> Gpu {
    Gpu {
        identity: Identity::default(),
        xids: BTreeMap::new(),
        xid_watched: None,
        reading: Ok(Reading { processes, ..Reading::default() }),
    }
}

fn process(container: &str, sm: Option<u32>, memory: Option<u64>) -> Process {
    let container = (!container.is_empty()).then(|| container.to_owned());
    Process { pid: 1, memory, sm, container }
}

/// Containers, their shares in thousandths, and what is said of all of them.
fn told(processes: &[(&str, Option<u32>, Option<u64>)]) -> Vec<(String, u32, &'static str)> {
    let processes = processes.iter().map(|&(container, sm, memory)| process(container, sm, memory));
    let shares = shares(&gpu(Some(processes.collect()))).into_iter();
    let thousandths = |share: f64| (share * 1000.0).round() as u32;
    shares.map(|it| (it.container_id, thousandths(it.share), it.attribution.as_str())).collect()
}

fn expected(shares: &[(&str, u32)], attribution: Attribution) -> Vec<(String, u32, &'static str)> {
    shares
        .iter()
        .map(|&(container, share)| (container.to_owned(), share, attribution.as_str()))
        .collect()
}

#[test]
fn one_container_has_all_of_it() {
    let alone = expected(&[("a", 1000)], Attribution::Exclusive);
    assert_eq!(told(&[("a", Some(80), Some(100))]), alone);
    assert_eq!(told(&[("a", Some(80), None), ("a", Some(0), Some(1))]), alone, "of two processes");
    assert_eq!(told(&[("a", Some(0), Some(0))]), alone, "idle");
    assert_eq!(told(&[("a", None, None)]), alone, "of which nothing is known");
    assert_eq!(
        told(&[("", Some(3), Some(9))]),
        expected(&[("", 1000)], Attribution::Exclusive),
        "the host"
    );
}

#[test]
fn several_share_by_what_they_took_of_the_time() {
    let seven_to_three = expected(&[("a", 700), ("b", 300)], Attribution::Shared);
    assert_eq!(told(&[("b", Some(30), Some(900)), ("a", Some(70), Some(100))]), seven_to_three);
    let of_two = [("a", Some(40), None), ("b", Some(30), None), ("a", Some(30), None)];
    assert_eq!(told(&of_two), seven_to_three, "the processes of a container count together");
    let one_idle = expected(&[("a", 1000), ("b", 0)], Attribution::Shared);
    assert_eq!(
        told(&[("a", Some(5), Some(1)), ("b", None, Some(99))]),
        one_idle,
        "the driver leaves idle ones out"
    );
    let with_the_host = expected(&[("", 100), ("a", 900)], Attribution::Shared);
    assert_eq!(told(&[("a", Some(90), None), ("", Some(10), None)]), with_the_host);
}

#[test]
fn idle_ones_share_by_memory() {
    let one_to_three = expected(&[("a", 250), ("b", 750)], Attribution::Shared);
    assert_eq!(told(&[("a", Some(0), Some(20)), ("b", Some(0), Some(60))]), one_to_three);
    assert_eq!(
        told(&[("a", None, Some(20)), ("b", None, Some(60))]),
        one_to_three,
        "nothing told of time"
    );
}

#[test]
fn those_of_which_nothing_is_told_share_equally() {
    let halves = expected(&[("a", 500), ("b", 500)], Attribution::Shared);
    assert_eq!(told(&[("a", None, None), ("b", None, None)]), halves);
    assert_eq!(told(&[("a", Some(0), Some(0)), ("b", Some(0), Some(0))]), halves);
    assert_eq!(
        told(&[("a", None, Some(60)), ("b", None, None)]),
        halves,
        "unknown memory is not 0"
    );
}

#[test]
fn nobody_has_a_gpu_that_is_not_used_or_cannot_be_asked() {
    assert_eq!(shares(&gpu(Some(Vec::new()))), []);
    assert_eq!(shares(&gpu(None)), []);
    let lost = Gpu { reading: Err(GpuError::Lost), ..gpu(None) };
    assert_eq!(shares(&lost), []);
    assert!(container_memory(&lost).is_empty());
}

#[test]
fn memory_of_containers() {
    let processes = vec![
        process("a", None, Some(10)),
        process("a", None, None),
        process("a", None, Some(5)),
        process("b", None, None),
        process("", None, Some(7)),
        process("c", None, Some(u64::MAX)),
        process("c", None, Some(1)),
    ];
    let memory: Vec<_> = container_memory(&gpu(Some(processes))).into_iter().collect();
    let expected = [("", 7), ("a", 15), ("c", u64::MAX)].map(|(id, bytes)| (id.to_owned(), bytes));
    assert_eq!(memory, expected, "nothing is said of b, since nothing is known");
}

fn any_process() -> impl Strategy<Value = Process> {
    let memory = prop_oneof![Just(None), (0..200_u64 << 30).prop_map(Some), Just(Some(u64::MAX))];
    let sm = prop_oneof![Just(None), (0..=100_u32).prop_map(Some), Just(Some(u32::MAX))];
    ("[a-f]{0,1}", sm, memory).prop_map(|(container, sm, memory)| process(&container, sm, memory))
}

proptest! {
    #[test]
    fn shares_sum_to_exactly_one_in_any_order(processes in prop::collection::vec(any_process(), 1..40)) {
        let shares = shares(&gpu(Some(processes)));
        let forwards: f64 = shares.iter().map(|it| it.share).sum();
        let backwards: f64 = shares.iter().rev().map(|it| it.share).sum();
        prop_assert_eq!((forwards, backwards), (1.0, 1.0));
        prop_assert!(shares.iter().all(|it| (0.0..=1.0).contains(&it.share)));
        let alone = shares.len() == 1;
        prop_assert!(shares.iter().all(|it| (it.attribution == Attribution::Exclusive) == alone));
        prop_assert!(shares.is_sorted_by(|a, b| a.container_id < b.container_id));
    }

    #[test]
    fn the_order_of_processes_is_nothing(processes in prop::collection::vec(any_process(), 0..20)) {
        let turned = processes.iter().rev().cloned().collect();
        prop_assert_eq!(shares(&gpu(Some(processes))), shares(&gpu(Some(turned))));
    }
}
