//! The report: the results as JSON, a Markdown text and a plot.

pub(crate) mod again;
mod markdown;
mod plot;

use std::path::{Path, PathBuf};
use std::{fs, io};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::plot::PlotError;
use crate::results::{Results, ResultsError};

/// What `report.md` shows it by.
const PLOT: &str = "plot.svg";

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error("writing {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("reading {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not what `weir-bench {command}` prints", path.display())]
    Content { path: PathBuf, command: &'static str, source: serde_json::Error },
}

/// Writes `results.json`, `report.md` and `plot.svg` into a directory that is there.
pub(crate) fn write(results: &Results, directory: &Path) -> Result<(), ReportError> {
    results.write(&directory.join("results.json"))?;
    put(directory.join("report.md"), &markdown::text(results))?;
    put(directory.join(PLOT), &plot::svg(results)?)
}

/// The summary and the targets, for whoever waited for them.
pub(crate) fn digest(results: &Results) -> String {
    markdown::digest(results)
}

fn put(path: PathBuf, text: &str) -> Result<(), ReportError> {
    fs::write(&path, text).map_err(|source| ReportError::Write { path, source })
}

/// Such as `22 November 2026`.
fn day(date: &str) -> String {
    OffsetDateTime::parse(date, &Rfc3339).map_or_else(
        |_| date.to_owned(),
        |date| format!("{} {} {}", date.day(), date.month(), date.year()),
    )
}

#[cfg(test)]
mod tests;
