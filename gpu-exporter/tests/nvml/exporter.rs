//! `weir-gpu-exporter` as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::library::EXPORTER;

/// For whatever has to happen sooner or later; only a failing test waits so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// An exporter that serves; killed when it is dropped.
pub(crate) struct Exporter {
    child: Child,
    lines: Receiver<Value>,
    /// Every line of its log that was looked at.
    log: Vec<Value>,
    pub(crate) address: SocketAddr,
}

impl Exporter {
    /// Starts it with this configuration, and with libraries from this folder before those of the system.
    pub(crate) fn start(config: &Path, libraries: &Path, environment: &[(&str, &Path)]) -> Self {
        let mut command = Command::new(EXPORTER);
        command.arg("--config").arg(config).args(["--source", "nvml", "--listen", "127.0.0.1:0"]);
        command.env_clear().env("LD_LIBRARY_PATH", libraries).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send, lines) = channel();
        take(child.stderr.take().unwrap(), send);
        let address = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut exporter = Self { child, lines, log: Vec::new(), address };
        let listening = exporter.logged("Listening.");
        exporter.address = listening["address"].as_str().unwrap().parse().unwrap();
        exporter.logged("Serving.");
        exporter
    }

    /// The first line of the log with this message, which is waited for.
    pub(crate) fn logged(&mut self, message: &str) -> Value {
        let deadline = Instant::now() + DEADLINE;
        while self.said(message).is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.log.push(line),
                Err(why) => panic!("no line {message:?} ({why}) in the log: {:#?}", self.log),
            }
        }
        self.said(message)[0].clone()
    }

    /// All lines so far with this message.
    pub(crate) fn said(&mut self, message: &str) -> Vec<Value> {
        self.log.extend(self.lines.try_iter());
        self.log.iter().filter(|line| line["message"] == message).cloned().collect()
    }

    /// Every line so far.
    pub(crate) fn log(&mut self) -> &[Value] {
        self.log.extend(self.lines.try_iter());
        &self.log
    }

    /// The status and the body of a page.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        get(self.address, path)
    }

    /// Threads that it has, by name.
    pub(crate) fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let name = |task: std::path::PathBuf| std::fs::read_to_string(task.join("comm")).ok();
        tasks
            .filter_map(|task| name(task.ok()?.path()))
            .map(|name| name.trim().to_owned())
            .collect()
    }

    /// Tells it to end, and waits; returns the exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
        // The log ends when the process does.
        let deadline = Instant::now() + DEADLINE;
        while self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())).is_ok() {}
        assert!(Instant::now() < deadline, "it did not end");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may be gone already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The status and the body of a page.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: weir\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Takes line after line from a thread of its own.
fn take(output: ChildStderr, lines: Sender<Value>) {
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
