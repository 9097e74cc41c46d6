//! Who is measured: each is started with one worker thread, connections kept at both sides, no log of requests, and
//! otherwise as somebody would who knows it well and has an LLM's API behind it. `contender/files` says what and why.

mod launch;
mod program;
mod serving;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::process::{Process, ProcessError};

/// How often it is tried: a port that is free now may be somebody else's in a moment.
const ATTEMPTS: u32 = 3;

/// A way from the generator to the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    /// No proxy.
    Direct,
    /// HAProxy, which passes bytes on.
    HaproxyTcp,
    HaproxyHttp,
    Nginx,
    Envoy,
    /// Pingora without a filter, in cargo's release profile as it comes, with the C library's allocator.
    BarePlain,
    /// Pingora without a filter, built as Weir is and with its listener buffer.
    Bare,
    /// weir-proxy as it is released.
    Weir,
}

/// Where programs are found, and on which cores they run.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// A name alone is looked for where programs are.
    pub(crate) haproxy: PathBuf,
    pub(crate) nginx: PathBuf,
    pub(crate) envoy: PathBuf,
    pub(crate) bare_plain: PathBuf,
    pub(crate) bare: PathBuf,
    pub(crate) weir: PathBuf,
    /// As `taskset -c` takes them; `None`: on any.
    pub(crate) cores: Option<String>,
}

/// What is different about one that does not work in a cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Apart {
    /// Names that Weir knows; none: those of the upstream, as in the cells.
    pub(crate) models: Vec<String>,
    /// The program that it runs under, with arguments before its own; empty: none.
    pub(crate) under: Vec<String>,
}

/// A contender that serves. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) contender: Contender,
    /// Where the load goes.
    pub(crate) address: SocketAddr,
    /// Weir's admin pages.
    pub(crate) admin: Option<SocketAddr>,
    /// `None` without a proxy. All of them are one process, without children.
    process: Option<Process>,
}

/// Why a contender does not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContenderError {
    #[error("{contender} is absent: there is no program {}: {remedy}", program.display())]
    Absent { contender: Contender, program: PathBuf, remedy: &'static str },
    #[error("choosing a free port for {contender}")]
    Port { contender: Contender, source: io::Error },
    #[error("making the directory {} for {contender}", path.display())]
    Directory { contender: Contender, path: PathBuf, source: io::Error },
    #[error("writing {}, the configuration of {contender}", path.display())]
    Configuration { contender: Contender, path: PathBuf, source: io::Error },
    #[error("starting {contender}")]
    Start { contender: Contender, source: ProcessError },
    #[error("{contender} ended ({status}) instead of serving; it said:\n{said}")]
    Ended { contender: Contender, status: ExitStatus, said: String },
    #[error("{contender} does not serve after {} s: {found}; it said:\n{said}", serving::START.as_secs())]
    NotServing { contender: Contender, found: String, said: String },
    #[error("asking {contender} for its version with `{command}`: it said \"{said}\"")]
    Version { contender: Contender, command: String, said: String },
}

impl ContenderError {
    /// Whether the others can be measured without it.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Absent { .. })
    }
}

impl Surroundings {
    /// Of the repository with this top, as `make bench` leaves it.
    pub(crate) fn new(top: &Path, cores: Option<String>) -> Self {
        Self {
            haproxy: "haproxy".into(),
            nginx: "nginx".into(),
            envoy: top.join(".venv/bench/bin/envoy"),
            bare_plain: top.join("target/plain/bare-pingora"),
            bare: top.join("target/release/bare-pingora"),
            weir: top.join("target/release/weir-proxy"),
            cores,
        }
    }
}

impl Contender {
    /// From the least work to the most.
    pub(crate) const ALL: [Self; 8] = [
        Self::Direct,
        Self::HaproxyTcp,
        Self::HaproxyHttp,
        Self::Nginx,
        Self::Envoy,
        Self::BarePlain,
        Self::Bare,
        Self::Weir,
    ];

    /// As the results have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::HaproxyTcp => "haproxy-tcp",
            Self::HaproxyHttp => "haproxy-http",
            Self::Nginx => "nginx",
            Self::Envoy => "envoy",
            Self::BarePlain => "bare-plain",
            Self::Bare => "bare",
            Self::Weir => "weir",
        }
    }

    /// Its version, as the program says it; `None` without a proxy.
    pub(crate) fn version(
        self,
        surroundings: &Surroundings,
    ) -> Result<Option<String>, ContenderError> {
        let Some(program) = program::find(self, surroundings)? else { return Ok(None) };
        program::version(self, &program).map(Some)
    }

    /// Starts it in front of `upstream` with one worker thread, its files in `directory`; returns once it has passed on a
    /// first request. Who needs many open files raises the limit of this process before, which it inherits.
    pub(crate) async fn start(
        self,
        surroundings: &Surroundings,
        upstream: SocketAddr,
        directory: &Path,
    ) -> Result<Running, ContenderError> {
        self.start_apart(&Apart::default(), surroundings, upstream, directory).await
    }

    /// The same, but for what is different.
    pub(crate) async fn start_apart(
        self,
        apart: &Apart,
        surroundings: &Surroundings,
        upstream: SocketAddr,
        directory: &Path,
    ) -> Result<Running, ContenderError> {
        let Some(program) = program::find(self, surroundings)? else {
            return Ok(Running { contender: self, address: upstream, admin: None, process: None });
        };
        fs::create_dir_all(directory).map_err(|source| ContenderError::Directory {
            contender: self,
            path: directory.to_owned(),
            source,
        })?;
        let cores = surroundings.cores.as_deref();
        let mut attempt = 1;
        loop {
            let launch = launch::prepare(self, apart, upstream, directory)?;
            let output = directory.join(format!("{self}.log"));
            let (program, arguments) = apart.under(&program, &launch.arguments);
            let process = Process::start(&program, &arguments, cores, output)
                .map_err(|source| ContenderError::Start { contender: self, source })?;
            match serving::wait(self, process, launch.listen).await {
                Ok(process) => {
                    let (address, admin) = (launch.listen, launch.admin);
                    return Ok(Running { contender: self, address, admin, process: Some(process) });
                }
                Err(ContenderError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Apart {
    /// What is started, and with which arguments.
    fn under(&self, program: &Path, arguments: &[String]) -> (PathBuf, Vec<String>) {
        match self.under.split_first() {
            None => (program.to_owned(), arguments.to_vec()),
            Some((under, before)) => {
                let program = program.to_string_lossy().into_owned();
                (under.into(), [before, &[program], arguments].concat())
            }
        }
    }
}

impl Display for Contender {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl Running {
    /// Time on a processor so far of all its threads, user and system; zero without a proxy, and if it has ended.
    pub(crate) fn cpu(&self) -> Duration {
        self.process.as_ref().map(Process::cpu).unwrap_or_default()
    }

    /// Bytes; zero without a proxy, and if it has ended.
    pub(crate) fn resident_memory(&self) -> u64 {
        self.process.as_ref().map(Process::resident_memory).unwrap_or_default()
    }

    /// Its process; `None` without a proxy.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Ends it by its process id, and waits until it is gone.
    pub(crate) async fn end(self) {
        if let Some(process) = self.process {
            process.end().await;
        }
    }
}
