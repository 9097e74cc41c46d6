//! The command line.

use std::net::SocketAddr;

use clap::{Parser, ValueEnum};
use weir_daemon::cli::CommonArgs;
use weir_daemon::config::Layers;

/// Meter LLM traffic in front of LiteLLM, vLLM or any OpenAI-compatible server.
///
/// With --upstream alone it is a whole sidecar; with --discovery alone it serves whatever engines
/// weir-discovery finds; several routes of your own need a file, see config/weir.toml.
#[derive(Debug, Parser)]
#[command(name = "weir-proxy", version)]
pub struct Args {
    /// The flags of every daemon.
    #[command(flatten)]
    pub common: CommonArgs,
    /// Upstream of a single route, such as http://127.0.0.1:8000.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Listening address of that route [default: 127.0.0.1:9801, with --hop edge 127.0.0.1:9800].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Name of that route, a label of its metrics [default: default].
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Where that route stands: edge (in front of LiteLLM) or engine [default: engine].
    #[arg(long, value_name = "HOP")]
    hop: Option<HopArg>,
    /// Where weir-discovery listens, such as http://127.0.0.1:9901: its routes are served on the engine
    /// listener.
    #[arg(long, value_name = "URL")]
    discovery: Option<String>,
    /// Address of the admin endpoints [default: 127.0.0.1:9900].
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HopArg {
    Edge,
    Engine,
}

impl Args {
    /// The layers that these flags and this process's environment make.
    pub fn layers(&self) -> Layers {
        let mut layers = Layers::of_process(&self.common);
        let mut set = |flag, key, value: Option<String>| {
            if let Some(value) = value {
                layers = std::mem::take(&mut layers).with_override(flag, key, value);
            }
        };
        let hop = self.hop.map(|hop| match hop {
            HopArg::Edge => "edge".to_owned(),
            HopArg::Engine => "engine".to_owned(),
        });
        set("--upstream", "proxy.upstream", self.upstream.clone());
        set("--listen", "proxy.listen", self.listen.map(|address| address.to_string()));
        set("--route", "proxy.route", self.route.clone());
        set("--hop", "proxy.hop", hop);
        set("--discovery", "proxy.discovery.url", self.discovery.clone());
        set("--admin", "proxy.admin", self.admin.map(|address| address.to_string()));
        layers
    }
}
