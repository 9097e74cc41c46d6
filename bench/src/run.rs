//! `weir-bench run`: the whole measurement, from finding the programs to the report.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::RunArgs;
use crate::contender::{Contender, ContenderError, Surroundings};
use crate::loopback::{Loopback, LoopbackError};
use crate::machine::{self, Cores};
use crate::report::{self, ReportError};
use crate::results::{Results, ResultsError};
use crate::rounds::{self, Watcher};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("making the folder {}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("there is nothing to measure")]
    Contender(#[from] ContenderError),
    #[error(transparent)]
    Loopback(#[from] LoopbackError),
    #[error("waiting for signals")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Whole,
    /// By a signal, with a report of what there was.
    Early,
}

/// Measures, and writes the report.
pub(crate) async fn run(args: &RunArgs) -> Result<Ended, RunError> {
    fs::create_dir_all(&args.out)
        .map_err(|source| RunError::Directory { path: args.out.clone(), source })?;
    let cores = Cores::share_out();
    let surroundings = surroundings(&args.programs, cores.as_ref());
    let mut results = nothing_yet(args, &surroundings, cores.as_ref())?;
    let directory = args.out.join("contenders");
    let mut stage = Loopback::start(surroundings, cores.as_ref(), directory).await?;
    let contenders = args.contenders();
    let mut watcher = Terminal { path: args.out.join("results.json") };
    let ended = {
        let all = rounds::run(&mut stage, &contenders, &mut results, &mut watcher);
        let signal = signalled().map_err(RunError::Signals)?;
        // Whatever was started is killed when it is dropped.
        tokio::select! {
            done = all => done.map(|()| Ended::Whole)?,
            () = signal => Ended::Early,
        }
    };
    stage.end().await;
    report::write(&results, &args.out)?;
    io::stdout().write_all(report::digest(&results).as_bytes()).map_err(RunError::Stdout)?;
    say(&format!("The report is {}.", args.out.join("report.md").display()));
    Ok(ended)
}

/// In this directory, which is the repository's top, but for what cargo built.
pub(crate) fn surroundings(programs: &Path, cores: Option<&Cores>) -> Surroundings {
    let cores = cores.map(|cores| cores.contender.clone());
    Surroundings {
        weir: programs.join("release/weir-proxy"),
        bare: programs.join("release/bare-pingora"),
        bare_plain: programs.join("plain/bare-pingora"),
        ..Surroundings::new(Path::new("."), cores)
    }
}

/// Results without a sample. Without Weir there is nothing to compare, and that is better known now than in half an hour;
/// any other one may be absent.
fn nothing_yet(
    args: &RunArgs,
    surroundings: &Surroundings,
    cores: Option<&Cores>,
) -> Result<Results, RunError> {
    let mut versions = BTreeMap::new();
    let mut absent = BTreeMap::new();
    for contender in args.contenders() {
        match contender.version(surroundings) {
            Ok(version) => versions.extend(version.map(|version| (contender, version))),
            Err(error) if contender == Contender::Weir || !error.is_absence() => {
                return Err(error.into());
            }
            Err(error) => {
                say(&format!("Not measured: {error}."));
                absent.insert(contender, error.to_string());
            }
        }
    }
    Ok(Results {
        date: now(),
        quick: args.quick,
        machine: machine::describe(cores, &surroundings.weir),
        versions,
        cells: args.cells(),
        samples: Vec::new(),
        dropped: Vec::new(),
        failures: Vec::new(),
        absent,
        idle_memory: BTreeMap::new(),
        instructions: Vec::new(),
        junk: None,
        scrape: None,
    })
}

/// To the second.
fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let now = now.replace_nanosecond(0).unwrap_or(now);
    // It fails for years of more than four digits.
    now.format(&Rfc3339).unwrap_or_default()
}

/// Whoever follows a run at a terminal; results are kept in a file as they come.
struct Terminal {
    path: PathBuf,
}

impl Watcher for Terminal {
    fn say(&mut self, line: &str) {
        say(line);
    }

    fn keep(&mut self, results: &Results) -> Result<(), ResultsError> {
        results.write(&self.path)
    }
}

/// Waits for Ctrl-C, SIGTERM, or that the terminal is closed; they are caught from the call on.
fn signalled() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// A line for whoever waits; where nobody can read it, that is no reason to end.
fn say(line: &str) {
    let _unread = writeln!(io::stderr(), "{line}");
}
