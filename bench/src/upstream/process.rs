//! The upstream in a process of its own, so that its processor time can be told from the generator's.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use procfs::process::Process;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::LISTENING;

/// Both are done in a moment unless something is wrong.
const START: Duration = Duration::from_secs(10);
const END: Duration = Duration::from_secs(5);

/// A running one. It ends when dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    child: Child,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("finding this program, which is the upstream too")]
    Program(#[source] io::Error),
    #[error("starting the upstream with `{command}`; taskset is part of util-linux")]
    Start { command: String, source: io::Error },
    #[error(
        "`{command}` said \"{said}\" and not where it listens: run it by hand to see what is wrong"
    )]
    Silent { command: String, said: String },
}

impl Upstream {
    /// Starts `weir-bench upstream`, on these cores (as `taskset -c` has them) or on all, and waits until it listens.
    pub(crate) async fn start(cores: Option<&str>) -> Result<Self, UpstreamError> {
        let program = std::env::current_exe().map_err(UpstreamError::Program)?;
        let mut command = match cores {
            Some(cores) => {
                let mut command = Command::new("taskset");
                command.args(["-c", cores]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("upstream").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let text = format!("{:?}", command.as_std());
        let start = |source| UpstreamError::Start { command: text.clone(), source };
        let mut child = command.spawn().map_err(start)?;
        let said = timeout(START, first_line(&mut child)).await;
        let said = said.unwrap_or_else(|_| Ok(String::new())).map_err(start)?;
        let address = said.strip_prefix(LISTENING).and_then(|address| address.trim().parse().ok());
        match (address, child.id()) {
            (Some(address), Some(pid)) => Ok(Self { address, pid, child }),
            _ => Err(UpstreamError::Silent { command: text, said }),
        }
    }

    /// Time on a processor so far, user and system; zero where the system does not say.
    pub(crate) fn cpu(&self) -> Duration {
        cpu(self.pid).unwrap_or_default()
    }

    /// Ends it, and waits until it is gone.
    pub(crate) async fn end(mut self) {
        drop(self.child.stdin.take());
        if timeout(END, self.child.wait()).await.is_err() {
            // It fails only where there is nothing left to kill.
            let _gone = self.child.kill().await;
        }
    }
}

async fn first_line(child: &mut Child) -> io::Result<String> {
    let mut line = String::new();
    if let Some(stdout) = child.stdout.as_mut() {
        BufReader::new(stdout).read_line(&mut line).await?;
    }
    Ok(line)
}

/// To the nanosecond, unlike `/proc/PID/stat`; all threads are there from start to end.
fn cpu(pid: u32) -> Option<Duration> {
    let tasks = Process::new(pid.try_into().ok()?).and_then(|process| process.tasks()).ok()?;
    tasks
        .map(|task| Some(Duration::from_nanos(task.ok()?.schedstat().ok()?.sum_exec_runtime)))
        .sum()
}
