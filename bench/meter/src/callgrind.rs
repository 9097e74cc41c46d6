//! Counting the instructions of a piece of work by callgrind: figures that neither the machine's load nor
//! its speed moves.

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};
use std::{env, io};

use crate::works::Work;

/// The argument with which this program does a piece of work and nothing else: its name and how often follow.
pub const WORK: &str = "work";

/// Why there is no count.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// It could not be run.
    #[error("can't run valgrind; install it, on Debian with 'apt-get install valgrind'")]
    Run(#[from] io::Error),
    /// It ended without a figure.
    #[error("valgrind gave no count of {work:?}; it said:\n{said}")]
    NoFigure {
        /// What was to be counted.
        work: String,
        /// All that valgrind wrote.
        said: String,
    },
}

/// How many instructions one unit of a work takes, rounded. This program is run under valgrind, once with so many
/// repetitions and once with twice as many, and the difference is taken: starting up and making ready cost nothing.
///
/// The allocator is the C library's: mimalloc, which the daemons are released with, asks the clock when to give
/// memory back, and so no two counts would be the same.
pub fn count(work: &Work, units: usize) -> Result<u64, CountError> {
    let once = start(work, work.repetitions)?;
    let twice = start(work, 2 * work.repetitions)?;
    // Both have been started, so that they run side by side.
    let (once, twice) = (collected(once, work)?, collected(twice, work)?);
    let counted = (work.repetitions * units) as u64;
    Ok((twice.saturating_sub(once) + counted / 2) / counted)
}

/// Starts this program again under callgrind; with an empty environment, of which the layout of the
/// stack would depend.
fn start(work: &Work, repetitions: usize) -> io::Result<Child> {
    let path = env::var_os("PATH").unwrap_or_default();
    let repetitions = repetitions.to_string();
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([WORK, &work.name, &repetitions].map(OsStr::new))
        .env_clear()
        .env("PATH", path)
        .stderr(Stdio::piped())
        .spawn()
}

/// The instructions that callgrind collected.
fn collected(child: Child, work: &Work) -> Result<u64, CountError> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    figure(&said)
        .filter(|_| output.status.success())
        .ok_or_else(|| CountError::NoFigure { work: work.name.clone(), said: said.into_owned() })
}

fn figure(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn the_figure_stands_in_what_valgrind_says() {
        let said =
            "==7== Events    : Ir\n==7== Collected : 450239\n==7== \n==7== I   refs:  450,239\n";
        assert_eq!(figure(said), Some(450_239));
        assert_eq!(figure("valgrind: failed to start tool 'callgrind'\n"), None);
    }
}
