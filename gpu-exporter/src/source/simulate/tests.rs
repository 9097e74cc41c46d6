use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Simulation;
use crate::snapshot::{Gpu, Reading, Snapshot};

fn started() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn at(seconds: f64) -> Snapshot {
    Simulation::at(started(), Duration::from_secs_f64(seconds))
}

fn reading(gpu: &Gpu) -> &Reading {
    gpu.reading.as_ref().unwrap()
}

/// Moments of an hour that fall on no round number.
fn moments() -> impl Iterator<Item = f64> {
    (0..360).map(|step| f64::from(step) * 10.3)
}

#[test]
fn energy_is_the_sum_of_power() {
    for second in moments() {
        let (before, middle, after) = (at(second), at(second + 0.5), at(second + 1.0));
        for ((before, middle), after) in before.gpus.iter().zip(&middle.gpus).zip(&after.gpus) {
            let energy = |gpu| reading(gpu).power.energy.unwrap();
            let joules = (energy(after) - energy(before)) as f64 / 1e3;
            let watts = f64::from(reading(middle).power.usage.unwrap()) / 1e3;
            assert!((joules - watts).abs() < 0.1, "{joules} J in the second around {watts} W");
        }
    }
}

#[test]
fn every_number_is_one_that_an_h200_may_have() {
    for gpu in moments().flat_map(|second| at(second).gpus) {
        let Reading { utilization, activity, memory, temperature, power, .. } = reading(&gpu);
        assert!(utilization.gpu.unwrap() <= 100 && utilization.memory.unwrap() <= 100);
        for percent in [activity.graphics, activity.sm, activity.tensor, activity.dram] {
            assert!((0.0..=100.0).contains(&percent.unwrap()), "{activity:?}");
        }
        let memory = memory.unwrap();
        let sum = memory.used + memory.free + memory.reserved.unwrap();
        assert_eq!(sum, memory.total);
        assert!((140e9..152e9).contains(&(memory.total as f64)));
        assert!((30..=87).contains(&temperature.gpu.unwrap()), "{temperature:?}");
        assert!((100_000..700_000).contains(&power.usage.unwrap()), "{power:?}");
    }
}

#[test]
fn counters_never_go_back() {
    let counters = |gpu: &Gpu| {
        let Reading { power, clocks, pcie, nvlink, .. } = reading(gpu);
        let mut all: Vec<_> = clocks.reason_time.values().copied().collect();
        all.extend([power.energy.unwrap(), pcie.received.unwrap(), nvlink.transmitted.unwrap()]);
        all
    };
    for (before, after) in moments().zip(moments().skip(1)) {
        for (before, after) in at(before).gpus.iter().zip(&at(after).gpus) {
            let (before, after) = (counters(before), counters(after));
            assert!(before.iter().zip(&after).all(|(b, a)| b <= a), "{before:?} {after:?}");
        }
    }
}

/// Else `rate()` would take all that they begin with for the work of the seconds since.
#[test]
fn a_restarted_simulations_counters_begin_near_0() {
    for gpu in &at(0.5).gpus {
        let Reading { power, clocks, pcie, nvlink, ecc, .. } = reading(gpu);
        assert!(power.energy.unwrap() < 1_000 * 700, "{power:?}");
        assert!(pcie.received.unwrap().max(pcie.transmitted.unwrap()) < 1 << 30, "{pcie:?}");
        assert!(nvlink.received.unwrap().max(nvlink.transmitted.unwrap()) < 1 << 36, "{nvlink:?}");
        assert!(clocks.reason_time.values().all(|&time| time == 0), "{clocks:?}");
        assert_eq!((pcie.replays, nvlink.errors.values().sum()), (Some(0), 0));
        assert_eq!((ecc.corrected_volatile, ecc.uncorrected_volatile), (Some(0), Some(0)));
        assert!(gpu.xids.is_empty());
    }
}

#[test]
fn each_gpu_is_used_by_one_process_of_a_container() {
    let names = |snapshot: Snapshot| -> Vec<_> {
        let of = |gpu: &Gpu| {
            let processes = reading(gpu).processes.clone().unwrap();
            assert_eq!(processes.len(), 1);
            let id = processes[0].container.clone().unwrap();
            assert!(id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
            (gpu.identity.uuid.clone(), processes[0].pid, id)
        };
        snapshot.gpus.iter().map(of).collect()
    };
    assert_eq!(names(at(0.0)).len(), 8);
    assert_eq!(names(at(0.0)), names(at(99_999.0)), "they stay who they are");
}

#[test]
fn there_is_something_to_see() {
    let xids = |second| at(second).gpus[5].xids.values().map(|xid| xid.count).sum::<u64>();
    assert_eq!((xids(59.0), xids(60.0), xids(5_000.0)), (0, 1, 1));
    assert_eq!(at(100.0).gpus[5].xids[&31].last, started() + Duration::from_secs(60));
    let hot = |second| reading(&at(second).gpus[6]).clocks.clone();
    let is_hot = |second| hot(second).reasons.unwrap()["sw_thermal"];
    assert_eq!([539.0, 540.0, 599.0, 600.0, 1_140.0].map(is_hot), [false, true, true, false, true]);
    let throttled = |second| hot(second).reason_time["sw_thermal"] / 1_000_000_000;
    assert_eq!([100.0, 570.0, 700.0, 1_199.5].map(throttled), [0, 30, 60, 119]);
    assert_eq!(reading(&at(0.0).gpus[3]).ecc.remapped_uncorrectable, Some(1));
}
