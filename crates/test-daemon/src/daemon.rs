//! A daemon that serves: what it says, what its pages show, how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// For whatever has to happen sooner or later; only a failing test waits so long.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A daemon that serves; killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    lines: Receiver<Value>,
    /// Every line of its log that was looked at.
    log: Vec<Value>,
    address: SocketAddr,
}

impl Daemon {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut daemon = Self { child, lines, log: Vec::new(), address: nowhere };
        daemon.address = daemon.logged("Listening.")["address"].as_str().unwrap().parse().unwrap();
        daemon.logged("Serving.");
        daemon
    }

    /// Where its pages are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line of the log with this message.
    pub fn logged(&mut self, message: &str) -> Value {
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

    /// All lines so far with this message.
    pub fn said(&self, message: &str) -> Vec<&Value> {
        self.log.iter().filter(|line| line["message"] == message).collect()
    }

    /// The status and the body of a page, with these headers of the request.
    pub fn get_with(&self, path: &str, headers: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The status and the body of a page.
    pub fn get(&self, path: &str) -> (u16, String) {
        self.get_with(path, "")
    }

    /// A page of JSON, whatever its status.
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).1).unwrap()
    }

    /// Asks for a page until `is_there`; only a failing test asks for long.
    pub fn until(&self, path: &str, is_there: impl Fn(u16, &str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (status, body) = self.get(path);
            if is_there(status, &body) {
                return body;
            }
            assert!(Instant::now() < deadline, "{path} stays {status}: {body}");
        }
    }

    /// Sends a signal: `TERM`, `INT` or `HUP`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Waits for its end; returns the exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        // The log ends when the process does.
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.log.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
                Err(RecvTimeoutError::Timeout) => panic!("it did not end: {:#?}", self.log),
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be gone already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
