//! Counting the instructions of a piece of work by callgrind, for programs that can do it N times.

use std::process::{Child, Command, Stdio};
use std::{env, io};

/// What `run` was asked for: by a person to report, or by [`each`] to do one piece of work so often.
pub(crate) fn asked() -> Option<(String, usize)> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [name, repetitions] = arguments.as_slice() else { return None };
    Some((name.clone(), repetitions.parse().ok()?))
}

/// How many instructions one repetition takes: this program is run under valgrind, once with so many
/// repetitions and once with twice as many, so that starting up costs nothing.
pub(crate) fn each(name: &str, repetitions: usize) -> io::Result<f64> {
    let once = start(name, repetitions)?;
    let twice = start(name, 2 * repetitions)?;
    let (once, twice) = (collected(once)?, collected(twice)?);
    Ok((twice - once) as f64 / repetitions as f64)
}

/// Starts this program again under callgrind; with an empty environment, of which the layout of the
/// stack would depend.
fn start(name: &str, repetitions: usize) -> io::Result<Child> {
    let path = env::var_os("PATH").unwrap_or_default();
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([name, &repetitions.to_string()])
        .env_clear()
        .env("PATH", path)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| io::Error::other(format!("running valgrind: {error}; install it")))
}

/// The instructions that callgrind collected.
fn collected(child: Child) -> io::Result<u64> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let figure = said.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok());
    figure
        .filter(|_| output.status.success())
        .ok_or_else(|| io::Error::other(format!("valgrind gave no count:\n{said}")))
}
