//! `report`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// Write the report of results that are there.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// What `run` wrote.
    #[arg(value_name = "RESULTS.json")]
    pub(crate) results: PathBuf,
    /// The folder for results.json, report.md and plot.svg.
    #[arg(long, value_name = "DIRECTORY", default_value = "target/bench")]
    pub(crate) out: PathBuf,
    /// Take in what `instructions` printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) instructions: Option<PathBuf>,
    /// Take in what `junk` printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) junk: Option<PathBuf>,
    /// Take in what `scrape` printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) scrape: Option<PathBuf>,
}
