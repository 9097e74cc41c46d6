//! `weir-bench`: what Weir costs, against plain forwarding and other proxies, interleaved in one run on one machine.

mod beside;
mod body;
mod cells;
mod chat;
mod cli;
mod client;
mod clock;
mod contender;
mod filler;
mod head;
mod instructions;
mod junk;
mod load;
mod loopback;
mod machine;
mod names;
mod open_files;
mod process;
mod report;
mod results;
mod rounds;
mod run;
mod scrape;
mod statistics;
mod targets;
mod upstream;
mod words;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::run::Ended;

/// As shells have it of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Upstream => upstream::serve()?,
        Command::Load(args) => block_on(load::by_hand::run(&args))?,
        Command::Run(args) => {
            if block_on(run::run(&args))? == Ended::Early {
                return Ok(ExitCode::from(INTERRUPTED));
            }
        }
        Command::Report(args) => report::again::run(&args)?,
        Command::Instructions(args) => block_on(beside::instructions(&args))?,
        Command::Junk(args) => block_on(beside::junk(&args))?,
        Command::Scrape(args) => block_on(beside::scrape(&args))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn block_on<T, E>(command: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    anyhow::Error: From<E>,
{
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().context("setting up a runtime")?;
    Ok(runtime.block_on(command)?)
}
