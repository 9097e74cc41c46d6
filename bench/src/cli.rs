//! The command line.

mod beside;
mod report;
mod run;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::beside::{CommonArgs, InstructionsArgs, JunkArgs, ScrapeArgs};
pub(crate) use self::report::ReportArgs;
pub(crate) use self::run::RunArgs;
use crate::cells::Work;

/// What Weir costs, against plain forwarding and other proxies.
#[derive(Debug, Parser)]
#[command(name = "weir-bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the requests of `load` until SIGTERM or Ctrl-C, or until stdin closes.
    #[command(hide = true)]
    Upstream,
    Load(LoadArgs),
    Run(RunArgs),
    Report(ReportArgs),
    Instructions(InstructionsArgs),
    Junk(JunkArgs),
    Scrape(ScrapeArgs),
}

/// Make one load and print what was counted.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Address of the upstream or of a proxy before it; without it, an upstream of its own.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Option<SocketAddr>,
    /// Such as json-1k-saturated, json-16k-rate-500, paced-5ms-20, burst-128-1.
    #[arg(long, value_name = "NAME")]
    pub(crate) work: Work,
    /// How long is counted, once the load is under way.
    #[arg(long, default_value = "5", value_parser = seconds)]
    pub(crate) seconds: Duration,
}

/// A length of time.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "say a number of seconds, such as 5 or 0.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
