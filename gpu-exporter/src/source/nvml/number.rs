//! Single numbers that a GPU tells, each by a call of its own.

/// What is asked. Units are those of `nvml.h`; the snapshot names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    EncoderUtilization,
    DecoderUtilization,
    Temperature,
    TemperatureSlowdown,
    TemperatureShutdown,
    TemperatureMaxOperating,
    TemperatureMemoryMax,
    PowerUsage,
    PowerLimit,
    PowerLimitDefault,
    Energy,
    Clock(Domain),
    ClockMax(Domain),
    ThrottleReasons,
    PerformanceState,
    EccEnabled,
    /// Errors, `uncorrected` or not, since the driver was loaded or, `aggregate`, in the card's life.
    EccErrors {
        uncorrected: bool,
        aggregate: bool,
    },
    PcieReplays,
    PcieGeneration,
    PcieGenerationMax,
    PcieWidth,
    PcieWidthMax,
}

/// What has a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    Graphics,
    Sm,
    Memory,
    Video,
}

impl Domain {
    /// With the names of the snapshot.
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("graphics", Self::Graphics),
        ("sm", Self::Sm),
        ("memory", Self::Memory),
        ("video", Self::Video),
    ];
}

impl Number {
    /// By which it is remembered, and logged, when it is not supported.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EncoderUtilization => "encoder utilization",
            Self::DecoderUtilization => "decoder utilization",
            Self::Temperature => "temperature",
            Self::TemperatureSlowdown => "slowdown temperature",
            Self::TemperatureShutdown => "shutdown temperature",
            Self::TemperatureMaxOperating => "maximum operating temperature",
            Self::TemperatureMemoryMax => "maximum memory temperature",
            Self::PowerUsage => "power usage",
            Self::PowerLimit => "enforced power limit",
            Self::PowerLimitDefault => "default power limit",
            Self::Energy => "total energy consumption",
            Self::Clock(domain) => match domain {
                Domain::Graphics => "graphics clock",
                Domain::Sm => "SM clock",
                Domain::Memory => "memory clock",
                Domain::Video => "video clock",
            },
            Self::ClockMax(domain) => match domain {
                Domain::Graphics => "maximum graphics clock",
                Domain::Sm => "maximum SM clock",
                Domain::Memory => "maximum memory clock",
                Domain::Video => "maximum video clock",
            },
            Self::ThrottleReasons => "throttle reasons",
            Self::PerformanceState => "performance state",
            Self::EccEnabled => "ECC mode",
            Self::EccErrors { uncorrected: false, aggregate: false } => "corrected ECC errors",
            Self::EccErrors { uncorrected: true, aggregate: false } => "uncorrected ECC errors",
            Self::EccErrors { uncorrected: false, aggregate: true } => {
                "corrected ECC errors of the card's life"
            }
            Self::EccErrors { uncorrected: true, aggregate: true } => {
                "uncorrected ECC errors of the card's life"
            }
            Self::PcieReplays => "PCIe replays",
            Self::PcieGeneration => "PCIe generation",
            Self::PcieGenerationMax => "maximum PCIe generation",
            Self::PcieWidth => "PCIe width",
            Self::PcieWidthMax => "maximum PCIe width",
        }
    }
}
