//! The subcommands of what is measured beside the cells: each writes its result to stdout, as JSON.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::cli::{CommonArgs, InstructionsArgs, JunkArgs, ScrapeArgs};
use crate::instructions::{self, Effort, InstructionsError};
use crate::junk::{self, JunkError};
use crate::loopback::{Loopback, LoopbackError};
use crate::machine::Cores;
use crate::run;
use crate::scrape::{self, ScrapeError};

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BesideError {
    #[error(transparent)]
    Stage(#[from] LoopbackError),
    #[error(transparent)]
    Instructions(#[from] InstructionsError),
    #[error(transparent)]
    Junk(#[from] JunkError),
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

/// `weir-bench instructions`
pub(crate) async fn instructions(args: &InstructionsArgs) -> Result<(), BesideError> {
    let stage = stage(&args.common).await?;
    let effort = Effort { repeats: args.repeats, keep: args.keep.as_deref() };
    let mut counted = Vec::new();
    for &contender in args.contenders() {
        say(&format!("Counting the instructions of {contender}."));
        match instructions::measure(&stage, contender, effort).await {
            Err(error) if error.is_absence() => say(&format!("Not counted: {error}.")),
            counts => counted.extend(counts?),
        }
    }
    stage.end().await;
    tell(&counted)
}

/// `weir-bench junk`
pub(crate) async fn junk(args: &JunkArgs) -> Result<(), BesideError> {
    let stage = stage(&args.common).await?;
    let junk = junk::measure(&stage, args.requests, |(requests, bytes, lines)| {
        say(&format!("{requests} requests: {} KiB, {lines} lines of metrics", bytes >> 10));
    });
    let junk = junk.await?;
    stage.end().await;
    tell(&junk)
}

/// `weir-bench scrape`
pub(crate) async fn scrape(args: &ScrapeArgs) -> Result<(), BesideError> {
    let stage = stage(&args.common).await?;
    let scrape = scrape::measure(&stage, args.series, args.seconds).await?;
    stage.end().await;
    tell(&scrape)
}

/// As `run` has it.
async fn stage(args: &CommonArgs) -> Result<Loopback, LoopbackError> {
    let cores = Cores::share_out();
    let mut surroundings = run::surroundings(&args.programs, cores.as_ref());
    if let Some(weir) = &args.weir {
        surroundings.weir.clone_from(weir);
    }
    Loopback::start(surroundings, cores.as_ref(), args.out.join("contenders")).await
}

fn tell(result: &impl Serialize) -> Result<(), BesideError> {
    let json = serde_json::to_string_pretty(result).map_err(io::Error::from);
    json.and_then(|json| writeln!(io::stdout(), "{json}")).map_err(BesideError::Stdout)
}

/// A line for whoever waits; where nobody can read it, that is no reason to end.
fn say(line: &str) {
    let _unread = writeln!(io::stderr(), "{line}");
}
