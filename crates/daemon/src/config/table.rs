//! The tables that a configuration file may have.

/// A table of the configuration file, one per daemon and those that daemons share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `[proxy]`, of `weir-proxy`.
    Proxy,
    /// `[gpu_exporter]`, of `weir-gpu-exporter`.
    GpuExporter,
    /// `[discovery]`, of `weir-discovery`.
    Discovery,
    /// `[loadtest]`, of `weir-loadtest`.
    Loadtest,
    /// `[telemetry]`, of all of them.
    Telemetry,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 5] =
        [Self::Proxy, Self::GpuExporter, Self::Discovery, Self::Loadtest, Self::Telemetry];

    /// The table's name in the file, and in lower case in the environment.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::GpuExporter => "gpu_exporter",
            Self::Discovery => "discovery",
            Self::Loadtest => "loadtest",
            Self::Telemetry => "telemetry",
        }
    }
}
