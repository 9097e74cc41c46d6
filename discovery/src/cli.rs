//! The command line.

use std::net::SocketAddr;

use clap::Parser;
use weir_daemon::cli::CommonArgs;
use weir_daemon::config::Layers;

/// Which engines there are, for Prometheus and for the proxy; their metrics, LiteLLM's and LangFuse's.
#[derive(Debug, Parser)]
#[command(name = "weir-discovery", version)]
pub struct Args {
    /// The flags of every daemon.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Address of targets, routes, metrics, health and status [default: 127.0.0.1:9901].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where containers are asked for: auto, off, unix:///PATH or tcp://HOST:PORT [default: auto].
    #[arg(long, value_name = "WHERE")]
    docker: Option<String>,
}

impl Args {
    /// The layers that these flags and this process's environment make.
    pub fn layers(&self) -> Layers {
        let mut layers = Layers::of_process(&self.common);
        if let Some(listen) = self.listen {
            layers = layers.with_override("--listen", "discovery.listen", listen.to_string());
        }
        if let Some(docker) = &self.docker {
            layers = layers.with_override("--docker", "discovery.docker", docker.clone());
        }
        layers
    }
}
