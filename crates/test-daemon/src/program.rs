//! A daemon's binary.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::Daemon;

/// A daemon's binary.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    path: &'static str,
    subcommand: Option<&'static str>,
}

impl Program {
    /// `env!("CARGO_BIN_EXE_…")`.
    pub const fn new(path: &'static str) -> Self {
        Self { path, subcommand: None }
    }

    /// Of a binary that is a daemon with this subcommand.
    #[must_use]
    pub const fn with_subcommand(self, subcommand: &'static str) -> Self {
        Self { subcommand: Some(subcommand), ..self }
    }

    /// The binary with these arguments and no environment but this one.
    pub(crate) fn command(self, args: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.path);
        // Examples are named as in the documentation, from the top of the repository.
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        command.args(self.subcommand).args(args).env_clear().envs(environment.iter().copied());
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end, which has to come by itself: exit code, stdout, stderr.
    pub fn run(self, args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
        let output = self.command(args, environment).output().unwrap();
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    /// Starts it on any free port and waits until it serves and acts upon signals.
    pub fn start(self, args: &[&str]) -> Daemon {
        self.start_in(args, &[])
    }

    /// The same with this environment.
    pub fn start_in(self, args: &[&str], environment: &[(&str, &str)]) -> Daemon {
        let args = [&["--listen", "127.0.0.1:0"], args].concat();
        Daemon::start(&mut self.command(&args, environment))
    }

    /// `--check`; an error has to be all that is said.
    ///
    /// # Errors
    /// What it says of what can't be used.
    pub fn check(self, args: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
        let (code, stdout, stderr) = self.run(&[&["--check"], args].concat(), environment);
        assert_eq!(stdout, "", "{args:?}");
        match code {
            0 => {
                assert_eq!(stderr, "", "{args:?} is fine, and nothing is to be said");
                Ok(())
            }
            2 => Err(stderr),
            other => panic!("{args:?}: exit code {other}: {stderr}"),
        }
    }
}
