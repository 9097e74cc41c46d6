//! `weir-loadtest`: reads the command line and runs what it asks for.

mod cli;
mod demo;
mod healthcheck;
mod http;
mod order;
mod signals;
mod sim;
mod traffic;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::cli::{Args, Command};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere left to report that stderr is closed.
            let _unreported = writeln!(std::io::stderr(), "weir-loadtest: {error:#}");
            let unusable = error.downcast_ref().is_some_and(demo::DemoError::is_usage)
                || error.downcast_ref().is_some_and(traffic::TrafficError::is_usage);
            ExitCode::from(if unusable { cli::EXIT_USAGE } else { cli::EXIT_FAILED })
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("starting threads")?;
    match &args.command {
        Command::Sim(args) => runtime.block_on(sim::run(args))?,
        Command::Demo(args) => runtime.block_on(demo::run(args))?,
        Command::Traffic(args) => runtime.block_on(traffic::run(args))?,
        Command::Healthcheck(args) => runtime.block_on(healthcheck::run(args))?,
    }
    Ok(())
}
