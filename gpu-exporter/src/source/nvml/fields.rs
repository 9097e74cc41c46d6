//! Field values: numbers that the driver gives in one call, many at a time, by id. The ids are those of
//! `nvml.h`; `library.rs` asks for them.

use std::collections::BTreeMap;

/// All links together. A field of a link is asked with the link's number as its scope, and 0 is a link: who
/// leaves the scope at 0 reads an eighteenth of what an H200 sends.
const ALL_LINKS: u32 = u32::MAX;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// °C; there is no other call for it.
    MemoryTemperature,
    /// mW; the call for power gives the average of a second on Hopper.
    PowerInstant,
    /// Bytes. The call for throughput measures for 20 ms, in which it blocks, each way and each GPU.
    PcieTransmitted,
    /// See `PcieTransmitted`.
    PcieReceived,
    /// KiB of data over all links.
    NvlinkTransmitted,
    /// See `NvlinkTransmitted`.
    NvlinkReceived,
    NvlinkReplay,
    NvlinkRecovery,
    NvlinkCrcFlit,
    NvlinkCrcData,
    NvlinkEccData,
    RemappedCorrectable,
    RemappedUncorrectable,
    RemappingPending,
    RemappingFailed,
    /// See [`crate::snapshot::Reading::recovery_action`].
    RecoveryAction,
    /// Nanoseconds in which clocks were lower for this reason, as all that follow.
    TimePowerCap,
    TimeThermal,
    TimeSyncBoost,
    TimeBoardLimit,
    TimeLowUtilization,
    TimeReliability,
    TimeSoftwareThermal,
    TimeHardwareThermal,
    TimePowerBrake,
}

/// A number, and whether it has 32 bits only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) number: u64,
    pub(super) narrow: bool,
}

/// How the driver numbers fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// The driver does not say its version: what has moved can't be asked.
    Unknown,
    /// Before 580.82.
    Old,
    /// Since 580.82, which put other fields at 251 to 268. A driver that is asked by the old id does not
    /// refuse: it answers another question.
    Moved,
}

impl Numbering {
    /// That of a driver of this version, such as `580.95.05`.
    pub(super) fn of(version: Option<&str>) -> Self {
        let mut parts = version.unwrap_or_default().split('.').map(|part| part.parse::<u32>().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor)) if (major, minor) >= (580, 82) => Self::Moved,
            (Some(_), Some(_)) => Self::Old,
            _ => Self::Unknown,
        }
    }
}

impl Field {
    pub(super) const ALL: [Self; 25] = [
        Self::MemoryTemperature,
        Self::PowerInstant,
        Self::PcieTransmitted,
        Self::PcieReceived,
        Self::NvlinkTransmitted,
        Self::NvlinkReceived,
        Self::NvlinkReplay,
        Self::NvlinkRecovery,
        Self::NvlinkCrcFlit,
        Self::NvlinkCrcData,
        Self::NvlinkEccData,
        Self::RemappedCorrectable,
        Self::RemappedUncorrectable,
        Self::RemappingPending,
        Self::RemappingFailed,
        Self::RecoveryAction,
        Self::TimePowerCap,
        Self::TimeThermal,
        Self::TimeSyncBoost,
        Self::TimeBoardLimit,
        Self::TimeLowUtilization,
        Self::TimeReliability,
        Self::TimeSoftwareThermal,
        Self::TimeHardwareThermal,
        Self::TimePowerBrake,
    ];

    /// Its id, and the name by which it is remembered when it is not supported.
    pub(super) const fn id(self, numbering: Numbering) -> (u32, &'static str) {
        let moved = match numbering {
            Numbering::Old | Numbering::Unknown => 0,
            Numbering::Moved => 18,
        };
        match self {
            Self::NvlinkCrcFlit => (38, "field 38 (NVLink CRC flit errors)"),
            Self::NvlinkCrcData => (45, "field 45 (NVLink CRC data errors)"),
            Self::NvlinkReplay => (52, "field 52 (NVLink replays)"),
            Self::NvlinkRecovery => (59, "field 59 (NVLink recoveries)"),
            Self::TimePowerCap => (74, "field 74 (time at the power cap)"),
            Self::TimeThermal => (75, "field 75 (time at a thermal limit)"),
            Self::TimeSyncBoost => (76, "field 76 (time in sync boost)"),
            Self::TimeBoardLimit => (77, "field 77 (time at the board's limit)"),
            Self::TimeLowUtilization => (78, "field 78 (time of low utilization)"),
            Self::TimeReliability => (79, "field 79 (time at the reliability limit)"),
            Self::MemoryTemperature => (82, "field 82 (memory temperature)"),
            Self::NvlinkTransmitted => (138, "field 138 (NVLink data sent)"),
            Self::NvlinkReceived => (139, "field 139 (NVLink data received)"),
            Self::RemappedCorrectable => (142, "field 142 (remapped rows, correctable)"),
            Self::RemappedUncorrectable => (143, "field 143 (remapped rows, uncorrectable)"),
            Self::RemappingPending => (144, "field 144 (row remapping pending)"),
            Self::RemappingFailed => (145, "field 145 (row remapping failed)"),
            Self::NvlinkEccData => (160, "field 160 (NVLink ECC data errors)"),
            Self::PowerInstant => (186, "field 186 (instant power)"),
            Self::PcieTransmitted => (197, "field 197 (PCIe bytes sent)"),
            Self::PcieReceived => (198, "field 198 (PCIe bytes received)"),
            Self::RecoveryAction => (230, "field 230 (recovery action)"),
            Self::TimeSoftwareThermal => (251 + moved, "time of software thermal slowdown"),
            Self::TimeHardwareThermal => (252 + moved, "time of hardware thermal slowdown"),
            Self::TimePowerBrake => (253 + moved, "time of the power brake"),
        }
    }

    /// Whether it can be asked by its id.
    pub(super) fn has_id(self, numbering: Numbering) -> bool {
        numbering != Numbering::Unknown || self.id(Numbering::Old).0 == self.id(Numbering::Moved).0
    }

    /// Whether it counts what may be more than 32 bits hold.
    pub(super) const fn may_wrap(self) -> bool {
        matches!(self, Self::PcieTransmitted | Self::PcieReceived)
    }

    /// Of which part of the GPU.
    pub(super) const fn scope(self) -> u32 {
        match self {
            Self::NvlinkTransmitted | Self::NvlinkReceived => ALL_LINKS,
            _ => 0,
        }
    }
}

/// What the driver said to a read's fields.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<Field, u64>);

impl Values {
    pub(super) fn insert(&mut self, field: Field, value: u64) {
        self.0.insert(field, value);
    }

    pub(super) fn get(&self, field: Field) -> Option<u64> {
        self.0.get(&field).copied()
    }

    /// A number too large for its place is none that is known.
    pub(super) fn small(&self, field: Field) -> Option<u32> {
        u32::try_from(self.get(field)?).ok()
    }

    pub(super) fn flag(&self, field: Field) -> Option<bool> {
        Some(self.get(field)? != 0)
    }

    pub(super) fn bytes_of_kib(&self, field: Field) -> Option<u64> {
        self.get(field)?.checked_mul(1024)
    }

    /// Those of `names` that are known.
    pub(super) fn named(&self, names: &[(&'static str, Field)]) -> BTreeMap<&'static str, u64> {
        names.iter().filter_map(|&(name, field)| Some((name, self.get(field)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_is_asked_once_and_no_two_share_an_id() {
        for numbering in [Numbering::Old, Numbering::Moved] {
            let ids: BTreeSet<u32> = Field::ALL.map(|field| field.id(numbering).0).into();
            assert_eq!(ids.len(), Field::ALL.len());
        }
    }

    #[test]
    fn three_ids_moved_and_no_others() {
        let moved = Field::ALL
            .map(|field| (field.id(Numbering::Old).0, field.id(Numbering::Moved).0))
            .into_iter()
            .filter(|(old, new)| old != new);
        assert_eq!(moved.collect::<Vec<_>>(), [(251, 269), (252, 270), (253, 271)]);
    }

    #[test]
    fn what_has_moved_is_not_asked_of_a_driver_of_unknown_version() {
        let numberings =
            ["535.309.01", "580.65.06", "580.82", "580.95.05", "590.1", "", "r580", "580"]
                .map(|version| Numbering::of(Some(version)));
        use Numbering::{Moved, Old, Unknown};
        assert_eq!(numberings, [Old, Old, Moved, Moved, Moved, Unknown, Unknown, Unknown]);
        assert_eq!(Numbering::of(None), Unknown);
        let asked = |numbering| Field::ALL.iter().filter(|it| it.has_id(numbering)).count();
        assert_eq!([Old, Moved, Unknown].map(asked), [25, 25, 22]);
    }

    #[test]
    fn totals_of_nvlink_are_asked_of_all_links() {
        assert_eq!(Field::NvlinkTransmitted.scope(), u32::MAX);
        assert_eq!(Field::NvlinkReceived.scope(), u32::MAX);
        assert_eq!(Field::PowerInstant.scope(), 0);
    }

    #[test]
    fn values_become_what_the_snapshot_holds_and_the_unknown_stays_unknown() {
        let mut values = Values::default();
        values.insert(Field::NvlinkTransmitted, 3);
        values.insert(Field::NvlinkReceived, u64::MAX);
        values.insert(Field::RemappingPending, 1);
        values.insert(Field::PowerInstant, u64::from(u32::MAX) + 1);
        assert_eq!(values.bytes_of_kib(Field::NvlinkTransmitted), Some(3072));
        assert_eq!(values.bytes_of_kib(Field::NvlinkReceived), None);
        assert_eq!(values.flag(Field::RemappingPending), Some(true));
        assert_eq!(values.flag(Field::RemappingFailed), None);
        assert_eq!(values.small(Field::PowerInstant), None);
        let named = values.named(&[("one", Field::RemappingPending), ("none", Field::TimeThermal)]);
        assert_eq!(named, BTreeMap::from([("one", 1)]));
    }
}
