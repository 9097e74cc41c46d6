//! The proxy as a child process: starting it, waiting until it is ready, ending it.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// How long the proxy may take to start.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end before it is killed.
const END: Duration = Duration::from_secs(5);
/// How long after its end the rest of its log may take to arrive.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Lines of its log that are kept.
const KEPT_LINES: usize = 15;

/// What went wrong with the proxy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error(
        "there is no program {}: build it with `cargo build -p weir-proxy`, or name it with --proxy",
        .0.display()
    )]
    NotFound(PathBuf),
    #[error("starting {}", path.display())]
    Start { path: PathBuf, source: io::Error },
    #[error("the proxy ended ({status}); its last log lines:\n{log}")]
    Died { status: ExitStatus, log: String },
    #[error(
        "the proxy did not become ready within {} s: {url} {found}; its last log lines:\n{log}",
        START.as_secs()
    )]
    NotReady { url: String, found: String, log: String },
    #[error("waiting for the proxy's end")]
    Wait(#[from] io::Error),
}

/// The running proxy. Dropping it kills it.
pub(crate) struct Proxy {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    readers: JoinSet<()>,
}

impl Proxy {
    /// Starts `program` with the configuration file `config`.
    pub(crate) fn start(program: &Path, config: &Path) -> Result<Self, ChildError> {
        let mut command = Command::new(program);
        command.arg("--config").arg(config).args(["--log-format", "pretty"]);
        // The demo's settings are to hold, whatever the user's environment says.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("WEIR_")) {
                command.env_remove(name);
            }
        }
        Self::spawn(command).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ChildError::NotFound(program.to_owned()),
            _ => ChildError::Start { path: program.to_owned(), source },
        })
    }

    fn spawn(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C reaches the whole group of a terminal, but the proxy is to end last.
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
        Ok(Self { child, log, readers })
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
        Err(ChildError::NotReady { url: url.to_owned(), found, log: self.last_lines() })
    }

    /// Waits until it ends by itself, which it should not.
    pub(crate) async fn died(&mut self) -> ChildError {
        match self.child.wait().await {
            Ok(status) => {
                let all = async { while self.readers.join_next().await.is_some() {} };
                // Somebody who inherited its stderr may hold it open for ever.
                let _late = timeout(LAST_WORDS, all).await;
                ChildError::Died { status, log: self.last_lines() }
            }
            Err(error) => ChildError::Wait(error),
        }
    }

    /// Tells it to end, and kills it if it does not. Returns whether it ended by itself.
    pub(crate) async fn stop(mut self) -> Result<bool, ChildError> {
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
            return "  (nothing)".to_owned();
        }
        log.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }
}

/// Reads to the end, so that the proxy never waits for its log to be read.
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

    /// A shell that stands in for the proxy.
    fn shell(script: &str) -> Proxy {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        Proxy::spawn(command).unwrap()
    }

    #[tokio::test]
    async fn a_proxy_that_dies_leaves_its_last_words() {
        let mut proxy = shell("echo 'address in use' >&2; exit 3");
        let died = proxy.died().await.to_string();
        assert!(died.contains("exit status: 3") && died.contains("address in use"), "{died}");
    }

    #[tokio::test]
    async fn a_proxy_that_is_told_to_end_is_not_killed() {
        let by_itself = timeout(END, shell("exec sleep 60").stop()).await;
        assert!(by_itself.expect("it ends before it would be killed").unwrap());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let missing = Path::new("/nowhere/weir-proxy");
        let Err(error) = Proxy::start(missing, Path::new("unread")) else { panic!("it started") };
        let error = error.to_string();
        assert!(error.contains("/nowhere/weir-proxy") && error.contains("cargo build"), "{error}");
    }
}
