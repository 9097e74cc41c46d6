//! `weir-loadtest runs`: what is in the store, and the ways in and out.

mod file;
mod listing;

pub(crate) use self::file::{FileError, read};

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use time::OffsetDateTime;

use crate::cli::{RunsArgs, RunsCommand};
use crate::output::{Output, OutputError};
use crate::report::Report;
use crate::store::{ContentQuery, Imported, Store, StoreError};
use crate::summary;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{0} is still running: end it first")]
    Running(String),
    #[error("writing to stdout")]
    Stdout(#[source] io::Error),
}

impl RunsError {
    /// The arguments were wrong.
    pub(crate) fn is_usage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_usage(),
            Self::File(_) => true,
            _ => false,
        }
    }
}

/// Does what was asked. The store blocks, but nothing else runs.
pub(crate) async fn run(args: &RunsArgs) -> Result<(), RunsError> {
    let path = match &args.store {
        Some(path) => path.clone(),
        None => Store::default_path()?,
    };
    match &args.command {
        RunsCommand::Import { files } => import(&path, files),
        command => stored(&Store::open_existing(&path)?, command),
    }
}

fn stored(store: &Store, command: &RunsCommand) -> Result<(), RunsError> {
    match command {
        RunsCommand::List { limit, json } => list(store, *limit, *json),
        RunsCommand::Show { run, json } => show(store, run, *json),
        RunsCommand::Export { run, output, contents } => {
            export(store, run, output.as_deref(), *contents)
        }
        RunsCommand::Import { .. } => Ok(()),
        RunsCommand::Remove { runs } => remove(store, runs),
    }
}

fn list(store: &Store, limit: usize, json: bool) -> Result<(), RunsError> {
    let runs = store.list(limit, 0)?;
    if json {
        return print_json(&runs);
    }
    let total = store.count()?;
    let mut lines = listing::lines(&runs, OffsetDateTime::now_utc());
    if runs.is_empty() {
        lines = vec![format!("No runs are in {}.", store.path().display())];
    } else if total > runs.len() as u64 {
        lines.push(format!("{total} runs in all: --limit shows more."));
    }
    print(&lines)
}

fn show(store: &Store, wanted: &str, json: bool) -> Result<(), RunsError> {
    let mut report = get(store, wanted)?;
    report.requests.clear();
    if json { print_json(&report) } else { print(&summary::lines(&report)) }
}

fn export(
    store: &Store,
    wanted: &str,
    output: Option<&Path>,
    contents: bool,
) -> Result<(), RunsError> {
    // Before the run is read: a folder that is not there is said at once.
    let output = output.map(Output::open).transpose()?;
    let mut report = get(store, wanted)?;
    if contents {
        let all = ContentQuery { limit: usize::MAX, ..ContentQuery::default() };
        report.contents = store.contents(&report.id, &all)?.1;
    }
    match output {
        Some(output) => Ok(output.write(&report)?),
        None => print_json(&report),
    }
}

/// All files are looked at before the first one is kept.
fn import(path: &Path, files: &[impl AsRef<Path>]) -> Result<(), RunsError> {
    let reports: Vec<_> = files.iter().map(|file| read(file.as_ref())).collect::<Result<_, _>>()?;
    let store = Store::open(path)?;
    let mut lines = Vec::new();
    for report in reports {
        lines.push(match store.import(&report)? {
            Imported::New => format!("{} is kept now.", report.id),
            Imported::Known => format!("{} was there already.", report.id),
        });
    }
    print(&lines)
}

/// All runs are found before the first one is removed.
fn remove(store: &Store, wanted: &[String]) -> Result<(), RunsError> {
    let ids: Vec<_> =
        wanted.iter().map(|wanted| store.resolve(wanted)).collect::<Result<_, _>>()?;
    let now = OffsetDateTime::now_utc();
    for id in &ids {
        // It would be back within a second.
        if store.get(id)?.is_some_and(|run| run.is_running(now)) {
            return Err(RunsError::Running(id.clone()));
        }
    }
    for id in ids {
        store.remove(&id)?;
        print(&[format!("{id} is removed.")])?;
    }
    Ok(())
}

fn get(store: &Store, wanted: &str) -> Result<Report, StoreError> {
    let report = store.get(&store.resolve(wanted)?)?;
    report.ok_or_else(|| StoreError::NoRun { wanted: wanted.to_owned() })
}

fn print_json(value: &impl serde::Serialize) -> Result<(), RunsError> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer(&mut stdout, value).map_err(io::Error::from);
    read_or_gone(written.and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()))
}

fn print(lines: &[String]) -> Result<(), RunsError> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = lines.iter().try_for_each(|line| writeln!(stdout, "{line}"));
    read_or_gone(written.and_then(|()| stdout.flush()))
}

/// Whoever reads only the first lines has what was wanted.
fn read_or_gone(written: io::Result<()>) -> Result<(), RunsError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(RunsError::Stdout(error)),
        _ => Ok(()),
    }
}
