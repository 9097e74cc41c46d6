//! `weir-loadtest`: reads the command line and runs what it asks for.

mod answer;
mod beside;
mod cli;
mod client;
mod columns;
mod compare;
mod demo;
mod discovered;
mod drive;
mod environment;
mod gpus;
mod healthcheck;
mod http;
mod json_lines;
mod key;
mod label_studio;
mod limit;
mod measure;
mod order;
mod output;
mod prometheus;
mod report;
mod run;
mod runs;
mod scenario;
mod scenarios;
mod schedule;
mod search;
mod serve;
mod signals;
mod sim;
mod store;
mod summary;
mod tally;
mod tester;
mod trace;
mod traffic;
mod workload;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::cli::{Args, Command};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            // There is nowhere left to report that stderr is closed.
            let _unreported = writeln!(std::io::stderr(), "weir-loadtest: {error:#}");
            ExitCode::from(code(&error))
        }
    }
}

/// Runs what was asked for; returns the exit code.
fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    Ok(match &args.command {
        Command::Run(args) => block_on(run::run(args))?.exit_code().into(),
        Command::Compare(args) => block_on(compare::run(args))?.exit_code().into(),
        Command::Runs(args) => block_on(runs::run(args)).map(done)?,
        Command::Scenarios(args) => block_on(scenarios::run(args)).map(done)?,
        // A daemon, which makes its own threads.
        Command::Serve(args) => serve::run(args),
        Command::Limit(args) => block_on(limit::run(args))?.into(),
        Command::Sim(args) => block_on(sim::run(args)).map(done)?,
        Command::Demo(args) => block_on(demo::run(args)).map(done)?,
        Command::Traffic(args) => block_on(traffic::run(args)).map(done)?,
        Command::Healthcheck(args) => block_on(healthcheck::run(args)).map(done)?,
    })
}

fn block_on<T, E>(command: impl Future<Output = Result<T, E>>) -> anyhow::Result<T>
where
    anyhow::Error: From<E>,
{
    let runtime = tokio::runtime::Runtime::new().context("starting threads")?;
    Ok(runtime.block_on(command)?)
}

/// The exit code of a command that failed.
fn code(error: &anyhow::Error) -> u8 {
    let is_usage = error.downcast_ref().is_some_and(demo::DemoError::is_usage)
        || error.downcast_ref().is_some_and(compare::CompareError::is_usage)
        || error.downcast_ref().is_some_and(run::RunError::is_usage)
        || error.downcast_ref().is_some_and(runs::RunsError::is_usage)
        || error.downcast_ref().is_some_and(scenarios::ScenariosError::is_usage)
        || error.downcast_ref().is_some_and(traffic::TrafficError::is_usage);
    let is_unreachable = error.downcast_ref().is_some_and(compare::CompareError::is_unreachable)
        || error.downcast_ref().is_some_and(run::RunError::is_unreachable);
    let is_interrupted = error.downcast_ref().is_some_and(compare::CompareError::is_interrupted)
        || error.downcast_ref().is_some_and(run::RunError::is_interrupted);
    if is_interrupted {
        cli::EXIT_INTERRUPTED
    } else if is_usage {
        cli::EXIT_USAGE
    } else if is_unreachable {
        cli::EXIT_UNREACHABLE
    } else {
        cli::EXIT_FAILED
    }
}
