//! `serve`: its arguments.

use std::net::SocketAddr;
use std::path::PathBuf;

use weir_daemon::cli::CommonArgs;
use weir_daemon::config::Layers;

/// Serve the web page: live figures, benchmarks, answers.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// The flags of every daemon.
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Address of the page, and of metrics, health and status [default: 127.0.0.1:8001].
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// SQLite file with the runs; it may come later [default: as of weir-loadtest run].
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
}

const SERVE_HELP: &str = "\
Where figures come from, links, who may see the page: [loadtest] in the configuration file
(config/weir.toml has every key).

Exit codes: 0 ended as asked, by SIGTERM or Ctrl-C; 1 failed; 2 wrong arguments or configuration;
3 the address cannot be listened on.";

impl ServeArgs {
    /// The layers that these flags and this process's environment make.
    pub(crate) fn layers(&self) -> Layers {
        let mut layers = Layers::of_process(&self.common);
        if let Some(listen) = self.listen {
            layers = layers.with_override("--listen", "loadtest.listen", listen.to_string());
        }
        if let Some(store) = &self.store {
            let store = store.to_string_lossy().into_owned();
            layers = layers.with_override("--store", "loadtest.store", store);
        }
        layers
    }
}
