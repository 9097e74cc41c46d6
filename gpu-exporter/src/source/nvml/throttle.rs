//! Why clocks are not higher: NVML's bits as names.

use std::collections::BTreeMap;

use super::fields::Field;

/// The bits of `nvmlClocksEventReason…` in `nvml.h`. `hw_slowdown` is said together with what caused it.
const REASONS: [(u64, &str); 9] = [
    (0x001, "gpu_idle"),
    (0x002, "applications_clocks"),
    (0x004, "sw_power_cap"),
    (0x008, "hw_slowdown"),
    (0x010, "sync_boost"),
    (0x020, "sw_thermal"),
    (0x040, "hw_thermal"),
    (0x080, "power_brake"),
    (0x100, "display_clocks"),
];

/// How long reasons have held, where it is counted. `thermal`, `board_limit`, `low_utilization` and
/// `reliability` are of the driver's performance policies, which have no bit.
pub(super) const TIMES: [(&str, Field); 9] = [
    ("sw_power_cap", Field::TimePowerCap),
    ("thermal", Field::TimeThermal),
    ("sync_boost", Field::TimeSyncBoost),
    ("board_limit", Field::TimeBoardLimit),
    ("low_utilization", Field::TimeLowUtilization),
    ("reliability", Field::TimeReliability),
    ("sw_thermal", Field::TimeSoftwareThermal),
    ("hw_thermal", Field::TimeHardwareThermal),
    ("power_brake", Field::TimePowerBrake),
];

/// Every reason that is known, and whether it holds. Bits that a newer driver may have are left out: they
/// have no name yet.
pub(super) fn reasons(mask: u64) -> BTreeMap<&'static str, bool> {
    REASONS.iter().map(|&(bit, name)| (name, mask & bit != 0)).collect()
}

#[test]
fn every_reason_is_told_whether_it_holds_or_not() {
    let holds = |mask| {
        let all = reasons(mask);
        assert_eq!(all.len(), REASONS.len());
        all.into_iter().filter_map(|(name, holds)| holds.then_some(name)).collect::<Vec<_>>()
    };
    assert!(holds(0).is_empty());
    assert_eq!(holds(0x1), ["gpu_idle"]);
    assert_eq!(holds(0x48), ["hw_slowdown", "hw_thermal"]);
    assert_eq!(holds(u64::MAX).len(), REASONS.len());
    assert!(holds(1 << 40).is_empty(), "a bit of a newer driver");
}
