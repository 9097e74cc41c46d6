//! What `promtool check metrics` says, where it is installed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::scripted::all;

/// What promtool would have otherwise, and why it stays.
const EXCEPTIONS: [&str; 0] = [];

#[test]
fn promtool_finds_nothing_to_complain_of() {
    if Command::new("promtool").arg("--version").output().is_err() {
        let _ =
            writeln!(std::io::stderr(), "skipped: promtool is not installed (Debian: prometheus)");
        return;
    }
    for script in all() {
        let mut promtool = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        promtool.stdin.take().unwrap().write_all(script.text().as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        let complaints: Vec<_> = said
            .lines()
            .filter(|line| !EXCEPTIONS.iter().any(|known| line.starts_with(known)))
            .collect();
        assert_eq!(complaints, [""; 0], "{}", script.name);
    }
}
