//! The command line.

use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use weir_daemon::cli::CommonArgs;
use weir_daemon::config::Layers;

use crate::config::SourceKind;

/// Metrics of each NVIDIA GPU, and of the containers that use it.
#[derive(Debug, Parser)]
#[command(name = "weir-gpu-exporter", version)]
pub struct Args {
    /// The flags of every daemon.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Address of metrics, health and status [default: 127.0.0.1:9445].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// What to read: nvml (the NVIDIA driver), or simulate (eight H200s that are not there) [default: nvml].
    #[arg(long, value_name = "SOURCE")]
    source: Option<SourceArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SourceArg {
    Nvml,
    Simulate,
}

impl From<SourceArg> for SourceKind {
    fn from(arg: SourceArg) -> Self {
        match arg {
            SourceArg::Nvml => Self::Nvml,
            SourceArg::Simulate => Self::Simulate,
        }
    }
}

impl Args {
    /// The layers that these flags and this process's environment make.
    pub fn layers(&self) -> Layers {
        let mut layers = Layers::of_process(&self.common);
        if let Some(listen) = self.listen {
            layers = layers.with_override("--listen", "gpu_exporter.listen", listen.to_string());
        }
        if let Some(source) = self.source {
            let source = SourceKind::from(source).as_str();
            layers = layers.with_override("--source", "gpu_exporter.source", source);
        }
        layers
    }
}
