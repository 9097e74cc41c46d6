//! `weir-proxy` as a process of its own: what it is given, what it says, how it ends.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// For whatever has to happen sooner or later; only a failing test waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The binary with these arguments and no environment but this one.
pub(crate) fn weir<'a>(args: &[&str], environment: &[(&'a str, &'a str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-proxy"));
    // Examples are named as in the documentation, from the top of the repository.
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command.args(args).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// Runs it to its end, which has to come by itself.
pub(crate) fn run(args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = weir(args, environment).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A proxy that serves; killed when it is dropped.
pub(crate) struct Weir {
    child: Child,
    lines: Receiver<Value>,
    /// Every line of its log that was looked at.
    log: Vec<Value>,
    /// Where its first listener listens: the edge listener, unless there is only the other one.
    pub(crate) address: SocketAddr,
    /// Where its admin endpoints are.
    pub(crate) admin: SocketAddr,
}

impl Weir {
    /// Starts it and waits until it serves and acts upon signals.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(args, &[])
    }

    /// The same with this environment.
    pub(crate) fn start_in(args: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::spawn(weir(args, environment), Stdio::piped())
    }

    fn spawn(mut command: Command, stdout: Stdio) -> Self {
        let mut child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        // Its copy of stdout would stay open.
        drop(command);
        let (send, lines) = channel();
        // What comes on stdout is seen with the rest.
        if let Some(stdout) = child.stdout.take() {
            take(stdout, send.clone());
        }
        take(child.stderr.take().unwrap(), send);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut weir = Self { child, lines, log: Vec::new(), address: nowhere, admin: nowhere };
        weir.address = address(&weir.logged("Listening."));
        weir.admin = address(&weir.logged("Admin endpoints are up."));
        weir.logged("Serving.");
        weir
    }

    /// Starts it with any free ports and a configuration file.
    pub(crate) fn with_file(path: &Path) -> Self {
        Self::start(&["--config", path.to_str().unwrap(), "--admin", "127.0.0.1:0"])
    }

    /// The same, with this for its stdout.
    pub(crate) fn start_onto(path: &Path, stdout: Stdio) -> Self {
        let args = ["--config", path.to_str().unwrap(), "--admin", "127.0.0.1:0"];
        Self::spawn(weir(&args, &[]), stdout)
    }

    /// Waits for the next line of the log with this message.
    pub(crate) fn logged(&mut self, message: &str) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line["message"] == message {
                        return line;
                    }
                }
                Err(why) => panic!("no line {message:?} ({why}) in the log: {:#?}", self.log),
            }
        }
    }

    /// The first line with this message, which may have come before the last that was waited for.
    pub(crate) fn has_logged(&mut self, message: &str) -> Value {
        match self.said(message).first() {
            Some(&line) => line.clone(),
            None => self.logged(message),
        }
    }

    /// Where the listener `edge` or `engine` listens.
    pub(crate) fn listener(&self, kind: &str) -> SocketAddr {
        address(self.said("Listening.").into_iter().find(|line| line["listener"] == kind).unwrap())
    }

    /// Sends a signal: `TERM`, `INT` or `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Waits for its end; returns the exit code and how long that took.
    pub(crate) fn ended(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        // The log ends when the process does.
        loop {
            match self.lines.recv_timeout(DEADLINE.saturating_sub(began.elapsed())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it did not end: {:#?}", self.log),
            }
        }
        (self.child.wait().unwrap().code(), began.elapsed())
    }

    /// The most memory that it ever held, in bytes.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// Every line that was looked at, after the end every line; those that are no JSON as text.
    pub(crate) fn log(&self) -> &[Value] {
        &self.log
    }

    /// All lines so far with this message.
    pub(crate) fn said(&self, message: &str) -> Vec<&Value> {
        self.log.iter().filter(|line| line["message"] == message).collect()
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may be gone already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn address(line: &Value) -> SocketAddr {
    line["address"].as_str().and_then(|text| text.parse().ok()).expect("a line with an address")
}

/// Takes line after line from a thread of its own.
fn take(output: impl Read + Send + 'static, lines: Sender<Value>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}
