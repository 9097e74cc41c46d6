//! The commands that a person or the bench itself starts.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-bench"));
    command.args(arguments);
    command
}

fn upstream() -> (Child, SocketAddr) {
    let mut command = command(&["upstream"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on ").unwrap().trim().parse().unwrap();
    (child, address)
}

/// What it prints, and whether it was content.
fn outcome(arguments: &[&str]) -> (String, bool) {
    let output = command(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.success())
}

#[test]
fn the_upstream_serves_until_stdin_closes() {
    let (mut child, address) = upstream();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nx-bench: bytes=1024\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_upstream_ends_at_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut child, _) = upstream();
        let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        assert!(child.wait().unwrap().success(), "after {signal:?}");
    }
}

#[test]
fn a_load_by_hand_says_what_was_counted() {
    let (text, success) = outcome(&["load", "--work", "json-1k-saturated-2", "--seconds", "0.5"]);
    assert!(success, "{text}");
    assert!(text.contains("errors 0, the last: none"), "{text}");
    for line in ["requests ", "latency p50 ", "generator ", "upstream "] {
        assert!(text.lines().any(|one| one.starts_with(line)), "{line} of {text}");
    }
    let (mut child, address) = upstream();
    let target = address.to_string();
    let (text, success) =
        outcome(&["load", "--target", &target, "--work", "paced-5ms-2", "--seconds", "0.5"]);
    assert!(success, "{text}");
    assert!(text.contains("delay of events p50 ") && !text.contains("upstream "), "{text}");
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_load_that_cannot_be_made_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    for (arguments, reason) in [
        (["--target", &nobody, "--work", "json-1k-saturated"], "is a server listening there?"),
        (["--seconds", "1", "--work", "fast"], "\"fast\" is no piece of work: say `json-SIZE"),
        (["--seconds", "five", "--work", "paced-5ms-1"], "say a number of seconds, such as 5"),
    ] {
        let (text, success) = outcome(&[&["load"], arguments.as_slice()].concat());
        assert!(!success && text.contains(reason), "{text}");
    }
}
