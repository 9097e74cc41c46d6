//! A program as a child process: starting it, waiting until it is ready, ending it.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{self, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long a program may take to start.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end before it is killed.
const END: Duration = Duration::from_secs(5);
/// How long after its end the rest of its log may take to arrive. Less than a second, after which the demo asks anew.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// What stands for a log without a line.
const SILENCE: &str = "(it said nothing)";
/// Lines of its log that are kept.
const KEPT_LINES: usize = 15;

/// What went wrong with a program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error("there is no program {}", path.display())]
    NotFound { name: &'static str, path: PathBuf },
    #[error("starting {}", path.display())]
    Start { path: PathBuf, source: io::Error },
    #[error("{name} ended ({status}); its last log lines:\n{log}")]
    Died { name: &'static str, status: ExitStatus, log: String },
    #[error(
        "{name} did not become ready within {} s: {url} {found}; its last log lines:\n{log}",
        START.as_secs()
    )]
    NotReady { name: &'static str, url: String, found: String, log: String },
    #[error("waiting for the end of {name}")]
    Wait { name: &'static str, source: io::Error },
}

/// A running program. Dropping it kills it.
pub(crate) struct Child {
    /// As it is called in messages.
    name: &'static str,
    child: process::Child,
    log: Arc<Mutex<VecDeque<String>>>,
    readers: JoinSet<()>,
}

/// A daemon of Weir's, with the demo's settings alone, whatever the user's environment says.
pub(crate) fn weir(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--log-format", "pretty"]);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("WEIR_")) {
            command.env_remove(name);
        }
    }
    command
}

impl Child {
    /// Starts it. Ctrl-C on a terminal does not reach it: it ends when the demo says so.
    pub(crate) fn start(name: &'static str, command: Command) -> Result<Self, ChildError> {
        let path = PathBuf::from(command.as_std().get_program());
        Self::spawn(name, command).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ChildError::NotFound { name, path },
            _ => ChildError::Start { path, source },
        })
    }

    fn spawn(name: &'static str, mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C reaches the whole group of a terminal.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(keep_last(stdout, Arc::clone(&log)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(keep_last(stderr, Arc::clone(&log)));
        }
        Ok(Self { name, child, log, readers })
    }

    /// As it is called in messages.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its process, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until `url` answers with success.
    pub(crate) async fn ready(&mut self, client: &Client, url: &str) -> Result<(), ChildError> {
        let deadline = Instant::now() + START;
        let mut found = "was not asked".to_owned();
        while Instant::now() < deadline {
            tokio::select! {
                error = self.died() => return Err(error),
                answer = client.get(url).timeout(Duration::from_secs(1)).send() => match answer {
                    Ok(answer) if answer.status().is_success() => return Ok(()),
                    Ok(answer) => found = format!("answered {}", answer.status()),
                    Err(error) => found = format!("could not be asked ({error})"),
                },
            }
            sleep(Duration::from_millis(50)).await;
        }
        let (name, url) = (self.name, url.to_owned());
        Err(ChildError::NotReady { name, url, found, log: self.last_lines() })
    }

    /// Waits until it ends by itself, which it should not.
    pub(crate) async fn died(&mut self) -> ChildError {
        match self.child.wait().await {
            Ok(status) => {
                let all = async { while self.readers.join_next().await.is_some() {} };
                // Somebody who inherited its stderr may hold it open for ever.
                let _late = timeout(LAST_WORDS, all).await;
                ChildError::Died { name: self.name, status, log: self.last_lines() }
            }
            Err(source) => ChildError::Wait { name: self.name, source },
        }
    }

    /// Tells it to end, and kills it if it does not. Returns whether it ended by itself.
    pub(crate) async fn stop(self) -> Result<bool, ChildError> {
        let name = self.name;
        self.end().await.map_err(|source| ChildError::Wait { name, source })
    }

    async fn end(mut self) -> io::Result<bool> {
        if let Some(pid) = self.child.id() {
            // A process is not told to end by the standard library, but by any shell.
            let kill = format!("kill -TERM {pid}");
            Command::new("sh").arg("-c").arg(kill).stderr(Stdio::null()).status().await?;
        }
        if let Ok(ended) = timeout(END, self.child.wait()).await {
            ended?;
            return Ok(true);
        }
        self.child.kill().await?;
        Ok(false)
    }

    fn last_lines(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.is_empty() {
            return format!("  {SILENCE}");
        }
        log.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }
}

/// Reads to the end, so that nobody waits for its log to be read.
async fn keep_last(output: impl AsyncRead + Unpin, log: Arc<Mutex<VecDeque<String>>>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == KEPT_LINES {
            log.pop_front();
        }
        log.push_back(text);
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that stands in for a program.
    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        Child::start("the shell", command).unwrap()
    }

    #[tokio::test]
    async fn who_dies_leaves_its_last_words() {
        let mut child = shell("echo 'address in use' >&2; exit 3");
        let died = child.died().await.to_string();
        assert!(died.starts_with("the shell ended (exit status: 3)"), "{died}");
        assert!(died.contains("address in use"), "{died}");
    }

    #[tokio::test]
    async fn who_is_told_to_end_is_not_killed() {
        let by_itself = timeout(END, shell("exec sleep 60").stop()).await;
        assert!(by_itself.expect("it ends before it would be killed").unwrap());
    }

    #[test]
    fn a_missing_program_is_named() {
        let missing = Command::new("/nowhere/weir-proxy");
        let Err(error) = Child::start("the proxy", missing) else { panic!("it started") };
        assert_eq!(error.to_string(), "there is no program /nowhere/weir-proxy");
    }
}
